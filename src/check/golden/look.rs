//! Looking at a table: one query fetches its rows, and what is said of them is found here. DuckDB takes longer to plan a
//! statement of a hundred aggregates than all of a sample's rows take to be read.

use std::cmp::Ordering;
use std::collections::HashSet;

use sha2::Digest;
use sha2::Sha256;

use crate::check::golden::picture::Column;
use crate::check::golden::picture::Picture;
use crate::check::golden::picture::cell;
use crate::check::golden::picture::text_of;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::engine::Value;

/// Rows that are shown of a table; of a longer one those whose keys have the smallest hashes, so that a row more or less
/// changes hardly which.
const SHOWN: usize = 80;

/// What stands for a value that says nothing about the table.
const MASK: &str = "masked";

/// A row as it was fetched.
struct Row {
    values: Vec<Value>,
    /// What DuckDB writes for each value that counts; `None` for NULL.
    cells: Vec<Option<String>>,
    /// Those as one text.
    text: String,
    /// A hash of its key.
    hash: String,
}

/// Looks at a table, a view, or a query in parentheses.
///
/// # Errors
/// The database's.
pub fn look(
    session: &Session,
    from: &str,
    sql: Option<String>,
    key: &[String],
    masked: &[String],
) -> Result<Picture, SqlError> {
    let told = session.query(&format!("describe select * from {from}"))?.rows;
    let columns: Vec<(String, String)> = told.iter().map(|row| (row[0].to_string(), row[1].to_string())).collect();
    let is_in = |names: &[String], name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let seen: Vec<usize> = (0..columns.len()).filter(|at| !is_in(masked, &columns[*at].0)).collect();
    let names: Vec<&str> = seen.iter().map(|at| columns[*at].0.as_str()).collect();
    let position = |name: &String| seen.iter().copied().find(|at| columns[*at].0.eq_ignore_ascii_case(name));
    let key: Vec<String> = key.iter().filter(|name| position(name).is_some()).cloned().collect();
    let keys: Vec<&str> = if key.is_empty() { names.clone() } else { key.iter().map(String::as_str).collect() };
    let mut rows = fetch(session, from, &names, &keys)?;
    // Whichever order the database has them in.
    rows.sort_by(|one, other| one.text.cmp(&other.text));
    let content = rows.iter().fold(Sha256::new(), |hash, row| hash.chain_update(&row.text).chain_update([0]));
    let described = columns.iter().enumerate().map(|(at, (name, data_type))| {
        let facts = match seen.iter().position(|seen| *seen == at) {
            Some(nth) => facts(&rows, at, nth),
            None => vec![MASK.to_string()],
        };
        Column { name: name.clone(), data_type: data_type.clone(), facts }
    });
    Ok(Picture {
        sql,
        columns: described.collect(),
        rows: rows.len() as u64,
        content: content.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect(),
        shown: shown(rows, &seen, &key.iter().filter_map(position).collect::<Vec<_>>()),
        key,
    })
}

fn fetch(session: &Session, from: &str, columns: &[&str], keys: &[&str]) -> Result<Vec<Row>, SqlError> {
    let sql = format!("select *, {}, md5({}) from {from}", text_of(columns), text_of(keys));
    let row = |mut values: Vec<Value>| {
        let mut last = || values.pop().map(|value| value.to_string()).unwrap_or_default();
        let (hash, text) = (last(), last());
        let cells = serde_json::from_str(&text).unwrap_or_default();
        Row { values, cells, text, hash }
    };
    Ok(session.query(&sql)?.rows.into_iter().map(row).collect())
}

/// What is said of the values of a column, which is the `nth` of those that count.
fn facts(rows: &[Row], at: usize, nth: usize) -> Vec<String> {
    let values: Vec<&Value> = rows.iter().map(|row| &row.values[at]).filter(|value| !value.is_null()).collect();
    let mut facts = Vec::new();
    if values.len() < rows.len() {
        let missing = rows.len() - values.len();
        facts.push(format!("null {missing} ({:.1} %)", missing as f64 * 100.0 / rows.len() as f64));
    }
    let least = values.iter().min_by(|one, other| order(one, other));
    let greatest = values.iter().max_by(|one, other| order(one, other));
    if let Some((least, greatest)) = least.zip(greatest) {
        let distinct: HashSet<_> = rows.iter().filter_map(|row| row.cells.get(nth)?.as_ref()).collect();
        facts.push(format!("distinct {}", distinct.len()));
        facts.push(format!("least {}", cell(least)));
        facts.push(format!("greatest {}", cell(greatest)));
    }
    facts.extend(sum(&values).map(|sum| format!("sum {sum}")));
    facts
}

/// The rows that are shown, in the order of their keys, or of all that counts of them.
fn shown(mut rows: Vec<Row>, seen: &[usize], key: &[usize]) -> Vec<Vec<String>> {
    rows.sort_by(|one, other| one.hash.cmp(&other.hash));
    rows.truncate(SHOWN);
    let by = if key.is_empty() { seen } else { key };
    let compare = |one: &Row, other: &Row| {
        let parts = by.iter().map(|at| order(&one.values[*at], &other.values[*at]));
        parts.fold(Ordering::Equal, Ordering::then).then_with(|| one.text.cmp(&other.text))
    };
    rows.sort_by(compare);
    let cells = |row: Row| -> Vec<String> {
        let cell = |(at, value)| if seen.contains(&at) { cell(&value) } else { MASK.to_string() };
        row.values.into_iter().enumerate().map(cell).collect()
    };
    rows.into_iter().map(cells).collect()
}

/// Which of two values of a column comes first. NULL is the last; what has no order of its own goes by its text.
fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => one.is_null().cmp(&other.is_null()),
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Float(one), Value::Float(other)) => one.total_cmp(other),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Timestamp(one), Value::Timestamp(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => digits(one).cmp(&digits(other)),
        (one, other) => one.to_string().cmp(&other.to_string()),
    }
}

/// The sum of a column of money. There is none of other values, and none that has more than 38 digits.
fn sum(values: &[&Value]) -> Option<String> {
    let (mut sum, mut scale) = (0_i128, None);
    for value in values {
        let Value::Decimal(text) = value else { return None };
        scale = Some(text.split_once('.').map_or(0, |(_, after)| after.len()));
        sum = sum.checked_add(digits(text)?)?;
    }
    let scale = scale?;
    let sign = if sum < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", sum.unsigned_abs(), width = scale + 1);
    let (whole, after) = text.split_at(text.len() - scale);
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{after}") })
}

/// A decimal without its point: those of one column have as many digits after it.
fn digits(decimal: &str) -> Option<i128> {
    decimal.replace('.', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    const TABLE: &str = "(select * from (values
        (1, 'a', 1.50::decimal(18, 2), null::varchar, timestamp '2025-01-01 10:00:00.5', [1, 2], {'a': 'x | y'}),
        (2, '', 2.25, 'NULL', null, [], {'a': '; \"'}),
        (3, 'b' || chr(10) || '|', null, 'é', timestamp '2025-01-02', null, null)
    ) as t(id, \"odd: name\", amount, note, sold_at, list, pair))";

    fn picture(from: &str, key: &[&str], masked: &[&str]) -> Picture {
        let session = Engine::in_memory().unwrap().session().unwrap();
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        look(&session, from, Some("0123".to_string()), &owned(key), &owned(masked)).unwrap()
    }

    #[test]
    fn tells_null_empty_and_the_word_apart_and_reads_back() {
        let picture = picture(TABLE, &["id"], &["sold_at"]);
        insta::assert_snapshot!(picture);
        assert_eq!(Picture::read(&picture.to_string()), Ok(picture));
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let one = picture(&format!("(select * from {TABLE} order by id)"), &[], &[]);
        assert_eq!(one, picture(&format!("(select * from {TABLE} order by id desc)"), &[], &[]));
        let many = "(select range as id, range % 7 as rest from range(1000))";
        let shown = picture(many, &["id"], &[]).shown;
        assert_eq!(shown.len(), SHOWN);
        let more = picture("(select range as id, range % 7 as rest from range(1010))", &["id"], &[]).shown;
        assert!(shown.iter().filter(|row| more.contains(row)).count() >= SHOWN - 4, "{shown:?}\n{more:?}");
    }

    #[test]
    fn an_empty_table_and_one_without_rows_to_show_read_back() {
        let none = picture("(select 1 as id where false)", &["id"], &[]);
        assert_eq!((none.rows, none.shown.len()), (0, 0));
        assert_eq!(Picture::read(&none.to_string()), Ok(none));
        assert!(Picture::read("rows many").is_err());
        assert!(Picture::read("something else").is_err());
    }
}
