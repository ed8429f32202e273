//! The project as a static site: a page for every source, seed and model, the graph to click through, and each column from
//! the field that it comes from to the publications that it goes to. One folder, which needs no server and no network.
//!
//! `columns` finds out what columns there are and where they come from; `entry`, `checked` and `tracks` say of a node, its
//! tests and its columns what a page shows; `pages` puts that into the templates in `pages/`; `folder` puts the site in the
//! place of the old one. Equal input gives equal bytes, except for the time on the first page.

mod checked;
mod columns;
mod drawing;
mod entry;
mod folder;
mod index;
mod layers;
mod listing;
mod pages;
mod prose;
mod serve;
mod tracks;

pub use serve::Served;

use std::path::Path;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::artifact::LastRun;
use crate::artifact::Latest;
use crate::check::Bound;
use crate::engine::Column;
use crate::engine::Session;
use crate::error::Result;
use crate::graph::Graph;
use crate::name::NodeId;
use crate::project::Project;
use crate::render::Scanned;

/// What is known of a project when its site is made.
pub struct Facts<'a> {
    pub project: &'a Project,
    pub scanned: &'a Scanned,
    pub graph: &'a Graph,
    /// SQL of models and tests, or why there is none.
    pub compiled: IndexMap<NodeId, Result<String, String>>,
    /// Columns as the project's files say them.
    pub bound: Bound,
    /// Columns of the tables in the warehouse.
    pub built: IndexMap<NodeId, Vec<Column>>,
    /// Sources whose rows are documents of a collection of MongoDB, and its name.
    pub collections: IndexMap<NodeId, &'static str>,
    /// Parses SQL.
    pub session: &'a Session,
    /// The run that left its results.
    pub last_run: Option<LastRun>,
    /// How each node ended when it last ran.
    pub latest: IndexMap<NodeId, Latest>,
    /// Where is published, for a person.
    pub destination: String,
    /// What could not be looked at, for a person.
    pub notes: Vec<String>,
    pub made_at: Timestamp,
}

/// What became of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub pages: usize,
    /// Columns of models and seeds.
    pub columns: usize,
    /// Of how many of them it is told where they come from.
    pub told: usize,
    /// Models that could not be compiled, by name.
    pub broken: Vec<String>,
}

/// Writes the site into a folder, in the place of what was there.
///
/// # Errors
/// When the folder cannot be written, or holds something else than a site.
pub fn write(facts: &Facts<'_>, folder: &Path) -> Result<Made> {
    let columns = columns::Columns::of(facts);
    let files = pages::pages(facts, &columns)?;
    folder::replace(folder, &files)?;
    let (count, told) = columns.count(facts);
    let broken =
        facts.compiled.iter().filter(|(_, sql)| sql.is_err()).map(|(id, _)| facts.project.nodes[id].name.clone());
    let pages = files.iter().filter(|(name, _)| name.ends_with(".html")).count();
    Ok(Made { pages, columns: count, told, broken: broken.collect() })
}
