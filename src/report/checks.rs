//! The run's checks and failures, as the report tells them.

use crate::artifact;
use crate::progress::Status;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Severity;
use crate::render::Scanned;

/// One check.
pub(super) struct Check {
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) severity: Severity,
    /// Rows that it found; `None` where it did not run.
    pub(super) failures: Option<u64>,
    pub(super) message: String,
    pub(super) description: String,
    /// The compiled SQL, which shows the rows that it found; relative to the project folder.
    pub(super) sql: String,
}

impl Check {
    /// Whether a person should look at it.
    pub(super) fn is_notable(&self) -> bool {
        self.status.is_bad() || self.status == Status::Warn
    }

    /// What stands behind it, in the word of the yml.
    pub(super) fn severity(&self) -> &'static str {
        match self.severity {
            Severity::Warn => "warn",
            Severity::Error => "error",
        }
    }
}

/// A model or seed that is not as it should be.
pub(super) struct Trouble {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) status: Status,
    pub(super) message: String,
}

/// Worst first, then by name. A test that the project no longer has is left out.
pub(super) fn checks(project: &Project, scanned: &Scanned, nodes: &[artifact::LastResult]) -> Vec<Check> {
    let mut checks: Vec<_> = nodes
        .iter()
        .filter_map(|result| {
            let node = project.nodes.get(&result.id).filter(|node| node.kind == NodeKind::Test)?;
            let settings = scanned.nodes.get(&result.id).map_or(&node.config, |scan| &scan.config);
            let sql = artifact::compiled_path(project, node);
            Some(Check {
                name: node.name.clone(),
                status: result.status,
                severity: settings.severity(),
                failures: result.failures,
                message: one_line(&result.message),
                description: one_line(&node.description),
                sql: sql.display().to_string(),
            })
        })
        .collect();
    checks.sort_by(|a, b| rank(a.status).cmp(&rank(b.status)).then_with(|| a.name.cmp(&b.name)));
    checks
}

/// Models and seeds that failed or were skipped, those that failed first.
pub(super) fn troubles(project: &Project, nodes: &[artifact::LastResult]) -> Vec<Trouble> {
    let mut troubles: Vec<_> = nodes
        .iter()
        .filter(|result| result.status.is_bad())
        .filter_map(|result| {
            let node = project.nodes.get(&result.id).filter(|node| node.kind != NodeKind::Test)?;
            let message = one_line(&result.message);
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
