//! What is handed to a store, and what it makes of it.

use std::ops::AddAssign;

use jiff::Timestamp;

use crate::error::Result;
use crate::event::RawEvent;

/// One delivery: a line of a file, or an element of its array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it begins, from 1.
    pub line: u64,
    pub what: What,
}

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Event(RawEvent),
    Unreadable(Unreadable),
}

/// What cannot be read as an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// A short phrase.
    pub reason: String,
    /// The text itself, what is no UTF-8 in it escaped; the beginning of one that is too long.
    pub content: String,
}

/// A file that is being read.
pub trait Deliveries {
    /// The next deliveries in the order of the file; `None` at its end.
    fn next_batch(&mut self) -> Result<Option<Vec<Delivery>>>;

    /// What the file was and how far it was read; asked after its end. The tally is not filled in yet.
    fn reading(&mut self) -> Result<Reading>;

    /// The file, by its path relative to the events folder.
    fn file(&self) -> &str;

    /// Deliveries that another store has counted as duplicates already, and of which only the number is known.
    fn known_duplicates(&self) -> u64 {
        0
    }
}

/// How the deliveries of a reading came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub delivered: u64,
    pub stored: u64,
    pub duplicates: u64,
    pub conflicts: u64,
    pub set_aside: u64,
}

impl Tally {
    /// Whether delivered = stored + duplicates + conflicts + set aside, as it must always be.
    pub fn is_conserved(&self) -> bool {
        self.delivered == self.stored + self.duplicates + self.conflicts + self.set_aside
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.stored += other.stored;
        self.duplicates += other.duplicates;
        self.conflicts += other.conflicts;
        self.set_aside += other.set_aside;
    }
}

/// One row of the ingest log: a stretch of one version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the store knows it by; empty until it is stored.
    pub id: String,
    /// Relative to the events folder, with `/`.
    pub file: String,
    /// By which rule it was read: another rule makes other events of the same bytes.
    pub rule: String,
    /// SHA-256 of the file's bytes from its beginning to `to_byte`.
    pub content_sha256: String,
    /// Where in the file this reading began and ended.
    pub from_byte: u64,
    pub to_byte: u64,
    /// How many line ends lie before `to_byte` in the text (which is the decompressed one).
    pub lines: u64,
    /// What the reader must know to go on at `to_byte`, as its format writes it.
    pub state: String,
    /// Whether something unfinished stands after `to_byte` (in a compressed file: at its end), left for the next reading.
    pub is_unfinished: bool,
    pub tally: Tally,
    pub ingested_at: Timestamp,
}

/// A row of what was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    pub file: String,
    pub line: u64,
    pub reason: String,
    pub content: String,
    pub set_aside_at: Timestamp,
}

/// A later delivery of a stored id with another payload, kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub event: RawEvent,
    /// The hash of the payload that was first and stays.
    pub stored_payload_sha256: String,
    pub file: String,
    pub line: u64,
    pub set_aside_at: Timestamp,
}
