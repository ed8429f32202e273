//! A lost position is never a lost event: where the place in the change stream is gone or is not to be trusted, all is
//! compared, and a person is told.

use commercepulse::engine::{Cell, Engine};
use mongodb::bson::{self, Bson};

use super::*;
use crate::support::server::Setup;

/// The position that the warehouse remembers.
pub(super) fn position(project: &Project) -> Value {
    let rows = project.query("select position from raw._extraction");
    serde_json::from_str(rows[0]["position"].as_str().unwrap()).unwrap()
}

/// Lets the warehouse remember another.
pub(super) fn remember(project: &Project, position: &str) {
    let engine = Engine::open(&project.path("data/warehouse.duckdb")).unwrap();
    let changed = engine.session().unwrap().execute("update raw._extraction set position = ?", &[Cell::Text(position)]);
    assert_eq!(changed.unwrap(), 1);
    engine.close();
}

/// `cp extract`, which must say that all is compared and land so many events.
#[track_caller]
fn extract_loudly(project: &Project, warning: &str, events: u64) {
    let output = project.cp(["extract", "--quiet", "--output", "json"]).success();
    assert!(output.stderr.contains("warning: "), "{output}");
    assert!(output.stderr.contains(warning), "{output}");
    let told: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(told["landed"]["new"], events, "{output}");
    assert_eq!(told["comparison"]["is_equal"], true, "{output}");
    // From now on in silence.
    let again = project.cp(["extract", "--quiet"]).success();
    assert_eq!(again.stderr, "");
}

#[test]
fn a_position_that_the_oplog_has_passed_by() {
    let Some(server) = Setup::default().small_oplog().start() else { return };
    let database = server.database("shop");
    let project = shop(&database);
    database.insert("events_raw", documents(1..=10));
    summary(&project, &["extract"]);
    database.insert("events_raw", documents(11..=50));
    // Whatever is written in a server moves its oplog on.
    database.insert("elsewhere", (0..2_500).map(|number| doc! {"_id": number}).collect());
    database.insert("events_raw", vec![doc! {"_id": "no event", "event_id": "u1"}]);
    extract_loudly(&project, "the place in MongoDB's change stream is lost", 40);
    assert_eq!(
        project.query("select file from raw.set_aside"),
        [serde_json::json!({"file": "mongodb:shop.events_raw/\"no event\""})]
    );
    assert_eq!(landed_ids(&project), ids(1..=50));
    verify(&project);
    // The new place is good.
    database.insert("events_raw", documents(51..=52));
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 2);
    verify(&project);
}

#[test]
fn a_position_that_is_none_or_another_servers() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", documents(1..=5));
    summary(&project, &["extract"]);
    let own = position(&project);
    let another = {
        let database = Database::fresh().unwrap();
        let project = shop(&database);
        summary(&project, &["extract"]);
        position(&project)
    };
    let with_token = |data: Bson| {
        let bytes = bson::serialize_to_vec(&doc! {"token": {"_data": data}}).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        serde_json::json!({"stream": hex, "collection": own["collection"]}).to_string()
    };
    let lost = "the place in MongoDB's change stream is lost";
    let foreign = serde_json::json!({"stream": another["stream"], "collection": own["collection"]}).to_string();
    let positions = [
        (foreign, lost),
        (another.to_string(), "is another collection than the one read before"),
        (with_token("no token".into()), lost),
        (with_token("".into()), lost),
        (with_token(7.into()), lost),
        (r#"{"pages": "65a4fbc8e4b0c1d2e3f40516"}"#.to_string(), "was read in pages before"),
        (r#"{"stream": "not hex"}"#.to_string(), ""),
        ("nonsense".to_string(), ""),
        (String::new(), ""),
    ];
    for ((position, warning), number) in positions.iter().zip(6..) {
        database.insert("events_raw", documents(number..=number));
        remember(&project, position);
        extract_loudly(&project, warning, 1);
        assert_eq!(landed_ids(&project), ids(1..=number), "after position {position}");
    }
    verify(&project);
}

#[test]
fn a_collection_dropped_and_made_anew() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let index = || database.create_index("events_raw", doc! {"event_id": 1}, true).unwrap();
    database.insert("events_raw", documents(1..=10));
    summary(&project, &["build"]);
    let before = landed_events(&project);
    // With the same events, and one more.
    database.drop_collection("events_raw");
    index();
    database.insert("events_raw", documents(1..=11));
    extract_loudly(&project, "is another collection than the one read before", 1);
    assert!(before.iter().all(|event| landed_events(&project).contains(event)));
    verify(&project);
    // With fewer: what only the warehouse holds is named, and stays.
    database.drop_collection("events_raw");
    index();
    database.insert("events_raw", documents(1..=8));
    let told = project.cp(["extract"]).success();
    assert!(told.stderr.contains("the raw store and the warehouse differ: 3 only in the warehouse"), "{told}");
    let differing = differs(&project);
    assert_eq!(differing["extra"], serde_json::json!({"count": 3, "first": ["e10", "e11", "e9"]}));
    assert_eq!(landed_ids(&project), ids(1..=11));
    // Put back, all is well again.
    database.insert("events_raw", documents(9..=11));
    summary(&project, &["extract"]);
    verify(&project);
    // The whole database.
    database.run(|database| async move { database.drop().await }).unwrap();
    database.insert("events_raw", documents(1..=12));
    let refused = project.cp(["extract"]).status(2);
    assert!(refused.stderr.contains("was replaced by a new one (the same place, another identity)"), "{refused}");
    assert!(refused.stderr.contains("help: restore the old one from a backup; or move the warehouse"), "{refused}");
}

#[test]
fn a_collection_renamed_away_and_back() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", documents(1..=5));
    summary(&project, &["extract"]);
    let name = database.name().to_string();
    let rename = |from: &str, to: &str| {
        let command = doc! {"renameCollection": format!("{name}.{from}"), "to": format!("{name}.{to}")};
        database.run(|database| async move { database.client().database("admin").run_command(command).await }).unwrap();
    };
    rename("events_raw", "elsewhere");
    database.insert("elsewhere", documents(6..=7));
    rename("elsewhere", "events_raw");
    let told = project.cp(["extract"]).success();
    assert!(told.stderr.contains("warning: ") && told.stderr.contains("all is compared"), "{told}");
    assert_eq!(landed_ids(&project), ids(1..=7));
    verify(&project);
}
