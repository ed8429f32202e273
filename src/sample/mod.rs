//! The sample generator: invented shops, customers and orders in the shapes of the three vendors, with the faults that
//! real feeds have. It is the one place in `src/` that knows a vendor's field names.
//!
//! [`day`] writes a live day, [`history`] a year of exports, [`rates`] the exchange rates for both. Everything follows
//! from the seed and a number, so the same call writes the same bytes on every machine, and memory stays constant
//! whatever the size: an order is not remembered when its payment comes by, it is drawn again.
//!
//! A day's orders go on into the next: with one seed and one number of events, the parcels that arrive on the 16th
//! belong to orders that the file of the 15th has placed.

mod day;
mod draw;
mod envelope;
mod fault;
mod field;
mod file;
mod history;
mod json;
mod market;
mod order;
mod rates;
mod record;
mod timeline;
mod told;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use jiff::civil::Date;

use crate::error::Error;
use crate::error::Result;

pub use day::day;
pub use history::history;
pub use rates::rates;

/// What all is drawn from, unless another is given.
pub const DEFAULT_SEED: u64 = 42;
/// Share of a day's events that are delivered again.
pub const DEFAULT_DUPLICATE_RATE: f64 = 0.03;
/// Share of a day's events stored more than a day after they occurred; of a history's payments, made more than a week
/// after their order.
pub const DEFAULT_LATE_RATE: f64 = 0.05;
/// Share of events that differ from their vendor's shape.
pub const DEFAULT_DRIFT_RATE: f64 = 0.1;
/// Lines that are no events, as a share of the events.
pub const DEFAULT_MALFORMED_RATE: f64 = 0.001;
/// Share of a history's records that an export repeats word for word.
pub const DEFAULT_HISTORY_DUPLICATE_RATE: f64 = 0.005;
/// How many orders a history has, and a live day takes it to have.
pub const DEFAULT_HISTORY_ORDERS: u64 = 600;

/// The most events or orders of one call: their numbers stay within what ids are made for.
const MOST: u64 = 1_000_000_000;

/// A live day to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// How many events; lines that repeat, contradict or break one come on top.
    pub events: u64,
    /// The day on which they are stored, UTC; the years 2001 to 2098.
    pub date: Date,
    /// The folder of live events: the file is `OUT/YYYY-MM-DD/events.jsonl`.
    pub out: PathBuf,
    /// What all is drawn from.
    pub seed: u64,
    /// Share from 0 to 1, as are the others; see [`DEFAULT_DUPLICATE_RATE`].
    pub duplicate_rate: f64,
    /// See [`DEFAULT_LATE_RATE`].
    pub late_rate: f64,
    /// See [`DEFAULT_DRIFT_RATE`].
    pub drift_rate: f64,
    /// See [`DEFAULT_MALFORMED_RATE`].
    pub malformed_rate: f64,
    /// How many orders the history of the year before has, which the day speaks of too; 0 where there is none.
    pub history_orders: u64,
}

impl Day {
    /// A day with the usual faults.
    pub fn new(date: Date, events: u64, out: impl Into<PathBuf>) -> Self {
        Self {
            events,
            date,
            out: out.into(),
            seed: DEFAULT_SEED,
            duplicate_rate: DEFAULT_DUPLICATE_RATE,
            late_rate: DEFAULT_LATE_RATE,
            drift_rate: DEFAULT_DRIFT_RATE,
            malformed_rate: DEFAULT_MALFORMED_RATE,
            history_orders: DEFAULT_HISTORY_ORDERS,
        }
    }

    fn check(&self) -> Result<()> {
        check_count("events", self.events)?;
        check_count("orders of a history", self.history_orders)?;
        check_year(self.date.year())?;
        check_rate("duplicates", self.duplicate_rate)?;
        check_rate("late events", self.late_rate)?;
        check_rate("drifted events", self.drift_rate)?;
        check_rate("malformed lines", self.malformed_rate)
    }
}

/// A year of exports to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// 2001 to 2098.
    pub year: i16,
    /// How many orders; payments, parcels and refunds follow from them.
    pub orders: u64,
    /// The folder of the exports: the files are `OUT/{orders,payments,shipments,refunds}_YEAR.json`.
    pub out: PathBuf,
    /// What all is drawn from.
    pub seed: u64,
    /// Share from 0 to 1, as are the others; see [`DEFAULT_HISTORY_DUPLICATE_RATE`].
    pub duplicate_rate: f64,
    /// See [`DEFAULT_LATE_RATE`].
    pub late_rate: f64,
    /// See [`DEFAULT_DRIFT_RATE`].
    pub drift_rate: f64,
}

impl History {
    /// A year with the usual faults.
    pub fn new(year: i16, orders: u64, out: impl Into<PathBuf>) -> Self {
        Self {
            year,
            orders,
            out: out.into(),
            seed: DEFAULT_SEED,
            duplicate_rate: DEFAULT_HISTORY_DUPLICATE_RATE,
            late_rate: DEFAULT_LATE_RATE,
            drift_rate: DEFAULT_DRIFT_RATE,
        }
    }

    fn check(&self) -> Result<()> {
        check_count("orders", self.orders)?;
        check_year(self.year)?;
        check_rate("duplicates", self.duplicate_rate)?;
        check_rate("late payments", self.late_rate)?;
        check_rate("drifted records", self.drift_rate)
    }
}

/// Exchange rates to be made: a file with the columns `date,currency,rate`, naira for one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// The first day. No rate is quoted on a Saturday or Sunday, and one currency begins 90 days later.
    pub from: Date,
    /// The last day, included.
    pub to: Date,
    /// The file.
    pub out: PathBuf,
    /// What all is drawn from.
    pub seed: u64,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generated {
    /// The files, each complete.
    pub files: Vec<PathBuf>,
    /// Their size together.
    pub bytes: u64,
    /// Events of a day, records of a history, or rates: what a reader keeps, each counted once.
    pub events: u64,
    /// What was woven in.
    pub faults: Faults,
}

/// How many of each fault a reader has to expect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The same event again, with the same payload.
    pub duplicates: u64,
    /// The same event id again, with another payload.
    pub conflicts: u64,
    /// Events stored more than a day after they occurred; in a history, payments a week after their order.
    pub late: u64,
    /// Events that differ from their vendor's shape and can still be read.
    pub drifted: u64,
    /// Events that stand further down than their turn.
    pub out_of_order: u64,
    /// Lines that are no events.
    pub malformed: u64,
    /// Payments, refunds, parcels and updates of orders that nobody has placed.
    pub unknown_orders: u64,
    /// Events of a type that nobody has a rule for.
    pub unknown_types: u64,
    /// Events, or steps of a parcel, that lack what their type needs.
    pub unusable: u64,
}

impl Faults {
    /// Each count with what to call it, in the order in which to print them.
    pub fn named(&self) -> [(&'static str, u64); 9] {
        [
            ("duplicates", self.duplicates),
            ("conflicts", self.conflicts),
            ("late", self.late),
            ("drifted", self.drifted),
            ("out of order", self.out_of_order),
            ("malformed", self.malformed),
            ("unknown orders", self.unknown_orders),
            ("unknown types", self.unknown_types),
            ("unusable", self.unusable),
        ]
    }
}

fn check_rate(of: &str, rate: f64) -> Result<()> {
    if (0.0..=1.0).contains(&rate) {
        return Ok(());
    }
    Err(Error::call(format!("the share of {of} is `{rate}`")).help("a share lies between 0 and 1, as in `0.05`"))
}

fn check_count(of: &str, count: u64) -> Result<()> {
    if count <= MOST {
        return Ok(());
    }
    Err(Error::call(format!("`{count}` {of} are too many")).help(format!("at most `{MOST}` can be made at once")))
}

fn check_year(year: i16) -> Result<()> {
    // A year less on both sides than the contract can read, for what comes late and what is paid in January.
    if (2001..=2098).contains(&year) {
        return Ok(());
    }
    Err(Error::call(format!("the year `{year}` is out of range")).help("data can be made for the years 2001 to 2098"))
}
