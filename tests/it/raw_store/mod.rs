//! MongoDB as the raw store, as a user meets it: what is written there and what others may write, that no event is lost by
//! any accident of the server, of the program or of people, and what is said about it.

mod clocks;
mod crash;
mod documents;
mod faults;
mod handover;
mod ingest;
mod position;
mod same;
mod tampering;
mod watch;

use std::collections::BTreeSet;

use mongodb::bson::{DateTime, Document, doc};
use serde_json::Value;

use crate::support::Output;
use crate::support::Project;
use crate::support::server::Database;

/// Where the shop's events are read from.
const FILE: &str = "data/live_events/2025-01-17/events.jsonl";

/// A small project on a database: it declares event files of days, and makes of each event a row of `payments`.
fn shop(database: &Database) -> Project {
    let project = Project::empty();
    project
        .file(
            "models/sources.yml",
            "sources:\n  - name: raw\n    schema: raw\n    tables:\n      - name: events_raw\n        config:\n          meta:\n            files:\n              - {path: 'live_events/{date}/events.jsonl', format: envelope_lines}\n      - name: ingest_log\n      - name: set_aside\n      - name: conflicts\n",
        )
        .file(
            "models/payments.sql",
            "{{ config(materialized='incremental', incremental_strategy='append') }}\n\
             select event_id, json_extract_string(payload, '$.amount')::integer as amount, _landing_sequence\n\
             from {{ source('raw', 'events_raw') }}\n\
             {% if is_incremental() %}\n\
             where _landing_sequence > (select coalesce(max(_landing_sequence), 0) from {{ this }})\n\
             {% endif %}\n",
        );
    project.on(database);
    project
}

/// A line of an event file.
fn line(id: &str, amount: i64) -> String {
    format!(
        r#"{{"event_id": "{id}", "event_type": "payment_succeeded", "event_time": "2025-01-17T10:00:00Z", "vendor": "vendor_b", "payload": {{"order_id": "ORD-{id}", "amount": {amount}}}, "ingested_at": "2025-01-17T11:00:00Z"}}"#
    ) + "\n"
}

/// Lines with the ids `e1`, `e2`, …
fn lines(numbers: std::ops::RangeInclusive<i64>) -> String {
    numbers.map(|number| line(&format!("e{number}"), number)).collect()
}

/// An event as another program writes it.
fn document(id: &str, amount: i64) -> Document {
    doc! {
        "event_id": id, "event_type": "payment_succeeded", "event_time": at("2025-01-17T10:00:00Z"), "vendor": "vendor_b",
        "payload": { "order_id": format!("ORD-{id}"), "amount": amount }, "ingested_at": at("2025-01-17T11:00:00Z"),
    }
}

/// As [`lines`].
fn documents(numbers: std::ops::RangeInclusive<i64>) -> Vec<Document> {
    numbers.map(|number| document(&format!("e{number}"), number)).collect()
}

fn at(text: &str) -> DateTime {
    DateTime::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// The ids in MongoDB, each of which must be there once.
#[track_caller]
fn stored_ids(database: &Database) -> BTreeSet<String> {
    let rows = database.find_all("events_raw", doc! {});
    let ids: BTreeSet<String> = rows.iter().map(|row| row.get_str("event_id").unwrap().to_string()).collect();
    assert_eq!(ids.len(), rows.len(), "an event is stored twice");
    ids
}

/// The ids in the warehouse, each of which must be there once.
#[track_caller]
fn landed_ids(project: &Project) -> BTreeSet<String> {
    let rows = project.query("select event_id from raw.events_raw");
    let ids: BTreeSet<String> = rows.iter().map(|row| row["event_id"].as_str().unwrap().to_string()).collect();
    assert_eq!(ids.len(), rows.len(), "an event landed twice");
    ids
}

/// The ids `e1`, `e2`, …
fn ids(numbers: std::ops::RangeInclusive<i64>) -> BTreeSet<String> {
    numbers.map(|number| format!("e{number}")).collect()
}

/// `cp verify`, which must find both sides equal.
#[track_caller]
fn verify(project: &Project) -> Output {
    let output = project.cp(["verify"]).success();
    assert!(output.stdout.contains("both hold the same"), "{output}");
    output
}

/// `cp verify`, which must find a difference; what it says of it as JSON.
#[track_caller]
fn differs(project: &Project) -> Value {
    let output = project.cp(["verify", "--output", "json"]).status(1);
    assert!(output.stderr.contains("do not hold the same events"), "{output}");
    serde_json::from_str::<Value>(&output.stdout).unwrap()["comparison"].take()
}

/// A call of `cp` that must succeed, and its summary.
#[track_caller]
fn summary(project: &Project, arguments: &[&str]) -> Value {
    let output = project.cp(arguments).arg("--output").arg("json").success();
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("no summary ({error}):\n{output}"))
}

/// Delivered, stored, duplicates, conflicts and set aside, of a summary or of a row of the log.
fn tally(events: &Value) -> [u64; 5] {
    ["delivered", "stored", "duplicates", "conflicts", "set_aside"].map(|name| events[name].as_u64().unwrap())
}

/// Their sums over the log in MongoDB.
fn logged(database: &Database) -> [u64; 5] {
    let rows = database.find_all("cp_ingest_log", doc! {});
    ["delivered", "stored", "duplicates", "conflicts", "set_aside"]
        .map(|name| rows.iter().map(|row| row.get_i64(name).unwrap() as u64).sum())
}

/// What landed besides the events, without times: the log, what was set aside, and conflicts.
fn landed_log(project: &Project) -> [Vec<Value>; 3] {
    [
        "select file, content_sha256, from_byte, to_byte, delivered, stored, duplicates, conflicts, set_aside,
         is_unfinished from raw.ingest_log order by all",
        "select file, line, reason, content from raw.set_aside order by all",
        "select event_id, event_type, event_time, vendor, payload, payload_sha256, stored_payload_sha256, file, line,
         ingested_at from raw.conflicts order by all",
    ]
    .map(|sql| project.query(sql))
}

/// What landed of the events, in an order that arrival does not change.
fn landed_events(project: &Project) -> Vec<Value> {
    project.query("select * exclude (_landing_sequence) from raw.events_raw order by event_id")
}
