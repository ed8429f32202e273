//! What nobody may do to a system of record: stored events deleted or changed. `cp verify` names them, and if the raw
//! store is right all the same, everything is made anew from it.

use super::position::{position, remember};
use super::*;
use commercepulse::engine::Engine;

#[test]
fn deleted_and_changed_events_are_named_until_all_lands_anew() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    project.file(FILE, lines(1..=200));
    summary(&project, &["build"]);
    let amounts = |project: &Project| {
        project.query("select sum(amount)::bigint as sum, count(*) as rows from main.payments")[0].clone()
    };
    assert_eq!(amounts(&project), serde_json::json!({"sum": 20_100, "rows": 200}));

    assert_eq!(database.delete("events_raw", doc! {"event_id": {"$in": ["e7", "e70"]}}), 2);
    let changed = doc! {"$set": {"payload.amount": 1_100}, "$unset": {"payload_sha256": 1}};
    database
        .run(|database| async move {
            database.collection::<Document>("events_raw").update_one(doc! {"event_id": "e100"}, changed).await
        })
        .unwrap();
    let told = project.cp(["extract"]).success();
    assert!(
        told.stderr.contains("stored events were changed (1) or deleted (2) in MongoDB by another client"),
        "{told}"
    );
    assert!(told.stderr.contains("differ: 2 only in the warehouse, 1 with another payload"), "{told}");
    for _ in 0..2 {
        let differing = differs(&project);
        assert_eq!(differing["extra"], serde_json::json!({"count": 2, "first": ["e7", "e70"]}));
        assert_eq!(differing["changed"], serde_json::json!({"count": 1, "first": ["e100"]}));
        assert_eq!(differing["fetched"], 0);
    }
    // What has landed stays until somebody decides.
    summary(&project, &["run"]);
    assert_eq!(amounts(&project), serde_json::json!({"sum": 20_100, "rows": 200}));

    assert_eq!(summary(&project, &["extract", "--full-refresh"])["landed"]["total"], 198);
    verify(&project);
    let built = summary(&project, &["run"]);
    assert_eq!(built["nodes"][0]["status"], "success", "{built}");
    assert_eq!(amounts(&project), serde_json::json!({"sum": 20_100 - 77 + 1_000, "rows": 198}));
}

#[test]
fn what_is_missing_in_the_warehouse_is_found_and_lands() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", documents(1..=300));
    summary(&project, &["build"]);
    // Passed by: the warehouse believes to have read as far as another one has.
    let ahead = shop(&database);
    database.insert("events_raw", documents(301..=310));
    summary(&ahead, &["extract"]);
    remember(&project, &position(&ahead).to_string());
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 0);
    let output = verify(&project);
    assert!(output.stdout.contains("310 events in the raw store, by 5 buckets, 1 of them differed"), "{output}");
    assert!(output.stderr.contains("10 events were missing in the warehouse and have landed now"), "{output}");
    assert_eq!(landed_ids(&project), ids(1..=310));
    let output = verify(&project);
    assert!(output.stdout.contains("0 of them differed"), "{output}");
    summary(&project, &["run"]);
    assert_eq!(project.count("main.payments"), 310);
    let quiet = project.cp(["verify", "--quiet"]).success();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn an_event_that_landed_twice_is_named() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", documents(1..=300));
    summary(&project, &["extract"]);
    let of_7 = |column: &str| format!("{column} = (select {column} from raw.events_raw where event_id = 'e7')");
    let columns = ["event_id", "payload", "payload_sha256"].map(of_7).join(", ");
    let engine = Engine::open(&project.path("data/warehouse.duckdb")).unwrap();
    let copied = format!("update raw.events_raw set {columns} where event_id = 'e5'");
    assert_eq!(engine.session().unwrap().execute(&copied, &[]).unwrap(), 1);
    engine.close();
    assert_eq!(differs(&project)["fetched"], 1);
    for _ in 0..2 {
        let differing = differs(&project);
        assert_eq!(differing["extra"], serde_json::json!({"count": 1, "first": ["e7"]}));
    }
    assert_eq!(summary(&project, &["extract", "--full-refresh"])["landed"]["total"], 300);
    verify(&project);
}

#[test]
fn every_so_many_extractions_it_compares_by_itself() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", documents(1..=3));
    let compared: Vec<bool> = (0..7)
        .map(|_| {
            let output = project.cp(["extract", "--output", "json"]).env("CP_COMPARE_EVERY", "3").success();
            let told: Value = serde_json::from_str(&output.stdout).unwrap();
            !told["comparison"].is_null()
        })
        .collect();
    assert_eq!(compared, [false, false, true, false, false, true, false]);
}

#[test]
fn there_must_be_a_warehouse_to_verify() {
    let Some(database) = Database::fresh() else { return };
    let output = shop(&database).cp(["verify"]).status(2);
    assert!(output.stderr.contains("there is no warehouse"), "{output}");
}
