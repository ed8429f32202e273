//! Files into MongoDB: every delivery is counted, a repeated reading changes nothing, and two at once do not hurt each
//! other.

use std::thread;

use super::*;
use crate::support::Running;

#[test]
fn duplicates_conflicts_and_what_is_no_event_are_told_apart_and_kept() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let reordered =
        line("e2", 2).replace(r#""order_id": "ORD-e2", "amount": 2"#, r#""amount": 2, "order_id": "ORD-e2""#);
    let other = line("e3", 33);
    project.file(
        FILE,
        lines(1..=4) + &line("e1", 1) + &reordered + &other + "no event\n" + r#"{"event_id": "e9"}"# + "\n",
    );
    let told = summary(&project, &["ingest"]);
    assert_eq!(tally(&told["events"]), [9, 4, 2, 1, 2]);
    assert_eq!(logged(&database), [9, 4, 2, 1, 2]);
    assert_eq!((stored_ids(&database), landed_ids(&project)), (ids(1..=4), ids(1..=4)));

    // Whole, in MongoDB and in the warehouse.
    let conflicts = database.find_all("cp_conflicts", doc! {});
    let first = &database.find_all("events_raw", doc! {"event_id": "e3"})[0];
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].get_str("payload_json").unwrap(), r#"{"order_id": "ORD-e3", "amount": 33}"#);
    assert_eq!(conflicts[0].get("stored_payload_sha256"), first.get("payload_sha256"));
    assert_eq!(conflicts[0].get_datetime("event_time").unwrap(), &at("2025-01-17T10:00:00Z"));
    let landed = project.query("select event_id, payload::varchar as payload, file, line from raw.conflicts");
    assert_eq!(
        landed,
        [serde_json::json!({
            "event_id": "e3", "payload": r#"{"order_id": "ORD-e3", "amount": 33}"#,
            "file": "live_events/2025-01-17/events.jsonl", "line": 7,
        })]
    );
    let aside: Vec<_> =
        database.find_all("cp_set_aside", doc! {}).iter().map(|row| row.get_i64("line").unwrap()).collect();
    assert_eq!(aside, [8, 9]);
    let landed = project.query("select line, content, reason <> '' as has_reason from raw.set_aside order by line");
    assert_eq!(
        landed,
        [
            serde_json::json!({"line": 8, "content": "no event", "has_reason": true}),
            serde_json::json!({"line": 9, "content": r#"{"event_id": "e9"}"#, "has_reason": true}),
        ]
    );
    verify(&project);
    // Nothing is left of the work itself.
    assert_eq!(database.count("cp_attempts", doc! {}), 0);
    assert_eq!(database.count("cp_markers", doc! {}), 0);
    assert_eq!(database.count("cp_store", doc! {"_id": "writer", "owner": {"$exists": true}}), 0);
}

#[test]
fn what_was_read_is_not_read_again_and_a_file_that_grew_is_read_on() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    project.file(FILE, lines(1..=20) + &line("e7", 7));
    assert_eq!(tally(&summary(&project, &["ingest"])["events"]), [21, 20, 1, 0, 0]);
    let (documents, log) = (database.find_all("events_raw", doc! {}), database.find_all("cp_ingest_log", doc! {}));
    let output = project.cp(["ingest"]).success();
    assert!(output.stderr.contains("1 files, all unchanged"), "{output}");
    assert_eq!(database.find_all("events_raw", doc! {}), documents);
    assert_eq!(database.find_all("cp_ingest_log", doc! {}), log);

    // The last line is not complete yet.
    let unfinished = line("e24", 24);
    let (head, tail) = unfinished.split_at(30);
    project.file(FILE, lines(1..=20) + &line("e7", 7) + &lines(21..=23) + head);
    let told = summary(&project, &["ingest"]);
    assert_eq!((tally(&told["events"]), &told["events"]["files_read"]), ([3, 3, 0, 0, 0], &1.into()));
    project.file(FILE, lines(1..=20) + &line("e7", 7) + &lines(21..=23) + head + tail);
    // Another machine has no warehouse yet, and knows from MongoDB what was read.
    let other = shop(&database);
    other.take(&project.path("data/live_events"), "data/live_events");
    let told = summary(&other, &["ingest"]);
    assert_eq!((tally(&told["events"]), &told["landed"]["total"]), ([1, 1, 0, 0, 0], &24.into()));
    let mut rows = database.find_all("cp_ingest_log", doc! {});
    rows.sort_by_key(|row| row.get_i64("number").unwrap());
    let ends: Vec<_> =
        rows.iter().map(|row| (row.get_i64("from_byte").unwrap(), row.get_i64("to_byte").unwrap())).collect();
    assert_eq!(ends.len(), 3, "{ends:?}");
    assert!(ends[0].0 == 0 && ends[1].0 == ends[0].1 && ends[2].0 == ends[1].1, "{ends:?}");
    assert_eq!(stored_ids(&database), ids(1..=24));
    assert_eq!(logged(&database), [25, 24, 1, 0, 0]);

    // The first machine learns of it by the change stream.
    assert_eq!(summary(&project, &["ingest"])["landed"]["new"], 1);
    assert_eq!(landed_log(&project), landed_log(&other));
    assert_eq!(landed_events(&project), landed_events(&other));
    verify(&project);
    verify(&other);
}

#[test]
fn two_at_once_store_everything_once_and_the_log_adds_up() {
    let Some(database) = Database::fresh() else { return };
    let projects = [shop(&database), shop(&database)];
    for (project, first) in projects.iter().zip([1, 301]) {
        // One file that both have, and one that the other has in part.
        project.file(FILE, lines(1..=500));
        project.file("data/live_events/2025-01-18/events.jsonl", lines(first..=first + 400) + "no event\n");
    }
    let calls: Vec<Running> = projects.iter().map(|project| project.cp(["ingest"]).spawn()).collect();
    let ended: Vec<Output> = thread::scope(|scope| {
        let waiting: Vec<_> = calls.into_iter().map(|call| scope.spawn(|| call.wait())).collect();
        waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect()
    });
    ended.iter().for_each(Output::assert_success);
    assert_eq!(stored_ids(&database), ids(1..=701));
    let [delivered, stored, duplicates, conflicts, set_aside] = logged(&database);
    assert_eq!(delivered, stored + duplicates + conflicts + set_aside);
    assert_eq!((stored, conflicts), (701, 0));
    assert_eq!(set_aside, database.count("cp_set_aside", doc! {}));
    for project in &projects {
        summary(project, &["extract"]);
        assert_eq!(landed_ids(project), ids(1..=701));
        verify(project);
    }
    assert_eq!(landed_log(&projects[0]), landed_log(&projects[1]));
    assert_eq!(database.count("cp_attempts", doc! {}), 0);
}
