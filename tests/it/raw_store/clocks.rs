//! Reading on from where one was: whatever order events are committed in, whatever their times and ids say, each of them
//! lands.

use mongodb::bson::oid::ObjectId;

use super::*;
use crate::support::server::Setup;

/// As [`document`], with an `_id` that a clock made in 2001.
fn skewed(id: &str, number: u8) -> Document {
    let mut document = document(id, 1);
    let mut bytes = *b"\x3b\x9a\xca\x00\xe4\xb0\xc1\xd2\xe3\xf4\x05\x00";
    bytes[11] = number;
    document.insert("_id", ObjectId::from_bytes(bytes));
    document
}

#[test]
fn a_transaction_that_commits_late_lands() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    summary(&project, &["extract"]);
    let mut late = database.begin();
    late.insert("events_raw", documents(1..=3));
    database.insert("events_raw", documents(4..=6));
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 3);
    // Beyond the stream's place too.
    database.insert("events_raw", documents(7..=9));
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 3);
    assert_eq!(landed_ids(&project), ids(4..=9));
    late.commit();
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 3);
    assert_eq!(landed_ids(&project), ids(1..=9));
    verify(&project);
}

#[test]
fn a_transaction_open_during_the_first_reading_lands() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", documents(4..=6));
    let mut late = database.begin();
    late.insert("events_raw", documents(1..=3));
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 3);
    late.commit();
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 3);
    assert_eq!(landed_ids(&project), ids(1..=6));
    verify(&project);
}

#[test]
fn equal_times_and_ids_of_skewed_clocks_land() {
    let Some(database) = Database::fresh() else { return };
    skew(&database);
}

#[test]
fn on_a_standalone_server_they_land_too() {
    let Some(server) = Setup::default().standalone().start() else { return };
    let database = server.database("shop");
    let project = skew(&database);
    let told = project.cp(["debug"]).success();
    assert!(told.stdout.contains("standalone server, read in overlapping pages"), "{told}");
    // What is no event, behind all that was read.
    database.insert("events_raw", vec![doc! {"_id": 1, "event_id": "u1"}]);
    for compared in [true, false] {
        let told = summary(&project, &["extract"]);
        assert_eq!((told["comparison"].is_null(), project.count("raw.set_aside")), (!compared, 1), "{told}");
    }
    // Files go in and out as well.
    project.file(FILE, lines(1..=3) + &lines(101..=110));
    assert_eq!(tally(&summary(&project, &["ingest"])["events"]), [13, 10, 3, 0, 0]);
    assert_eq!(tally(&summary(&project, &["ingest"])["events"]), [0; 5]);
    verify(&project);
}

/// Events that any watermark would lose, each written after the one before was read.
fn skew(database: &Database) -> Project {
    let project = shop(database);
    database.insert("events_raw", documents(1..=3));
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 3);
    // All times are equal to those that have landed.
    database.insert("events_raw", documents(4..=5));
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 2);
    // Ids before all that have landed.
    database.insert("events_raw", vec![skewed("e6", 1), skewed("e7", 2)]);
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 2);
    // Ids that are no ObjectIds, before and after them in the order of types.
    let mut named = documents(8..=9);
    named[0].insert("_id", 8);
    named[1].insert("_id", true);
    database.insert("events_raw", named);
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 2);
    // Times before, beyond and without any.
    let mut odd = documents(10..=12);
    odd[0].insert("ingested_at", at("2001-01-01T00:00:00Z"));
    odd[1].insert("ingested_at", at("2099-01-01T00:00:00Z"));
    odd[2].remove("ingested_at");
    database.insert("events_raw", odd);
    database.insert("events_raw", vec![document("e13", 13)]);
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 4);
    assert_eq!(summary(&project, &["extract"])["landed"]["new"], 0);
    assert_eq!(landed_ids(&project), ids(1..=13));
    verify(&project);
    project
}
