//! Whatever breaks off, on either side or between them: the next run ends with every table equal and one row of the ledger
//! for each publication.

use std::sync::Arc;
use std::sync::Once;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::*;
use crate::support::bigquery::Act;
use crate::support::bigquery::Proxy;
use crate::support::bigquery::random;
use crate::support::is_thorough;
use crate::support::moments;

const TABLES: &[&str] = &["sales", "totals"];

/// Changes what is to be published next.
fn change(project: &Project, round: usize) {
    let rows: String = (1..=round + 20)
        .map(|id| format!("{id},{},{}.{:02}\n", ["a", "b", "c"][id % 3], id * (round + 1), round % 100))
        .collect();
    project.file("seeds/given.csv", format!("id,shop,amount\n{rows}"));
}

#[test]
fn the_program_killed_while_it_publishes() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    change(&project, 0);
    project.cp(["run"]).success();
    let start = Instant::now();
    project.cp(["publish"]).success();
    let whole = start.elapsed();
    for (round, moment) in moments(whole).into_iter().enumerate() {
        change(&project, round + 1);
        project.cp(["run"]).success();
        let running = project.cp(["publish"]).spawn();
        thread::sleep(moment);
        running.kill();
        let output = project.cp(["publish"]).run();
        assert!(output.status == 0, "killed after {moment:?}: {output}");
        assert_equal(&project, server, &dataset, TABLES);
    }
}

#[test]
fn a_network_that_drops_delays_repeats_and_garbles() {
    let Some(server) = BigQuery::shared() else { return };
    for seed in 0..moments(Duration::ZERO).len() as u64 {
        let (project, dataset) = shop(server);
        let proxy = Proxy::start(server.host(), random(seed, 4));
        project.publishing_to(&proxy.host(), &dataset);
        let first = project.cp(["build"]).run();
        assert!(first.status == 0, "seed {seed}: {first}\n{:#?}", proxy.log());
        change(&project, 3);
        let second = project.cp(["build"]).run();
        assert!(second.status == 0, "seed {seed}: {second}\n{:#?}", proxy.log());
        assert_equal(&project, server, &dataset, TABLES);
        assert!(proxy.log().iter().any(|deed| !matches!(deed.act, Act::Pass)), "nothing was done");
    }
}

#[test]
fn the_same_rows_on_their_way_into_another_dataset_are_not_taken_for_these() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let ((one, first), (other, second)) = (shop(server), shop(server));
    let meanwhile = Once::new();
    let proxy = Proxy::start(server.host(), move |asked| {
        if asked.path.starts_with("/upload/") {
            meanwhile.call_once(|| drop(one.cp(["build"]).success()));
        }
        Act::Pass
    });
    other.publishing_to(&proxy.host(), &second);
    other.cp(["build"]).success();
    assert_equal(&other, server, &second, TABLES);
    assert_eq!(server.rows(&first, "SELECT COUNT(*) FROM cp_publications")[0][0].as_deref(), Some("1"));
}

#[test]
fn what_another_publishes_meanwhile_is_not_published_twice() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let ((one, dataset), (other, _)) = (shop(server), shop(server));
    let meanwhile = Once::new();
    let proxy = Proxy::start(server.host(), move |asked| {
        if asked.path.starts_with("/upload/") {
            // It drops the staging tables that both have in mind.
            meanwhile.call_once(|| drop(one.cp(["build"]).success()));
        }
        Act::Pass
    });
    other.publishing_to(&proxy.host(), &dataset);
    // The same content after the same publication is the same publication, whoever makes it.
    other.cp(["build"]).success();
    assert_equal(&other, server, &dataset, TABLES);
    assert_eq!(server.rows(&dataset, "SELECT COUNT(*) FROM cp_publications")[0][0].as_deref(), Some("1"));
}

#[test]
fn a_lost_answer_to_the_transaction_is_found_in_the_ledger() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    // The first answer to each kind of request is lost.
    let proxy = Proxy::start(server.host(), |asked| if asked.alike == 1 { Act::Lose } else { Act::Pass });
    project.publishing_to(&proxy.host(), &dataset);
    project.cp(["build"]).success();
    assert_equal(&project, server, &dataset, TABLES);
    assert_eq!(server.rows(&dataset, "SELECT COUNT(*) FROM cp_publications")[0][0].as_deref(), Some("1"));
}

#[test]
fn a_server_that_is_away_is_told_and_costs_nothing() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::start() else { return };
    let (project, dataset) = shop(&server);
    project.cp(["build"]).success();
    change(&project, 1);
    server.kill();
    let output = project.cp(["build"]).env("CP_BQ_PATIENCE", "2").status(2);
    assert!(output.stderr.contains("cannot be reached") || output.stderr.contains("tried"), "{output}");
    server.restart();
    project.cp(["publish"]).success();
    assert_equal(&project, &server, &dataset, TABLES);
}

/// Waits a few seconds only for what never ends.
const SHORT: [(&str, &str); 2] = [("CP_BQ_PATIENCE", "20"), ("CP_BQ_DEADLINE", "4")];

#[test]
fn the_server_killed_while_it_is_published_to() {
    let Some(server) = BigQuery::start() else { return };
    let (project, dataset) = shop(&server);
    let publish = || SHORT.iter().fold(project.cp(["publish"]), |call, (name, value)| call.env(name, value));
    project.cp(["build"]).success();
    change(&project, 0);
    project.cp(["run"]).success();
    let start = Instant::now();
    publish().success();
    let whole = start.elapsed();
    for (round, moment) in moments(whole).into_iter().enumerate() {
        change(&project, round + 1);
        project.cp(["run"]).success();
        let running = publish().spawn();
        thread::sleep(moment);
        server.restart();
        let first = running.wait();
        let second = publish().run();
        assert!(second.status == 0, "killed after {moment:?}: {first}\n{second}");
        assert_equal(&project, &server, &dataset, TABLES);
    }
}

#[test]
fn a_job_that_a_dead_server_left_under_way_is_not_waited_for_for_ever() {
    // It takes as many tries as chance wants.
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::start().map(Arc::new) else { return };
    let (project, dataset) = shop(&server);
    let publish = || SHORT.iter().fold(project.cp(["publish"]), |call, (name, value)| call.env(name, value));
    project.cp(["build"]).success();
    // The upload of the rows; and the transaction, which is the longest of all queries.
    for (round, (path, length, kind)) in [("/upload/", 0, "load"), ("/jobs", 1500, "query")].into_iter().enumerate() {
        // Whether such a job is met under way is up to chance.
        let is_left = (0..12).any(|attempt| {
            change(&project, round * 100 + attempt);
            project.cp(["run"]).success();
            let (killed, once) = (server.clone(), Once::new());
            let proxy = Proxy::start(server.host(), move |asked| {
                if asked.method == "POST" && asked.path.contains(path) && asked.length.unwrap_or(0) > length {
                    let killed = killed.clone();
                    once.call_once(|| drop(thread::spawn(move || kill_at_work(&killed, kind))));
                }
                Act::Pass
            });
            project.publishing_to(&proxy.host(), &dataset);
            let first = publish().run();
            drop(proxy);
            project.publishing_to(&server.host(), &dataset);
            let is_left = is_at_work(&server, kind);
            let start = Instant::now();
            let second = publish().run();
            assert!(second.status == 0, "{first}\n{second}");
            assert!(start.elapsed() < Duration::from_secs(45), "{:?}: {second}", start.elapsed());
            assert_equal(&project, &server, &dataset, TABLES);
            is_left
        });
        assert!(is_left, "no {kind} job was left under way by the server's death");
    }
}

/// Whether a job of this kind is under way, or said to be.
fn is_at_work(server: &BigQuery, kind: &str) -> bool {
    server.jobs().iter().any(|job| job["status"]["state"] != "DONE" && job["configuration"][kind].is_object())
}

/// Kills the server, and starts it again, in the middle of a job of this kind, if it is met.
fn kill_at_work(server: &BigQuery, kind: &str) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        if is_at_work(server, kind) {
            return server.restart();
        }
    }
}

#[test]
fn a_warehouse_that_has_lost_events_is_not_published() {
    let Some(server) = BigQuery::shared() else { return };
    let project = Project::empty();
    let table = |name: &str, meta: &str| format!("      - name: {name}\n        config: {{meta: {{{meta}}}}}\n");
    let files = "files: [{path: '*.jsonl', format: envelope_lines}]";
    let tables: String = [("events_raw", files), ("ingest_log", ""), ("set_aside", ""), ("conflicts", "")]
        .map(|(name, meta)| table(name, meta))
        .concat();
    let line = |id: usize| format!("{{\"event_id\":\"e{id}\",\"event_type\":\"t\",\"payload\":{{}}}}\n");
    let events = |count| (0..count).map(line).collect::<String>();
    project
        .file("models/sources.yml", format!("sources:\n  - name: raw\n    schema: raw\n    tables:\n{tables}"))
        .file("models/seen.sql", "{{ config(materialized='table', meta={'publish': true, 'key': ['event_id']}) }}\nselect event_id from {{ source('raw', 'events_raw') }}\n")
        .file("data/day.jsonl", events(3));
    let dataset = server.fresh_dataset();
    project.publishing_to(&server.host(), &dataset);
    project.cp(["build"]).success();
    let count = || server.rows(&dataset, "SELECT count(*) FROM seen")[0][0].clone();
    for left in [2, 0] {
        project.remove("data/warehouse.duckdb").remove("data/raw_store.duckdb").file("data/day.jsonl", events(left));
        let refused = project.cp(["build"]).status(1);
        let told = format!("the warehouse holds {left} events, and the last publication stood on 3");
        assert!(refused.stderr.contains(&told), "{refused}");
        assert_eq!(count().as_deref(), Some("3"));
    }
    assert_eq!(project.cp(["publish", "--dry-run"]).run().status, 1);
    project.cp(["publish", "--full-refresh"]).success();
    assert_eq!(count().as_deref(), Some("0"));
    project.file("data/day.jsonl", events(1)).cp(["build"]).success();
    assert_eq!(count().as_deref(), Some("1"));
}
