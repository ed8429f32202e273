//! A file on its way into MongoDB.
//!
//! There is no transaction around a file: it may hold more than one can. Instead every step may be done twice. An event
//! is stored under its id once, whoever tries; the log's row comes last, and until it is there the file counts as unread.
//! So that a second reading knows what the first one stored, and counts it as stored and not as a duplicate, every attempt
//! gives the documents `_id`s that begin with its own nine bytes.

use std::collections::HashMap;
use std::collections::HashSet;

use jiff::Timestamp;
use mongodb::bson::Document;
use mongodb::bson::RawDocumentBuf;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;

use crate::error::Result;
use crate::event::RawEvent;
use crate::store::Conflict;
use crate::store::Deliveries;
use crate::store::Delivery;
use crate::store::Events;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Tally;
use crate::store::Unreadable;
use crate::store::What;
use crate::store::mongo::ATTEMPTS;
use crate::store::mongo::CONFLICTS;
use crate::store::mongo::EVENTS;
use crate::store::mongo::LOG;
use crate::store::mongo::SET_ASIDE;
use crate::store::mongo::document;
use crate::store::mongo::door::Door;
use crate::store::mongo::lease::Lease;
use crate::store::mongo::log;
use crate::store::mongo::update;
use crate::store::mongo::update::Upsert;

/// How much goes into one command, which as a whole is a document of the server too: at most 16 MiB. One that is larger
/// than this goes alone.
const CHUNK_EVENTS: usize = 1_000;
const CHUNK_BYTES: usize = 8 << 20;

/// The largest document that is sent; the server's limit is 16 MiB for all that goes with it.
const LARGEST: usize = 15 << 20;

/// How much of a payload that is set aside is kept, in characters; the whole is in the file.
const SHOWN: usize = 10_000;

/// How many documents one attempt can name by the three bytes that follow its nine.
const NAMES: u32 = 1 << 24;

/// One attempt to read a file: the first nine bytes of all the ids it gives.
type Prefix = [u8; 9];

/// Takes a file to its end.
pub(super) fn deliver(door: &Door, lease: &Lease, deliveries: &mut dyn Deliveries) -> Result<Reading> {
    let file = deliveries.file().to_string();
    let mut taking = Taking::begin(door, lease, file)?;
    while let Some(batch) = deliveries.next_batch()? {
        for delivery in batch {
            taking.take(delivery)?;
        }
    }
    taking.flush()?;
    taking.tally.delivered += deliveries.known_duplicates();
    taking.tally.duplicates += deliveries.known_duplicates();
    let reading = deliveries.reading()?;
    taking.end(reading)
}

/// What waits to be sent.
#[derive(Default)]
struct Chunk {
    events: Vec<(ObjectId, RawEvent, RawDocumentBuf)>,
    /// Where each event begins.
    lines: Vec<u64>,
    aside: Vec<(u64, Unreadable)>,
    bytes: usize,
}

struct Taking<'a> {
    door: &'a Door,
    lease: &'a Lease,
    file: String,
    now: Timestamp,
    /// This attempt, and those before it that came to no end.
    own: Vec<ObjectId>,
    dead: Vec<ObjectId>,
    next_name: u32,
    /// Documents of the dead attempts that this one has come upon.
    met: HashSet<ObjectId>,
    /// Documents of this attempt of which no answer told whether they were stored.
    uncertain: HashSet<ObjectId>,
    chunk: Chunk,
    tally: Tally,
    /// Rows kept aside so far, which number the next.
    aside: u64,
}

impl<'a> Taking<'a> {
    fn begin(door: &'a Door, lease: &'a Lease, file: String) -> Result<Self> {
        let mut dead = dead_attempts(door, &file)?;
        dead.sort_unstable();
        let mut taking = Self {
            door,
            lease,
            file,
            now: Timestamp::now(),
            own: Vec::new(),
            dead,
            next_name: NAMES,
            met: HashSet::new(),
            uncertain: HashSet::new(),
            chunk: Chunk::default(),
            tally: Tally::default(),
            aside: 0,
        };
        taking.name()?;
        Ok(taking)
    }

    /// The id of the next document; opens a further attempt where this one has no names left.
    fn name(&mut self) -> Result<ObjectId> {
        if self.next_name >= NAMES {
            let random = uuid::Uuid::new_v4();
            let seconds = u32::try_from(Timestamp::now().as_second()).unwrap_or(u32::MAX);
            let mut process = [0; 5];
            process.copy_from_slice(&random.as_bytes()[..5]);
            let attempt = ObjectId::from_parts(seconds, process, [0; 3]);
            let row = doc! { "_id": attempt, "file": &self.file, "begun_at": mongodb::bson::DateTime::now() };
            update::insert_all(self.door, "begin to read a file", ATTEMPTS, &[row])?;
            self.own.push(attempt);
            self.next_name = 1;
        }
        let mut bytes = self.own.last().map_or([0; 12], ObjectId::bytes);
        bytes[9..].copy_from_slice(&self.next_name.to_be_bytes()[1..]);
        self.next_name += 1;
        Ok(ObjectId::from_bytes(bytes))
    }

    fn take(&mut self, delivery: Delivery) -> Result<()> {
        self.tally.delivered += 1;
        let Delivery { line, what } = delivery;
        let (event, document) = match what {
            What::Event(event) => {
                let document = document::to_document(&event);
                (event, document)
            }
            What::Unreadable(unreadable) => return self.put_aside(line, unreadable),
        };
        let size = document.as_bytes().len();
        if size > LARGEST {
            return self.put_aside(line, too_large(&event));
        }
        if self.chunk.events.len() >= CHUNK_EVENTS || self.chunk.bytes + size > CHUNK_BYTES {
            self.flush()?;
        }
        let id = self.name()?;
        self.chunk.bytes += size;
        self.chunk.events.push((id, event, document));
        self.chunk.lines.push(line);
        Ok(())
    }

    fn put_aside(&mut self, line: u64, unreadable: Unreadable) -> Result<()> {
        self.chunk.bytes += unreadable.content.len();
        self.chunk.aside.push((line, unreadable));
        if self.chunk.aside.len() >= CHUNK_EVENTS || self.chunk.bytes > CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// Sends what waits.
    fn flush(&mut self) -> Result<()> {
        let Chunk { events, lines, aside, .. } = std::mem::take(&mut self.chunk);
        self.lease.require(self.door)?;
        self.set_aside(aside)?;
        if events.is_empty() { Ok(()) } else { self.store(events, &lines) }
    }

    fn store(&mut self, events: Vec<(ObjectId, RawEvent, RawDocumentBuf)>, lines: &[u64]) -> Result<()> {
        let upserts: Vec<Upsert<'_>> = events
            .iter()
            .map(|(id, event, document)| Upsert { id: *id, event_id: &event.event_id, document })
            .collect();
        let (door, mut is_uncertain) = (self.door, false);
        let stored = door.insist("store the events", |is_again| {
            is_uncertain |= is_again;
            update::store(door, &upserts)
        })?;
        drop(upserts);
        if is_uncertain {
            self.uncertain.extend(events.iter().map(|(id, ..)| *id));
        }
        self.tally.stored += stored.len() as u64;
        let mut rest = Vec::new();
        for (at, ((id, event, _), line)) in events.into_iter().zip(lines).enumerate() {
            if stored.contains(&at) {
                self.uncertain.remove(&id);
            } else {
                rest.push((event, *line));
            }
        }
        if rest.is_empty() { Ok(()) } else { self.compare(rest) }
    }

    /// Events whose ids are stored already: are they the same?
    fn compare(&mut self, events: Vec<(RawEvent, u64)>) -> Result<()> {
        let stored = self.stored(&events)?;
        let mut rows = Vec::new();
        for (event, line) in events {
            // Another type that the server takes for this id (an array that holds it, another case) is not the same.
            let taken = (None, String::new());
            let held = stored.get(&event.event_id);
            let held = if held.is_none() && self.is_taken(&event.event_id)? { Some(&taken) } else { held };
            let Some((id, hash)) = held else {
                return Err(crate::error::Error::call(format!(
                    "event `{}` vanished from the {} while it was read",
                    event.event_id, self.door.described
                ))
                .help("nothing else may delete events; run it again"));
            };
            if *hash != event.payload_sha256 {
                self.tally.conflicts += 1;
                let row = Conflict {
                    stored_payload_sha256: hash.clone(),
                    event,
                    file: self.file.clone(),
                    line,
                    set_aside_at: self.now,
                };
                self.aside += 1;
                rows.push(log::conflicting(&row, self.own[0], self.aside));
            } else if id.is_some_and(|id| self.is_first_meeting(id)) {
                self.tally.stored += 1;
            } else {
                self.tally.duplicates += 1;
            }
        }
        update::insert_all(self.door, "keep conflicts aside", CONFLICTS, &rows)
    }

    /// Whether the server has a document under this id, as it compares ids.
    fn is_taken(&self, event_id: &str) -> Result<bool> {
        let filter = doc! { "event_id": event_id };
        let found = self.door.insist("look up stored events", |_| {
            self.door.try_wait(async { self.door.collection(EVENTS).find_one(filter.clone()).await })
        })?;
        Ok(found.is_some())
    }

    /// Whether the document was stored on this file's behalf, and nobody has counted it.
    fn is_first_meeting(&mut self, id: ObjectId) -> bool {
        let is_of_dead = self.dead.iter().any(|attempt| prefix(*attempt) == prefix(id));
        self.uncertain.remove(&id) || (is_of_dead && self.met.insert(id))
    }

    /// Id and payload hash of what is stored under the events' ids.
    fn stored(&self, events: &[(RawEvent, u64)]) -> Result<HashMap<String, (Option<ObjectId>, String)>> {
        let ids: HashSet<&str> = events.iter().map(|(event, _)| event.event_id.as_str()).collect();
        let filter = doc! { "event_id": { "$in": ids.into_iter().collect::<Vec<_>>() } };
        let found = self.door.insist("look up stored events", |_| {
            self.door.try_wait(async {
                let mut cursor = self.door.collection(EVENTS).find(filter.clone()).await?;
                let mut found = HashMap::new();
                let (mut events, mut places, mut room) = (Events::default(), Vec::new(), Vec::new());
                while cursor.advance().await? {
                    let document = cursor.current();
                    if let Ok(read) = document::read(document, &mut events, &mut room) {
                        places.push(read.id);
                    } else if let Ok(id) = document.get_str("event_id") {
                        // It is there and is no event; whatever comes under its id is a conflict.
                        found.insert(id.to_string(), (None, String::new()));
                    }
                }
                for ((id, hash), place) in events.marks().zip(places) {
                    found.insert(id.to_string(), (place, hash.to_string()));
                }
                Ok(found)
            })
        })?;
        Ok(found)
    }

    fn set_aside(&mut self, rows: Vec<(u64, Unreadable)>) -> Result<()> {
        self.tally.set_aside += rows.len() as u64;
        let rows: Vec<Document> = rows
            .into_iter()
            .map(|(line, Unreadable { reason, content })| {
                let row = SetAside { file: self.file.clone(), line, reason, content, set_aside_at: self.now };
                self.aside += 1;
                log::set_aside(&row, self.own[0], self.aside)
            })
            .collect();
        update::insert_all(self.door, "set lines aside", SET_ASIDE, &rows)
    }

    /// Writes the log's row; then, and only then, the file has been read.
    fn end(mut self, mut reading: Reading) -> Result<Reading> {
        let door = self.door;
        self.tell_of_leftovers(&reading)?;
        reading.tally = self.tally;
        reading.id = self.own[0].to_hex();
        let is_new = reading.tally.delivered > 0 || (reading.from_byte == 0 && reading.to_byte > 0);
        if is_new || self.last_was_unfinished(&reading)? != reading.is_unfinished {
            self.log(&reading, self.own[0])?;
        }
        for collection in [SET_ASIDE, CONFLICTS].into_iter().filter(|_| !self.dead.is_empty()) {
            let filter = doc! { "_id.reading": { "$in": self.dead.clone() } };
            update::delete_all(door, "tidy up after a reading", collection, filter)?;
        }
        let ended: Vec<ObjectId> = self.own.drain(..).chain(self.dead.drain(..)).collect();
        forget(door, &ended)?;
        Ok(reading)
    }

    /// Events that an attempt stored and that are not in the file any more: its version was another. They are stored all
    /// the same, so the log tells of them.
    fn tell_of_leftovers(&self, reading: &Reading) -> Result<()> {
        for attempt in &self.dead {
            let (first, last) = (prefix(*attempt), prefix(*attempt));
            let met = self.met.iter().filter(|id| prefix(**id) == first).count() as u64;
            let end = |prefix: Prefix, byte: u8| {
                let mut bytes = [byte; 12];
                bytes[..9].copy_from_slice(&prefix);
                ObjectId::from_bytes(bytes)
            };
            let filter = doc! { "_id": { "$gte": end(first, 0), "$lte": end(last, 0xff) } };
            let stored = self.door.wait("count stored events", self.door.collection(EVENTS).count_documents(filter))?;
            let left = stored.saturating_sub(met);
            if left > 0 {
                let row = Reading {
                    content_sha256: String::new(),
                    from_byte: 0,
                    to_byte: 0,
                    lines: 0,
                    tally: Tally { delivered: left, stored: left, ..Tally::default() },
                    ..reading.clone()
                };
                self.log(&row, *attempt)?;
            }
        }
        Ok(())
    }

    fn log(&self, reading: &Reading, id: ObjectId) -> Result<()> {
        let doing = "write its log";
        let number = self.lease.next_number(self.door)?;
        // A row that only tells of leftovers settles nothing: until the reading has its own, it is done again.
        let attempts: Vec<ObjectId> = match id == self.own[0] {
            true => self.own.iter().chain(&self.dead).copied().collect(),
            false => Vec::new(),
        };
        update::insert_all(self.door, doing, LOG, &[log::logged(reading, id, number, &attempts)])
    }

    /// Whether the log says last that the file ends in something unfinished.
    fn last_was_unfinished(&self, reading: &Reading) -> Result<bool> {
        let rows = log::readings_of(self.door, &reading.file)?;
        Ok(rows.iter().rev().find(|row| row.rule == reading.rule).is_some_and(|row| row.is_unfinished))
    }
}

fn prefix(id: ObjectId) -> Prefix {
    let mut prefix = [0; 9];
    prefix.copy_from_slice(&id.bytes()[..9]);
    prefix
}

fn too_large(event: &RawEvent) -> Unreadable {
    Unreadable {
        reason: format!("larger than the {} MiB that MongoDB holds in one document", LARGEST >> 20),
        content: event.payload.chars().take(SHOWN).collect(),
    }
}

/// Attempts to read a file that came to no end. Forgets such whose reading is in the log: all but that was done when they
/// were killed, so nobody else is at it.
pub(super) fn dead_attempts(door: &Door, file: &str) -> Result<Vec<ObjectId>> {
    let rows = log::all(door, ATTEMPTS, doc! { "file": file }, "_id")?;
    let begun: Vec<ObjectId> = rows.iter().filter_map(|row| row.get_object_id("_id").ok()).collect();
    if begun.is_empty() {
        return Ok(begun);
    }
    let rows = log::all(door, LOG, doc! { "file": file, "attempts": { "$in": begun.clone() } }, "_id")?;
    let ended: HashSet<ObjectId> = rows
        .iter()
        .flat_map(|row| row.get_array("attempts").into_iter().flatten())
        .filter_map(mongodb::bson::Bson::as_object_id)
        .collect();
    let (settled, dead): (Vec<_>, Vec<_>) = begun.into_iter().partition(|attempt| ended.contains(attempt));
    if !settled.is_empty() {
        forget(door, &settled)?;
    }
    Ok(dead)
}

fn forget(door: &Door, attempts: &[ObjectId]) -> Result<()> {
    update::delete_all(door, "tidy up after a reading", ATTEMPTS, doc! { "_id": { "$in": attempts } })
}
