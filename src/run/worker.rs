//! One thread's work: a step of the plan becomes statements, and their end an outcome.

use std::fmt;
use std::time::Instant;

use jiff::Timestamp;

use crate::engine::Session;
use crate::engine::SqlError;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::name::Relation;
use crate::plan::Action;
use crate::plan::Existing;
use crate::plan::Outcome;
use crate::plan::Step;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::Status;
use crate::project::Materialization;
use crate::project::Node;
use crate::project::Project;
use crate::render::Compiled;
use crate::render::Introspect;
use crate::render::Mode;
use crate::render::Renderer;
use crate::render::Rows;
use crate::render::Scan;
use crate::render::Scanned;
use crate::run::HERE;
use crate::run::explain;
use crate::run::incremental;
use crate::run::seed;
use crate::run::state;
use crate::run::table;
use crate::run::view;

/// What every step of a run needs.
pub struct Worker<'a> {
    pub project: &'a Project,
    pub scanned: &'a Scanned,
    pub renderer: &'a Renderer,
    /// The warehouse's catalog.
    pub database: &'a str,
    pub session: Session,
    pub observe: &'a dyn Observe,
}

/// A session, as templates may use it.
pub struct Database<'a> {
    pub session: &'a Session,
    pub observe: &'a dyn Observe,
}

/// How a step failed: with a place in its SQL, or without.
pub enum Failure {
    Sql(SqlError),
    Other(Error),
}

impl Failure {
    /// Whose turn it is: SQL that no data could make right is the project's fault.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Sql(error) if matches!(error.kind.as_str(), "Parser Error" | "Binder Error" | "Catalog Error") => {
                Kind::Call
            }
            Self::Sql(_) => Kind::Data,
            Self::Other(error) => error.kind(),
        }
    }
}

impl Failure {
    /// Whether a person stopped the statement.
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Sql(error) if error.is_interrupt())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(error) => error.fmt(f),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Worker<'_> {
    /// Builds a model or a seed.
    pub fn build(&self, number: usize, step: &Step) -> Outcome {
        let started_at = Timestamp::now();
        let clock = Instant::now();
        self.observe.on(Progress::NodeStarted { id: step.id.clone() });
        let node = &self.project.nodes[&step.id];
        let scan = &self.scanned.nodes[&step.id];
        let mut compiled = None;
        let ended = self.materialize(step, node, scan, &mut compiled);
        let mut outcome = Outcome {
            id: step.id.clone(),
            status: Status::Success,
            message: String::new(),
            reason: None,
            rows: None,
            failures: None,
            diagnostic: None,
            fault: None,
            started_at,
            took: clock.elapsed(),
            worker: number,
            compiled: compiled.as_ref().map(|compiled| compiled.sql.clone()),
            relation: scan.relation.clone(),
        };
        outcome.reason = match &step.action {
            Action::Full { reason } | Action::Update { reason } => Some(reason.clone()),
            _ => None,
        };
        match ended {
            Ok(Ended { status, message, rows }) => {
                outcome.status = status;
                outcome.message = message;
                outcome.rows = rows;
            }
            Err(failure) => {
                if failure.is_interrupt() {
                    outcome.status = Status::Skipped;
                    outcome.message = "stopped".to_string();
                    return outcome;
                }
                outcome.fault = Some(failure.kind());
                let sql = compiled.as_ref().map(|compiled| compiled.sql.as_str());
                let diagnostic = explain(self.project, node, failure, sql);
                outcome.status = Status::Error;
                outcome.message = diagnostic.message.clone();
                outcome.diagnostic = Some(diagnostic);
            }
        }
        outcome
    }

    /// The node's SQL, rendered with the database at hand.
    pub fn compile(&self, step: &Step, incremental: bool) -> Result<Compiled> {
        let database = Database { session: &self.session, observe: self.observe };
        self.renderer.compile(self.scanned, &step.id, &database, Mode { execute: true, incremental })
    }

    fn materialize(
        &self,
        step: &Step,
        node: &Node,
        scan: &Scan,
        compiled: &mut Option<Compiled>,
    ) -> Result<Ended, Failure> {
        let kind =
            scan.config.materialization().map_err(|word| Error::call(format!("unknown materialization `{word}`")))?;
        let increment = kind == Materialization::Incremental && !matches!(step.action, Action::Full { .. });
        if step.action == Action::Inline {
            return Ok(Ended::new(Status::Success, "part of its children", None));
        }
        let done: Compiled = match kind {
            Materialization::Seed => self.seed_hooks(node, scan)?,
            // Unchanged ones too: the target folder shows the SQL of every model.
            _ => compiled.insert(self.compile(step, increment)?).clone(),
        };
        if step.action == Action::Unchanged {
            return Ok(Ended::new(Status::Unchanged, "unchanged", None));
        }
        let relation = scan
            .relation
            .as_ref()
            .ok_or_else(|| Error::call(format!("`{}` has no place in the database", node.name)))?;
        self.session.transaction(|session| {
            Self::make_room(session, step, relation, kind)?;
            run_hooks(session, "pre_hook", &done.pre_hooks)?;
            if let Some(header) = scan.config.text("sql_header") {
                session.run(header)?;
            }
            let written = match kind {
                Materialization::Seed => {
                    seed::load(session, relation, node, &self.project.root, &scan.config).map(Some)?
                }
                Materialization::View => view::make(session, relation, &done.sql).map(|()| None)?,
                Materialization::Incremental if increment => {
                    Some(incremental::update(session, relation, &done.sql, &scan.config)?)
                }
                // Hooks may take rows away.
                _ => {
                    let rows = table::make(session, relation, &done.sql)?;
                    done.post_hooks.iter().all(|hook| hook.trim().is_empty()).then_some(rows)
                }
            };
            run_hooks(session, "post_hook", &done.post_hooks)?;
            state::note(session, self.database, step, relation)?;
            Ok(match (kind, written) {
                (Materialization::View, _) => Ended::new(Status::Success, "view", None),
                (Materialization::Seed, Some(rows)) => Ended::rows("loaded", rows),
                (_, Some(written)) => Ended::rows(if increment { "written" } else { "" }, written),
                _ => Ended::rows(
                    "",
                    u64::try_from(session.count(&format!("select count(*) from {relation}"))?).unwrap_or(0),
                ),
            })
        })
    }

    /// A seed has no SQL of its own, but it may have hooks.
    fn seed_hooks(&self, node: &Node, scan: &Scan) -> Result<Compiled> {
        let database = Database { session: &self.session, observe: self.observe };
        let rendered = |name: &str| -> Result<Vec<String>> {
            let render = |text: &String| {
                self.renderer.compile_text(
                    self.scanned,
                    &format!("hook of {}", node.name),
                    text,
                    &database,
                    scan.relation.as_ref(),
                )
            };
            scan.config.hooks(name).iter().map(render).collect()
        };
        Ok(Compiled {
            id: node.id.clone(),
            sql: String::new(),
            pre_hooks: rendered("pre_hook")?,
            post_hooks: rendered("post_hook")?,
            macros: Default::default(),
        })
    }

    /// Takes away what stands under the name and is of another kind, which `create or replace` would refuse.
    fn make_room(session: &Session, step: &Step, relation: &Relation, kind: Materialization) -> Result<(), SqlError> {
        match (step.existing, kind) {
            (Some(Existing::Table), Materialization::View) => session.run(&HERE.drop_relation("table", relation)),
            (Some(Existing::View), other) if other != Materialization::View => {
                session.run(&HERE.drop_relation("view", relation))
            }
            _ => Ok(()),
        }
    }
}

/// Runs a model's hooks. A failing one is told as such, for it is no part of the model's SQL.
fn run_hooks(session: &Session, name: &str, hooks: &[String]) -> Result<(), Failure> {
    for hook in hooks.iter().filter(|hook| !hook.trim().is_empty()) {
        session.run(hook).map_err(|error| {
            let kind = Failure::Sql(error.clone()).kind();
            Error::data(format!("its `{name}` `{}`", hook.trim())).because(error).of(kind)
        })?;
    }
    Ok(())
}

/// How a step ended well.
struct Ended {
    status: Status,
    message: String,
    rows: Option<u64>,
}

impl Ended {
    fn new(status: Status, message: &str, rows: Option<u64>) -> Self {
        Self { status, message: message.to_string(), rows }
    }

    fn rows(what: &str, rows: u64) -> Self {
        let noun = if rows == 1 { "row" } else { "rows" };
        let message = format!("{} {noun} {what}", crate::progress::grouped(rows));
        Self::new(Status::Success, message.trim_end(), Some(rows))
    }
}

impl Introspect for Database<'_> {
    fn kind_of(&self, relation: &Relation) -> Result<Option<&'static str>> {
        Ok(self.session.kind_of(relation)?.map(|kind| kind.as_str()))
    }

    fn columns_of(&self, relation: &Relation) -> Result<Vec<(String, String)>> {
        let columns = self.session.columns_of(relation)?;
        Ok(columns.into_iter().map(|column| (column.name, column.data_type)).collect())
    }

    fn query(&self, sql: &str) -> Result<Rows> {
        let table = self.session.query(sql)?;
        Ok(Rows {
            columns: table.columns.into_iter().map(|column| column.name).collect(),
            rows: table.rows.iter().map(|row| row.iter().map(crate::engine::Value::to_json).collect()).collect(),
        })
    }

    fn say(&self, text: &str) {
        self.observe.on(Progress::Note { text: text.to_string() });
    }
}
