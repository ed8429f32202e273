//! Replays: the sample's events arrive in random orders, some of them again, in random numbers of runs; what the models
//! that declare it (`meta: {replay: true}`) then are must be what a full rebuild makes them. This is what tells a wrong
//! `is_incremental()` from a right one. Replays guard edits; a publication they do not withhold.
//!
//! What may depend on arrival is not compared: columns whose names begin with `_`, which are not published either, and
//! those that are `volatile`, as in golden snapshots.

mod arrival;
mod search;
mod table;
mod told;

use std::path::Path;

use indexmap::IndexSet;

use crate::check::Difference;
use crate::check::Unbuilt;
use crate::check::Verdict;
use crate::check::replay::arrival::Arrival;
use crate::check::replay::search::first;
use crate::check::replay::table::Contents;
use crate::check::replay::table::Table;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::plan::Outcome;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::rebuild::Given;
use crate::rebuild::Rebuilt;
use crate::rebuild::arrive;

/// Rows that are looked into before all others, where many differ.
const GUESSES: usize = 3;

/// How many replays, and which.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    pub count: u64,
    /// Equal seeds make equal replays.
    pub seed: u64,
}

/// What came of all replays.
#[derive(Debug, Clone)]
pub struct Replays {
    pub tries: Tries,
    pub models: Vec<Replay>,
}

/// What came of the replays of a model.
#[derive(Debug, Clone)]
pub struct Replay {
    pub name: String,
    pub verdict: Verdict,
}

impl Replay {
    /// Whether all replays made of it what a full rebuild does.
    pub fn is_equal(&self) -> bool {
        matches!(self.verdict, Verdict::Equal)
    }
}

/// The models that declare replays.
///
/// # Errors
/// When a declaration is neither `true` nor `false`.
pub fn replayed(blueprint: &Blueprint<'_>) -> Result<IndexSet<NodeId>> {
    let mut faults = Diagnostics::default();
    let mut declared = IndexSet::new();
    for id in blueprint.graph.order() {
        let (Some(node), Some(scan)) = (blueprint.project.nodes.get(id), blueprint.scanned.nodes.get(id)) else {
            continue;
        };
        match scan.config.meta("replay") {
            Some(serde_json::Value::Bool(true)) if node.kind == NodeKind::Model => drop(declared.insert(id.clone())),
            None | Some(serde_json::Value::Bool(_)) => {}
            Some(other) => {
                let message = format!("`meta.replay` of `{}` is `{other}`", node.name);
                let help = "write `replay: true`, and `cp test` replays the model".to_string();
                faults.push(Diagnostic::error(message, node.declared.clone()).help(help));
            }
        }
    }
    faults.into_result()?;
    Ok(declared)
}

/// Replays these models from the events in a folder, until all is done or one of them differs: for that one the smallest
/// split of events into runs is looked for that still makes it differ.
///
/// # Errors
/// When the events cannot be read, or there are none.
pub fn replay(
    blueprint: &Blueprint<'_>,
    folder: &Path,
    models: &IndexSet<NodeId>,
    tries: Tries,
    observe: &dyn Observe,
) -> Result<Replays> {
    let given = Given::read(blueprint, folder)?;
    if given.events.is_empty() {
        return Err(Error::call(format!("there are no events to replay in `{}`", folder.display()))
            .help("put some there as they lie in `data/`, or take `replay: true` away"));
    }
    let stage = Stage::new(blueprint, &given, models);
    let whole = stage.built(&Arrival::whole(given.events.len()))?;
    // What cannot even be built whole is told as such.
    let broken = |id: &NodeId| fault_of(&whole, id);
    let sound: IndexSet<_> = models.iter().filter(|id| broken(id).is_none()).cloned().collect();
    let stage = Stage::new(blueprint, &given, &sound);
    let expected = stage.contents(&whole)?;
    let arrivals = (1..=tries.count).map(|number| Arrival::drawn(tries.seed, number, given.events.len()));
    let found = first(arrivals, blueprint.threads, |arrival| {
        let differing = stage.differing(arrival, &expected)?;
        observe.on(Progress::Advance { by: 1 });
        Ok((!differing.is_empty()).then_some(differing))
    })?;
    let mut replays = Replays { tries, models: Vec::new() };
    for id in models {
        let name = blueprint.project.nodes[id].name.clone();
        let verdict = match (&found, broken(id)) {
            (_, Some(outcome)) => Verdict::Failed(Box::new(Unbuilt::of(outcome, &whole.outcomes, blueprint.graph))),
            (Some((number, arrival, differing)), None) if differing.contains(id) => {
                let above = blueprint.graph.ancestors(id, None);
                match differing.iter().find(|other| above.contains(*other)) {
                    Some(other) => told::after(*number, &tries, &blueprint.project.nodes[other].name),
                    None => stage.counterexample(id, *number, &tries, arrival, observe)?,
                }
            }
            _ => Verdict::Equal,
        };
        replays.models.push(Replay { name, verdict });
    }
    Ok(replays)
}

/// How a model ended that is not there.
fn fault_of<'r>(rebuilt: &'r Rebuilt, id: &NodeId) -> Option<&'r Outcome> {
    rebuilt.outcomes.iter().find(|outcome| outcome.id == *id && outcome.status.is_bad())
}

/// Where models are replayed: they, and all that they are made of.
struct Stage<'a> {
    blueprint: &'a Blueprint<'a>,
    given: &'a Given,
    tables: Vec<Table<'a>>,
    selected: IndexSet<NodeId>,
}

impl<'a> Stage<'a> {
    fn new(blueprint: &'a Blueprint<'a>, given: &'a Given, models: &IndexSet<NodeId>) -> Self {
        let mut selected = models.clone();
        models.iter().for_each(|id| selected.extend(blueprint.graph.ancestors(id, None)));
        selected.retain(|id| blueprint.project.nodes.contains_key(id));
        let tables = models.iter().filter_map(|id| Table::of(blueprint, id)).collect();
        Self { blueprint, given, tables, selected }
    }

    fn built(&self, arrival: &Arrival) -> Result<Rebuilt> {
        arrive(self.blueprint, self.given, &self.selected, &arrival.runs)
    }

    fn contents(&self, rebuilt: &Rebuilt) -> Result<Vec<Contents>> {
        let session = rebuilt.engine.session()?;
        self.tables.iter().map(|table| table.contents(&session)).collect()
    }

    /// The models that are not as expected, or cannot be built, when the events arrive so.
    fn differing(&self, arrival: &Arrival, expected: &[Contents]) -> Result<IndexSet<NodeId>> {
        let rebuilt = self.built(arrival)?;
        if rebuilt.outcomes.iter().any(|outcome| outcome.status.is_bad()) {
            let models = self.tables.iter().map(|table| table.id);
            let mut bad: IndexSet<_> = models.filter(|id| fault_of(&rebuilt, id).is_some()).cloned().collect();
            if bad.is_empty() {
                bad.extend(self.tables.first().map(|table| table.id.clone()));
            }
            return Ok(bad);
        }
        let contents = self.contents(&rebuilt)?;
        let pairs = self.tables.iter().zip(contents.iter().zip(expected));
        Ok(pairs.filter(|(_, (is, was))| is != was).map(|(table, _)| table.id.clone()).collect())
    }

    /// The smallest split of the arrival that can be found, with the rows that differ.
    fn counterexample(
        &self,
        id: &NodeId,
        number: u64,
        tries: &Tries,
        arrival: &Arrival,
        observe: &dyn Observe,
    ) -> Result<Verdict> {
        let name = &self.blueprint.project.nodes[id].name;
        observe.on(Progress::Note {
            text: format!("replay {number} makes `{name}` differ; looking for the smallest that does"),
        });
        let stage = Stage::new(self.blueprint, self.given, &IndexSet::from([id.clone()]));
        let differs = |arrival: &Arrival| -> Result<bool> {
            let whole = stage.built(&arrival.in_one_run())?;
            if fault_of(&whole, id).is_some() {
                return Ok(false);
            }
            Ok(!stage.differing(arrival, &stage.contents(&whole)?)?.is_empty())
        };
        let guesses = stage.guesses(arrival)?;
        let arrival = search::smallest(arrival, guesses, self.blueprint.threads, &differs)?;
        let (whole, split) = (stage.built(&arrival.in_one_run())?, stage.built(&arrival)?);
        let difference = match (fault_of(&split, id), stage.tables.first()) {
            (None, Some(table)) => table.difference(&whole.engine.session()?, &split.engine.session()?)?,
            (why, _) => {
                let headline = format!("it cannot be built: {}", why.map_or("", |outcome| &outcome.message));
                Difference { headline, ..Difference::default() }
            }
        };
        Ok(told::counterexample(name, number, tries, &arrival, self.given, &difference))
    }

    /// What is left of an arrival when only those events stay that speak of one row that differs: of its key, that is.
    fn guesses(&self, arrival: &Arrival) -> Result<Vec<Arrival>> {
        let (whole, split) = (self.built(&arrival.in_one_run())?, self.built(arrival)?);
        let (Some(table), false) = (self.tables.first(), split.outcomes.iter().any(|it| it.status.is_bad())) else {
            return Ok(Vec::new());
        };
        let keys = table.differing_keys(&whole.engine.session()?, &split.engine.session()?)?;
        let events = &self.given.events;
        let speaks = |event: usize, key: &[String]| {
            let (id, payload) = (events.event_id.get(event), events.payload.get(event));
            key.iter().any(|cell| payload.contains(cell) || id == cell.trim_matches('"'))
        };
        Ok(keys.iter().take(GUESSES).map(|key| arrival.keeping(|_, event| speaks(event, key))).collect())
    }
}
