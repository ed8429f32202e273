//! The ledger: a row for every publication, and a head that names the last one.

use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::error::Result;

use crate::publish::Stood;

use super::door::Door;
use super::jobs::JobName;

/// The ledger and its head.
pub(super) const LEDGER: &str = "cp_publications";
pub(super) const HEAD: &str = "cp_head";

/// What a publication did to a table, and what the table holds since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) rows: u64,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
    /// Updates of a table to which rows are otherwise only added.
    pub(super) corrections: u64,
    /// Over all rows, so that equal content is known.
    pub(super) hash: String,
    /// How many events had landed in the warehouse that it was published from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) landed: Option<u64>,
    /// Whether it is no model any more, and stays as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_left: bool,
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) previous: Option<String>,
    pub(super) run: String,
    pub(super) commit: Option<String>,
    /// When, in milliseconds since 1970 by BigQuery's clock; 0 while it is under way.
    pub(super) at: i64,
    /// By name.
    pub(super) tables: Vec<Told>,
}

impl Entry {
    /// What it tells of a table.
    pub(super) fn of(&self, table: &str) -> Option<&Told> {
        self.tables.iter().find(|told| told.name == table)
    }

    /// What it stood on.
    pub(super) fn stood(&self) -> Stood {
        let published = || self.tables.iter().filter(|told| !told.is_left);
        Stood {
            landed: published().filter_map(|told| told.landed).max(),
            rows: published().map(|told| told.rows).sum(),
        }
    }

    /// How many tables are published, without those that are only left.
    pub(super) fn count(&self) -> usize {
        self.tables.iter().filter(|told| !told.is_left).count()
    }

    /// A publication of these tables after another.
    pub(super) fn after(previous: Option<&str>, run: &str, commit: Option<&str>, mut tables: Vec<Told>) -> Self {
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        let mut hash = Sha256::new();
        hash.update(previous.unwrap_or("none"));
        for table in &tables {
            hash.update(format!("\n{} {}", table.name, table.hash));
        }
        let id = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let (previous, commit) = (previous.map(str::to_string), commit.map(str::to_string));
        Self { id, previous, run: run.to_string(), commit, at: 0, tables }
    }

    pub(super) fn tables_json(&self) -> String {
        serde_json::to_string(&self.tables).unwrap_or_default()
    }
}

/// What the ledger says was published last; `None` where nothing ever was. Where there is no ledger yet, nothing is made.
pub(super) fn last(door: &Door) -> Result<Option<Entry>> {
    match (door.table(HEAD)?, door.table(LEDGER)?) {
        (Some(_), Some(_)) => {}
        (None, None) => return Ok(None),
        // The first attempt of all has broken off between the two.
        (None, Some(ledger)) if ledger.num_rows.as_deref().is_none_or(|rows| rows == "0") => return Ok(None),
        (None, Some(_)) => return Err(broken(door, format!("`{HEAD}` is gone"))),
        (Some(_), None) => return Err(broken(door, format!("`{LEDGER}` is gone"))),
    }
    let place = door.place();
    let found = door.query(
        &JobName::fresh("read_ledger"),
        &format!(
            "SELECT head.id, entry.previous, entry.run, entry.commit, UNIX_MILLIS(entry.published_at), entry.tables
                 FROM `{place}.{HEAD}` AS head
                 LEFT JOIN `{place}.{LEDGER}` AS entry ON entry.id = head.id"
        ),
    )?;
    let [row] = found.as_slice() else {
        return Err(broken(door, format!("`{HEAD}` has {} rows", found.len())));
    };
    let field = |index: usize| row.get(index).cloned().flatten();
    let Some(id) = field(0).filter(|id| !id.is_empty()) else { return Ok(None) };
    let at = field(4).and_then(|at| at.parse().ok()).unwrap_or(0);
    let Some(tables) = field(5) else { return Err(broken(door, format!("`{LEDGER}` has no row of `{id}`"))) };
    let tables = serde_json::from_str(&tables).map_err(|error| broken(door, error.to_string()))?;
    Ok(Some(Entry { id, previous: field(1), run: field(2).unwrap_or_default(), commit: field(3), at, tables }))
}

fn broken(door: &Door, why: String) -> Error {
    Error::call(format!("the ledger in BigQuery's `{}` cannot be read", door.place()))
        .because(why)
        .help("was it changed by hand? With both of its tables dropped, `cp publish --full-refresh` begins a new one")
}

/// Makes what is missing of the ledger.
pub(super) fn ensure(door: &Door) -> Result<()> {
    if door.table(LEDGER)?.is_none() {
        let text = |name: &str| TableFieldSchema::new(name, FieldType::String);
        let fields = vec![
            TableFieldSchema { mode: Some("REQUIRED".to_string()), ..text("id") },
            text("previous"),
            text("run"),
            text("commit"),
            TableFieldSchema::new("published_at", FieldType::Timestamp),
            text("tables"),
        ];
        let mut table = Table { schema: TableSchema::new(fields), ..Table::default() };
        table.table_reference.table_id = LEDGER.to_string();
        table.description =
            Some("Publications by `cp`: one row each, written together with what it published.".to_string());
        door.create_table(table)?;
    }
    if door.table(HEAD)?.is_none() {
        // Made with its row, and by one of those who try at once.
        let made = door.query(
            &JobName::fresh("make_head"),
            &format!("CREATE TABLE IF NOT EXISTS `{}.{HEAD}` AS SELECT '' AS id", door.place()),
        );
        if door.table(HEAD)?.is_none() {
            made?;
        }
    }
    Ok(())
}
