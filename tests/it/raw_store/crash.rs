//! Sudden death, of the program or of the server, at any moment of reading files in or of reading events out: the next run
//! succeeds, nothing is lost or doubled, and no tally tells of what happened.

use std::{
    thread,
    time::{Duration, Instant},
};

use commercepulse::event::sha256;

use super::*;
use crate::support::{Running, moments, server::Server};

/// How many events the files hold.
const STORED: i64 = 1_500;

/// What the log must say of the files, however they were read.
const TALLY: [u64; 5] = [1_500 + 40 + 20 + 10, 1_500, 40, 20, 10];

/// A shop with two files: events, some of them twice, some with another payload, and lines that are no events.
fn with_files(database: &Database) -> Project {
    let project = shop(database);
    let mut text = String::new();
    for number in 1..=STORED - 100 {
        text += &lines(number..=number);
        if number % 40 == 0 {
            text += &lines(number / 2..=number / 2);
        }
        if number % 70 == 0 {
            text += &line(&format!("e{}", number / 3), 1_000_000);
        }
        if number % 140 == 0 {
            text += "no event\n";
        }
    }
    project.file(FILE, text);
    // What was in the other file too.
    project.file("data/live_events/2025-01-18/events.jsonl", lines(STORED - 104..=STORED));
    project
}

/// All that must hold after any accident, once a run has succeeded.
#[track_caller]
fn assert_whole(project: &Project, database: &Database, told: &str) {
    assert_eq!(stored_ids(database), ids(1..=STORED), "{told}");
    assert_eq!(landed_ids(project), ids(1..=STORED), "{told}");
    assert_eq!(logged(database), TALLY, "{told}");
    let rows = database.find_all("cp_ingest_log", doc! {});
    assert_eq!(rows.len(), 2, "{told}\n{rows:#?}");
    let of_readings = |name: &str| {
        let rows = database.find_all(name, doc! {});
        rows.iter().map(|row| row.get_i64("line").unwrap()).collect::<Vec<_>>()
    };
    for (name, count) in [("cp_conflicts", TALLY[3]), ("cp_set_aside", TALLY[4])] {
        let lines = of_readings(name);
        assert_eq!(lines.len() as u64, count, "{name}, {told}");
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len() as u64, count, "{name} twice, {told}");
        let landed = name.trim_start_matches("cp_");
        assert_eq!(project.count(&format!("raw.{landed}")), count, "{landed}, {told}");
    }
    assert_eq!(database.count("cp_attempts", doc! {}), 0, "{told}");
    verify(project);
}

/// Events as another program writes them that does as we do.
fn hashed(numbers: std::ops::RangeInclusive<i64>) -> Vec<Document> {
    let hash = |number: i64| sha256(format!(r#"{{"amount":{number},"order_id":"ORD-e{number}"}}"#).as_bytes());
    let of = |(mut document, number): (Document, i64)| {
        document.insert("payload_sha256", hash(number));
        document
    };
    documents(numbers.clone()).into_iter().zip(numbers).map(of).collect()
}

/// How long an undisturbed run takes.
fn duration(project: &Project, verb: &str) -> Duration {
    let start = Instant::now();
    project.cp([verb]).success();
    start.elapsed()
}

/// Ends as it likes, but says what a person can do where it fails.
#[track_caller]
fn end(call: Running, told: &str) -> Output {
    let output = call.wait();
    if output.status != 0 {
        assert_eq!(output.status, 2, "{told}\n{output}");
        assert!(output.stderr.contains("MongoDB") && output.stderr.contains("help: "), "{told}\n{output}");
    }
    output
}

#[test]
fn cp_killed_while_it_reads_files_in() {
    let Some(reference) = Database::fresh() else { return };
    let project = with_files(&reference);
    let took = duration(&project, "ingest");
    assert_whole(&project, &reference, "undisturbed");
    for moment in moments(took) {
        let database = Database::fresh().unwrap();
        let project = with_files(&database);
        // Once more on the way.
        for moment in [moment, moment / 2] {
            let call = project.cp(["ingest"]).spawn();
            thread::sleep(moment);
            call.kill();
        }
        let output = project.cp(["ingest"]).success();
        assert_whole(&project, &database, &format!("killed after {moment:?}\n{output}"));
        assert_eq!(landed_log(&project)[1..], landed_log(&self::project_of(&database))[1..]);
    }
}

#[test]
fn killed_when_all_but_tidying_up_was_done_the_next_run_does_that() {
    let Some(database) = Database::fresh() else { return };
    let project = with_files(&database);
    project.cp(["ingest"]).success();
    let row = database.find_all("cp_ingest_log", doc! { "file": "live_events/2025-01-18/events.jsonl" }).remove(0);
    let attempt = row.get_array("attempts").unwrap()[0].as_object_id().unwrap();
    let left = doc! { "_id": attempt, "file": "live_events/2025-01-18/events.jsonl" };
    database.insert("cp_attempts", vec![left]);
    let again = project.cp(["ingest"]).success();
    assert!(again.stderr.contains("all unchanged"), "{again}");
    assert_whole(&project, &database, "but for tidying up");
}

/// Another warehouse of the same raw store.
fn project_of(database: &Database) -> Project {
    let project = shop(database);
    project.cp(["extract"]).success();
    project
}

#[test]
fn the_server_killed_while_files_are_read_in() {
    let Some(server) = Server::start() else { return };
    let reference = server.database("reference");
    let took = duration(&with_files(&reference), "ingest");
    for (round, moment) in moments(took).into_iter().enumerate() {
        let database = server.database(&format!("round_{round}"));
        let project = with_files(&database);
        let call = project.cp(["ingest"]).spawn();
        thread::sleep(moment);
        server.kill();
        server.restart();
        let told = format!("the server killed after {moment:?}");
        let output = end(call, &told);
        summary(&project, &["ingest"]);
        assert_whole(&project, &database, &format!("{told}\n{output}"));
    }
}

#[test]
fn cp_killed_while_it_reads_events_out() {
    let Some(database) = Database::fresh() else { return };
    let mut last = 4_000;
    database.insert("events_raw", hashed(1..=last));
    let took = duration(&shop(&database), "build");
    for moment in moments(took) {
        let project = shop(&database);
        let call = project.cp(["build"]).spawn();
        thread::sleep(moment);
        let killed = call.kill();
        // At the beginning, and on the way by the stream.
        summary(&project, &["build"]);
        database.insert("events_raw", hashed(last + 1..=last + 400));
        last += 400;
        let call = project.cp(["build"]).spawn();
        thread::sleep(moment / 2);
        call.kill();
        let told = format!("killed after {moment:?}\n{killed}");
        summary(&project, &["build"]);
        assert_eq!(landed_ids(&project), ids(1..=last), "{told}");
        let built = project.query("select count(*) as rows, count(distinct event_id) as ids from main.payments");
        assert_eq!(built, [serde_json::json!({"rows": last, "ids": last})], "{told}");
        verify(&project);
    }
}

#[test]
fn the_server_killed_while_events_are_read_out() {
    let Some(server) = Server::start() else { return };
    let database = server.database("shop");
    let mut last = 4_000;
    database.insert("events_raw", hashed(1..=last));
    let took = duration(&shop(&database), "extract");
    let mut project = shop(&database);
    for (round, moment) in moments(took).into_iter().enumerate() {
        // By turns from the beginning, and on the way by the stream.
        match round % 2 {
            0 => project = shop(&database),
            _ => {
                database.insert("events_raw", hashed(last + 1..=last + 600));
                last += 600;
            }
        }
        let call = project.cp(["extract"]).spawn();
        thread::sleep(moment);
        server.kill();
        server.restart();
        let told = format!("the server killed after {moment:?}");
        let output = end(call, &told);
        summary(&project, &["extract"]);
        assert_eq!(landed_ids(&project), ids(1..=last), "{told}\n{output}");
        verify(&project);
    }
}
