//! MongoDB as the system of record.
//!
//! Events are documents of the collection `events_raw`, unique by `event_id`; other programs may write there too. What is
//! ours alone is in collections that begin with `cp_`: the ingest log and what was set aside by it, readings that are
//! under way, markers, and what the store says of itself.
//!
//! The driver is asynchronous and the rest of the tool is not: [`Door`] is where they meet. Only this folder speaks to
//! MongoDB.

mod deliver;
mod document;
mod door;
mod elements;
mod fault;
mod gather;
mod identity;
mod index;
mod json;
mod lease;
mod log;
mod marker;
mod payload;
mod plain;
mod position;
mod scan;
mod stream;
mod tidings;
mod transfer;
mod update;

use std::cell::RefCell;
use std::time::Duration;

use crate::config::Secret;
use crate::error::Result;
use crate::store::Deliveries;
use crate::store::Embedded;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::Position;
use crate::store::RawStore;
use crate::store::Reached;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Sink;
use door::Door;
use identity::Identity;
use lease::Lease;
use stream::Stream;

/// Collections. All but the first are ours alone.
const EVENTS: &str = "events_raw";
const LOG: &str = "cp_ingest_log";
const SET_ASIDE: &str = "cp_set_aside";
const CONFLICTS: &str = "cp_conflicts";
const ATTEMPTS: &str = "cp_attempts";
const MARKERS: &str = "cp_markers";
const STORE: &str = "cp_store";

/// The system of record in a MongoDB.
pub struct Mongo {
    // Before the door, so that they end while it is still open.
    stream: RefCell<Option<Stream>>,
    lease: Option<Lease>,
    identity: Identity,
    door: Door,
}

impl Mongo {
    /// Connects, and makes what is missing: the index on `event_id`, and what the store says of itself.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the account, is too old, when the account may not do what is needed,
    /// or when `event_id` is not unique. No message holds the password.
    pub fn open(uri: &Secret, database: &str) -> Result<Self> {
        let door = Door::open(uri, database)?;
        index::ensure(&door)?;
        let identity = Identity::read_or_make(&door)?;
        Ok(Self { stream: RefCell::default(), lease: None, identity, door })
    }

    /// Takes over all that the embedded store holds, with its log, and stands in for it from then on. What it has taken
    /// over before it leaves alone.
    pub fn take_over(&mut self, embedded: &Embedded, each: &mut dyn FnMut(&Reading)) -> Result<()> {
        transfer::transfer(self, embedded, each)?;
        self.identity.take_over(&self.door, embedded.identity())
    }
}

impl RawStore for Mongo {
    fn identity(&self) -> &str {
        &self.identity.id
    }

    fn has_taken_over(&self, identity: &str) -> bool {
        self.identity.taken_over.iter().any(|taken| taken == identity)
    }

    fn describe(&self) -> String {
        self.door.described.clone()
    }

    fn facts(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("MongoDB", format!("{} ({})", self.door.server.version, self.door.server.topology)),
            ("index", index::described(&self.door)?),
        ])
    }

    fn describe_position(&self, position: &Position) -> String {
        position::described(position)
    }

    fn readings_of(&self, file: &str) -> Result<Vec<Reading>> {
        // A file that has not changed is not read again, so what a killed reading of it left is tidied up here.
        deliver::dead_attempts(&self.door, file)?;
        log::readings_of(&self.door, file)
    }

    fn deliver(&mut self, deliveries: &mut dyn Deliveries) -> Result<Reading> {
        let lease = match &mut self.lease {
            Some(lease) => lease,
            none => {
                index::ensure_own(&self.door)?;
                none.insert(Lease::acquire(&self.door)?)
            }
        };
        deliver::deliver(&self.door, lease, deliveries)
    }

    fn read_after(&self, position: Option<&Position>, sink: &mut dyn Sink) -> Result<Reached> {
        match self.door.server.topology.has_change_streams() {
            true => stream::read_after(&self.door, &mut self.stream.borrow_mut(), position, sink),
            false => scan::read_pages(&self.door, position, sink),
        }
    }

    fn inventory(
        &self,
        within: &[IdRange],
        each: &mut dyn FnMut(Vec<Mark>, Vec<SetAside>) -> Result<()>,
    ) -> Result<()> {
        scan::inventory(&self.door, within, each)
    }

    fn fetch(&self, ids: &[String], sink: &mut dyn Sink) -> Result<()> {
        scan::fetch(&self.door, ids, sink)
    }

    fn count(&self) -> Result<u64> {
        self.door.wait("count the events", self.door.collection(EVENTS).estimated_document_count())
    }

    fn wait_after(&self, position: Option<&Position>, patience: Duration) -> Result<bool> {
        match self.door.server.topology.has_change_streams() {
            true => stream::wait_after(&self.door, &mut self.stream.borrow_mut(), position, patience),
            false => scan::wait_for_pages(&self.door, position, patience),
        }
    }
}

impl Drop for Mongo {
    fn drop(&mut self) {
        self.stream.take();
        if let Some(lease) = self.lease.take() {
            lease.release(&self.door);
        }
    }
}
