//! `cp watch`: new events appear to other processes while it runs, it survives a restart of the server, and says where it
//! stands when it is stopped.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::support::{Running, server::Server};

/// Waits until another process sees so many rows of the model, while `cp watch` runs.
#[track_caller]
fn wait_for_rows(project: &Project, watch: &mut Running, rows: u64) {
    let start = Instant::now();
    loop {
        let shown =
            project.cp(["show", "--inline", "select count(*) as rows from main.payments", "--output", "json"]).run();
        let found = serde_json::from_str::<Value>(&shown.stdout).ok().and_then(|shown| shown[0]["rows"].as_u64());
        if found == Some(rows) {
            return;
        }
        assert!(watch.is_running(), "it has ended");
        assert!(start.elapsed() < Duration::from_secs(60), "{rows} rows are awaited:\n{shown}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn new_events_appear_while_it_runs_and_it_outlives_the_server() {
    let Some(server) = Server::start() else { return };
    let database = server.database("shop");
    let project = shop(&database);
    database.insert("events_raw", documents(1..=3));
    // So that it soon tells that the server is away.
    let uri = format!("{}?serverSelectionTimeoutMS=2000", server.uri());
    let mut watch = project.cp(["watch"]).env("MONGO_URI", uri).spawn();
    let first = watch.stdout_line("in all");
    assert!(first.contains("3 new, 3 in all; 1 built in "), "{first}");
    wait_for_rows(&project, &mut watch, 3);
    database.insert("events_raw", documents(4..=4));
    let second = watch.stdout_line("in all");
    assert!(second.contains("1 new, 4 in all; 1 built in ") && second.contains(" s after it was written"), "{second}");
    wait_for_rows(&project, &mut watch, 4);
    // Files of another process count as well.
    let other = shop(&database);
    other.file(FILE, lines(3..=10) + "no event\n");
    summary(&other, &["ingest"]);
    wait_for_rows(&project, &mut watch, 10);

    server.kill();
    let warning = watch.stderr_line("trying again");
    assert!(warning.contains("warning: ") && warning.contains("MongoDB"), "{warning}");
    server.restart();
    database.insert("events_raw", documents(11..=12));
    wait_for_rows(&project, &mut watch, 12);

    watch.interrupt();
    let output = watch.wait();
    output.assert_success();
    let told = output.stderr.lines().last().unwrap();
    assert!(told.starts_with("stopped: ") && told.contains("12 events; the warehouse holds 12, as of "), "{output}");
    assert_eq!(landed_ids(&project), ids(1..=12));
    assert_eq!(project.count("raw.set_aside"), 1);
    verify(&project);
    // The next run goes on from there.
    database.insert("events_raw", documents(13..=13));
    let mut watch = project.cp(["watch", "--output", "json"]).spawn();
    let batch: Value = serde_json::from_str(&watch.stdout_line("events_in_all")).unwrap();
    assert_eq!((&batch["events"], &batch["events_in_all"], &batch["failed"]), (&1.into(), &13.into(), &0.into()));
    watch.interrupt();
    watch.wait().assert_success();
}

#[test]
fn ctrl_c_lets_a_batch_be_finished() {
    let Some(database) = Database::fresh() else { return };
    // A model that takes its time.
    let project = shop(&database);
    project.file(
        "models/slow.sql",
        "{{ config(materialized='table') }}\n\
         select count(*) as rows, (select sum(hash(a.range, b.range) % 7) from range(8000) as a, range(10000) as b) as sum\n\
         from {{ ref('payments') }}\n",
    );
    database.insert("events_raw", documents(1..=50));
    summary(&project, &["extract"]);
    let watch = project.cp(["watch", "--verbose"]).spawn();
    thread::sleep(Duration::from_millis(700));
    let start = Instant::now();
    watch.interrupt();
    let output = watch.wait();
    output.assert_success();
    assert!(output.stderr.contains("stopping when this batch is done"), "{output}");
    assert!(output.stdout.contains("2 built"), "after {:?}: {output}", start.elapsed());
    assert!(output.stderr.contains("stopped: 1 batches, 0 events; the warehouse holds 50"), "{output}");
    assert_eq!(project.query("select rows from main.slow"), [serde_json::json!({"rows": 50})]);
}

#[test]
fn a_batch_that_cannot_be_built_is_told_and_the_next_goes_on() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let mut watch = project.cp(["watch"]).spawn();
    watch.stdout_line("0 new");
    let mut broken = document("e1", 1);
    broken.insert("payload", doc! {"amount": "much"});
    database.insert("events_raw", vec![broken]);
    let told = watch.stdout_line("1 new");
    assert!(told.contains("1 FAILED"), "{told}");
    assert!(watch.is_running());
    watch.interrupt();
    let output = watch.wait();
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.contains("the last batch could not be built as a whole"), "{output}");
    assert_eq!(landed_ids(&project), ids(1..=1));
}
