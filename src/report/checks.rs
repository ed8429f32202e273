//! The run's checks and failures, as the report tells them.

use crate::artifact;
use crate::engine::Session;
use crate::engine::Table;
use crate::progress::Status;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Severity;
use crate::render::Scanned;
use crate::report::history::History;
use crate::report::mask::masked;
use crate::report::sample::sample;

/// One check.
pub(super) struct Check {
    pub(super) name: String,
    /// Its name as a person says it.
    pub(super) title: String,
    pub(super) status: Status,
    /// Whether the run that the report belongs to had it in its plan at all.
    pub(super) is_run: bool,
    pub(super) severity: Severity,
    /// Rows that it found; `None` where it did not run.
    pub(super) failures: Option<u64>,
    pub(super) message: String,
    /// What it means: its own description, else the comment above its query.
    pub(super) description: String,
    /// What to do about it, in its own `meta`.
    pub(super) help: Option<String>,
    /// What it allows: its own settings, and variables that its description names.
    pub(super) limits: Vec<(String, String)>,
    /// Whether it is written out in a file of its own, rather than one of the many tests of keys and relations.
    pub(super) is_declared: bool,
    /// How many rows it found in each report, the oldest first, this one last.
    pub(super) trend: Vec<Point>,
    /// The query that shows the rows; `None` where it was never compiled.
    pub(super) query: Option<String>,
    /// The first of the rows, where it found any.
    pub(super) sample: Option<Table>,
    /// The compiled SQL, which shows the rows that it found; relative to the project folder.
    pub(super) sql: String,
}

impl Check {
    /// Whether a person should look at it.
    pub(super) fn is_notable(&self) -> bool {
        self.is_run && (self.status.is_bad() || self.status == Status::Warn)
    }

    /// How it ended, in the word of the artifacts.
    pub(super) fn word(&self) -> &'static str {
        if self.is_run { self.status.as_str() } else { "not run" }
    }

    /// What stands behind it, in the word of the yml.
    pub(super) fn severity(&self) -> &'static str {
        match self.severity {
            Severity::Warn => "warn",
            Severity::Error => "error",
        }
    }
}

/// What a check found in one report.
pub(super) struct Point {
    /// Of the report.
    pub(super) date: String,
    pub(super) failures: Option<u64>,
}

/// A model or seed that is not as it should be.
pub(super) struct Trouble {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) status: Status,
    pub(super) message: String,
}

/// Every test of the project, also those that the run left out: worst first, then by name.
pub(super) fn checks(
    project: &Project,
    scanned: &Scanned,
    session: &Session,
    nodes: &[artifact::LastResult],
    history: &History,
    date: &str,
) -> Vec<Check> {
    let mut checks: Vec<_> = project
        .nodes
        .values()
        .filter(|node| node.kind == NodeKind::Test)
        .filter_map(|node| {
            let run = nodes.iter().find(|result| result.id == node.id);
            let scan = scanned.nodes.get(&node.id);
            // A test that is switched off is none.
            if scan.is_none() && run.is_none() {
                return None;
            }
            let result = run.cloned().unwrap_or_else(|| artifact::LastResult::none(&node.id));
            let settings = scan.map_or(&node.config, |scan| &scan.config);
            let sql = artifact::compiled_path(project, node);
            let query = std::fs::read_to_string(project.root.join(&sql)).ok();
            let is_bad = result.status.is_bad() || result.status == Status::Warn;
            let found = query.as_ref().filter(|_| is_bad && result.failures.is_some_and(|rows| rows > 0));
            let earlier = history.reports.iter().filter_map(|report| {
                let failures = *report.failures.get(&node.name)?;
                Some(Point { date: report.date.clone(), failures })
            });
            let now = Point { date: date.to_string(), failures: result.failures };
            Some(Check {
                name: node.name.clone(),
                status: result.status,
                is_run: run.is_some(),
                severity: settings.severity(),
                failures: result.failures,
                // A test may tell what is in its rows.
                message: masked(&one_line(&result.message)),
                title: title(node),
                description: description(node),
                help: settings.meta("help").and_then(serde_json::Value::as_str).map(one_line),
                limits: limits(project, node, settings),
                is_declared: node.generic.is_none(),
                trend: earlier.chain([now]).collect(),
                sample: found.and_then(|sql| sample(session, sql)),
                query,
                sql: sql.display().to_string(),
            })
        })
        .collect();
    checks.sort_by(|a, b| (rank(a.status), !a.is_run, &a.name).cmp(&(rank(b.status), !b.is_run, &b.name)));
    checks
}

/// A generic test by what it tests, as in `unique: orders.id`; any other by its name.
fn title(node: &Node) -> String {
    let Some(generic) = &node.generic else { return node.name.replace('_', " ") };
    let on = generic.on.as_str().rsplit('.').next().unwrap_or_default();
    let column = generic.column.as_ref().map_or(String::new(), |column| format!(".{column}"));
    format!("{}: {on}{column}", generic.name.replace('_', " "))
}

fn description(node: &Node) -> String {
    if !node.description.is_empty() || node.generic.is_some() {
        return one_line(&node.description);
    }
    // Only settings stand above it; a comment further down is about something else.
    let lines = node.file.text.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with('{'));
    one_line(&lines.map_while(|line| line.strip_prefix("--")).collect::<Vec<_>>().join(" "))
}

/// The variables that its description names in back-ticks, with their values; without any, what its settings say.
fn limits(project: &Project, node: &Node, settings: &NodeConfig) -> Vec<(String, String)> {
    let named = node.description.split('`').skip(1).step_by(2).filter_map(|name| {
        let value = project.vars.get(name)?;
        value.is_number().then(|| (name, value.to_string()))
    });
    let mut limits: Vec<(String, String)> = Vec::new();
    for (name, limit) in named {
        if !limits.iter().any(|(held, _)| held == name) {
            limits.push((name.to_string(), limit));
        }
    }
    // The setting is what such a variable became, where there is one.
    let setting = if settings.severity() == Severity::Warn { "warn_if" } else { "error_if" };
    if let (true, Some(limit)) = (limits.is_empty(), settings.text(setting)) {
        limits.push((setting.to_string(), limit.to_string()));
    }
    limits
}

/// Models and seeds that failed or were skipped, those that failed first.
pub(super) fn troubles(project: &Project, nodes: &[artifact::LastResult]) -> Vec<Trouble> {
    let mut troubles: Vec<_> = nodes
        .iter()
        .filter(|result| result.status.is_bad())
        .filter_map(|result| {
            let node = project.nodes.get(&result.id).filter(|node| node.kind != NodeKind::Test)?;
            let message = masked(&one_line(&result.message));
            Some(Trouble { name: node.name.clone(), kind: node.kind.as_str(), status: result.status, message })
        })
        .collect();
    troubles.sort_by(|a, b| rank(a.status).cmp(&rank(b.status)).then_with(|| a.name.cmp(&b.name)));
    troubles
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Error => 0,
        Status::Fail => 1,
        Status::Warn => 2,
        Status::Skipped => 3,
        Status::Pass | Status::Success | Status::Unchanged => 4,
    }
}

/// Text of a yml or a message, without its line breaks.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
