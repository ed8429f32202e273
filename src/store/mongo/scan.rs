//! Reading the collection itself: all of it at first, in overlapping pages where there is no change stream, and its
//! ids and hashes for a comparison.

use std::time::Duration;

use mongodb::ClientSession;
use mongodb::bson::Bson;
use mongodb::bson::Document;
use mongodb::bson::RawDocument;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;
use mongodb::options::FindOptions;

use crate::error::Result;
use crate::store::Batch;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::Position;
use crate::store::Reached;
use crate::store::SetAside;
use crate::store::Sink;
use crate::store::mongo::EVENTS;
use crate::store::mongo::document;
use crate::store::mongo::door::Door;
use crate::store::mongo::gather::Decoded;
use crate::store::mongo::gather::FULL_ROWS;
use crate::store::mongo::gather::Gathered;
use crate::store::mongo::gather::each_of;
use crate::store::mongo::gather::places;
use crate::store::mongo::log;
use crate::store::mongo::position::Place;

/// How many documents the server sends at once.
const BATCH: u32 = 5_000;

/// Pages overlap by so many seconds of the ids' own time: what clients with slow clocks, or slow to write, store behind
/// the last page. What is behind even that is found by counting.
const OVERLAP_SECONDS: u32 = 600;

/// How many ranges a filter names; above this, all is read.
const MOST_RANGES: usize = 64;

/// How often a standalone server is asked whether there is something new.
const POLL: Duration = Duration::from_millis(500);

/// Reads every event; for a sink that has none. With a session, at least up to the session's last write.
pub(super) fn read_all(door: &Door, session: Option<ClientSession>, sink: &mut dyn Sink) -> Result<Option<ObjectId>> {
    let (mut last, mut is_any_printed) = (None, false);
    each_of(door, doc! {}, ordered(), session, &mut |mut decoded: Decoded| {
        last = last.max(decoded.last);
        // Ids that are no text, or none, can be printed like one that is; the index keeps only the stored ones apart.
        is_any_printed |= decoded.is_any_printed;
        if !is_any_printed {
            sink.take(Batch::Events(Box::new(std::mem::take(&mut decoded.events))))?;
        }
        decoded.hand_over(sink)
    })?;
    Ok(last)
}

/// Reads whatever follows the position, with an overlap, and says whether that can be all.
pub(super) fn read_pages(door: &Door, position: Option<&Position>, sink: &mut dyn Sink) -> Result<Reached> {
    let known = position.and_then(Place::of);
    let before = count(door)?;
    let last = match &known {
        None if sink.is_empty() => read_all(door, None, sink)?,
        Some(Place::Pages { last: Some(last), .. }) => Some(read_behind(door, *last, sink)?),
        // Nothing to begin a page at.
        _ => None,
    };
    take_readings(door, sink)?;
    // Counted before and after: what is stored meanwhile is none that was missed.
    let (documents, held) = (count(door)?, sink.held(&places(door))?);
    let is_sure = held == documents || held == before;
    let last = last.or(newest(door)?);
    let position = Place::Pages { last, documents: held.min(documents) }.to_position();
    Ok(Reached { position: Some(position), is_sure, written_from: None })
}

fn count(door: &Door) -> Result<u64> {
    door.wait("count the events", door.collection(EVENTS).count_documents(doc! {}))
}

fn read_behind(door: &Door, last: ObjectId, sink: &mut dyn Sink) -> Result<ObjectId> {
    let mut bytes = [0; 12];
    let seconds = u32::from_be_bytes([last.bytes()[0], last.bytes()[1], last.bytes()[2], last.bytes()[3]]);
    bytes[..4].copy_from_slice(&seconds.saturating_sub(OVERLAP_SECONDS).to_be_bytes());
    let filter = doc! { "_id": { "$gte": ObjectId::from_bytes(bytes) } };
    let mut reached = last;
    each_of(door, filter, ordered(), None, &mut |mut decoded: Decoded| {
        reached = decoded.last.map_or(reached, |id| id.max(reached));
        decoded.hand_over(sink)
    })?;
    Ok(reached)
}

fn newest(door: &Door) -> Result<Option<ObjectId>> {
    let filter = doc! { "_id": { "$type": "objectId" } };
    let events = door.collection(EVENTS);
    let find = events.find_one(filter).sort(doc! { "_id": -1 }).projection(doc! { "_id": 1 });
    let found = door.wait("find the last event", find)?;
    Ok(found.and_then(|found| found.get_object_id("_id").ok()))
}

/// Waits until a standalone server holds something after the position; half a second at a time.
pub(super) fn wait_for_pages(door: &Door, position: Option<&Position>, patience: Duration) -> Result<bool> {
    let Some(Place::Pages { last, documents }) = position.and_then(Place::of) else { return Ok(true) };
    let events = door.collection(EVENTS);
    let filter = last.map_or_else(|| doc! {}, |last| doc! { "_id": { "$gt": last } });
    let has_news = || {
        // Ids of slow clocks, or that are no ObjectIds, are told by the count alone.
        let find = events.find_one(filter.clone()).projection(doc! { "_id": 1 });
        Ok::<bool, crate::error::Error>(
            door.wait("count the events", events.estimated_document_count())? != documents
                || (last.is_some() && door.wait("look for new events", find)?.is_some()),
        )
    };
    if has_news()? {
        return Ok(true);
    }
    std::thread::sleep(patience.min(POLL));
    has_news()
}

/// The log's rows that the sink has not, with what they set aside.
pub(super) fn take_readings(door: &Door, sink: &mut dyn Sink) -> Result<()> {
    for document in log::all(door, super::LOG, doc! {}, "number")? {
        take_reading(door, &document, sink)?;
    }
    Ok(())
}

/// A row of the log, unless the sink has it.
pub(super) fn take_reading(door: &Door, document: &Document, sink: &mut dyn Sink) -> Result<()> {
    let reading = log::reading(document);
    if sink.has_reading(&reading.id)? {
        return Ok(());
    }
    if let Ok(id) = document.get_object_id("_id") {
        // Only what a reading says it has set aside: most have nothing.
        if reading.tally.set_aside > 0 {
            sink.take(Batch::SetAside(log::set_aside_by(door, id)?))?;
        }
        if reading.tally.conflicts > 0 {
            sink.take(Batch::Conflicts(log::conflicts_of(door, id)?))?;
        }
    }
    sink.take(Batch::Readings(vec![reading]))
}

/// Ids and hashes, as far as the documents hold them.
#[derive(Default)]
struct Inventory {
    marks: Vec<Mark>,
    /// The `_id`s of the documents that must be read whole.
    whole: Vec<Bson>,
}

impl Gathered for Inventory {
    fn add(&mut self, _: &Door, document: &RawDocument) {
        match document::identity_of(document) {
            Some((event_id, payload_sha256)) => self.marks.push(Mark { event_id, payload_sha256 }),
            None => self.whole.extend(document.get("_id").ok().flatten().and_then(|id| Bson::try_from(id).ok())),
        }
    }

    fn is_full(&self) -> bool {
        self.marks.len() >= FULL_ROWS
    }
}

/// Ids and hashes of all events, or at least of those in the ranges.
pub(super) fn inventory(
    door: &Door,
    within: &[IdRange],
    each: &mut dyn FnMut(Vec<Mark>, Vec<SetAside>) -> Result<()>,
) -> Result<()> {
    let filter = match within.is_empty() || within.len() > MOST_RANGES {
        true => doc! {},
        false => within_ranges(within),
    };
    let options =
        FindOptions::builder().batch_size(BATCH).projection(doc! { "event_id": 1, "payload_sha256": 1 }).build();
    let mut incomplete = Vec::new();
    each_of(door, filter, options, None, &mut |inventory: Inventory| {
        incomplete.extend(inventory.whole);
        each(inventory.marks, Vec::new())
    })?;
    // Documents of which id or hash must be computed from all of them.
    for ids in incomplete.chunks(500) {
        let decoded = find(door, doc! { "_id": { "$in": ids } })?;
        each(
            decoded
                .events
                .marks()
                .map(|(id, hash)| Mark { event_id: id.to_string(), payload_sha256: hash.to_string() })
                .collect(),
            decoded.unreadable,
        )?;
    }
    Ok(())
}

/// Text ids in the ranges, and all that are no text: those stand elsewhere in the order.
fn within_ranges(within: &[IdRange]) -> Document {
    let mut any = without_id();
    for (first, end) in within {
        let mut range = Document::new();
        // An open side still asks for texts only.
        range.insert("$gte", first.clone().unwrap_or_default());
        if let Some(end) = end {
            range.insert("$lt", end.clone());
        }
        any.push(doc! { "event_id": range });
    }
    doc! { "$or": any }
}

/// Documents whose id is not the one that stands in them: no text, or a blank one.
fn without_id() -> Vec<Document> {
    vec![doc! { "event_id": { "$not": { "$type": "string" } } }, doc! { "event_id": { "$regex": r"^\s*$" } }]
}

/// Hands out what is stored under these ids.
pub(super) fn fetch(door: &Door, ids: &[String], sink: &mut dyn Sink) -> Result<()> {
    let mut decoded = find(door, doc! { "event_id": { "$in": ids } })?;
    if decoded.events.len() + decoded.unreadable.len() < ids.len() {
        // Ids that the documents themselves do not hold as text.
        let others = find(door, doc! { "$or": without_id() })?;
        for (index, id) in others.events.event_id.iter().enumerate() {
            if ids.iter().any(|asked| asked == id) {
                decoded.events.push_of(&others.events, index);
            }
        }
        decoded.unreadable.extend(others.unreadable);
    }
    decoded.hand_over(sink)
}

/// Few documents, decoded.
fn find(door: &Door, filter: Document) -> Result<Decoded> {
    let mut all = Decoded::default();
    each_of(door, filter, FindOptions::default(), None, &mut |decoded: Decoded| {
        all.events.append(&decoded.events);
        all.unreadable.extend(decoded.unreadable);
        Ok(())
    })?;
    Ok(all)
}

fn ordered() -> FindOptions {
    FindOptions::builder().sort(doc! { "_id": 1 }).batch_size(BATCH).build()
}
