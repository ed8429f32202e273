//! What rendering hands over.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::error::Diagnostic;
use crate::error::Place;
use crate::error::Result;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::NodeConfig;

/// A `ref` or `source` in a file, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it names: a node's or a source's id.
    pub id: NodeId,
    /// Where the file says it, for messages about cycles; a reference made inside a macro points at the call's file.
    pub place: Place,
}

/// What one node's template says of itself.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The yml's settings with the file's `config()` over them.
    pub config: NodeConfig,
    /// In the order they were met, each once; for tests too (a generic test refers to what it tests).
    pub references: Vec<Reference>,
    /// Unique ids of macros that it called, directly or not, as in `macro.commercepulse.field`.
    pub macros: BTreeSet<String>,
    /// Whether it asks the database or `execute`, so that its text alone does not tell its SQL.
    pub introspects: bool,
    /// Where it is, or will be, in the database; `None` for an ephemeral model and a test.
    pub relation: Option<Relation>,
}

/// All nodes, scanned; disabled ones are left out.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    pub nodes: IndexMap<NodeId, Scan>,
    /// Sources' places in the database.
    pub sources: IndexMap<NodeId, Relation>,
    /// What is told and stops nothing.
    pub warnings: Vec<Diagnostic>,
}

/// A node's SQL.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub id: NodeId,
    /// With ephemeral parents as CTEs in front.
    pub sql: String,
    pub pre_hooks: Vec<String>,
    pub post_hooks: Vec<String>,
    /// Names of macro that were called, as in [`Scan::macros`].
    pub macros: BTreeSet<String>,
}

/// Rows of a query that a template made.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Json>>,
}

/// What a template may ask of the database at run time.
pub trait Introspect {
    /// `table` or `view`, where there is such a relation.
    fn kind_of(&self, relation: &Relation) -> Result<Option<&'static str>>;
    /// Names and types of a relation's columns.
    fn columns_of(&self, relation: &Relation) -> Result<Vec<(String, String)>>;
    /// Runs a query.
    fn query(&self, sql: &str) -> Result<Rows>;
    /// A line from `log` or `print` for the person.
    fn say(&self, text: &str);
}
