//! Whether BigQuery holds what the warehouse holds: rows, the sum of every decimal column, and order-free hashes of keys and
//! of all values, each computed where the table is.

use gcp_bigquery_client::model::table::Table;

use crate::check::Publishable;
use crate::config::BigQuerySettings;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::quote;

use super::alike::Side;
use super::changes::rows;
use super::door::Door;
use super::fault::Failed;
use super::jobs::JobName;
use super::layout::{Layout, ROW_KEY};
use super::shape::misfits;
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
    let rows = session.count(&format!("select count(*) from {}", table.relation))?;
    let rows = u64::try_from(rows).unwrap_or(0);
    let Some(there) = (if is_there { door.table(&name)? } else { None }) else {
        return Ok(ComparedTable { name, rows, is_published: false, differences: Vec::new() });
    };
    let mut differences = shape(&layout, &there);
    let columns: Vec<(&str, &Sent)> = layout
        .columns
        .iter()
        .map(|(column, sent)| (column.as_str(), sent))
        .filter(|(column, _)| !differences.iter().any(|measure| measure.name == of_column(column)))
        .collect();
    let has_key = !differences.iter().any(|measure| measure.name == of_column(ROW_KEY));
    let sides = Sides { session, door, table, layout: &layout };
    let names = ["rows", "hash of all values", "hash of the keys"].into_iter().map(str::to_string);
    let measures = |side: Side| {
        let hash = side.hash(columns.iter().copied());
        [vec!["count(*)".to_string(), hash], Vec::from_iter(has_key.then(|| side.folded(ROW_KEY)))].concat()
    };
    differences.extend(different(names, sides.here(&measures(Side::DuckDb))?, sides.there(&measures(Side::BigQuery))?));
    let decimals: Vec<&str> = columns.iter().filter(|(_, sent)| is_decimal(sent)).map(|(column, _)| *column).collect();
    differences.extend(sides.sums(&decimals)?);
    Ok(ComparedTable { name, rows, is_published: true, differences })
}

/// Columns that only one side has, or that are of another type there.
fn shape(layout: &Layout, there: &Table) -> Vec<Measure> {
    let none = || "no such column".to_string();
    misfits(there, &layout.table)
        .into_iter()
        .map(|(name, there, wanted)| Measure {
            name: of_column(&name),
            warehouse: wanted.unwrap_or_else(none),
            published: there.unwrap_or_else(none),
        })
        .collect()
}

fn of_column(name: &str) -> String {
    format!("type of {name}")
}

fn different(
    names: impl Iterator<Item = String>,
    here: Vec<String>,
    there: Vec<String>,
) -> impl Iterator<Item = Measure> {
    names
        .zip(here.into_iter().zip(there))
        .filter(|(_, (here, there))| here != there)
        .map(|(name, (warehouse, published))| Measure { name, warehouse, published })
}

fn is_decimal(sent: &Sent) -> bool {
    !sent.is_repeated && matches!(sent.kind, Kind::Scalar("NUMERIC" | "BIGNUMERIC"))
}

/// A table where it was made and where it is published.
struct Sides<'a> {
    session: &'a Session,
    door: &'a Door,
    table: &'a Publishable,
    layout: &'a Layout,
}

impl Sides<'_> {
    fn here(&self, measures: &[String]) -> Result<Vec<String>> {
        let sql = format!("select {} from ({})", measures.join(", "), rows(self.table, self.layout));
        let found = self.session.query(&sql)?;
        Ok(found.rows.first().into_iter().flatten().map(|value| plain(&value.to_string())).collect())
    }

    fn there(&self, measures: &[String]) -> Result<Vec<String>, Failed> {
        let sql = format!("SELECT {} FROM `{}.{}`", measures.join(", "), self.door.place(), self.table.name);
        let found = self.door.query(&JobName::fresh("verify"), &sql)?;
        let row = found.into_iter().next().unwrap_or_default();
        Ok(row.into_iter().map(|value| plain(&value.unwrap_or_default())).collect())
    }

    /// Sums that differ. Where numbers are too large to be added up, the hash of all values has to do.
    fn sums(&self, decimals: &[&str]) -> Result<Vec<Measure>> {
        if decimals.is_empty() {
            return Ok(Vec::new());
        }
        let sums = |quoted: fn(&str) -> String| -> Vec<String> {
            decimals.iter().map(|column| format!("sum({})", quoted(column))).collect()
        };
        let Ok(here) = self.here(&sums(quote)) else { return Ok(Vec::new()) };
        let there = match self.there(&sums(|column| format!("`{column}`"))) {
            Ok(there) => there,
            Err(Failed::Said { message, .. }) => vec![message; here.len()],
            Err(failed) => return Err(failed.into()),
        };
        Ok(different(decimals.iter().map(|column| format!("sum of {column}")), here, there).collect())
    }
}

/// A number without the zeros that say nothing: the two sides print their decimals differently.
fn plain(number: &str) -> String {
    match number.contains('.') && number.parse::<f64>().is_ok() {
        true => number.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => number.to_string(),
    }
}
