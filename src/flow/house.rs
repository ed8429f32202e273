//! The project, opened: read, scanned and put in order; and the stages of a run, each a method.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;

use crate::artifact;
use crate::check;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::Settings;
use crate::dialect::Dialect;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Result;
use crate::extract;
use crate::extract::Extracted;
use crate::flow::Stop;
use crate::flow::deferral::Deferral;
use crate::flow::verdict::beside_faults;
use crate::graph;
use crate::graph::Graph;
use crate::graph::State;
use crate::ingest;
use crate::ingest::Ingested;
use crate::name::NodeId;
use crate::plan::Outcome;
use crate::plan::Plan;
use crate::plan::RunRecord;
use crate::plan::Walk;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::Status;
use crate::project;
use crate::project::NodeKind;
use crate::project::Project;
use crate::publish;
use crate::publish::Destination;
use crate::publish::Published;
use crate::render;
use crate::render::Renderer;
use crate::render::Scanned;
use crate::report;
use crate::run::Hooks;
use crate::run::Worker;
use crate::run::state;
use crate::store::Embedded;
use crate::store::Mongo;
use crate::store::RawStore;

/// A project and all that is known of it before anything runs.
pub struct House {
    pub settings: Settings,
    pub project: Arc<Project>,
    pub renderer: Renderer,
    pub scanned: Scanned,
    pub graph: Graph,
    pub invocation_id: String,
    pub started_at: Timestamp,
    /// The warehouse's catalog, as DuckDB names it: after its file.
    pub database: String,
    /// How the nodes stand to the manifest that `--state` names.
    pub state: Option<State>,
    pub(super) deferral: Option<Deferral>,
    verb: String,
    clock: Instant,
}

impl House {
    /// Opens the project that the flags mean.
    ///
    /// # Errors
    /// Every fault in the project's files at once, as diagnostics.
    pub fn open(verb: &str, flags: Flags) -> Result<Self> {
        let root = Settings::project_root(&flags)?;
        let environment = Arc::new(Environment::load(&root)?);
        Self::open_at(verb, flags, root, environment, None)
    }

    /// Opens the project in a folder; `catalog` is what its tables' catalog is called, where it is not named after the
    /// warehouse.
    ///
    /// # Errors
    /// As [`House::open`].
    pub(super) fn open_at(
        verb: &str,
        flags: Flags,
        root: PathBuf,
        environment: Arc<Environment>,
        catalog: Option<&str>,
    ) -> Result<Self> {
        let clock = Instant::now();
        let started_at = Timestamp::now();
        let invocation_id = uuid::Uuid::new_v4().to_string();
        let project = Arc::new(project::load(&root, &flags, &environment, &|text, known| {
            render::expand(text, &environment, Some(known.vars), known.target)
        })?);
        let state_folder = state_folder(&flags, &environment).filter(|_| catalog.is_none());
        let settings = Settings::resolve(flags, root, &environment, project.profile.clone())?;
        require_duckdb(verb, &project)?;
        let database = match (&project.profile.database, &settings.warehouse) {
            (Some(database), _) => database.clone(),
            (None, Some(path)) => {
                path.file_stem().map_or_else(|| "warehouse".to_string(), |stem| stem.to_string_lossy().into_owned())
            }
            (None, None) => "memory".to_string(),
        };
        let database = catalog.map_or(database, str::to_string);
        let options = render::Options {
            database: database.clone(),
            full_refresh: settings.flags.full_refresh,
            invocation_id: invocation_id.clone(),
            started_at,
            verb: verb.to_string(),
        };
        let renderer = Renderer::new(project.clone(), environment, options)?;
        let scanned = renderer.scan()?;
        let graph = Graph::new(&project, &scanned)?;
        let verb = verb.to_string();
        let (state, deferral) = (None, None);
        let house = Self {
            settings,
            project,
            renderer,
            scanned,
            graph,
            invocation_id,
            started_at,
            database,
            state,
            deferral,
            verb,
            clock,
        };
        house.with_state(state_folder)
    }

    /// Time since the project was opened.
    pub fn elapsed(&self) -> std::time::Duration {
        self.clock.elapsed()
    }

    /// Nodes of these kinds that `--select` and `--exclude` leave, and what matched nothing.
    pub fn select(&self, kinds: &[NodeKind]) -> Result<(IndexSet<NodeId>, Vec<Diagnostic>)> {
        let flags = &self.settings.flags;
        let selection = graph::select(
            &self.project,
            &self.scanned,
            &self.graph,
            &flags.select,
            &flags.exclude,
            self.state.as_ref(),
        )?;
        let of_kind = |id: &NodeId| self.project.nodes.get(id).is_some_and(|node| kinds.contains(&node.kind));
        Ok((selection.ids.into_iter().filter(of_kind).collect(), selection.unmatched))
    }

    /// Files → raw store. A project that declares no event source has nothing to ingest.
    pub fn ingest(&self, observe: &dyn Observe) -> Result<Option<Ingested>> {
        let rules = ingest::rules(&self.project)?;
        if rules.is_empty() {
            return Ok(None);
        }
        self.settings.layout.require_events()?;
        let date = self.settings.flags.date.as_deref();
        let mut store = self.store_of(self.filled_from()?)?;
        ingest::ingest(store.as_mut(), &rules, &self.settings.layout.events, date, observe).map(Some)
    }

    /// The warehouse, made if missing.
    pub fn warehouse(&self) -> Result<Engine> {
        let engine = match &self.settings.warehouse {
            Some(path) => Engine::open(path)?,
            None => Engine::in_memory()?,
        };
        engine.configure(&self.project.profile.settings)?;
        self.attach_deferred(&engine)?;
        Ok(engine)
    }

    /// Raw store → landing tables.
    pub fn extract(&self, engine: &Engine, observe: &dyn Observe) -> Result<Option<Extracted>> {
        if ingest::rules(&self.project)?.is_empty() {
            return Ok(None);
        }
        let store = self.store_of(extract::filled_from(&engine.session()?, &self.database)?)?;
        self.extract_from(store.as_ref(), engine, self.settings.compare_every, observe).map(Some)
    }

    /// As [`House::extract`], from a store that is open.
    pub fn extract_from(
        &self,
        store: &dyn RawStore,
        engine: &Engine,
        compare_every: u64,
        observe: &dyn Observe,
    ) -> Result<Extracted> {
        let forget = |session: &Session| state::forget(session, &self.database);
        let anew = self.settings.flags.full_refresh && self.verb == "extract";
        let how = extract::How { anew, compare_every, forget: &forget };
        extract::extract(store, engine, &self.database, &how, observe)
    }

    /// The raw store that is configured, made if missing.
    pub fn store(&self) -> Result<Box<dyn RawStore>> {
        Ok(match &self.settings.mongo {
            Some(mongo) => Box::new(Mongo::open(&mongo.uri, &mongo.database)?),
            None => Box::new(Embedded::open(&self.settings.layout.raw_store())?),
        })
    }

    /// Carries the plan out: builds and checks, in graph order, in parallel.
    pub fn carry_out(&self, engine: &Engine, plan: &Plan, observe: &dyn Observe, stop: &Stop) -> Result<RunRecord> {
        let session = engine.session()?;
        state::prepare(&session, &self.database, &self.scanned)?;
        stop.walk();
        let hooks = Hooks { renderer: &self.renderer, scanned: &self.scanned, session: &session, observe };
        hooks.run("on-run-start", &self.project.on_run_start)?;
        observe.on(Progress::Stage { name: "run", total: Some(plan.steps.len() as u64) });
        let mut sessions = Vec::new();
        for _ in 0..self.settings.threads {
            let session = engine.session()?;
            stop.watch(session.interrupt());
            sessions.push(session);
        }
        let sessions = std::sync::Mutex::new(sessions);
        let worker = |_| {
            let session = sessions.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
            session.map(|session| Worker {
                project: &self.project,
                scanned: &self.scanned,
                renderer: &self.renderer,
                database: &self.database,
                session,
                observe,
            })
        };
        let how = Walk { threads: self.settings.threads, fail_fast: self.settings.flags.fail_fast };
        let outcomes = crate::plan::walk(
            plan,
            how,
            worker,
            |worker, number, step| match worker {
                Some(worker) if !stop.is_asked() => match self.project.nodes[&step.id].kind {
                    NodeKind::Test => check::check(worker, number, step),
                    NodeKind::Model | NodeKind::Seed => worker.build(number, step),
                },
                _ => crate::plan::skipped(step, "the run was stopped"),
            },
            |outcome| {
                if stop.is_asked() && outcome.status == Status::Skipped {
                    return;
                }
                let (id, status, took) = (outcome.id.clone(), outcome.status, outcome.took);
                observe.on(Progress::NodeFinished { id, status, detail: detail(outcome), took });
            },
        );
        stop.walked();
        let record = self.record(outcomes);
        state::tidy(&session, &self.database)
            .and_then(|()| self.write_artifacts(&record))
            .and_then(|()| hooks.run("on-run-end", &self.project.on_run_end))
            .map_err(|error| beside_faults(&record, error))?;
        Ok(record)
    }

    /// What came of this run.
    pub(super) fn record(&self, outcomes: Vec<Outcome>) -> RunRecord {
        RunRecord {
            invocation_id: self.invocation_id.clone(),
            verb: self.verb.clone(),
            arguments: serde_json::json!({ "select": self.settings.flags.select, "exclude": self.settings.flags.exclude, "full_refresh": self.settings.flags.full_refresh }),
            started_at: self.started_at,
            took: self.clock.elapsed(),
            outcomes,
        }
    }

    /// Writes the manifest, the compiled SQL and the run's results.
    pub fn write_artifacts(&self, record: &RunRecord) -> Result<()> {
        let compiled = record
            .outcomes
            .iter()
            .filter_map(|outcome| Some((outcome.id.clone(), outcome.compiled.clone()?)))
            .collect();
        artifact::write_manifest(
            &self.project,
            self.declared(),
            &self.parents(),
            &compiled,
            &self.invocation_id,
            self.started_at,
        )?;
        for (id, sql) in &compiled {
            artifact::write_compiled(&self.project, &self.project.nodes[id], sql)?;
        }
        self.write_results(record)
    }

    /// Writes how each node ended: in this run, and of all others when they last ran.
    pub(super) fn write_results(&self, record: &RunRecord) -> Result<()> {
        artifact::write_run_results(&self.project, record)?;
        artifact::write_latest(&self.project, record)
    }

    /// Every node's parents, as the manifest shows them.
    pub(super) fn parents(&self) -> IndexMap<NodeId, Vec<NodeId>> {
        self.graph.order().iter().map(|id| (id.clone(), self.graph.parents(id).to_vec())).collect()
    }

    /// Publishes what was checked in this run: all of it, or nothing.
    pub fn publish(&self, engine: &Engine, record: &RunRecord, observe: &dyn Observe) -> Result<Published> {
        let folder = self.settings.layout.published();
        let verified = check::verify(&self.project, &self.scanned, &self.graph, record, self.readers())?;
        let destination = match &self.settings.bigquery {
            Some(settings) => Destination::BigQuery(settings),
            None => Destination::Folder(&folder),
        };
        let how = publish::How {
            full_refresh: self.settings.flags.republish,
            dry_run: self.settings.flags.dry_run,
            commit: commit(&self.settings.layout.root),
            landed: self.landed(engine)?,
        };
        publish::publish(engine, &verified, destination, &how, observe)
    }

    /// Writes the quality report; returns its folder.
    pub fn report(&self, engine: &Engine, record: Option<&RunRecord>, verdict: &str) -> Result<PathBuf> {
        let session = engine.session()?;
        // A whole build has made all that it could, and its record says what it could not.
        let is_whole = record.is_some() && !self.has_selection();
        let everything = self.graph.order().iter().cloned().collect();
        let outdated = if is_whole { Vec::new() } else { self.outdated(engine, &everything)? };
        let occasion = report::Occasion {
            record,
            verdict,
            outdated: outdated.into_iter().map(|it| (it.id, it.reason)).collect(),
            date: self.settings.flags.date.as_deref(),
        };
        let reports = self.settings.layout.reports();
        Ok(report::write(&self.project, &self.scanned, &session, &occasion, &reports)?.folder)
    }
}

/// The folder of the manifest to compare with. The environment's counts only where something asks for one.
fn state_folder(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    let mut words = flags.select.iter().chain(&flags.exclude);
    let is_asked = flags.defer || flags.favor_state || words.any(|word| word.contains("state:"));
    let told = || environment.get("DBT_STATE").filter(|_| is_asked).map(PathBuf::from);
    flags.state.clone().or_else(told)
}

/// Verbs that run nothing in a warehouse.
const ONLY_READ: &[&str] = &["compile", "ls", "debug", "clean"];

/// Refuses a verb that would run models where this tool cannot.
fn require_duckdb(verb: &str, project: &Project) -> Result<()> {
    let profile = &project.profile;
    if profile.dialect == Dialect::DuckDb || ONLY_READ.contains(&verb) {
        return Ok(());
    }
    let message = format!(
        "`cp {verb}` works in DuckDB, and target `{}` of profile `{}` in `profiles.yml` is of type `{}`",
        profile.target, profile.profile, profile.dialect
    );
    let help = "models run in DuckDB (choose a target of type `duckdb`) and `cp publish` brings them to BigQuery; \
                `cp compile` writes the SQL for this target";
    Err(Error::call(message).help(help))
}

/// The project's commit, where it is a git checkout.
fn commit(root: &std::path::Path) -> Option<String> {
    let told = std::process::Command::new("git").arg("-C").arg(root).args(["rev-parse", "HEAD"]).output().ok()?;
    told.status.success().then(|| String::from_utf8_lossy(&told.stdout).trim().to_string())
}

/// One phrase for the line of a node.
fn detail(outcome: &crate::plan::Outcome) -> String {
    match &outcome.reason {
        Some(reason) if outcome.status == Status::Success && reason != "new data" => {
            format!("{} ({reason})", outcome.message)
        }
        // Told with its place when the run is over.
        _ if outcome.status == Status::Error => String::new(),
        _ => outcome.message.clone(),
    }
}
