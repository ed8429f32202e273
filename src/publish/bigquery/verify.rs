//! Whether BigQuery holds what the warehouse holds: rows, the sum of every decimal column, and order-free hashes of keys and
//! of rows, each computed where the table is.

use crate::check::Publishable;
use crate::config::BigQuerySettings;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;

use super::changes::rows;
use super::door::Door;
use super::jobs::JobName;
use super::layout::{Layout, ROW_HASH, ROW_KEY};
use super::types::{Kind, Sent};

/// One measure of a table, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// As in `rows` or `sum of amount`.
    pub name: String,
    pub warehouse: String,
    pub published: String,
}

/// A table that was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedTable {
    pub name: String,
    /// In the warehouse.
    pub rows: u64,
    /// Whether it is in BigQuery at all.
    pub is_published: bool,
    /// What differs; nothing where both sides hold the same.
    pub differences: Vec<Measure>,
}

impl ComparedTable {
    /// Whether both sides hold the same.
    pub fn is_equal(&self) -> bool {
        self.is_published && self.differences.is_empty()
    }
}

/// Compares every table with what is published of it.
///
/// # Errors
/// When a table is not in the warehouse, or BigQuery cannot be asked.
pub fn verify(engine: &Engine, tables: &[Publishable], settings: &BigQuerySettings) -> Result<Vec<ComparedTable>> {
    let mut door = Door::open(settings)?;
    let is_there = door.has_dataset()?;
    let session = engine.session()?;
    tables.iter().map(|table| compare(&session, &door, is_there, table)).collect()
}

fn compare(session: &Session, door: &Door, is_there: bool, table: &Publishable) -> Result<ComparedTable> {
    let name = table.name.clone();
    let Some(columns) = session.described(&table.relation)? else {
        return Err(Error::data(format!("`{name}` is not in the warehouse")).help("run `cp build`, which makes it"));
    };
    let layout = Layout::of(table, &columns, "")?;
    let decimals: Vec<&str> =
        layout.columns.iter().filter(|(_, sent)| is_decimal(sent)).map(|(column, _)| column.as_str()).collect();
    let here = measured_here(session, table, &layout, &decimals)?;
    let rows = here.first().and_then(|rows| rows.parse().ok()).unwrap_or(0);
    if !is_there || door.table(&name)?.is_none() {
        return Ok(ComparedTable { name, rows, is_published: false, differences: Vec::new() });
    }
    let there = measured_there(door, &name, &decimals)?;
    let names = ["rows", "hash of the keys", "hash of the rows"].into_iter().map(str::to_string);
    let names = names.chain(decimals.iter().map(|column| format!("sum of {column}")));
    let differences = names
        .zip(here.into_iter().zip(there))
        .filter(|(_, (here, there))| here != there)
        .map(|(name, (warehouse, published))| Measure { name, warehouse, published })
        .collect();
    Ok(ComparedTable { name, rows, is_published: true, differences })
}

fn is_decimal(sent: &Sent) -> bool {
    !sent.is_repeated && matches!(sent.kind, Kind::Scalar("NUMERIC" | "BIGNUMERIC"))
}

fn measured_here(session: &Session, table: &Publishable, layout: &Layout, decimals: &[&str]) -> Result<Vec<String>> {
    let hash = |column: &str| format!("coalesce(bit_xor(cast('0x' || substr({column}, 1, 15) as bigint)), 0)");
    let sums = decimals.iter().map(|column| format!("sum({})", crate::name::quote(column)));
    let measures: Vec<_> = ["count(*)".to_string(), hash(ROW_KEY), hash(ROW_HASH)].into_iter().chain(sums).collect();
    let found = session.query(&format!("select {} from ({})", measures.join(", "), rows(table, layout)))?;
    Ok(found.rows.first().into_iter().flatten().map(|value| plain(&value.to_string())).collect())
}

fn measured_there(door: &Door, name: &str, decimals: &[&str]) -> Result<Vec<String>> {
    let hash = |column: &str| format!("COALESCE(BIT_XOR(CAST(CONCAT('0x', SUBSTR({column}, 1, 15)) AS INT64)), 0)");
    let sums = decimals.iter().map(|column| format!("SUM(`{column}`)"));
    let measures: Vec<_> = ["COUNT(*)".to_string(), hash(ROW_KEY), hash(ROW_HASH)].into_iter().chain(sums).collect();
    let sql = format!("SELECT {} FROM `{}.{name}`", measures.join(", "), door.place());
    let found = door.query(&JobName::fresh("verify"), &sql)?;
    Ok(found
        .into_iter()
        .next()
        .unwrap_or_default()
        .into_iter()
        .map(|value| plain(&value.unwrap_or_default()))
        .collect())
}

/// A number without the zeros that say nothing: the two sides print their decimals differently.
fn plain(number: &str) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => number.to_string(),
    }
}
