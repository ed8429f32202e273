//! The documents: what `cp ingest` writes, and what of other programs' documents lands.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, bson, oid::ObjectId};

use super::*;

/// A document as it is stored, but for its `_id`.
fn stored(database: &Database, id: &str) -> Document {
    let mut found = database.find_all("events_raw", doc! {"event_id": id});
    assert_eq!(found.len(), 1, "documents of `{id}`");
    assert!(found[0].remove("_id").unwrap().as_object_id().is_some());
    let hash = found[0].remove("payload_sha256").unwrap();
    assert!(hash.as_str().is_some_and(|hash| hash.len() == 64), "{hash}");
    found.remove(0)
}

#[test]
fn an_event_is_stored_as_its_producer_sent_it() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let line = |id: &str, times: &str, payload: &str| {
        format!(r#"{{"event_id": "{id}", "event_type": "t", {times}, "vendor": "v", "payload": {payload}}}"#) + "\n"
    };
    let times = r#""event_time": "2025-01-17T10:00:00Z", "ingested_at": "2025-01-17T11:00:00Z""#;
    let kept_as_text = [
        r#"{"a": 1, "a": 2}"#,
        r#"{"a": 1.50}"#,
        r#"{"a": 123456789012345678901234567890}"#,
        r#"{"a": 1e400}"#,
        "{\"a\\u0000b\": 1}",
        r#"{"a": {"$set": 1}}"#,
        r#"{"": 1}"#,
    ];
    let mut text = line("plain", times, r#"{"z": 1, "a": [2147483648, 2.5, true, null, {"é": "ü"}], "x.y": ""}"#)
        + &line(
            "to the microsecond",
            r#""event_time": "2025-01-17T11:00:00.123456+01:00", "ingested_at": "2025-01-17T11:00:00.000007Z""#,
            "{}",
        )
        + &line("without a time", r#""ingested_at": "2025-01-17T11:00:00Z""#, "{}");
    for (number, payload) in kept_as_text.iter().enumerate() {
        text += &line(&format!("text {number}"), times, payload);
    }
    project.file(FILE, text);
    assert_eq!(tally(&summary(&project, &["ingest"])["events"]), [10, 10, 0, 0, 0]);

    let envelope = |id: &str| {
        doc! {
            "event_id": id, "event_type": "t", "event_time": at("2025-01-17T10:00:00Z"), "vendor": "v",
        }
    };
    let with = |mut document: Document, more: Document| {
        document.extend(more);
        document
    };
    let ingested = doc! {"ingested_at": at("2025-01-17T11:00:00Z")};
    let payload = doc! {"payload": {"z": 1, "a": [2_147_483_648_i64, 2.5, true, Bson::Null, {"é": "ü"}], "x.y": ""}};
    assert_eq!(stored(&database, "plain"), with(with(envelope("plain"), payload), ingested.clone()));
    let precise = doc! {
        "event_id": "to the microsecond", "event_type": "t", "event_time": at("2025-01-17T10:00:00.123Z"),
        "event_time_us": 456, "vendor": "v", "payload": {}, "ingested_at": at("2025-01-17T11:00:00Z"), "ingested_at_us": 7,
    };
    assert_eq!(stored(&database, "to the microsecond"), precise);
    let timeless = doc! {"event_id": "without a time", "event_type": "t", "vendor": "v", "payload": {}};
    assert_eq!(stored(&database, "without a time"), with(timeless, ingested.clone()));
    for (number, payload) in kept_as_text.iter().enumerate() {
        let id = format!("text {number}");
        let expected = with(with(envelope(&id), doc! {"payload_json": *payload}), ingested.clone());
        assert_eq!(stored(&database, &id), expected);
    }

    // And comes back from there as it was.
    let landed =
        project.query("select event_id, payload::varchar as payload, event_time, ingested_at from raw.events_raw");
    let landed: BTreeMap<&str, &Value> = landed.iter().map(|row| (row["event_id"].as_str().unwrap(), row)).collect();
    for (number, payload) in kept_as_text.iter().enumerate() {
        assert_eq!(landed[format!("text {number}").as_str()]["payload"], *payload);
    }
    assert_eq!(landed["plain"]["payload"], r#"{"z":1,"a":[2147483648,2.5,true,null,{"é":"ü"}],"x.y":""}"#);
    let precise = landed["to the microsecond"];
    assert_eq!(precise["event_time"], "2025-01-17 10:00:00.123456", "{precise}");
    assert_eq!(precise["ingested_at"], "2025-01-17 11:00:00.000007", "{precise}");
    verify(&project);
}

/// Documents as other programs write them, by what is odd about them: the event's id, and what lands of it.
fn foreign() -> Vec<(Document, Value)> {
    let with = |id: &str, name: &str, value: Bson| {
        let mut document = document(id, 1);
        document.insert(name, value);
        document
    };
    let without = |id: &str, name: &str| {
        let mut document = document(id, 1);
        document.remove(name);
        document
    };
    let made_in_2001 = doc! {"_id": ObjectId::parse_str("3b9aca00e4b0c1d2e3f40516").unwrap()};
    let named = |mut document: Document| {
        document.extend(made_in_2001.clone());
        document
    };
    let paid = bson!({"paidAt": at("2025-01-17T10:00:00Z"), "amount": Bson::Decimal128("12.50".parse().unwrap())});
    let standard = r#"{"order_id":"ORD-X","amount":1}"#;
    let landed = |id: &str, vendor: &str, payload: &str, ingested_at: &str| serde_json::json!({"event_id": id, "vendor": vendor, "payload": payload, "ingested_at": ingested_at});
    let usual = |id: &str| landed(id, "vendor_b", &standard.replace('X', id), "2025-01-17 11:00:00");
    let of_2001 = |id: &str| landed(id, "vendor_b", &standard.replace('X', id), "2001-09-09 01:46:40");
    let mut numbered = with("number", "event_id", Bson::Int32(7));
    numbered.insert("payload", doc! {});
    vec![
        (document("no hash", 1), usual("no hash")),
        (with("wrong hash", "payload_sha256", "none".into()), usual("wrong hash")),
        (named(without("no ingested_at", "ingested_at")), of_2001("no ingested_at")),
        (with("text for a date", "ingested_at", "2025-01-17T12:00:00+01:00".into()), usual("text for a date")),
        (with("seconds for a date", "ingested_at", 1_737_111_600_i64.into()), usual("seconds for a date")),
        (
            with("no vendor", "vendor", Bson::Null),
            landed("no vendor", "unknown", &standard.replace('X', "no vendor"), "2025-01-17 11:00:00"),
        ),
        (
            with("dates and decimals", "payload", paid),
            landed(
                "dates and decimals",
                "vendor_b",
                r#"{"paidAt":"2025-01-17T10:00:00Z","amount":12.50}"#,
                "2025-01-17 11:00:00",
            ),
        ),
        (
            with("payload as text", "payload", r#"{"a": 1.50}"#.into()),
            landed("payload as text", "vendor_b", r#"{"a": 1.50}"#, "2025-01-17 11:00:00"),
        ),
        (numbered, landed("7", "vendor_b", "{}", "2025-01-17 11:00:00")),
        (with("more fields", "comment", "not ours".into()), usual("more fields")),
    ]
}

#[test]
fn what_other_programs_write_lands_or_is_set_aside_and_nothing_is_lost() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let mut second = document("7", 7);
    second.insert("_id", "made by hand");
    let wrong_type = |name: &str, value: Bson| {
        let mut document = document(name, 1);
        document.insert("_id", name);
        document.insert("ingested_at", value);
        document
    };
    let untold = |id: i32, document: Document| doc! {"_id": id}.into_iter().chain(document).collect::<Document>();
    let unreadable = [
        (untold(1, doc! {"event_id": "u1", "payload": {}}), "has no `event_type`"),
        (untold(2, doc! {"event_id": "u2", "event_type": "t", "payload": [1]}), "`payload` is no object"),
        (
            untold(3, doc! {"event_id": "u3", "event_type": "t", "payload": {}, "event_time": "soon"}),
            "`event_time` cannot be read as a time",
        ),
    ];
    let foreign = foreign();
    let check = |project: &Project| {
        let rows =
            project.query("select event_id, vendor, payload::varchar as payload, ingested_at from raw.events_raw");
        for (_, expected) in &foreign {
            assert!(rows.contains(expected), "{expected} is not in {rows:#?}");
        }
        let derived = rows.iter().filter(|row| row["event_id"].as_str().is_some_and(|id| id.len() == 64)).count();
        assert_eq!((rows.len(), derived), (foreign.len() + 2, 1), "{rows:#?}");
        let aside = project.query("select file, reason from raw.set_aside order by file");
        let expected: Vec<Value> = unreadable
            .iter()
            .zip(1..)
            .map(|((_, reason), id)| {
                serde_json::json!({"file": format!("mongodb:{}.events_raw/{id}", database.name()), "reason": reason})
            })
            .collect();
        assert_eq!(aside, expected);
        verify(project);
    };

    let mut nameless = document("x", 1);
    nameless.remove("event_id");
    // By the change stream.
    summary(&project, &["extract"]);
    let mut all: Vec<Document> = foreign.iter().map(|(document, _)| document.clone()).collect();
    all.extend(unreadable.iter().map(|(document, _)| document.clone()));
    all.push(nameless);
    all.push(wrong_type("wrong type", true.into()));
    database.insert("events_raw", all);
    summary(&project, &["build"]);
    check(&project);
    // By reading all.
    let other = shop(&database);
    summary(&other, &["build"]);
    check(&other);
    assert_eq!(landed_events(&project), landed_events(&other));
    // By fetching what is missing.
    project.cp(["extract", "--full-refresh"]).success();
    check(&project);

    // Two documents that print as one id: the index cannot tell, `cp verify` does.
    database.insert("events_raw", vec![second]);
    project.cp(["extract"]).success();
    assert_eq!(differs(&project)["doubled"]["first"], serde_json::json!(["7"]));
    let fresh = shop(&database);
    fresh.cp(["extract"]).success();
    assert_eq!(landed_ids(&fresh), landed_ids(&project));
    assert_eq!(differs(&fresh)["doubled"]["first"], serde_json::json!(["7"]));
}

#[test]
fn documents_that_look_alike_are_told_apart() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    let blank = |id: &str| doc! {"event_id": id, "event_type": "t", "vendor": "v", "payload": {"a": 1}};
    // Of a blank id one is computed, so these four are one event; and these seven are none.
    database.insert("events_raw", [" ", "  ", "\u{a0}", "\t"].map(blank).to_vec());
    let long = "x".repeat(300);
    let nameless = (0..4).map(|number| doc! {"_id": format!("{long}{number}"), "event_id": format!("n{number}")});
    let nested = (4..7).map(|number| doc! {"_id": {"a": &long, "n": number}, "event_id": format!("n{number}")});
    database.insert("events_raw", nameless.chain(nested).collect());
    let told = summary(&project, &["extract"]);
    assert_eq!((&told["landed"]["total"], project.count("raw.set_aside")), (&Value::from(1), 7), "{told}");
}

#[test]
fn an_id_that_the_server_takes_for_another_is_a_conflict() {
    let Some(database) = Database::fresh() else { return };
    let project = shop(&database);
    database.insert("events_raw", vec![doc! {"event_id": ["e3"], "event_type": "t", "payload": {}}]);
    project.file(FILE, lines(1..=5));
    assert_eq!(tally(&summary(&project, &["ingest"])["events"]), [5, 4, 0, 1, 0]);
}
