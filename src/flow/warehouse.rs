//! Plans against a warehouse, and looking into it without changing it.

use std::path::Path;

use indexmap::IndexMap;
use indexmap::IndexSet;

use crate::artifact;
use crate::dialect::Dialect;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::extract;
use crate::extract::Origin;
use crate::flow::House;
use crate::name::NodeId;
use crate::name::Relation;
use crate::plan::Action;
use crate::plan::Aim;
use crate::plan::Plan;
use crate::plan::fingerprints;
use crate::progress::grouped;
use crate::project::NodeKind;
use crate::publish;
use crate::render::Introspect;
use crate::render::Mode;
use crate::render::Rows;
use crate::run::Database;
use crate::run::statement;
use crate::store::Embedded;
use crate::store::RawStore;

/// What a person may want to know, as names and values.
pub type Facts = Vec<(&'static str, String)>;

/// A seed or model that is not what the project as it stands would make of what has landed.
pub(super) struct Outdated {
    pub(super) id: NodeId,
    pub(super) reason: String,
    /// It would be built anew, not brought up to date with new events.
    pub(super) is_edited: bool,
}

impl House {
    /// What would be done for these nodes, and why.
    pub fn plan(&self, engine: &Engine, selected: &IndexSet<NodeId>) -> Result<Plan> {
        let aim = if self.settings.flags.full_refresh { Aim::Rebuild } else { Aim::Update };
        self.plan_to(aim, engine, selected)
    }

    fn plan_to(&self, aim: Aim, engine: &Engine, selected: &IndexSet<NodeId>) -> Result<Plan> {
        let session = engine.session()?;
        let fingerprints = fingerprints(&self.project, &self.scanned, &self.graph, &self.renderer)?;
        self.blueprint().plan(&session, selected, &fingerprints, aim, &self.invocation_id)
    }

    /// Those of the seeds and models that are not what the project as it stands would make of what has landed.
    pub(super) fn outdated(&self, engine: &Engine, among: &IndexSet<NodeId>) -> Result<Vec<Outdated>> {
        let plan = self.plan_to(Aim::Inspect, engine, among)?;
        let outdated = plan.steps.into_values().filter_map(|step| {
            let is_edited = matches!(step.action, Action::Full { .. });
            match step.action {
                Action::Full { reason } | Action::Update { reason } => {
                    Some(Outdated { id: step.id, reason, is_edited })
                }
                _ => None,
            }
        });
        Ok(outdated.collect())
    }

    /// Refuses to publish tables that are not what the project as it stands would make. What may change at any time, as the
    /// clock that a model reads, is not looked at again: that would never be as it was.
    ///
    /// # Errors
    /// Names the models that have to be run first.
    pub fn require_fresh(&self, engine: &Engine, everything: &IndexSet<NodeId>) -> Result<()> {
        match self.staleness(engine, everything)? {
            None => Ok(()),
            Some(told) => Err(Error::data(told).help("run `cp run` first, or `cp build` for all of it")),
        }
    }

    /// In a phrase, which of these tables are not what the project as it stands would make of what has landed.
    pub(super) fn staleness(&self, engine: &Engine, among: &IndexSet<NodeId>) -> Result<Option<String>> {
        let stale = self.outdated(engine, among)?;
        let more = if stale.len() > 1 { format!(" and {} more", stale.len() - 1) } else { String::new() };
        Ok(stale.first().map(|Outdated { id, reason, .. }| {
            let first = &self.project.nodes[id].name;
            format!("the warehouse is not what the project would build: `{first}` ({reason}){more}")
        }))
    }
}

impl House {
    /// What readers see where nothing is published now; `None` where nothing ever was.
    pub(super) fn readers(&self) -> Option<&'static str> {
        let is_published = || publish::read_manifest(&self.settings.layout.published()).is_ok_and(|it| it.is_some());
        match self.settings.bigquery {
            // Whether anything was ever published there is not worth asking for.
            Some(_) => Some("nothing changes in BigQuery"),
            None => is_published().then_some("readers still see the last publication"),
        }
    }

    /// How many events have landed in the warehouse; `None` where the project has no table that they land in.
    pub(super) fn landed(&self, engine: &Engine) -> Result<Option<u64>> {
        let session = engine.session()?;
        let mut landed = None;
        for relation in self.scanned.sources.values().filter(|relation| extract::is_events(relation)) {
            if session.kind_of(relation)?.is_some() {
                let rows = session.count(&format!("select count(*) from {relation}"))?;
                landed = landed.max(u64::try_from(rows).ok());
            }
        }
        Ok(landed)
    }

    /// Where is published to, for a person.
    pub fn destination(&self) -> String {
        match &self.settings.bigquery {
            Some(settings) => format!("BigQuery `{}.{}`", settings.project, settings.dataset),
            None => self.settings.layout.shown(&self.settings.layout.published()),
        }
    }

    /// Which store the warehouse was filled from. The warehouse is closed again: whoever holds the raw store while it
    /// waits for the warehouse may wait for one who waits for the raw store.
    pub(super) fn filled_from(&self) -> Result<Option<Origin>> {
        extract::filled_from(&explore(self)?.session()?, &self.database)
    }

    /// The raw store, which must be the one that the warehouse was filled from, if it was. Then a file that is gone is not
    /// made anew: it would be another store.
    pub(super) fn store_of(&self, origin: Option<Origin>) -> Result<Box<dyn RawStore>> {
        let path = self.settings.layout.raw_store();
        let Some(origin) = origin else { return self.store() };
        if self.settings.mongo.is_none() && !path.is_file() {
            return Err(origin.is_gone(&Embedded::described_at(&path)));
        }
        let store = self.store()?;
        origin.require(store.as_ref())?;
        Ok(store)
    }
}

/// Opens the warehouse for looking; where there is none yet, an empty one in memory.
pub fn explore(house: &House) -> Result<Engine> {
    let engine = match &house.settings.warehouse {
        Some(path) if path.is_file() => Engine::open_read_only(path),
        _ => Engine::in_memory(),
    }?;
    house.attach_deferred(&engine)?;
    Ok(engine)
}

impl House {
    /// SQL of the selected nodes, as a whole build would run it; written into the target folder too. For a database that
    /// nothing runs in, the statements around it are written beside.
    pub fn compile(&self, selected: &IndexSet<NodeId>, database: &Database<'_>) -> Result<IndexMap<NodeId, String>> {
        let dialect = self.project.profile.dialect;
        let mut compiled = IndexMap::new();
        for id in self.graph.order().iter().filter(|id| selected.contains(*id)) {
            let node = &self.project.nodes[id];
            let scan = &self.scanned.nodes[id];
            let sql = match (node.kind, &scan.relation) {
                (NodeKind::Seed, Some(relation)) => format!("select * from {}", dialect.relation(relation)),
                (kind, relation) => {
                    let mode = Mode { execute: true, incremental: false };
                    let made = self.renderer.compile(&self.scanned, id, self.asked(database), mode)?;
                    if let (NodeKind::Model, Dialect::BigQuery, Some(relation)) = (kind, dialect, relation)
                        && let Some(statement) = statement(dialect, relation, &made, &scan.config)?
                    {
                        artifact::write_run_sql(&self.project, node, &statement)?;
                    }
                    made.sql
                }
            };
            artifact::write_compiled(&self.project, node, &sql)?;
            compiled.insert(id.clone(), sql);
        }
        artifact::write_manifest(
            &self.project,
            self.declared(),
            &self.parents(),
            &compiled,
            &self.invocation_id,
            self.started_at,
        )?;
        Ok(compiled)
    }

    /// SQL of a text of the command line.
    pub fn compile_text(&self, text: &str, database: &Database<'_>) -> Result<String> {
        self.renderer.compile_text(&self.scanned, "inline", text, self.asked(database), None)
    }

    /// Who answers what a template asks of the database.
    fn asked<'a>(&self, database: &'a Database<'_>) -> &'a dyn Introspect {
        match self.project.profile.dialect {
            Dialect::DuckDb => database,
            Dialect::BigQuery => &Nobody,
        }
    }

    /// Which BigQuery is published to, as far as there is one, and why it cannot be used, if so.
    fn destination_facts(&self) -> (Facts, Option<Error>) {
        let Some(settings) = &self.settings.bigquery else { return (Facts::new(), None) };
        let service = match (&settings.emulator, &settings.credentials) {
            (Some(host), _) => format!("an emulator at `{host}`"),
            (None, Some(path)) => format!("Google's, with the credentials in `{}`", self.settings.layout.shown(path)),
            (None, None) => "Google's, with application-default credentials".to_string(),
        };
        let mut facts = vec![("BigQuery", service)];
        match publish::standing(settings) {
            Ok(more) => facts.extend(more),
            Err(error) => {
                facts.push(("dataset", "cannot be asked for".to_string()));
                return (facts, Some(error));
            }
        }
        (facts, None)
    }

    /// What `cp debug` tells, and why raw store, warehouse or BigQuery cannot be used, if so.
    pub fn facts(&self) -> Result<(Facts, Option<Error>)> {
        let layout = &self.settings.layout;
        let count = |kind: NodeKind| self.project.nodes.values().filter(|node| node.kind == kind).count();
        let state = |path: &Path| match path.metadata() {
            Ok(data) => format!("{} ({} KiB)", layout.shown(path), data.len().div_ceil(1024)),
            Err(_) => format!("{} (not made yet)", layout.shown(path)),
        };
        let (engine, broken) = match explore(self) {
            Ok(engine) => (engine, None),
            Err(error) => (Engine::in_memory()?, Some(error)),
        };
        let mut facts = vec![
            ("cp", env!("CARGO_PKG_VERSION").to_string()),
            ("DuckDB", engine.version()),
            ("project", format!("{} in {}", self.project.name, self.project.root.display())),
            ("profile", format!("{}, target {}", self.project.profile.profile, self.project.profile.target)),
            (
                "nodes",
                format!(
                    "{} models, {} seeds, {} tests, {} sources",
                    count(NodeKind::Model),
                    count(NodeKind::Seed),
                    count(NodeKind::Test),
                    self.project.sources.len()
                ),
            ),
            ("threads", self.settings.threads.to_string()),
            ("events from", layout.shown(&layout.events)),
            (
                "warehouse",
                match (self.project.profile.dialect, self.settings.warehouse.as_deref()) {
                    (Dialect::BigQuery, _) => "none: models are written for BigQuery, and not run there".to_string(),
                    (_, Some(path)) if broken.is_some() => format!("{}, cannot be used", state(path)),
                    (_, Some(path)) => state(path),
                    (_, None) => "in memory".to_string(),
                },
            ),
            ("published", self.destination()),
        ];
        let (told, fault) = self.destination_facts();
        facts.extend(told);
        let store = match self.settings.mongo.is_some() || layout.raw_store().is_file() {
            true => Some(self.store()),
            false => None,
        };
        match &store {
            Some(Err(_)) => facts.push(("raw store", "cannot be used".to_string())),
            Some(Ok(store)) => {
                facts.push(("raw store", store.describe()));
                facts.extend(store.facts()?);
                facts.push(("events in the raw store", grouped(store.count()?)));
            }
            None => facts.push(("raw store", format!("embedded, {}", state(&layout.raw_store())))),
        }
        if broken.is_none() && self.settings.warehouse.as_deref().is_some_and(Path::is_file) {
            let store = store.as_ref().and_then(|store| store.as_deref().ok());
            facts.extend(self.landed_facts(&engine.session()?, store)?);
        }
        Ok((facts, store.and_then(Result::err).or(broken).or(fault)))
    }

    /// How far the warehouse has read the store, and what has landed.
    fn landed_facts(&self, session: &Session, store: Option<&dyn RawStore>) -> Result<Facts> {
        let mut facts = Facts::new();
        if let (Some(store), Some((position, at))) = (store, extract::reached(session, &self.database)?) {
            facts.push(("position", format!("{}, at {at} UTC", store.describe_position(&position))));
        }
        for relation in self.scanned.sources.values().filter(|relation| extract::is_landing(relation)) {
            if session.kind_of(relation)?.is_some() {
                let landed = session.count(&format!("select count(*) from {relation}"))?;
                let landed = u64::try_from(landed).unwrap_or(0);
                facts.push(("landed", format!("{} rows in {}.{}", grouped(landed), relation.schema, relation.name)));
            }
        }
        Ok(facts)
    }
}

/// Stands where a database would be asked that nothing connects to.
struct Nobody;

impl Nobody {
    fn refuse<Answer>(what: &str) -> Result<Answer> {
        Err(Error::call(format!("this asks the database for {what}, and BigQuery is not connected to"))
            .help("compile for a target of type `duckdb`, or let the SQL do without the question"))
    }
}

impl Introspect for Nobody {
    /// Models are written as for an empty dataset.
    fn kind_of(&self, _: &Relation) -> Result<Option<&'static str>> {
        Ok(None)
    }

    fn columns_of(&self, relation: &Relation) -> Result<Vec<(String, String)>> {
        Self::refuse(&format!("the columns of `{}`", relation.name))
    }

    fn query(&self, _: &str) -> Result<Rows> {
        Self::refuse("rows")
    }

    fn say(&self, _: &str) {}
}
