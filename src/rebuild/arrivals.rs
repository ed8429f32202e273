//! A project built as its events arrive: in any order, in any number of runs, each of which adds to what is there.

use std::path::Path;

use indexmap::IndexMap;
use indexmap::IndexSet;

use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::extract;
use crate::ingest;
use crate::name::NodeId;
use crate::plan::Aim;
use crate::progress::Silent;
use crate::project::Project;
use crate::rebuild::Blueprint;
use crate::rebuild::Rebuilt;
use crate::rebuild::carry_out;
use crate::rebuild::ingest_all;
use crate::rebuild::with_seeds_of;
use crate::store::Batch;
use crate::store::Deliveries;
use crate::store::Embedded;
use crate::store::Events;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::Position;
use crate::store::RawStore;
use crate::store::Reached;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Sink;

/// What a folder gives, read once for many builds.
pub struct Given {
    /// Each event once, in the order in which it was stored.
    pub events: Events,
    /// What lands beside them: the log, what was set aside, conflicts.
    beside: Vec<Batch>,
    /// With the rows of the folder's seeds.
    project: Project,
}

impl Given {
    /// No events, and the project's own seeds.
    pub fn nothing(blueprint: &Blueprint<'_>) -> Self {
        Self { events: Events::default(), beside: Vec::new(), project: blueprint.project.clone() }
    }

    /// These events, and the project's own seeds.
    pub fn of(blueprint: &Blueprint<'_>, events: Events) -> Self {
        Self { events, ..Self::nothing(blueprint) }
    }

    /// Reads a folder as [`rebuild`](super::rebuild) does.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn read(blueprint: &Blueprint<'_>, folder: &Path) -> Result<Self> {
        let mut store = Embedded::in_memory()?;
        ingest_all(&mut store, &ingest::rules(blueprint.project)?, folder)?;
        let mut given = Self { project: with_seeds_of(blueprint.project, folder)?, ..Self::nothing(blueprint) };
        store.read_after(None, &mut given)?;
        Ok(given)
    }
}

/// Builds the selected seeds and models as so many runs of `cp run` would: before each, these events arrive, told by their
/// numbers in [`Given::events`]. One that arrives again is not new. What is given beside the events arrives before all.
/// The outcomes are those of the last run, which is the first in which anything could not be built.
///
/// # Errors
/// When the engine fails; a model that fails is told by its outcome.
pub fn arrive(
    blueprint: &Blueprint<'_>,
    given: &Given,
    selected: &IndexSet<NodeId>,
    runs: &[Vec<usize>],
) -> Result<Rebuilt> {
    arrive_watched(blueprint, given, selected, runs, &mut |_| Ok(()))
}

/// As [`arrive`]; between the runs, and after the last one, somebody looks at what is there.
///
/// # Errors
/// As [`arrive`], and what `after` returns. It is not called after a run in which anything could not be built.
pub fn arrive_watched(
    blueprint: &Blueprint<'_>,
    given: &Given,
    selected: &IndexSet<NodeId>,
    runs: &[Vec<usize>],
    after: &mut dyn FnMut(&Session) -> Result<()>,
) -> Result<Rebuilt> {
    let engine = Engine::in_memory_as(blueprint.database)?;
    engine.configure(&blueprint.project.profile.settings)?;
    // There is too little of everything for a second thread.
    engine.configure(&[("threads".to_string(), "1".to_string())])?;
    let blueprint = Blueprint { project: &given.project, threads: 1, ..*blueprint };
    let arriving = Arriving { given, runs };
    let how = extract::How { anew: false, compare_every: u64::MAX, forget: &|_| Ok(()) };
    let session = engine.session()?;
    let (mut outcomes, mut events) = (Vec::new(), 0);
    for number in 1..=runs.len() {
        events = extract::extract(&arriving, &engine, blueprint.database, &how, &Silent)?.events_in_all;
        let plan = blueprint.plan(&session, selected, &IndexMap::new(), Aim::Update, &format!("run {number}"))?;
        outcomes = carry_out(&blueprint, &engine, &plan)?;
        if outcomes.iter().any(|outcome| outcome.status.is_bad()) {
            break;
        }
        after(&session)?;
    }
    drop(session);
    Ok(Rebuilt { engine, outcomes, events })
}

/// A raw store in which the events of one more run have arrived whenever it is read.
struct Arriving<'a> {
    given: &'a Given,
    runs: &'a [Vec<usize>],
}

impl RawStore for Arriving<'_> {
    fn read_after(&self, position: Option<&Position>, sink: &mut dyn Sink) -> Result<Reached> {
        let run = position.and_then(|position| position.0.parse().ok()).unwrap_or(0);
        if run == 0 {
            self.given.beside.iter().try_for_each(|batch| sink.take(batch.clone()))?;
        }
        let mut events = Events::default();
        let numbers = self.runs.get(run).into_iter().flatten();
        numbers.for_each(|number| events.push_of(&self.given.events, *number));
        sink.take_again(events)?;
        Ok(Reached { position: Some(Position((run + 1).to_string())), is_sure: true, written_from: None })
    }

    fn identity(&self) -> &str {
        "arriving"
    }

    fn describe(&self) -> String {
        "events that arrive in memory".to_string()
    }

    fn facts(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(Vec::new())
    }

    fn describe_position(&self, position: &Position) -> String {
        format!("run {}", position.0)
    }

    fn readings_of(&self, _: &str) -> Result<Vec<Reading>> {
        Ok(Vec::new())
    }

    fn deliver(&mut self, _: &mut dyn Deliveries) -> Result<Reading> {
        Err(Error::call("nothing can be stored in events that arrive in memory"))
    }

    fn inventory(&self, _: &[IdRange], _: &mut dyn FnMut(Vec<Mark>, Vec<SetAside>) -> Result<()>) -> Result<()> {
        Ok(())
    }

    fn fetch(&self, _: &[String], _: &mut dyn Sink) -> Result<()> {
        Ok(())
    }

    fn count(&self) -> Result<u64> {
        Ok(self.given.events.len() as u64)
    }
}

/// Takes all that a store holds.
impl Sink for Given {
    fn expect(&mut self, _: u64) {}

    fn take(&mut self, batch: Batch) -> Result<()> {
        match batch {
            Batch::Events(events) => self.events.append(&events),
            other => self.beside.push(other),
        }
        Ok(())
    }

    fn take_again(&mut self, events: Events) -> Result<()> {
        self.take(Batch::Events(Box::new(events)))
    }

    fn take_unreadable(&mut self, rows: Vec<SetAside>) -> Result<()> {
        self.take(Batch::SetAside(rows))
    }

    fn has_reading(&self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.beside.is_empty()
    }

    fn held(&self, _: &str) -> Result<u64> {
        Ok(0)
    }

    fn warn(&self, _: String) {}
}
