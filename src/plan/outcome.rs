//! What came of each node, and of a whole run: plain data for summaries, artifacts and reports.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::error::Diagnostic;
use crate::error::Kind;
use crate::name::NodeId;
use crate::name::Relation;
use crate::progress::Status;

/// How one node ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub id: NodeId,
    pub status: Status,
    /// For a person: `1,551 rows`, `Got 3 results, configured to warn if != 0`, or why it failed.
    pub message: String,
    /// Why a model was built whole, or not at all: `new`, `macro changed`, `no new events`.
    pub reason: Option<String>,
    /// Rows that the statement wrote; `None` for a view and a test.
    pub rows: Option<u64>,
    /// Rows that a test found.
    pub failures: Option<u64>,
    /// Where a failing statement is to blame, with the file and the caret.
    pub diagnostic: Option<Diagnostic>,
    /// Whose turn it is where the status is an error: the project's (its SQL or Jinja is wrong) or the data's.
    pub fault: Option<Kind>,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Which worker ran it, from 1.
    pub worker: usize,
    /// The SQL that ran, where it was rendered.
    pub compiled: Option<String>,
    /// Where it is in the database.
    pub relation: Option<Relation>,
}

/// A run of one verb.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// A UUID.
    pub invocation_id: String,
    pub verb: String,
    /// The flags that were given, by name.
    pub arguments: Json,
    pub started_at: Timestamp,
    pub took: Duration,
    /// In the order in which they ended.
    pub outcomes: Vec<Outcome>,
}

impl RunRecord {
    /// How many nodes ended so.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }

    /// The outcome of one node, if it was run.
    pub fn of(&self, id: &NodeId) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.id == *id)
    }
}
