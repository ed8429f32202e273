//! Unit tests: a model on rows that a yml gives, beside the rows that it expects. Nothing has to be built for them: what
//! types tables have is found by binding the models over empty ones. They guard edits; a publication they do not withhold.

mod compare;
mod place;
mod scaffold;

use std::time::Duration;
use std::time::Instant;

use indexmap::IndexMap;
use indexmap::IndexSet;
use jiff::Timestamp;

use crate::check::Unbuilt;
use crate::check::Verdict;
use crate::check::golden::Picture;
use crate::check::unit::compare::compare;
use crate::check::unit::place::insert;
use crate::engine::Column;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Result;
use crate::error::suggestion;
use crate::name::NodeId;
use crate::name::Relation;
use crate::name::quote;
use crate::plan::Outcome;
use crate::progress::Silent;
use crate::progress::Status;
use crate::project::Fixture;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Source;
use crate::project::UnitTest;
use crate::rebuild::Blueprint;
use crate::rebuild::Given;
use crate::rebuild::arrive;
use crate::render::Mode;
use crate::render::Scanned;
use crate::run::Database;
use crate::run::Failure;
use crate::run::explain;
use crate::run::replace;

pub use scaffold::scaffold;

/// What came of a unit test.
#[derive(Debug, Clone)]
pub struct Unit {
    pub id: NodeId,
    pub name: String,
    /// The model that it tests.
    pub model: String,
    pub verdict: Verdict,
    pub started_at: Timestamp,
    pub took: Duration,
}

impl Unit {
    /// As the results of a run keep it.
    pub fn outcome(&self) -> Outcome {
        let (status, failures, message) = match &self.verdict {
            Verdict::Equal => (Status::Pass, Some(0), ""),
            Verdict::Failed(unbuilt) => (Status::Error, None, unbuilt.why.as_str()),
            verdict => (Status::Fail, Some(1), verdict.headline()),
        };
        Outcome {
            id: self.id.clone(),
            status,
            message: message.to_string(),
            reason: None,
            rows: None,
            failures,
            diagnostic: None,
            fault: None,
            started_at: self.started_at,
            took: self.took,
            worker: 1,
            compiled: None,
            relation: None,
        }
    }

    /// Whether the model made what was expected.
    pub fn is_equal(&self) -> bool {
        matches!(self.verdict, Verdict::Equal)
    }
}

/// What the columns of sources, seeds and models are, as the project's files say it.
#[derive(Debug, Default)]
pub struct Bound {
    pub columns: IndexMap<NodeId, Vec<Column>>,
    /// Models and seeds of which that cannot be said, and why.
    pub broken: IndexMap<NodeId, String>,
}

/// Finds the columns of all that the project makes, without a warehouse: models are bound over empty tables.
///
/// # Errors
/// When the engine fails.
pub fn bind(blueprint: &Blueprint<'_>) -> Result<Bound> {
    let is_made = |id: &&NodeId| blueprint.project.nodes.get(*id).is_some_and(|node| node.kind != NodeKind::Test);
    let bench = Bench::new(blueprint, blueprint.scanned.nodes.keys().filter(is_made))?;
    let why = |(id, unbuilt): (&NodeId, &Unbuilt)| (id.clone(), unbuilt.why.clone());
    let mut bound = Bound { broken: bench.broken.iter().map(why).collect(), ..Bound::default() };
    let sources = blueprint.scanned.sources.keys();
    for id in sources.chain(blueprint.scanned.nodes.keys()).filter(|id| !bench.broken.contains_key(*id)) {
        if let Some(relation) = bench.relation(id)
            && let Some(columns) = bench.session.described(relation)?
        {
            bound.columns.insert(id.clone(), columns);
        }
    }
    Ok(bound)
}

/// Runs the unit tests of these models.
///
/// # Errors
/// When a test gives or expects what cannot be: every such fault, with its place.
pub fn unit(blueprint: &Blueprint<'_>, models: &IndexSet<NodeId>) -> Result<Vec<Unit>> {
    let tests: Vec<_> = blueprint.project.unit_tests.iter().filter(|test| models.contains(&test.model)).collect();
    let mut faults = Diagnostics::default();
    tests.iter().for_each(|test| faults.extend(strangers(blueprint, test).into_iter().chain(idle(blueprint, test))));
    faults.into_result()?;
    if tests.is_empty() {
        return Ok(Vec::new());
    }
    let bench = Bench::new(blueprint, tests.iter().map(|test| &test.model))?;
    let mut faults = Diagnostics::default();
    let mut units = Vec::new();
    for test in tests {
        let (started_at, clock) = (Timestamp::now(), Instant::now());
        match bench.run(test) {
            Ok(verdict) => {
                let model = blueprint.project.nodes[&test.model].name.clone();
                let (id, name, took) = (test.id(), test.name.clone(), clock.elapsed());
                units.push(Unit { id, name, model, verdict, started_at, took });
            }
            Err(error) if error.diagnostics().is_empty() => return Err(error),
            Err(error) => faults.extend(error.diagnostics().to_vec()),
        }
    }
    faults.into_result()?;
    Ok(units)
}

/// Inputs that the model does not read, or that are given twice.
fn strangers(blueprint: &Blueprint<'_>, test: &UnitTest) -> Vec<Diagnostic> {
    let model = &blueprint.project.nodes[&test.model].name;
    let mut seen = IndexSet::new();
    let mut faults = Vec::new();
    for input in &test.given {
        if !seen.insert(&input.id) {
            let message = format!("unit test `{}` gives rows of one input twice", test.name);
            faults.push(Diagnostic::error(message, input.place.clone()).help("put the rows together".to_string()));
        }
        if input.id != test.model && !blueprint.graph.parents(&test.model).contains(&input.id) {
            let message = format!("unit test `{}` gives rows that `{model}` does not read", test.name);
            let parents = blueprint.graph.parents(&test.model).iter().map(|id| written(blueprint, id));
            let help = format!("it reads {}", parents.collect::<Vec<_>>().join(", "));
            faults.push(Diagnostic::error(message, input.place.clone()).help(help));
        }
    }
    faults
}

/// Overrides of what is not there: they would change nothing, and the test would say that it did.
fn idle(blueprint: &Blueprint<'_>, test: &UnitTest) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut told = |message: String, help: Option<String>| {
        faults.push(Diagnostic::error(message, test.place.clone()).help(help));
    };
    for (name, value) in &test.overrides.macros {
        if !blueprint.renderer.names().any(|known| known == name) {
            let message = format!("unit test `{}` overrides `{name}`, which is no macro", test.name);
            told(message, suggestion(name, blueprint.renderer.names()));
        } else if name == "is_incremental" && !value.is_boolean() {
            let message = format!("unit test `{}` overrides `is_incremental` with {value}", test.name);
            told(message, Some("write `true` or `false`".to_string()));
        }
    }
    let project = blueprint.project;
    let texts = || project.nodes.values().map(|node| &node.file).chain(&project.macros).map(|file| &file.text);
    for name in test.overrides.vars.keys().filter(|name| !project.vars.contains_key(*name)) {
        // One with a default need not be among the project's.
        if !texts().any(|text| ['\'', '"'].iter().any(|quote| text.contains(&format!("{quote}{name}{quote}")))) {
            let message = format!("unit test `{}` overrides the variable `{name}`, which nothing reads", test.name);
            told(message, suggestion(name, project.vars.keys().map(String::as_str)));
        }
    }
    faults
}

/// An input as a yml writes it.
fn written(blueprint: &Blueprint<'_>, id: &NodeId) -> String {
    match (blueprint.project.nodes.get(id), blueprint.project.sources.get(id)) {
        (Some(node), _) => format!("ref('{}')", node.name),
        (_, Some(source)) => format!("source('{}', '{}')", source.source_name, source.name),
        _ => id.to_string(),
    }
}

/// Empty tables under the names of all that the tested models are made of.
struct Bench<'a> {
    blueprint: &'a Blueprint<'a>,
    /// In which no model is part of its children alone: rows can be given of each.
    scanned: Scanned,
    /// Holds the database; sessions alone would not tell.
    _engine: Engine,
    session: Session,
    /// Models that cannot be bound, and why.
    broken: IndexMap<NodeId, Unbuilt>,
}

impl<'a> Bench<'a> {
    fn new<'m>(blueprint: &'a Blueprint<'a>, models: impl Iterator<Item = &'m NodeId>) -> Result<Self> {
        let mut needed = IndexSet::new();
        for model in models {
            needed.extend(blueprint.graph.ancestors(model, None));
            needed.insert(model.clone());
        }
        let scanned = without_ephemeral(blueprint);
        let is_seed = |id: &&NodeId| blueprint.project.nodes.get(*id).is_some_and(|node| node.kind == NodeKind::Seed);
        let seeds = needed.iter().filter(is_seed).cloned().collect();
        let nothing = Given::nothing(blueprint);
        let rebuilt = arrive(&Blueprint { scanned: &scanned, ..*blueprint }, &nothing, &seeds, &[Vec::new()])?;
        let session = rebuilt.engine.session()?;
        let mut bench = Self { blueprint, scanned, _engine: rebuilt.engine, session, broken: IndexMap::new() };
        for outcome in rebuilt.outcomes.iter().filter(|outcome| outcome.status.is_bad()) {
            let unbuilt = Unbuilt::of(outcome, &rebuilt.outcomes, blueprint.graph);
            bench.broken.insert(outcome.id.clone(), unbuilt);
        }
        for id in blueprint.graph.order().iter().filter(|id| needed.contains(*id)) {
            if let Err(unbuilt) = bench.bind(id) {
                bench.broken.insert(id.clone(), *unbuilt);
            }
        }
        Ok(bench)
    }

    /// Makes an empty table of the node's columns.
    fn bind(&self, id: &NodeId) -> Result<(), Box<Unbuilt>> {
        let Some(node) = self.blueprint.project.nodes.get(id) else {
            let (Some(relation), Some(source)) = (self.scanned.sources.get(id), self.blueprint.project.sources.get(id))
            else {
                return Ok(());
            };
            let bound = self.bind_source(relation, source);
            return bound.map_err(|error| Box::new(Unbuilt::plain(&source.name, error.to_string(), error.kind())));
        };
        let Some(relation) = self.relation(id) else { return Ok(()) };
        let mut sql = None;
        let bound = match node.kind {
            NodeKind::Model => self.sql(id, self.blueprint.renderer, false).map_err(Failure::from).and_then(|made| {
                let made = sql.insert(made);
                Ok(replace(&self.session, relation, &format!("select * from (\n{made}\n) limit 0")).map(drop)?)
            }),
            _ => Ok(()),
        };
        let emptied = bound.and_then(|()| Ok(self.session.run(&format!("delete from {relation}"))?));
        emptied.map_err(|failure| Box::new(self.unbuilt(node, failure, sql.as_deref())))
    }

    fn unbuilt(&self, node: &Node, failure: Failure, sql: Option<&str>) -> Unbuilt {
        let (why, kind) = (failure.to_string(), failure.kind());
        let diagnostic = explain(self.blueprint.project, node, failure, sql);
        Unbuilt { why, root: node.name.clone(), diagnostic: Some(diagnostic), kind }
    }

    /// A source that something else fills has the columns that its yml names.
    fn bind_source(&self, relation: &Relation, source: &Source) -> Result<()> {
        if self.session.kind_of(relation)?.is_some() || source.columns.is_empty() {
            return Ok(());
        }
        self.session.make_schema(&relation.database, &relation.schema)?;
        let column = |(name, spec): (&String, &crate::project::ColumnSpec)| {
            format!("{} {}", quote(name), spec.data_type.as_deref().unwrap_or("varchar"))
        };
        let columns: Vec<_> = source.columns.iter().map(column).collect();
        Ok(self.session.run(&format!("create table {relation} ({})", columns.join(", ")))?)
    }

    fn relation(&self, id: &NodeId) -> Option<&Relation> {
        self.scanned.nodes.get(id).and_then(|scan| scan.relation.as_ref()).or_else(|| self.scanned.sources.get(id))
    }

    fn sql(&self, id: &NodeId, renderer: &crate::render::Renderer, incremental: bool) -> Result<String> {
        let database = Database { session: &self.session, observe: &Silent };
        let made = renderer.compile(&self.scanned, id, &database, Mode { execute: true, incremental })?;
        Ok(made.sql.trim().trim_end_matches(';').to_string())
    }

    /// Runs one test; nothing of it stays.
    fn run(&self, test: &UnitTest) -> Result<Verdict> {
        let above = self.blueprint.graph.ancestors(&test.model, None);
        let broken = self.broken.iter().find(|(id, _)| above.contains(*id) || **id == test.model);
        // The model itself may be broken only as a full build.
        if let Some((_, why)) = broken.filter(|(id, _)| **id != test.model || !test.overrides.is_incremental()) {
            return Ok(Verdict::Failed(Box::new(why.clone())));
        }
        self.session.run("begin transaction")?;
        let verdict = self.judge(test);
        self.session.run("rollback")?;
        verdict
    }

    fn judge(&self, test: &UnitTest) -> Result<Verdict> {
        let node = &self.blueprint.project.nodes[&test.model];
        for input in &test.given {
            let Some(relation) = self.relation(&input.id) else { continue };
            if self.session.kind_of(relation)?.is_none() {
                let message = format!("nothing tells which columns {} has", written(self.blueprint, &input.id));
                let help = "name them, with their `data_type`, under `columns` of its yml".to_string();
                return Err(Diagnostic::error(message, input.place.clone()).help(help).into());
            }
            insert(&self.session, relation, &input.rows, &relation.name)?;
        }
        let own;
        let renderer = match test.overrides.is_empty() {
            true => self.blueprint.renderer,
            false => {
                let overrides = &test.overrides;
                own = self.blueprint.renderer.overriding(&overrides.vars, &overrides.env_vars, &overrides.macros)?;
                &own
            }
        };
        let made = Relation::new(self.blueprint.database, self.blueprint.project.profile.schema.clone(), "cp__made");
        let sql = match self.sql(&test.model, renderer, test.overrides.is_incremental()) {
            Ok(sql) => sql,
            Err(error) => return Ok(Verdict::Failed(Box::new(self.unbuilt(node, error.into(), None)))),
        };
        if let Err(error) = replace(&self.session, &made, &sql) {
            return Ok(Verdict::Failed(Box::new(self.unbuilt(node, error.into(), Some(&sql)))));
        }
        let expected = made.sibling("cp__expected");
        let columns = self.expected_columns(test, &made)?;
        let listed = columns.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
        replace(&self.session, &expected, &format!("select {listed} from {made} limit 0"))?;
        insert(&self.session, &expected, &test.expect, &node.name)?;
        let rows = |relation: &Relation| -> Result<Picture> {
            Ok(Picture::of_rows(&self.session, &format!("(select {listed} from {relation})"), &[])?)
        };
        Ok(compare(&node.name, &columns, rows(&expected)?.shown, rows(&made)?.shown))
    }

    /// The columns that are compared: those that any expected row names; all where there is none.
    fn expected_columns(&self, test: &UnitTest, made: &Relation) -> Result<Vec<String>> {
        let model = &self.blueprint.project.nodes[&test.model].name;
        let there: Vec<String> =
            self.session.described(made)?.unwrap_or_default().into_iter().map(|column| column.name).collect();
        let mut named: IndexMap<String, crate::error::Place> = IndexMap::new();
        match &test.expect {
            Fixture::Rows(rows) => {
                for cell in rows.iter().flatten() {
                    named.entry(cell.column.clone()).or_insert_with(|| cell.named.clone());
                }
            }
            Fixture::Sql(sql, place) => {
                let told = self.session.query(&format!("describe {}", sql.trim().trim_end_matches(';')));
                let told = told.map_err(|error| place::wrong_sql(&error, place))?;
                named.extend(told.rows.iter().map(|row| (row[0].to_string(), place.clone())));
            }
        }
        if named.is_empty() {
            return Ok(there);
        }
        let mut faults = Diagnostics::default();
        let mut columns = Vec::new();
        for (name, at) in named {
            match there.iter().find(|column| column.eq_ignore_ascii_case(&name)) {
                Some(column) => columns.push(column.clone()),
                None => faults.push(place::unknown_column(&name, model, &there, &at)),
            }
        }
        faults.into_result()?;
        Ok(columns)
    }
}

/// All nodes, each with a place of its own.
fn without_ephemeral(blueprint: &Blueprint<'_>) -> Scanned {
    let mut scanned = blueprint.scanned.clone();
    for (id, scan) in &mut scanned.nodes {
        let node = &blueprint.project.nodes[id];
        if node.kind == NodeKind::Model && scan.relation.is_none() {
            scan.config.set("materialized", serde_json::json!("view"));
            let schema = blueprint.project.profile.schema.clone();
            scan.relation = Some(Relation::new(blueprint.database, schema, node.name.clone()));
        }
    }
    scanned
}
