//! Raw store → landing tables: what the warehouse has not seen yet lands in schema `raw`, in the order it was stored.
//!
//! The rows and the position they reach are committed in one transaction of the warehouse, so a run that is killed
//! leaves either both or neither. The warehouse remembers which store it was filled from and refuses another.
//!
//! A position is good as long as the store can vouch for it. Where it cannot, and every so many extractions in any case,
//! all that both sides hold is compared ([`Comparison`]), and what is missing lands.

mod compare;
mod landed;
mod landing;

use jiff::Timestamp;

use crate::engine::Cell;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::grouped;
use crate::store::Position;
use crate::store::RawStore;
use crate::store::Reached;
use crate::store::Sink;
pub use compare::{Comparison, Named};
pub use landed::{EVENT_ID, Refused, conflicting, is_events, landed, landed_after, unread, unseen};
use landing::Landing;

/// What has landed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Rows that landed in this run.
    pub events: u64,
    pub readings: u64,
    pub set_aside: u64,
    pub conflicts: u64,
    /// All events that the warehouse holds now.
    pub events_in_all: u64,
    /// Events that the store handed out again with another payload; what landed first stays.
    pub changed: Named,
    /// How far the store has been read.
    pub position: Option<Position>,
    /// When the first event that landed had been written, where the store tells.
    pub written_from: Option<Timestamp>,
    /// What came of comparing both sides, where that was done.
    pub comparison: Option<Comparison>,
}

impl Extracted {
    /// Whether there was nothing new.
    pub fn is_empty(&self) -> bool {
        self.events + self.readings + self.set_aside + self.conflicts == 0
    }
}

/// Whether a table of the warehouse is one that this module, and nothing else, fills.
pub fn is_landing(table: &Relation) -> bool {
    table.schema == landing::SCHEMA && landing::TABLES.iter().any(|(name, _)| *name == table.name)
}

/// The collection of the raw store whose documents are the rows of a landing table; `None` for any other table.
pub fn collection_of(table: &Relation) -> Option<&'static str> {
    (is_landing(table) && table.name == landing::EVENTS).then_some(landing::EVENTS)
}

/// How to extract.
pub struct How<'a> {
    /// Whether all lands anew, whatever has landed.
    pub anew: bool,
    /// After how many extractions all that both sides hold is compared.
    pub compare_every: u64,
    /// Forgets what was built of what has landed; called in the transaction in which all lands anew.
    pub forget: &'a dyn Fn(&Session) -> Result<()>,
}

/// What lands passes through memory; more than this would only keep what is written already. And rows are appended one
/// batch after the other: a second thread of DuckDB would only wait for work, and waits so hard that the store's own
/// reader, which has work, gets less of the machine.
const LANDING: [(&str, &str); 2] = [("threads", "1"), ("memory_limit", "128MB")];
const LANDING_BYTES: u64 = 128_000_000;

/// Lands what the store holds and the warehouse does not. `database` is the warehouse's catalog in the engine.
///
/// # Errors
/// When the warehouse was filled from another store, when the store has lost what the warehouse has seen, or when
/// either cannot be read or written; then nothing has landed.
pub fn extract(
    store: &dyn RawStore,
    engine: &Engine,
    database: &str,
    how: &How<'_>,
    observe: &dyn Observe,
) -> Result<Extracted> {
    let session = engine.session()?;
    session.make_schema(database, landing::SCHEMA)?;
    // A database in memory has nowhere else to keep what has landed.
    let settings = if engine.path().is_some() { &LANDING[..] } else { &LANDING[..1] };
    let extracted = session.with_settings(settings, |session| {
        session.transaction(|session| land(store, session, database, how, observe))
    })?;
    warn_of(&extracted, observe);
    observe.on(Progress::Done { summary: summary(&extracted) });
    Ok(extracted)
}

fn land(
    store: &dyn RawStore,
    session: &Session,
    database: &str,
    how: &How<'_>,
    observe: &dyn Observe,
) -> Result<Extracted> {
    let mut landing = Landing::open(session, database, observe)?;
    let mut known = landing.known()?;
    if let Some(known) = &known {
        known.origin.require(store)?;
    }
    let has_moved = known.as_ref().is_some_and(|known| known.origin.identity != store.identity());
    let mut is_sure = !has_moved;
    let is_whole = landing.holds(known.as_ref())?;
    if how.anew || !is_whole {
        if !is_whole {
            landing.warn("the landing tables were changed by something else; all lands anew".to_string());
        }
        landing.clear()?;
        (how.forget)(session)?;
        (known, is_sure) = (None, true);
    } else if has_moved {
        // The new store tells of the same readings under other names.
        landing.clear_log()?;
    }
    let position = known.as_ref().filter(|_| is_sure).map(|known| &known.position);
    observe.on(Progress::Stage { name: "extract", total: None });
    let mut reached = store.read_after(position, &mut landing)?;
    let not_compared = known.as_ref().map_or(0, |known| known.not_compared) + 1;
    let is_due = u64::try_from(not_compared).is_ok_and(|count| count >= how.compare_every);
    let comparison = match is_sure && reached.is_sure && !is_due {
        true => None,
        false => Some(compare::compare(store, &mut landing, &mut reached)?),
    };
    if let Some(reached) = &reached.position
        && (position != Some(reached) || comparison.is_some())
    {
        landing.remember(store, reached, if comparison.is_some() { 0 } else { not_compared })?;
    }
    let Reached { position, written_from, .. } = reached;
    Ok(Extracted { comparison, position, written_from, ..landing.extracted() })
}

/// The store that a warehouse was filled from.
pub struct Origin {
    identity: String,
    /// As a person knows it.
    described: String,
}

impl Origin {
    /// Refuses a store that is not this one, nor holds all that it held.
    ///
    /// # Errors
    /// Names the ways out.
    pub fn require(&self, store: &dyn RawStore) -> Result<()> {
        if self.identity == store.identity() || store.has_taken_over(&self.identity) {
            return Ok(());
        }
        let described = store.describe();
        Err(match described == self.described {
            true => Error::call(format!(
                "the {described} was replaced by a new one (the same place, another identity), and the warehouse was filled \
                 from the old one"
            ))
            .help(match described.starts_with("embedded") {
                true => RESTORE.to_string(),
                // What other programs wrote there is in no event file.
                false => format!("restore the old one from a backup; or {ANEW}"),
            }),
            false => self.is_another(&described),
        })
    }

    /// The error of a store that is to be used and is not there: made anew, it would not be this one.
    pub fn is_gone(&self, described: &str) -> Error {
        match described == self.described {
            true => Error::call(format!("the {described} is gone, and the warehouse was filled from it")).help(RESTORE),
            false => self.is_another(&format!("{described}, which is not there")),
        }
    }

    fn is_another(&self, described: &str) -> Error {
        let filled_from = &self.described;
        let help = match (filled_from.starts_with("embedded"), described.starts_with("embedded")) {
            (true, true) => RESTORE.to_string(),
            (true, false) => {
                format!("bring the embedded store's events over with `cp ingest --from-embedded`; or {ANEW}")
            }
            (false, _) => format!("name that store again; or {ANEW}"),
        };
        Error::call(format!("the warehouse was filled from another raw store ({filled_from}) than the {described}"))
            .help(help)
    }
}

/// The ways out of a store that is not the one that it was.
const RESTORE: &str = "restore the old one from a backup; or, if it is gone for good, move the warehouse file away, and \
                       `cp build` makes a new one from the event files";
const ANEW: &str = "move the warehouse file away, and `cp build` makes a new one";

/// Which store the warehouse was filled from; `None` where nothing has landed.
pub fn filled_from(session: &Session, database: &str) -> Result<Option<Origin>> {
    let relation = Relation::new(database, landing::SCHEMA, landing::EXTRACTION);
    if session.kind_of(&relation)?.is_none() {
        return Ok(None);
    }
    let found = session.query(&format!("select store_identity, store from {relation}"))?;
    Ok(found.rows.first().map(|row| Origin { identity: row[0].to_string(), described: row[1].to_string() }))
}

fn warn_of(extracted: &Extracted, observe: &dyn Observe) {
    let warn = |text: String| observe.on(Progress::Warning { text });
    if !extracted.changed.is_empty() {
        warn(format!(
            "{} came again with another payload than has landed; the first stays: {}",
            grouped(extracted.changed.count),
            extracted.changed
        ));
    }
    let Some(comparison) = &extracted.comparison else { return };
    if comparison.fetched > 0 {
        warn(format!("{} events were missing in the warehouse and have landed now", grouped(comparison.fetched)));
    }
    if !comparison.is_equal() {
        warn(format!(
            "the raw store and the warehouse differ: {} only in the warehouse, {} with another payload, {} more than once in \
             the raw store, {} not to be had (`cp verify` names them)",
            grouped(comparison.extra.count),
            grouped(comparison.changed.count),
            grouped(comparison.doubled.count),
            grouped(comparison.still_missing)
        ));
    }
}

fn summary(extracted: &Extracted) -> String {
    let Extracted { events, set_aside, conflicts, events_in_all, .. } = extracted;
    if extracted.is_empty() {
        return format!("nothing new; the warehouse holds all {events_in_all} events");
    }
    format!("{events} events landed ({events_in_all} in all), {conflicts} conflicts, {set_aside} set aside")
}

/// What the warehouse remembers of the store.
struct Known {
    origin: Origin,
    position: Position,
    /// Rows of each landing table, in the order of [`landing::TABLES`].
    rows: [i64; 4],
    /// Extractions since all was compared.
    not_compared: i64,
}

/// How far the warehouse has read its store, and when it last did, in UTC; `None` where nothing has landed.
pub fn reached(session: &Session, database: &str) -> Result<Option<(Position, String)>> {
    let relation = Relation::new(database, landing::SCHEMA, landing::EXTRACTION);
    if session.kind_of(&relation)?.is_none() {
        return Ok(None);
    }
    let found = session.query(&format!("select position, extracted_at from {relation}"))?;
    Ok(found.rows.first().map(|row| (Position(row[0].to_string()), row[1].to_string())))
}

/// A time as the engine takes it.
fn cell(time: Timestamp) -> Cell<'static> {
    Cell::Timestamp(time.as_microsecond())
}

#[cfg(test)]
mod tests;
