//! The project folder, read: what there is, what the yml says of it, and where it says so. Never touches a database.

mod addition;
mod bigquery_output;
mod columns;
mod config_block;
mod definition;
mod docs;
mod expand;
mod files;
mod generic_test;
mod keys;
mod load;
mod md5;
mod node;
mod node_config;
mod profile;
mod properties;
mod scalar;
mod sources;
mod test_name;
mod unit_test;
mod yaml;
mod yml_file;

pub use addition::{Addition, add_to_variable, definition_file};
pub use definition::command_line_vars;
pub use expand::{Expand, Known};
pub use load::load;

pub use node::{ColumnSpec, GenericTest, Node, NodeKind, Source, SourceFile};
pub use node_config::{Materialization, NodeConfig, Severity, Strategy};
pub use unit_test::{Fixture, FixtureCell, Input, Overrides, UnitTest};

use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::ProfileValues;
use crate::error::Diagnostic;
use crate::name::NodeId;

/// A project as its files say it, before any template is rendered.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project folder, absolute.
    pub root: PathBuf,
    /// `name:` of `dbt_project.yml`.
    pub name: String,
    /// Where compiled SQL and artifacts go, relative to the root.
    pub target_path: PathBuf,
    /// What `clean` may remove, relative to the root.
    pub clean_targets: Vec<PathBuf>,
    /// Models, seeds, singular tests, and the generic tests that yml declares, in the order of their files.
    pub nodes: IndexMap<NodeId, Node>,
    /// Declared sources, one per table.
    pub sources: IndexMap<NodeId, Source>,
    /// In the order of their files; disabled ones are left out.
    pub unit_tests: Vec<UnitTest>,
    /// Files that hold macros and generic tests.
    pub macros: Vec<SourceFile>,
    /// `{% docs %}` blocks of `.md` files by name.
    pub docs: IndexMap<String, String>,
    /// `vars:` with those of the command line over them.
    pub vars: IndexMap<String, Json>,
    /// `on-run-start` and `on-run-end`.
    pub on_run_start: Vec<String>,
    pub on_run_end: Vec<String>,
    /// The chosen target of `profiles.yml`.
    pub profile: ProfileValues,
    /// What is told and stops nothing.
    pub warnings: Vec<Diagnostic>,
}
