//! Where the columns of a query come from: through common table expressions, subqueries, joins and unions, down to the
//! columns of tables and the paths in the JSON that these hold; and, over many queries, down to where nothing is made any more.
//!
//! DuckDB parses ([`parse`]), for it is the judge of what a query means; [`columns`] walks over its syntax tree. Nothing is
//! guessed: what cannot be told is told as such, with the reason. What decides which rows there are (joins, filters,
//! groups) is left out: that is a matter of all columns.

mod chain;
mod expression;
mod function;
mod origin;
mod path;
mod query;
mod scope;
mod table;
#[cfg(test)]
mod tests;

pub use chain::Chain;
pub use origin::{Field, How, Origin, Use};
pub use query::{Catalog, Column, columns};

use serde_json::Value as Json;

use crate::engine::Cell;
use crate::engine::Session;

/// The syntax tree of a query, as DuckDB tells it.
///
/// # Errors
/// A phrase, where DuckDB cannot parse it, or nests deeper than is read.
pub fn parse(session: &Session, sql: &str) -> Result<Json, String> {
    let told = session
        .query_with("select json_serialize_sql(cast(? as varchar))", &[Cell::Text(sql)])
        .map_err(|error| format!("DuckDB does not tell its syntax tree: {error}"))?;
    let text = told.rows.first().map(|row| row[0].to_string()).unwrap_or_default();
    let tree: Json = serde_json::from_str(&text).map_err(|_| "it nests too deeply to be read".to_string())?;
    if tree["error"] == Json::Bool(true) {
        return Err(format!("DuckDB cannot parse it: {}", tree["error_message"].as_str().unwrap_or_default()));
    }
    match tree["statements"].as_array().map(Vec::as_slice) {
        Some([statement]) => Ok(statement["node"].clone()),
        _ => Err("it is not one query".to_string()),
    }
}
