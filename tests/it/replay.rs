//! Replays, as somebody who edits an incremental model meets them.

use crate::support::Call;
use crate::support::Project;
use crate::support::is_thorough;

/// How many replays the project's facts must stand here; `.ci/run` asks for 200.
fn replays() -> String {
    std::env::var("CP_REPLAYS").unwrap_or_else(|_| "3".to_string())
}

/// `cp test` of these models with 20 replays at most, always the same. (Without a warehouse, so that no data is tested;
/// and without snapshots.)
fn test(project: &Project, models: &[&str]) -> Call {
    project.cp(["test", "--replays", "20", "--seed", "1", "--select"].iter().chain(models)).env("CI", "true")
}

/// A project with one fact, of 30 clicks of six visitors; what its SQL reads of the events is `columns`, and in an
/// increment only those that meet `condition`.
fn shop(columns: &str, condition: &str) -> Project {
    let project = Project::empty();
    let click = |number: i32| {
        format!(
            r#"{{"event_id":"click-{number:02}","event_type":"click","event_time":"2025-01-01T10:{number:02}:00Z","vendor":"web","payload":{{"visitor":{}}},"ingested_at":"2025-01-01T12:00:00Z"}}"#,
            number % 6
        )
    };
    let clicks: Vec<_> = (0..30).map(click).collect();
    project
        .file("snapshots/sample/live_events/2025-01-01/events.jsonl", clicks.join("\n") + "\n")
        .file(
            "models/_shop.yml",
            "sources:
  - name: raw
    schema: raw
    tables:
      - name: events_raw
        config: {meta: {files: [{path: \"live_events/{date}/events.jsonl\", format: envelope_lines}]}}
models:
  - name: fact_clicks
    config: {meta: {replay: true, key: [event_id]}}
    columns:
      - name: drawn
        meta: {volatile: true}
",
        )
        .file(
            "models/fact_clicks.sql",
            format!(
                "{{{{ config(materialized='incremental') }}}}
select event_id, {columns}, _landing_sequence
from {{{{ source('raw', 'events_raw') }}}}
{{% if is_incremental() %}} where {condition} {{% endif %}}
"
            ),
        );
    project
}

const LANDED: &str = "_landing_sequence > (select max(_landing_sequence) from {{ this }})";

#[test]
fn the_facts_of_the_project_are_the_same_however_their_events_arrive() {
    let project = Project::new();
    let marts = std::fs::read_dir(project.path("models/marts")).unwrap();
    let is_fact = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("fact_") && name.ends_with(".sql")
    };
    let facts = marts.filter(|entry| is_fact(&entry.as_ref().unwrap().file_name())).count();
    // Another seed each time; what fails says which.
    let output = project.cp(["test", "--replays", &replays(), "--select", "marts"]).status(2);
    let expected = format!("replays  {facts} models equal in {} replays (seed ", replays());
    assert!(output.stdout.contains(&expected), "{output}");
}

#[test]
fn a_watermark_on_the_time_of_events_is_found_and_shown_with_two_events() {
    let project = Project::new();
    project.remove("snapshots/golden").edit(
        "models/marts/fact_payments.sql",
        "where {{ not_seen() }}",
        "{% if is_incremental() %} where paid_at > (select max(paid_at) from {{ this }}) {% endif %}",
    );
    let output = test(&project, &["fact_payments"]).status(1);
    assert!(output.stderr.contains("the smallest that was found: 2 events in 2 runs"), "{output}");
    output.assert("replay_event_time");
}

#[test]
fn a_fact_that_forgets_what_touches_it_is_found_and_what_is_made_of_it_waits() {
    if !is_thorough() {
        return;
    }
    let project = Project::new();
    // What was refunded later does not touch its order.
    project.remove("snapshots/golden").edit(
        "models/marts/fact_orders.sql",
        "for part in order_parts() %}",
        "for part in order_parts() if part != 'refunds' %}",
    );
    let output = test(&project, &["fact_orders", "fact_order_daily"]).status(1);
    assert!(output.stderr.contains("as `fact_orders` does, which it is made from"), "{output}");
    let smallest = output.stderr.split("the smallest that was found: ").nth(1).unwrap();
    let events: usize = smallest.split(' ').next().unwrap().parse().unwrap();
    assert!(events <= 4, "{output}");
}

#[test]
fn what_goes_by_the_order_of_landing_is_equal_and_what_is_volatile_is_not_looked_at() {
    let project = shop("uuid() as drawn", LANDED);
    let output = test(&project, &["fact_clicks"]).run();
    assert!(output.stdout.contains("replays  1 model equal in 20 replays (seed 1)"), "{output}");
    project.edit("models/_shop.yml", "volatile: true", "volatile: false");
    let output = test(&project, &["fact_clicks"]).run();
    assert!(output.stderr.contains("the smallest that was found: 1 event in one run"), "{output}");
}

#[test]
fn an_increment_that_cannot_be_built_is_told_with_the_events_that_do_it() {
    let project = shop("event_time", &format!("{LANDED} and error('no more') is null"));
    test(&project, &["fact_clicks"]).status(1).assert("replay_broken");
}

#[test]
fn a_row_that_follows_the_order_of_arrival_is_found_within_one_run() {
    let project = shop("row_number() over (order by _landing_sequence) as place", "false");
    let output = test(&project, &["fact_clicks"]).status(1);
    output.assert("replay_order");
    // The same seed makes the same again, on any number of threads, and for a program too.
    let again = test(&project, &["fact_clicks"]).arg("--threads").arg("1").status(1);
    assert_eq!(again.stderr.split(" differs ").nth(1), output.stderr.split(" differs ").nth(1));
    let json = test(&project, &["fact_clicks"]).arg("--output").arg("json").status(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["replays"]["seed"], 1);
    assert_eq!(json["replays"]["models"][0]["verdict"], "differs");
}

#[test]
fn nothing_is_replayed_that_nobody_asks_for() {
    let project = shop("event_time", "event_time > (select max(event_time) from {{ this }})");
    let output = project.cp(["test", "--replays", "0"]).env("CI", "true").run();
    assert!(!output.stdout.contains("replays"), "{output}");
    project.edit("models/_shop.yml", "replay: true", "replay: false");
    assert!(!test(&project, &["fact_clicks"]).run().stdout.contains("replays"));
}

#[test]
fn a_row_that_came_twice_is_shown() {
    let project = shop("1 as one", &LANDED.replace('>', ">="));
    test(&project, &["fact_clicks"]).status(1).assert("replay_twice");
}
