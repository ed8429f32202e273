//! The commands by which events go in; they touch nothing that is there.
//!
//! The driver has no bulk write for servers below 8.0 and does not try commands again, so both are done here.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use mongodb::bson::Bson;
use mongodb::bson::Document;
use mongodb::bson::RawArrayBuf;
use mongodb::bson::RawDocumentBuf;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::cstr;
use mongodb::options::Acknowledgment;
use mongodb::options::WriteConcern;

use crate::store::mongo::EVENTS;
use crate::store::mongo::door::Door;
use crate::store::mongo::fault::DUPLICATE_KEY;

/// How long a majority may take to acknowledge a write.
const MAJORITY_PATIENCE: Duration = Duration::from_secs(60);

/// An event on its way in.
pub(super) struct Upsert<'a> {
    pub(super) id: ObjectId,
    pub(super) event_id: &'a str,
    pub(super) document: &'a RawDocumentBuf,
}

/// A write that was done, but is not known to last: to be done again.
#[derive(Debug)]
pub(super) struct NotDurable(pub(super) String);

impl fmt::Display for NotDurable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the write was not acknowledged by a majority: {}", self.0)
    }
}

/// Acknowledged by a majority and from the journal: what survives anything.
pub(super) fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(MAJORITY_PATIENCE).build()
}

/// Stores the events whose ids are not there yet; returns the positions of those that were stored by this command.
///
/// New events go in by an insert, which takes a whole batch at once where servers take upserts one by one (measured:
/// ten times faster). What is there already is refused, and then upserted, which touches nothing: it is answered when what is
/// there is known to last, and should it be gone again, it is stored.
pub(super) fn store(door: &Door, events: &[Upsert<'_>]) -> mongodb::error::Result<HashSet<usize>> {
    let reply = door.try_wait(door.database.run_raw_command(insertion(events)).into_future())?;
    let refused = refused(&reply, events)?;
    let mut stored: HashSet<usize> = (0..events.len()).filter(|at| !refused.contains(at)).collect();
    if refused.is_empty() {
        return Ok(stored);
    }
    let again: Vec<&Upsert<'_>> = refused.iter().map(|at| &events[*at]).collect();
    let reply = door.try_wait(door.database.run_raw_command(upsertion(&again)).into_future())?;
    self::refused(&reply, events)?;
    let upserted = documents(&reply, "upserted").filter_map(|one| usize::try_from(number(one, "index")).ok());
    stored.extend(upserted.filter_map(|at| refused.get(at)));
    Ok(stored)
}

/// Positions of what was refused because it is there already; anything else that was refused is an error.
fn refused(reply: &Document, events: &[Upsert<'_>]) -> mongodb::error::Result<Vec<usize>> {
    if let Ok(failed) = reply.get_document("writeConcernError") {
        let message = failed.get_str("errmsg").unwrap_or("no reason given").to_string();
        return Err(mongodb::error::Error::custom(NotDurable(message)));
    }
    let mut refused = Vec::new();
    for failed in documents(reply, "writeErrors") {
        let at = usize::try_from(number(failed, "index")).unwrap_or(usize::MAX);
        if number(failed, "code") != i64::from(DUPLICATE_KEY) {
            let id = events.get(at).map_or("", |event| event.event_id);
            let message = failed.get_str("errmsg").unwrap_or("no reason given");
            return Err(mongodb::error::Error::custom(format!("event `{id}`: {message}")));
        }
        refused.push(at);
    }
    Ok(refused)
}

fn insertion(events: &[Upsert<'_>]) -> RawDocumentBuf {
    let mut documents = RawArrayBuf::new();
    events.iter().for_each(|event| documents.push(named(event)));
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("insert"), EVENTS);
    command.append(cstr!("documents"), documents);
    unordered_and_durable(command)
}

fn upsertion(events: &[&Upsert<'_>]) -> RawDocumentBuf {
    let mut updates = RawArrayBuf::new();
    for event in events {
        let mut query = RawDocumentBuf::new();
        query.append(cstr!("event_id"), event.event_id);
        let mut update = RawDocumentBuf::new();
        update.append(cstr!("$setOnInsert"), named(event));
        let mut one = RawDocumentBuf::new();
        one.append(cstr!("q"), query);
        one.append(cstr!("u"), update);
        one.append(cstr!("upsert"), true);
        updates.push(one);
    }
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("update"), EVENTS);
    command.append(cstr!("updates"), updates);
    unordered_and_durable(command)
}

/// The document with its `_id`.
fn named(event: &Upsert<'_>) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), event.id);
    for field in event.document.iter_elements().flatten() {
        if let Ok(value) = field.value() {
            document.append(field.key(), value);
        }
    }
    document
}

fn unordered_and_durable(mut command: RawDocumentBuf) -> RawDocumentBuf {
    command.append(cstr!("ordered"), false);
    let mut concern = RawDocumentBuf::new();
    concern.append(cstr!("w"), "majority");
    concern.append(cstr!("j"), true);
    concern.append(cstr!("wtimeout"), MAJORITY_PATIENCE.as_millis() as i32);
    command.append(cstr!("writeConcern"), concern);
    command
}

fn documents<'a>(reply: &'a Document, name: &str) -> impl Iterator<Item = &'a Document> {
    reply.get_array(name).into_iter().flatten().filter_map(Bson::as_document)
}

fn number(document: &Document, name: &str) -> i64 {
    match document.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => -1,
    }
}

/// Puts documents into a collection that is ours; one whose `_id` is there already is left alone.
pub(super) fn insert_all(door: &Door, doing: &str, collection: &str, rows: &[Document]) -> crate::error::Result<()> {
    for rows in rows.chunks(500) {
        door.insist(doing, |_| {
            let target = door.database.collection::<Document>(collection);
            let inserted =
                door.try_wait(target.insert_many(rows).ordered(false).write_concern(durable()).into_future());
            match inserted {
                Err(error) if is_only_doubled(&error) => Ok(()),
                other => other.map(|_| ()),
            }
        })?;
    }
    Ok(())
}

fn is_only_doubled(error: &mongodb::error::Error) -> bool {
    use mongodb::error::ErrorKind;
    match error.kind.as_ref() {
        ErrorKind::InsertMany(failed) => {
            failed.write_concern_error.is_none()
                && failed.write_errors.iter().flatten().all(|failed| failed.code == DUPLICATE_KEY)
        }
        _ => false,
    }
}

/// Deletes what the filter finds in a collection that is ours.
pub(super) fn delete_all(door: &Door, doing: &str, collection: &str, filter: Document) -> crate::error::Result<()> {
    door.insist(doing, |_| {
        let target = door.collection(collection);
        door.try_wait(target.delete_many(filter.clone()).write_concern(durable()).into_future()).map(|_| ())
    })
}
