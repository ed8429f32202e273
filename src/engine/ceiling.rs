//! How much memory DuckDB may use while rows go into a table.
//!
//! Ordinary rows are written as they come and need little. But a text longer than a block is kept in memory until its
//! transaction ends, so the ceiling rises with them: a fixed one would refuse the same events for ever.

use crate::engine::Session;
use crate::engine::SqlError;

/// Texts from this length on count as long, in bytes. (Of 20 KB each, 200 MB were appended within 128 MB; of 64 KB, not.)
const LONG: usize = 16 << 10;

/// What a byte of long text may take: its block, a copy on the way into the file, and the index of both.
const FACTOR: u64 = 4;

/// By how much at least the ceiling rises, so that it seldom has to.
const STEP: u64 = 256 << 20;

/// A ceiling, and how far it has risen.
#[derive(Debug, Clone)]
pub struct Ceiling {
    base: u64,
    long: u64,
    granted: u64,
}

impl Ceiling {
    /// One that is enough for ordinary rows, in bytes; it is in force already.
    pub fn new(base: u64) -> Self {
        Self { base, long: 0, granted: base }
    }

    /// Makes room for texts of these lengths, before they are appended.
    pub fn rise_for(&mut self, session: &Session, lengths: impl IntoIterator<Item = usize>) -> Result<(), SqlError> {
        self.long += lengths.into_iter().filter(|length| *length >= LONG).map(|length| length as u64).sum::<u64>();
        let needed = self.base + FACTOR * self.long;
        if needed <= self.granted {
            return Ok(());
        }
        self.granted = needed + STEP;
        session.run(&format!("set memory_limit = '{}MB'", self.granted / 1_000_000))
    }
}
