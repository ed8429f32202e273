//! The whole project, built anew in memory from given events, without a warehouse or a raw store of the user's: what
//! golden snapshots, replays, the comparison of two revisions and explanations stand on.

mod arrivals;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use indexmap::IndexMap;
use indexmap::IndexSet;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::engine::Engine;
use crate::engine::Session;
use crate::error::AtPath;
use crate::error::Result;
use crate::extract;
use crate::graph::Graph;
use crate::ingest;
use crate::ingest::Ingested;
use crate::name::NodeId;
use crate::plan::Aim;
use crate::plan::Built;
use crate::plan::Fingerprint;
use crate::plan::Inputs;
use crate::plan::Outcome;
use crate::plan::Plan;
use crate::plan::Walk;
use crate::plan::skipped;
use crate::plan::walk;
use crate::progress::Silent;
use crate::project::NodeKind;
use crate::project::Project;
use crate::render::Renderer;
use crate::render::Scanned;
use crate::run::Hooks;
use crate::run::Worker;
use crate::run::state;
use crate::store::Embedded;
pub use arrivals::{Given, arrive, arrive_watched};

/// A project as it is before anything runs.
#[derive(Clone, Copy)]
pub struct Blueprint<'a> {
    pub project: &'a Project,
    pub scanned: &'a Scanned,
    pub graph: &'a Graph,
    pub renderer: &'a Renderer,
    /// The catalog that its statements name.
    pub database: &'a str,
    pub threads: usize,
}

/// A project that was built.
pub struct Rebuilt {
    /// Holds all seeds and models that could be built.
    pub engine: Engine,
    /// How each of them ended.
    pub outcomes: Vec<Outcome>,
    /// How many events it was built from.
    pub events: u64,
}

/// Builds all seeds and models from the files in a folder: events as in `data/`, and under `seeds/` a CSV file for each
/// seed that is to have other rows than the project's own.
///
/// Nothing in it depends on when it runs: all is said to have been stored at the midnight after the last day of which
/// there is a file.
///
/// # Errors
/// When the files cannot be read, or the engine fails; a model that fails is told by its outcome.
pub fn rebuild(blueprint: &Blueprint<'_>, given: &Path) -> Result<Rebuilt> {
    let engine = Engine::in_memory_as(blueprint.database)?;
    engine.configure(&blueprint.project.profile.settings)?;
    rebuild_in(engine, blueprint, given, &|_| true)
}

/// As [`rebuild`], in an engine that has the blueprint's catalog, and only those seeds and models that are wanted.
///
/// # Errors
/// As [`rebuild`].
pub fn rebuild_in(
    engine: Engine,
    blueprint: &Blueprint<'_>,
    given: &Path,
    is_wanted: &dyn Fn(&NodeId) -> bool,
) -> Result<Rebuilt> {
    let rules = ingest::rules(blueprint.project)?;
    let mut events = 0;
    if !rules.is_empty() {
        let mut store = Embedded::in_memory()?;
        ingest_all(&mut store, &rules, given)?;
        let how = extract::How { anew: false, compare_every: u64::MAX, forget: &|_| Ok(()) };
        events = extract::extract(&store, &engine, blueprint.database, &how, &Silent)?.events_in_all;
    }
    let project = with_seeds_of(blueprint.project, given)?;
    let outcomes = build(&Blueprint { project: &project, ..*blueprint }, &engine, is_wanted)?;
    Ok(Rebuilt { engine, outcomes, events })
}

/// The file that holds the rows of a seed in a folder that a project is built from.
pub fn seed_file(given: &Path, seed: &str) -> PathBuf {
    given.join("seeds").join(format!("{seed}.csv"))
}

fn ingest_all(store: &mut Embedded, rules: &[ingest::FileRule], given: &Path) -> Result<Ingested> {
    let last = ingest::days(rules, given)?.into_iter().filter_map(|day| day.parse::<Date>().ok()).max();
    let midnight = last.and_then(|day| day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let stored_at = midnight.map_or(Timestamp::UNIX_EPOCH, |midnight| midnight.timestamp());
    ingest::ingest_at(store, rules, given, None, stored_at, &Silent)
}

/// The project with the rows of those seeds that the folder has a file of.
fn with_seeds_of(project: &Project, given: &Path) -> Result<Project> {
    let mut project = project.clone();
    for seed in project.nodes.values_mut().filter(|node| node.kind == NodeKind::Seed) {
        let path = seed_file(given, &seed.name);
        if path.is_file() {
            seed.file.text = std::fs::read_to_string(&path).at_path("read", &path)?.into();
            seed.file.path = path;
        }
    }
    Ok(project)
}

impl Blueprint<'_> {
    /// What would be done for these nodes with a warehouse as it is, and why.
    ///
    /// # Errors
    /// When another version of this tool made the warehouse.
    pub fn plan(
        &self,
        session: &Session,
        selected: &IndexSet<NodeId>,
        fingerprints: &IndexMap<NodeId, Fingerprint>,
        aim: Aim,
        invocation_id: &str,
    ) -> Result<Plan> {
        let Self { project, scanned, graph, .. } = *self;
        let built = state::read(session, self.database, scanned)?;
        // Only tables that this tool fills have a version; any other source may change at any time.
        let filled = scanned.sources.iter().filter(|(_, table)| extract::is_landing(table));
        let filled = filled.map(|(id, table)| (id.clone(), table.clone())).collect();
        let landed = &state::landed(session, &filled, &built)?;
        let built = &built;
        Ok(Plan::new(&Inputs { project, scanned, graph, fingerprints, built, landed, aim, invocation_id }, selected))
    }
}

/// Builds seeds and models in an empty database.
fn build(blueprint: &Blueprint<'_>, engine: &Engine, is_wanted: &dyn Fn(&NodeId) -> bool) -> Result<Vec<Outcome>> {
    let Blueprint { project, scanned, graph, .. } = *blueprint;
    let is_built = |kind: NodeKind| matches!(kind, NodeKind::Model | NodeKind::Seed);
    let selected: IndexSet<_> = graph
        .order()
        .iter()
        .filter(|id| project.nodes.get(*id).is_some_and(|node| is_built(node.kind)) && is_wanted(id))
        .cloned()
        .collect();
    let plan = Plan::new(
        &Inputs {
            project,
            scanned,
            graph,
            fingerprints: &IndexMap::new(),
            built: &Built::default(),
            landed: &IndexMap::new(),
            aim: Aim::Rebuild,
            invocation_id: "rebuild",
        },
        &selected,
    );
    carry_out(blueprint, engine, &plan)
}

/// Does what is planned, with the hooks around it.
fn carry_out(blueprint: &Blueprint<'_>, engine: &Engine, plan: &Plan) -> Result<Vec<Outcome>> {
    let Blueprint { project, scanned, renderer, database, threads, .. } = *blueprint;
    let session = engine.session()?;
    state::prepare(&session, database, scanned)?;
    let hooks = Hooks { renderer, scanned, session: &session, observe: &Silent };
    hooks.run("on-run-start", &project.on_run_start)?;
    let sessions = (0..threads).map(|_| engine.session()).collect::<Result<Vec<_>>>()?;
    let sessions = Mutex::new(sessions);
    let worker = |_| {
        let session = sessions.lock().unwrap_or_else(PoisonError::into_inner).pop();
        session.map(|session| Worker { project, scanned, renderer, database, session, observe: &Silent })
    };
    let outcomes = walk(
        plan,
        Walk { threads, fail_fast: false },
        worker,
        |worker, number, step| match worker {
            Some(worker) => worker.build(number, step),
            None => skipped(step, "there was no session for it"),
        },
        |_| {},
    );
    hooks.run("on-run-end", &project.on_run_end)?;
    Ok(outcomes)
}
