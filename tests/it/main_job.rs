//! The main job on the committed sample: what a newcomer sees, and the promises: nothing lost, any order, all or
//! nothing, a crash costs nothing.

use std::{fs, io::Read, time::Duration};

use serde_json::Value;

use crate::support::Call;
use crate::support::Project;
use crate::support::is_thorough;

#[test]
fn the_first_build_makes_everything() {
    let project = Project::new();
    let output = project.cp(["build", "--quiet", "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&output.stdout).unwrap();
    let events = &summary["events"];
    let number = |name: &str| events[name].as_u64().unwrap();
    assert!(number("delivered") > 1000);
    assert_eq!(
        number("delivered"),
        number("stored") + number("duplicates") + number("conflicts") + number("set_aside"),
        "{events}"
    );
    assert_eq!(summary["published"]["unchanged"], false);
    assert!(project.path("data/published/fact_orders.parquet").is_file());
    assert!(project.path("data/published/manifest.json").is_file());
    assert!(project.path(format!("{}/quality_report.json", summary["report"].as_str().unwrap())).is_file());
    for artifact in ["manifest.json", "run_results.json"] {
        let text = project.read(&format!("target/{artifact}"));
        serde_json::from_str::<Value>(&text).unwrap();
    }
}

#[test]
fn events_may_be_long_and_many() {
    if !is_thorough() {
        return;
    }
    let project = Project::empty();
    project.file(
        "models/sources.yml",
"sources:\n  - name: raw\n    schema: raw\n    tables:\n      - name: events_raw\n        config: {meta: {files: [{path: '*.jsonl', format: envelope_lines}]}}\n      - name: ingest_log\n      - name: set_aside\n      - name: conflicts\n",
    );
    // Long ones stay in DuckDB's memory until they are committed, and there are more than it may use for ordinary ones.
    let text = "x".repeat(1_000_000);
    let line =
        |number: u32| format!("{{\"event_id\":\"e{number}\",\"event_type\":\"t\",\"payload\":{{\"a\":\"{text}\"}}}}\n");
    for file in 0..7 {
        project.file(&format!("data/{file}.jsonl"), (0..80).map(|number| line(80 * file + number)).collect::<String>());
    }
    project.cp(["ingest", "--quiet"]).success();
    assert_eq!(project.query("select count(*) as n, sum(length(payload)) as long from raw.events_raw")[0]["n"], 560);
}

#[test]
fn where_the_machine_is_changes_nothing() {
    let (here, there) = (Project::built(), Project::new());
    there.cp(["build", "--quiet"]).env("TZ", "Africa/Lagos").success();
    assert!(here.tables() == there.tables(), "other bytes");
    let zone = there.cp([
        "show",
        "--inline",
        "select current_setting('TimeZone') as zone, epoch('2025-01-01 12:00:00'::timestamp::timestamptz)::bigint as noon",
    ]);
    zone.env("TZ", "America/New_York").success().assert("zone");
}

#[test]
fn a_newcomer_reads_this() {
    let project = Project::new();
    let output = project.cp(["build", "--threads", "1"]).success();
    output.assert("build_sample");
}

#[test]
fn a_second_build_changes_nothing() {
    let project = Project::built();
    let before = project.publication();
    let output = project.cp(["build", "--threads", "1"]).success();
    output.assert("build_again");
    assert_eq!(project.publication(), before);
}

#[test]
fn the_warehouse_is_rebuilt_from_the_raw_store_alone() {
    let project = Project::built();
    let before = project.publication();
    project.remove("data/warehouse.duckdb").remove("data/bootstrap").remove("data/live_events");
    project.cp(["build"]).success();
    assert_eq!(project.publication(), before);
}

#[test]
fn a_full_refresh_gives_the_same_tables() {
    let project = Project::new();
    let days = project.path("data/live_events");
    let mut names: Vec<_> = fs::read_dir(&days).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let last = days.join(names.last().unwrap());
    let aside = project.path("aside");
    fs::rename(&last, &aside).unwrap();
    project.cp(["ingest"]).success();
    project.cp(["run"]).success();
    fs::rename(&aside, &last).unwrap();
    project.cp(["build"]).success();
    let incremental = project.publication();
    project.cp(["build", "--full-refresh"]).success();
    assert_eq!(project.publication(), incremental);
}

#[test]
fn a_day_added_later_changes_what_it_should() {
    let project = Project::built();
    let before = project.count("commercepulse.fact_payments");
    project.cp(["generate", "--events", "300", "--date", "2025-03-01", "--seed", "7"]).success();
    let output = project.cp(["build", "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(summary["events"]["files_read"], 1);
    assert!(project.count("commercepulse.fact_payments") > before);
    // Append-only: nothing that was there has gone or changed.
    let full: Vec<&Value> =
        summary["nodes"].as_array().unwrap().iter().filter(|node| node["reason"] == "new").collect();
    assert!(full.is_empty(), "{full:?}");
}

#[test]
fn a_changed_model_is_rebuilt_whole_with_its_descendants_and_the_run_says_so() {
    let project = Project::built();
    project.edit(
        "models/intermediate/int_refunds.sql",
        "select * from converted",
        "select * from converted where 1 = 1",
    );
    let output = project.cp(["run", "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&output.stdout).unwrap();
    let reason = |name: &str| {
        let id = format!("model.commercepulse.{name}");
        let node = summary["nodes"].as_array().unwrap().iter().find(|node| node["unique_id"] == id.as_str());
        node.unwrap_or_else(|| panic!("no node `{name}`"))["reason"].as_str().unwrap_or("none").to_string()
    };
    assert_eq!(reason("int_refunds"), "SQL changed");
    assert_eq!(reason("fact_refunds"), "upstream `int_refunds` changed");
    assert_eq!(reason("int_payments"), "none");
}

#[test]
fn a_corrected_rate_rebuilds_what_depends_on_it() {
    let project = Project::built();
    let total = |project: &Project| {
        project.query("select cast(sum(amount_ngn) as varchar) as total from commercepulse.fact_payments")
    };
    let before = total(&project);
    let rates = project.read("seeds/fx_rates.csv");
    let corrected: String = rates
        .lines()
        .map(|line| {
            if line.contains(",USD,") {
                format!("{},USD,2000\n", line.split(',').next().unwrap())
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    project.file("seeds/fx_rates.csv", corrected);
    project.cp(["build"]).success();
    assert_ne!(total(&project), before);
}

#[test]
fn a_failing_check_publishes_nothing() {
    let project = Project::built();
    let before = project.publication();
    project.file("tests/sql/payments_are_small.sql", "select * from {{ ref('fact_payments') }} where amount > 1\n");
    let output = project.cp(["build", "--threads", "1"]).status(1);
    assert!(output.stderr.contains("payments_are_small"), "{output}");
    assert_eq!(project.publication(), before);
    let publish = project.cp(["publish"]).status(1);
    assert!(publish.stderr.contains("nothing was published"), "{publish}");
    assert_eq!(project.publication(), before);
    project.remove("tests/sql/payments_are_small.sql");
    project.cp(["publish"]).success();
}

#[test]
fn a_crash_anywhere_costs_nothing() {
    let reference = Project::built();
    let project = Project::new();
    let attempts = if is_thorough() { 12 } else { 6 };
    for attempt in 0..attempts {
        let running = project.cp(["build", "--quiet"]).spawn();
        std::thread::sleep(Duration::from_millis(40 + attempt * 1560 / attempts));
        running.kill();
    }
    project.cp(["build"]).success();
    assert_eq!(project.tables(), reference.tables());
}

#[test]
fn ctrl_c_ends_a_build_which_costs_nothing() {
    let reference = Project::built();
    let project = Project::new();
    let mut running = project.cp(["build", "--threads", "1"]).spawn();
    running.stderr_line("fact_shipments");
    assert!(running.is_running());
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.contains("error: stopped"), "{output}");
    let mut running = project.cp(["build"]).spawn();
    running.stdout_line("published");
    running.wait().assert_success();
    assert_eq!(project.tables(), reference.tables());
}

#[test]
fn two_builds_at_once_do_not_hurt_each_other() {
    let reference = Project::built();
    let project = Project::new();
    std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..2).map(|_| scope.spawn(|| Call::of(["build", "--quiet"]).within(project.root()).run())).collect();
        let ended: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
        assert!(ended.iter().any(|output| output.status == 0), "{}\n{}", ended[0], ended[1]);
        for output in ended {
            assert!(output.status == 0 || output.stderr.contains("another process holds it"), "{output}");
        }
    });
    project.cp(["build"]).success();
    assert_eq!(project.tables(), reference.tables());
}

#[test]
fn a_project_without_data_builds_an_empty_warehouse() {
    let project = Project::new();
    project.remove("data");
    project.cp(["build"]).success();
    assert_eq!(project.count("commercepulse.fact_orders"), 0);
}

#[test]
fn a_change_that_a_partial_run_passed_by_reaches_everything_later() {
    if !is_thorough() {
        return;
    }
    let project = Project::built();
    let rates = project.read("seeds/fx_rates.csv");
    let doubled: String = rates
        .lines()
        .map(|line| match line.rsplit_once(',').and_then(|(head, rate)| Some((head, rate.parse::<f64>().ok()?))) {
            Some((head, rate)) => format!("{head},{:.6}\n", rate * 2.0),
            None => format!("{line}\n"),
        })
        .collect();
    project.file("seeds/fx_rates.csv", doubled);
    project.cp(["run", "--select", "resource_type:model"]).success();
    project.cp(["run", "--select", "int_payments", "fact_orders"]).success();
    project.cp(["build"]).success();
    let passed_by = project.tables();
    project.cp(["build", "--full-refresh"]).success();
    assert_eq!(project.tables(), passed_by);
}

#[test]
fn a_renamed_field_stops_the_publication() {
    let project = Project::built();
    let before = project.publication();
    let lines: String = (0..300)
        .map(|n| {
            format!(
                r#"{{"event_id": "renamed-{n}", "event_type": "payment_succeeded", "event_time": "2025-01-17T10:00:00Z", "vendor": "vendor_b", "payload": {{"order_id": "ORD-000001", "paid_at": "2025-01-17T10:00:00Z", "payment_status": "SUCCESS", "amt_total": 10, "currencyCode": "NGN", "transaction_id": "t{n}"}}, "ingested_at": "2025-01-17T11:00:00Z"}}"#
            ) + "\n"
        })
        .collect();
    project.file("data/live_events/2025-01-17/events.jsonl", lines);
    let output = project.cp(["build"]).status(1);
    assert!(output.stderr.contains("nothing was published: check `required_fields_are_given` failed"), "{output}");
    assert_eq!(project.publication(), before);
    // The edit that takes the new name in.
    project.edit(
        "dbt_project.yml",
        "amount: [amount, amountPaid, amount_paid, amt]",
        "amount: [amount, amountPaid, amount_paid, amt, amt_total]",
    );
    project.cp(["build"]).success();
    assert_eq!(
        project.query("select count(*) as n from commercepulse.fact_payments where event_id like 'renamed-%'")[0]["n"],
        300
    );
}

#[test]
fn a_warehouse_of_another_version_is_told_and_left_alone() {
    let project = Project::new();
    project.cp(["run"]).success();
    // What a later version would have written, made with the only DuckDB at hand: a model of this project's own.
    project.file(
        "models/staging/stg_later.sql",
        "{{ config(materialized='table', post_hook='update cp.layout set number = 2') }}\nselect 1 as one\n",
    );
    project.cp(["run", "--select", "stg_later"]).success();
    let output = project.cp(["build"]).status(2);
    assert!(output.stderr.contains("made by another version of `cp`"), "{output}");
    assert!(output.stderr.contains("help: "), "{output}");
}

#[test]
fn a_file_of_a_newer_duckdb_is_told_and_left_alone() {
    let project = Project::new();
    let path = project.path("data/warehouse.duckdb");
    let packed =
        fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/made_by_duckdb_2.duckdb.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    fs::write(&path, &bytes).unwrap();
    let output = project.cp(["run"]).status(2);
    assert!(output.stderr.contains("a DuckDB newer than"), "{output}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn one_number_in_two_spellings_is_one_reference() {
    let line = |id: &str, kind: &str, payload: &str| {
        format!(
            r#"{{"event_id": "{id}", "event_type": "{kind}", "event_time": "2025-01-17T10:00:00Z", "vendor": "vendor_b", "payload": {payload}, "ingested_at": "2025-01-17T11:00:00Z"}}"#
        ) + "\n"
    };
    let order = |reference: &str| {
        format!(
            r#"{{"order_id": {reference}, "created_at": "2025-01-17T09:00:00Z", "totalAmount": 10, "currencyCode": "NGN"}}"#
        )
    };
    let payment = r#"{"order_id": 1000, "paid_at": "2025-01-17T10:00:00Z", "payment_status": "SUCCESS", "amountPaid": 10, "currencyCode": "NGN", "transaction_id": "t"}"#;
    for (first, second) in [("1000", "1000.0"), ("1000.0", "1e3")] {
        let project = Project::new();
        project.remove("data").file(
            "data/live_events/2025-01-17/events.jsonl",
            line("order", "order_created", &order(first))
                + &line("order", "order_created", &order(second))
                + &line("payment", "payment_succeeded", payment),
        );
        project.cp(["ingest"]).success();
        project.cp(["run"]).success();
        let rows =
            project.query("select order_id, cast(gross_revenue as varchar) as gross from commercepulse.fact_orders");
        assert_eq!(rows, [serde_json::json!({"order_id": "1000", "gross": "10.00"})], "{first} before {second}");
    }
}
