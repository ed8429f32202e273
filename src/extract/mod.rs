//! Raw store → landing tables: what the warehouse has not seen yet lands in schema `raw`, in the order it was stored.
//!
//! The rows and the position they reach are committed in one transaction of the warehouse, so a run that is killed
//! leaves either both or neither. The warehouse remembers which store it was filled from and refuses another.

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
use crate::store::Position;
use crate::store::RawStore;
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

/// Lands what the store holds and the warehouse does not. `database` is the warehouse's catalog in the engine.
///
/// # Errors
/// When the warehouse was filled from another store, when the store has lost what the warehouse has seen, or when
/// either cannot be read or written; then nothing has landed.
pub fn extract(store: &dyn RawStore, engine: &Engine, database: &str, observe: &dyn Observe) -> Result<Extracted> {
    let session = engine.session()?;
    session.make_schema(database, landing::SCHEMA)?;
    let extracted = session.transaction(|session| land(store, session, database, observe))?;
    observe.on(Progress::Done { summary: summary(&extracted) });
    Ok(extracted)
}

fn land(store: &dyn RawStore, session: &Session, database: &str, observe: &dyn Observe) -> Result<Extracted> {
    let mut landing = Landing::open(session, database)?;
    let mut known = landing.known()?;
    if let Some(known) = &known
        && known.identity != store.identity()
    {
        return Err(Error::call(format!(
            "the warehouse was filled from another raw store ({}) than the {}",
            known.store,
            store.describe()
        ))
        .help("name the store it was filled from, or move the warehouse away and let `cp build` make a new one"));
    }
    if !landing.holds(known.as_ref())? {
        observe.on(Progress::Warning {
            text: "the landing tables were changed by something else; everything lands anew from the raw store"
                .to_string(),
        });
        landing.clear()?;
        known = None;
    }
    let position = known.as_ref().map(|known| &known.position);
    observe.on(Progress::Stage { name: "extract", total: Some(store.pending_after(position)?) });
    let reached = store.read_after(position, &mut |batch| {
        observe.on(Progress::Advance { by: batch.len() as u64 });
        landing.append(batch)
    })?;
    if let Some(reached) = reached
        && position != Some(&reached)
    {
        landing.remember(store, &reached)?;
    }
    Ok(landing.extracted())
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
    identity: String,
    /// As a person knows it.
    store: String,
    position: Position,
    /// Rows of each landing table, in the order of [`landing::TABLES`].
    rows: [i64; 4],
}

/// A time as the engine takes it.
fn cell(time: Timestamp) -> Cell<'static> {
    Cell::Timestamp(time.as_microsecond())
}

#[cfg(test)]
mod tests;
