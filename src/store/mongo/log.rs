//! The ingest log and what a reading set aside, as documents.

use jiff::Timestamp;
use mongodb::bson::Bson;
use mongodb::bson::DateTime;
use mongodb::bson::Document;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;

use crate::error::Result;
use crate::event::RawEvent;
use crate::store::Conflict;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Tally;
use crate::store::mongo::CONFLICTS;
use crate::store::mongo::LOG;
use crate::store::mongo::SET_ASIDE;
use crate::store::mongo::door::Door;

/// A row of the log as it is kept. `number` counts the readings of a store; `attempts` are those it took.
pub(super) fn logged(reading: &Reading, id: ObjectId, number: i64, attempts: &[ObjectId]) -> Document {
    let Tally { delivered, stored, duplicates, conflicts, set_aside } = reading.tally;
    let mut document = doc! {
        "_id": id, "number": number, "attempts": attempts,
        "file": &reading.file, "rule": &reading.rule, "content_sha256": &reading.content_sha256,
        "from_byte": whole(reading.from_byte), "to_byte": whole(reading.to_byte), "lines": whole(reading.lines),
        "state": &reading.state, "is_unfinished": reading.is_unfinished,
        "delivered": whole(delivered), "stored": whole(stored), "duplicates": whole(duplicates),
        "conflicts": whole(conflicts), "set_aside": whole(set_aside),
    };
    put_time(&mut document, "ingested_at", reading.ingested_at);
    document
}

/// The reading that a row of the log tells of.
pub(super) fn reading(document: &Document) -> Reading {
    Reading {
        id: document.get_object_id("_id").map(ObjectId::to_hex).unwrap_or_default(),
        file: text(document, "file"),
        rule: text(document, "rule"),
        content_sha256: text(document, "content_sha256"),
        from_byte: count(document, "from_byte"),
        to_byte: count(document, "to_byte"),
        lines: count(document, "lines"),
        state: text(document, "state"),
        is_unfinished: document.get_bool("is_unfinished").unwrap_or(false),
        tally: Tally {
            delivered: count(document, "delivered"),
            stored: count(document, "stored"),
            duplicates: count(document, "duplicates"),
            conflicts: count(document, "conflicts"),
            set_aside: count(document, "set_aside"),
        },
        ingested_at: time(document, "ingested_at").unwrap_or_default(),
    }
}

/// The log of a file, oldest first.
pub(super) fn readings_of(door: &Door, file: &str) -> Result<Vec<Reading>> {
    let rows = all(door, LOG, doc! { "file": file }, "number")?;
    Ok(rows.iter().map(reading).collect())
}

/// A row of what was set aside; `number` is the delivery's in its reading.
pub(super) fn set_aside(row: &SetAside, reading: ObjectId, number: u64) -> Document {
    let mut document = doc! {
        "_id": { "reading": reading, "number": whole(number) },
        "file": &row.file, "line": whole(row.line), "reason": &row.reason, "content": &row.content,
    };
    put_time(&mut document, "set_aside_at", row.set_aside_at);
    document
}

/// A row of what came with another payload.
pub(super) fn conflicting(row: &Conflict, reading: ObjectId, number: u64) -> Document {
    let event = &row.event;
    let mut document = doc! {
        "_id": { "reading": reading, "number": whole(number) },
        "event_id": &event.event_id, "event_type": &event.event_type, "vendor": &event.vendor,
        "payload_json": &event.payload, "payload_sha256": &event.payload_sha256,
        "stored_payload_sha256": &row.stored_payload_sha256, "file": &row.file, "line": whole(row.line),
    };
    put_time(&mut document, "ingested_at", event.ingested_at);
    put_time(&mut document, "set_aside_at", row.set_aside_at);
    if let Some(event_time) = event.event_time {
        put_time(&mut document, "event_time", event_time);
    }
    document
}

/// What a reading set aside.
pub(super) fn set_aside_by(door: &Door, reading: ObjectId) -> Result<Vec<SetAside>> {
    let rows = all(door, SET_ASIDE, doc! { "_id.reading": reading }, "_id")?;
    let row = |document: &Document| SetAside {
        file: text(document, "file"),
        line: count(document, "line"),
        reason: text(document, "reason"),
        content: text(document, "content"),
        set_aside_at: time(document, "set_aside_at").unwrap_or_default(),
    };
    Ok(rows.iter().map(row).collect())
}

/// What a reading found with another payload than is stored.
pub(super) fn conflicts_of(door: &Door, reading: ObjectId) -> Result<Vec<Conflict>> {
    let rows = all(door, CONFLICTS, doc! { "_id.reading": reading }, "_id")?;
    let row = |document: &Document| Conflict {
        event: RawEvent {
            event_id: text(document, "event_id"),
            event_type: text(document, "event_type"),
            event_time: time(document, "event_time"),
            vendor: text(document, "vendor"),
            payload: text(document, "payload_json"),
            payload_sha256: text(document, "payload_sha256"),
            ingested_at: time(document, "ingested_at").unwrap_or_default(),
        },
        stored_payload_sha256: text(document, "stored_payload_sha256"),
        file: text(document, "file"),
        line: count(document, "line"),
        set_aside_at: time(document, "set_aside_at").unwrap_or_default(),
    };
    Ok(rows.iter().map(row).collect())
}

/// Documents of a collection that is ours, in order.
pub(super) fn all(door: &Door, collection: &str, filter: Document, order: &str) -> Result<Vec<Document>> {
    door.wait("read its log", async {
        let collection = door.database.collection::<Document>(collection);
        let mut cursor = collection.find(filter).sort(doc! { order: 1 }).await?;
        let mut rows = Vec::new();
        while cursor.advance().await? {
            rows.push(cursor.deserialize_current()?);
        }
        Ok(rows)
    })
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn text(document: &Document, name: &str) -> String {
    document.get_str(name).unwrap_or_default().to_string()
}

fn count(document: &Document, name: &str) -> u64 {
    match document.get(name) {
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

/// A date holds milliseconds; what is beyond them stands beside it.
fn put_time(document: &mut Document, name: &str, time: Timestamp) {
    let micros = time.as_microsecond();
    document.insert(name, DateTime::from_millis(micros.div_euclid(1000)));
    if micros.rem_euclid(1000) != 0 {
        document.insert(format!("{name}_us"), micros.rem_euclid(1000) as i32);
    }
}

fn time(document: &Document, name: &str) -> Option<Timestamp> {
    let millis = document.get_datetime(name).ok()?.timestamp_millis();
    let beyond = document.get_i32(format!("{name}_us")).unwrap_or(0);
    Timestamp::from_microsecond(millis.checked_mul(1000)? + i64::from(beyond)).ok()
}
