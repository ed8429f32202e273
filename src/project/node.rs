//! What a project consists of.

use std::{path::PathBuf, sync::Arc};

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::error::Place;
use crate::name::NodeId;
use crate::project::NodeConfig;

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the project folder, with `/`.
    pub path: PathBuf,
    pub text: Arc<str>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    Model,
    Seed,
    Test,
}

impl NodeKind {
    /// The word dbt uses, in ids and in `resource_type:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Seed => "seed",
            Self::Test => "test",
        }
    }
}

/// A model, a seed or a test.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: NodeId,
    pub kind: NodeKind,
    /// As `ref` names it; for a generic test dbt's long name, as in `not_null_fact_orders_order_id`.
    pub name: String,
    /// The file with its SQL or CSV; for a generic test the yml that declares it.
    pub file: SourceFile,
    /// Project, folders, name: what paths in `dbt_project.yml` and in selections match.
    pub fqn: Vec<String>,
    /// What `dbt_project.yml` and the yml beside it say; a `config()` in the file comes over it when it is scanned.
    pub config: NodeConfig,
    pub description: String,
    pub columns: IndexMap<String, ColumnSpec>,
    /// Where the yml names it; `None` where no yml does.
    pub declared: Option<Place>,
    /// What makes a test a generic one.
    pub generic: Option<GenericTest>,
}

/// A column that a yml describes.
#[derive(Debug, Clone, Default)]
pub struct ColumnSpec {
    pub name: String,
    pub description: String,
    pub data_type: Option<String>,
    pub meta: IndexMap<String, Json>,
    pub tags: Vec<String>,
}

/// The call of a generic test: `test_<name>(model, **arguments)`.
#[derive(Debug, Clone)]
pub struct GenericTest {
    /// The test's name, as in `not_null`.
    pub name: String,
    /// What it tests: a model, a seed or a source.
    pub on: NodeId,
    /// `None` for a test of the whole model.
    pub column: Option<String>,
    /// Where the yml names the column.
    pub column_place: Option<Place>,
    /// Arguments beside `model` and `column_name`; texts may hold Jinja, as in `ref('x')`.
    pub arguments: IndexMap<String, Json>,
    /// Where the yml declares it.
    pub place: Place,
}

/// A table that something else fills.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: NodeId,
    /// First argument of `source`.
    pub source_name: String,
    /// Second argument of `source`.
    pub name: String,
    /// `None` is the warehouse's own catalog.
    pub database: Option<String>,
    pub schema: String,
    /// The table's name in the database.
    pub identifier: String,
    pub fqn: Vec<String>,
    pub description: String,
    pub source_description: String,
    pub columns: IndexMap<String, ColumnSpec>,
    pub config: NodeConfig,
    /// The yml that declares it.
    pub file: SourceFile,
    pub declared: Place,
}
