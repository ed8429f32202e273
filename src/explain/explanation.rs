//! What is found out about a row, as plain data: what `--output json` prints.

use serde::Serialize;

use crate::diff::CellChange;

/// Why a row is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub model: String,
    pub key: Vec<Cell>,
    /// The model's file, relative to the project.
    pub file: String,
    /// What a row of the model is, where it declares that.
    pub grain: Option<String>,
    /// The row as it is there; `None` where there is none.
    pub row: Option<Vec<Cell>>,
    /// The keys that are most like it, where there is no such row.
    pub nearest: Vec<String>,
    pub proof: Proof,
    /// In the order in which they happened.
    pub steps: Vec<Step>,
    /// Events that have the key somewhere and were not looked into: too many, or parts of something else.
    pub other_mentions: u64,
    /// Events that have the key somewhere, and that nothing which the model is made of reads.
    pub unrelated: u64,
    /// Events that have the key somewhere, and landed after the model's tables were built: their ids.
    pub not_built: Vec<String>,
    /// Tables that the project as it stands would make otherwise, and why: what is otherwise in the row may stand on that.
    pub stale: Vec<String>,
    /// Deliveries that have the key somewhere and became no event.
    pub unread: Vec<Place>,
    /// Seeds that the row may stand on.
    pub seeds: Vec<String>,
    /// Tables that something else fills, of which the row may stand on more than events: none of their rows were given.
    pub other_sources: Vec<String>,
}

impl Explanation {
    /// As a program reads it.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// What building the model from the events of all steps alone comes to, beside the row as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether all columns that are compared are the same, or there is no such row in both.
    pub is_equal: bool,
    /// Events that it was built from.
    pub events: u64,
    /// Columns that were compared.
    pub columns: u64,
    /// Columns that are otherwise: `before` as they are there, `after` as these events make them.
    pub different: Vec<CellChange>,
    /// Whether some of the row's columns lead to rows of a parent; else it stands on all of them.
    pub is_led: bool,
    /// Whether these events make the row at all.
    pub is_made: bool,
}

impl Proof {
    /// Whether more of the row comes out than by the other.
    pub(super) fn is_closer(&self, other: &Self) -> bool {
        let distance = |proof: &Self| (!proof.is_made, proof.different.len());
        distance(self) < distance(other)
    }
}

/// A column of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub column: String,
    /// Decimals are text, so that no digit is lost.
    pub value: serde_json::Value,
}

/// One event, or several in a row, and what became of the row by them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub events: Vec<Told>,
    pub effect: Effect,
    /// Columns that are otherwise; of a row that appears or disappears all that are not NULL.
    pub changes: Vec<CellChange>,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Appears,
    Changes,
    Disappears,
    Nothing,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    pub event_id: String,
    pub event_type: String,
    pub vendor: String,
    /// When it happened (UTC), as the project's models say, else the envelope; `None` where neither can be read.
    pub happened_at: Option<String>,
    /// When it was first stored (UTC).
    pub arrived_at: Option<String>,
    /// Whole days from when it happened until it arrived; 0 for those that carry no time of their own, as in an export.
    pub days_late: u64,
    /// Whether one of these events happened later and arrived before. Those without a time of their own are left out: an
    /// export arrives as a heap.
    pub is_out_of_order: bool,
    /// Whether a row upstream leads to it; else it only has the key somewhere.
    pub is_behind: bool,
    /// Why it was not taken, where a model says that; of an event in parts, each reason once.
    pub rejected: Vec<String>,
    /// Later deliveries under its id with another payload, which change nothing.
    pub conflicts: Vec<Place>,
    /// As it came, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    pub line: u64,
    /// Why it could not be read; empty for another payload.
    pub reason: String,
}
