//! What readers get: `Verified` tables, all of them together or nothing.
//!
//! [`publish`] writes to one of two places: a folder of Parquet files ([`local`]), or BigQuery ([`bigquery`]).

mod bigquery;
mod local;

use std::path::Path;

pub use bigquery::{ComparedTable, Measure, type_of as type_in_bigquery};
use local::digest;
pub use local::{Manifest, ManifestColumn, ManifestTable, read_manifest};

use crate::check::Publishable;
use crate::check::Verified;
use crate::config::BigQuerySettings;
use crate::engine::Engine;
use crate::error::Error;
use crate::error::Result;
use crate::progress::Observe;
use crate::progress::grouped;

/// Where to publish.
#[derive(Debug, Clone, Copy)]
pub enum Destination<'a> {
    /// A link to the newest publication, as `data/published`.
    Folder(&'a Path),
    BigQuery(&'a BigQuerySettings),
}

/// How to publish.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Whether all rows travel, whatever was published: in place of whatever is there, and from however few events.
    pub full_refresh: bool,
    /// Whether to find out only what would happen.
    pub dry_run: bool,
    /// The commit of the project, where it has one.
    pub commit: Option<String>,
    /// How many events have landed in the warehouse, where it has tables that they land in.
    pub landed: Option<u64>,
}

/// How many rows of a table a publication puts in, changes and takes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    pub inserted: u64,
    pub updated: u64,
    pub deleted: u64,
}

impl Changes {
    /// Rows that are touched at all.
    pub fn count(self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

/// One table of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTable {
    pub name: String,
    pub rows: u64,
    /// What was written: the Parquet file, or what was uploaded.
    pub bytes: u64,
    /// Whether it differs from that of the publication before, or was not in it.
    pub changed: bool,
    /// Where only what has changed travels; what is written anew as a whole has none.
    pub changes: Option<Changes>,
}

/// What is now published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Made from the publication before and the content; empty where nothing was ever published.
    pub id: String,
    /// The publication before this one.
    pub previous: Option<String>,
    /// By name.
    pub tables: Vec<PublishedTable>,
    /// Tables of the publication before that are not in this one, by name.
    pub withdrawn: Vec<String>,
    /// Whether everything was already published as it is, so that nothing was written.
    pub unchanged: bool,
    /// What a dry run would have run.
    pub script: Option<String>,
}

impl Published {
    /// `, 1 withdrawn: orders`, where any table was.
    pub fn withdrawn_told(&self) -> String {
        match self.withdrawn.len() {
            0 => String::new(),
            count => format!(", {count} withdrawn: {}", self.withdrawn.join(", ")),
        }
    }

    /// Whether nothing was done: it tells what would be.
    pub fn is_rehearsal(&self) -> bool {
        self.script.is_some()
    }
}

/// What the last publication stood on.
#[derive(Debug, Clone, Copy)]
struct Stood {
    /// Events that had landed in the warehouse; publications of earlier versions do not tell.
    landed: Option<u64>,
    /// Rows of all its tables.
    rows: u64,
}

impl Stood {
    /// Refuses to go back. Events never vanish: a warehouse that holds fewer than the last publication stood on has lost
    /// some, and readers would lose them too without a word.
    fn require_no_less(self, how: &How) -> Result<()> {
        let Some(landed) = how.landed.filter(|_| !how.full_refresh) else { return Ok(()) };
        let before = match self.landed {
            Some(before) if landed < before => format!("stood on {}", grouped(before)),
            None if landed == 0 && self.rows > 0 => format!("has {} rows", grouped(self.rows)),
            _ => return Ok(()),
        };
        let held = format!("the warehouse holds {} events, and the last publication {before}", grouped(landed));
        Err(Error::data("nothing was published").because(held).help(
            "bring back the raw store or the event files (is `--data` the right folder?) and run `cp build`; to publish \
             fewer events all the same, `cp publish --full-refresh`",
        ))
    }
}

/// Publishes all tables, or none.
///
/// # Errors
/// Those of the destination.
pub fn publish(
    engine: &Engine,
    verified: &Verified,
    destination: Destination<'_>,
    how: &How,
    observe: &dyn Observe,
) -> Result<Published> {
    match destination {
        Destination::Folder(published) => local::publish(engine, verified, published, how, observe),
        Destination::BigQuery(settings) => bigquery::publish(engine, verified, settings, how, observe),
    }
}

/// Compares the warehouse's tables with what BigQuery holds of them, by their rows, sums and hashes.
///
/// # Errors
/// When a table is not in the warehouse, or BigQuery cannot be asked.
pub fn verify(engine: &Engine, tables: &[Publishable], settings: &BigQuerySettings) -> Result<Vec<ComparedTable>> {
    bigquery::verify(engine, tables, settings)
}

/// How things stand at BigQuery: where the dataset is, and what was published last, as names and values.
///
/// # Errors
/// When BigQuery cannot be asked.
pub fn standing(settings: &BigQuerySettings) -> Result<Vec<(&'static str, String)>> {
    bigquery::standing(settings)
}
