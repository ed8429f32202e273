//! The rows behind a check: the query that shows them, and the first few.

use crate::engine::Session;
use crate::engine::Table;
use crate::engine::Value;
use crate::report::mask::masked;

/// Rows of a sample.
const MOST_ROWS: usize = 5;

/// Columns of a sample; the query shows the others.
const MOST_COLUMNS: usize = 12;

/// Characters of a cell.
const MOST_CHARACTERS: usize = 80;

/// The first rows that a query finds, narrow enough for a page, and without what is a person's own. A query that fails
/// gives none: it is shown beside them, and the check has told why.
pub(super) fn sample(session: &Session, sql: &str) -> Option<Table> {
    let sql = sql.trim().trim_end_matches(';');
    let mut table = session.query(&format!("select * from (\n{sql}\n) as failing_rows limit {MOST_ROWS}")).ok()?;
    table.columns.truncate(MOST_COLUMNS);
    for row in &mut table.rows {
        row.truncate(MOST_COLUMNS);
        for value in row {
            *value = narrow(value);
        }
    }
    Some(table)
}

fn narrow(value: &Value) -> Value {
    match value {
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Decimal(_) | Value::Float(_) => value.clone(),
        Value::Timestamp(_) | Value::Date(_) => value.clone(),
        other => {
            let text = masked(&other.to_string());
            let cut: String = text.chars().take(MOST_CHARACTERS).collect();
            Value::Text(if cut.len() < text.len() { format!("{cut}…") } else { cut })
        }
    }
}
