//! The raw store: the system of record, which keeps every event as it came and never changes it.
//!
//! [`RawStore`] is what the rest of the tool knows of it; [`Embedded`] is the store that needs nothing installed, a
//! DuckDB file of its own. What a file delivers goes in by [`RawStore::deliver`], one file in one transaction; what
//! is stored comes out by [`RawStore::read_after`], in the order it was committed, so that nothing can slip behind
//! the position of a reader.

mod delivery;
mod embedded;

use crate::error::Result;
pub use delivery::{Conflict, Deliveries, Delivery, Reading, SetAside, Tally, Unreadable, What};
pub use embedded::Embedded;

use crate::event::RawEvent;

/// How far a reader of the store has come. Only the store that gave it can tell what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub String);

/// Some of what is stored, in the order it was committed.
#[derive(Debug, Clone)]
pub enum Batch {
    Events(Vec<RawEvent>),
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

/// A system of record.
pub trait RawStore {
    /// A stable id, made once with the store, by which a warehouse knows what it was filled from.
    fn identity(&self) -> &str;

    /// What a message calls the store, as in ``embedded store `data/raw_store.duckdb` ``.
    fn describe(&self) -> String;

    /// The log of a file, by its path relative to the events folder, oldest first.
    fn readings_of(&self, file: &str) -> Result<Vec<Reading>>;

    /// Takes what a file delivers, to its end: events that are new are stored, the rest is counted and kept aside, and
    /// the log gets its row, all in one transaction. The returned reading carries its tally. A reading that delivered
    /// nothing leaves no row where the file has been read before, unless the file's end became finished or unfinished by
    /// it: so the last row of a file tells whether something of it still waits.
    ///
    /// # Errors
    /// The store's own, or those of `deliveries`; then nothing of the file is stored.
    fn deliver(&mut self, deliveries: &mut dyn Deliveries) -> Result<Reading>;

    /// Hands out whatever was committed after the position, and returns how far that goes; `None` is the beginning.
    /// Each kind of row comes in the order it was committed, and the kinds in the order of [`Batch`].
    ///
    /// # Errors
    /// When the position is not one of this store's (it was restored from an older copy, for example), or whatever
    /// `each` returns.
    fn read_after(
        &self,
        position: Option<&Position>,
        each: &mut dyn FnMut(Batch) -> Result<()>,
    ) -> Result<Option<Position>>;

    /// How many rows [`RawStore::read_after`] is about to hand out, for a progress bar.
    fn pending_after(&self, position: Option<&Position>) -> Result<u64>;

    /// How many events it holds.
    fn count(&self) -> Result<u64>;
}
