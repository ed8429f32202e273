//! The raw store: the system of record, which keeps every event as it came and never changes it.
//!
//! [`RawStore`] is what the rest of the tool knows of it; [`Embedded`] is the store that needs nothing installed, a
//! DuckDB file of its own. What a file delivers goes in by [`RawStore::deliver`], one file in one transaction; what
//! is stored comes out by [`RawStore::read_after`], so that nothing can slip behind the position of a reader, and where a
//! store cannot promise that, it says so, and all that both sides hold is compared ([`RawStore::inventory`]).

mod delivery;
mod embedded;
mod events;
mod mongo;

use crate::error::Result;
pub use delivery::{Conflict, Deliveries, Delivery, Reading, SetAside, Tally, Unreadable, What};
pub use embedded::Embedded;
pub use events::{EventRef, Events};
pub use mongo::Mongo;

/// How far a reader of the store has come. Only the store that gave it can tell what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub String);

/// Some of what is stored.
#[derive(Debug, Clone)]
pub enum Batch {
    Events(Box<Events>),
    SetAside(Vec<SetAside>),
    Conflicts(Vec<Conflict>),
    Readings(Vec<Reading>),
}

impl Batch {
    /// How many rows it holds.
    pub fn len(&self) -> usize {
        match self {
            Self::Events(rows) => rows.len(),
            Self::SetAside(rows) => rows.len(),
            Self::Conflicts(rows) => rows.len(),
            Self::Readings(rows) => rows.len(),
        }
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whoever takes what a store holds. What it has taken before the position it remembers, so a store whose order cannot
/// be repeated can ask it.
pub trait Sink {
    /// Hears how many rows are about to come, from a store that knows.
    fn expect(&mut self, rows: u64);

    /// Takes rows that it has not taken before.
    fn take(&mut self, batch: Batch) -> Result<()>;

    /// Takes events of which it may have taken some before: those are left as they were.
    fn take_again(&mut self, events: Events) -> Result<()>;

    /// Takes what could not be read as an event and may have been taken before. `file` of a row is its one place in the
    /// store.
    fn take_unreadable(&mut self, rows: Vec<SetAside>) -> Result<()>;

    /// Whether it has taken the reading of this id.
    fn has_reading(&self, id: &str) -> Result<bool>;

    /// Whether it has taken nothing at all.
    fn is_empty(&self) -> bool;

    /// How many events it has taken, and with them what it took as unreadable from places that begin so.
    fn held(&self, places: &str) -> Result<u64>;

    /// Tells a person what the store has met.
    fn warn(&self, text: String);
}

/// What a reader has after [`RawStore::read_after`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// `None` where the store has never held anything.
    pub position: Option<Position>,
    /// When the first of what was handed out now had been written, where the store can tell.
    pub written_from: Option<jiff::Timestamp>,
    /// Whether everything stored up to the position has been handed out, now or before. Where the store cannot be sure,
    /// only a comparison of all that both sides hold can tell.
    pub is_sure: bool,
}

/// A stretch of event ids: from the first, which is in it, to before the second; `None` is open.
pub type IdRange = (Option<String>, Option<String>);

/// The id of an event and its payload's hash: what tells that two sides hold the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub event_id: String,
    pub payload_sha256: String,
}

/// A system of record.
pub trait RawStore {
    /// A stable id, made once with the store, by which a warehouse knows what it was filled from.
    fn identity(&self) -> &str;

    /// Whether it holds all that the store of this identity held, so that it may stand in for it.
    fn has_taken_over(&self, identity: &str) -> bool {
        let _ = identity;
        false
    }

    /// What a message calls the store, as in ``embedded store `data/raw_store.duckdb` ``.
    fn describe(&self) -> String;

    /// What a person may want to know of it, as names and values.
    fn facts(&self) -> Result<Vec<(&'static str, String)>>;

    /// A position of this store, for a person.
    fn describe_position(&self, position: &Position) -> String;

    /// The log of a file, by its path relative to the events folder, oldest first.
    fn readings_of(&self, file: &str) -> Result<Vec<Reading>>;

    /// Takes what a file delivers, to its end: events that are new are stored, the rest is counted and kept aside, and
    /// the log gets its row. Until that row is there the reading has not happened: it is done again, and comes to the
    /// same. The returned reading carries its tally. A reading that delivered nothing leaves no row where the file has
    /// been read before, unless the file's end became finished or unfinished by it: so the last row of a file tells
    /// whether something of it still waits.
    ///
    /// # Errors
    /// The store's own, or those of `deliveries`.
    fn deliver(&mut self, deliveries: &mut dyn Deliveries) -> Result<Reading>;

    /// Hands out whatever was committed after the position, and returns how far that goes; `None` is the beginning.
    ///
    /// # Errors
    /// When the position is not one of this store's (it was restored from an older copy, for example), or whatever
    /// the sink returns.
    fn read_after(&self, position: Option<&Position>, sink: &mut dyn Sink) -> Result<Reached>;

    /// The mark of every event it holds, in any order; where ranges are given, at least of those within. What it comes upon
    /// that is no event and has no mark stands beside them, each in its one place as in [`Sink::take_unreadable`].
    fn inventory(&self, within: &[IdRange], each: &mut dyn FnMut(Vec<Mark>, Vec<SetAside>) -> Result<()>)
    -> Result<()>;

    /// Hands out once more what it holds under these ids.
    fn fetch(&self, ids: &[String], sink: &mut dyn Sink) -> Result<()>;

    /// How many events it holds.
    fn count(&self) -> Result<u64>;

    /// Waits until there may be something after the position, or for about as long as `patience`; says whether there is.
    /// Reading on from where it waited loses nothing and costs nothing more.
    fn wait_after(&self, position: Option<&Position>, patience: std::time::Duration) -> Result<bool> {
        let _ = position;
        std::thread::sleep(patience);
        Ok(true)
    }
}
