//! Rows of a yml, put into a table; what does not fit is told at its place.

use crate::engine::Column;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Error;
use crate::error::Place;
use crate::error::Result;
use crate::error::suggestion;
use crate::name::Relation;
use crate::name::quote;
use crate::project::Fixture;
use crate::project::FixtureCell;

/// Puts rows into a table, whose columns that they do not name are NULL; `name` is how messages call it.
///
/// # Errors
/// Columns that it has not, values that do not fit, a query that fails.
pub fn insert(session: &Session, relation: &Relation, rows: &Fixture, name: &str) -> Result<()> {
    let columns = session.described(relation)?.unwrap_or_default();
    match rows {
        Fixture::Sql(sql, place) => {
            let sql = sql.trim().trim_end_matches(';');
            let inserted = session.run(&format!("insert into {relation} by name {sql}"));
            inserted.map_err(|error| wrong_sql(&error, place))
        }
        Fixture::Rows(rows) => {
            let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
            let mut faults = Diagnostics::default();
            for cell in rows.iter().flatten().filter(|cell| find(&columns, cell).is_none()) {
                faults.push(unknown_column(&cell.column, name, &names, &cell.named));
            }
            faults.into_result()?;
            rows.iter().try_for_each(|row| insert_row(session, relation, &columns, row, name))
        }
    }
}

fn insert_row(
    session: &Session,
    relation: &Relation,
    columns: &[Column],
    row: &[FixtureCell],
    name: &str,
) -> Result<()> {
    let cells: Vec<(&Column, &FixtureCell)> =
        row.iter().filter_map(|cell| Some((find(columns, cell)?, cell))).collect();
    cells.iter().try_for_each(|(column, cell)| require_exact(session, column, cell, name))?;
    let names = cells.iter().map(|(column, _)| quote(&column.name)).collect::<Vec<_>>().join(", ");
    let values = cells.iter().map(|(column, cell)| cast(column, cell)).collect::<Vec<_>>().join(", ");
    let statement = match cells.is_empty() {
        true => format!("insert into {relation} default values"),
        false => format!("insert into {relation} ({names}) values ({values})"),
    };
    let Err(error) = session.run(&statement) else { return Ok(()) };
    // A failed statement has ended the transaction; whoever called rolls it back, so the values can be tried one by one.
    session.run("rollback")?;
    let fits =
        |(column, cell): &&(&Column, &FixtureCell)| session.query(&format!("select {}", cast(column, cell))).is_err();
    let wrong = cells.iter().find(fits).map(|(column, cell)| {
        let value = cell.value.as_deref().unwrap_or("NULL");
        let message = format!("`{value}` is no {}, which column `{}` of `{name}` is", column.data_type, column.name);
        let help = "write it as the database does; leave the column out where it is NULL".to_string();
        Error::from(Diagnostic::error(message, cell.place.clone()).help(help))
    });
    session.run("begin transaction")?;
    Err(wrong.unwrap_or_else(|| Error::from(error)))
}

/// A number that its column would round is not the one that was written.
fn require_exact(session: &Session, column: &Column, cell: &FixtureCell, name: &str) -> Result<()> {
    let is_exact = [
        "DECIMAL",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
    ];
    let Some(value) = cell.value.as_deref().filter(|value| value.contains(['.', 'e', 'E'])) else { return Ok(()) };
    if !is_exact.iter().any(|kind| column.data_type.starts_with(kind)) || column.data_type.ends_with(']') {
        return Ok(());
    }
    let text = value.replace('\'', "''");
    let sql = format!("select try_cast('{text}' as {0}) <> try_cast('{text}' as decimal(38, 12))", column.data_type);
    let found = session.query(&sql).map_err(Error::from)?;
    if found.rows.first().is_none_or(|row| row[0].to_string() != "true") {
        return Ok(());
    }
    let message = format!("`{value}` is no {}, which column `{}` of `{name}` is", column.data_type, column.name);
    Err(Diagnostic::error(message, cell.place.clone()).help("it would be rounded".to_string()).into())
}

fn find<'c>(columns: &'c [Column], cell: &FixtureCell) -> Option<&'c Column> {
    columns.iter().find(|column| column.name.eq_ignore_ascii_case(&cell.column))
}

fn cast(column: &Column, cell: &FixtureCell) -> String {
    match &cell.value {
        None => "null".to_string(),
        Some(value) => format!("cast('{}' as {})", value.replace('\'', "''"), column.data_type),
    }
}

/// A column that a table has not.
pub fn unknown_column(column: &str, table: &str, known: &[String], place: &Place) -> Diagnostic {
    let help = suggestion(column, known.iter().map(String::as_str))
        .or_else(|| Some(format!("its columns are {}", known.join(", "))));
    Diagnostic::error(format!("`{table}` has no column `{column}`"), place.clone()).help(help)
}

/// A query of a fixture that fails.
pub fn wrong_sql(error: &SqlError, place: &Place) -> Error {
    Diagnostic::error(format!("the query of these rows fails: {error}"), place.clone()).help(error.hint.clone()).into()
}
