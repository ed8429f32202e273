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
use crate::name::quote;

/// Rows that are shown of a table; of a longer one those whose keys have the smallest hashes, so that a row more or less
/// changes hardly which.
const SHOWN: usize = 80;

/// What stands for a value that says nothing about the table.
const MASK: &str = "masked";

/// A row as it was fetched.
struct Row {
    values: Vec<Value>,
    /// All that counts of it, as one text.
    text: String,
    /// A hash of its key.
    hash: String,
}

/// What is said of the values of a column, NULL apart.
struct Facts {
    present: usize,
    distinct: usize,
    least: Value,
    greatest: Value,
    /// Of money.
    sum: Option<String>,
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
    let is_masked = |name: &str| masked.iter().any(|other| other.eq_ignore_ascii_case(name));
    let seen: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).filter(|name| !is_masked(name)).collect();
    let is_key = |name: &&String| seen.iter().any(|column| column.eq_ignore_ascii_case(name));
    let key: Vec<String> = key.iter().filter(is_key).cloned().collect();
    let rows = fetch(session, from, &seen, &key)?;
    let is_strange = |(name, data_type): &&(String, String)| !is_masked(name) && !is_plain(data_type);
    let mut strange = facts_by_query(session, from, columns.iter().filter(is_strange))?.into_iter();
    let described = columns.iter().enumerate().map(|(at, (name, data_type))| {
        let facts = match is_masked(name) {
            true => vec![MASK.to_string()],
            false if is_plain(data_type) => phrases(rows.len(), facts(rows.iter().map(|row| &row.values[at]))),
            false => strange.next().map_or_else(Vec::new, |facts| phrases(rows.len(), facts)),
        };
        Column { name: name.clone(), data_type: data_type.clone(), facts }
    });
    let described = described.collect();
    let masks: Vec<bool> = columns.iter().map(|(name, _)| is_masked(name)).collect();
    let (count, content) = (rows.len() as u64, content(&rows));
    Ok(Picture { sql, rows: count, content, columns: described, key, shown: shown(rows, &masks) })
}

/// All rows, in the order of their keys, or of all that counts of them.
fn fetch(session: &Session, from: &str, seen: &[&str], key: &[String]) -> Result<Vec<Row>, SqlError> {
    let keys: Vec<&str> = if key.is_empty() { seen.to_vec() } else { key.iter().map(String::as_str).collect() };
    let (text, by) = (text_of(seen), keys.iter().map(|name| format!("{}, ", quote(name))).collect::<String>());
    let sql = format!("select *, {text}, md5({}) from {from} order by {by}{text}", text_of(&keys));
    let row = |mut values: Vec<Value>| {
        let mut last = || values.pop().map(|value| value.to_string()).unwrap_or_default();
        let (hash, text) = (last(), last());
        Row { values, text, hash }
    };
    Ok(session.query(&sql)?.rows.into_iter().map(row).collect())
}

/// A hash over all rows, whichever order the database has them in.
fn content(rows: &[Row]) -> String {
    let mut texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    texts.sort_unstable();
    let hash = texts.iter().fold(Sha256::new(), |hash, text| hash.chain_update(text).chain_update([0]));
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The rows that are shown, in the order of all.
fn shown(mut rows: Vec<Row>, masks: &[bool]) -> Vec<Vec<String>> {
    let mut smallest: Vec<usize> = (0..rows.len()).collect();
    smallest.sort_by(|one, other| (&rows[*one].hash, one).cmp(&(&rows[*other].hash, other)));
    smallest.truncate(SHOWN);
    smallest.sort_unstable();
    let cells = |values: Vec<Value>| -> Vec<String> {
        let cell = |(value, mask): (Value, &bool)| if *mask { MASK.to_string() } else { cell(&value) };
        values.into_iter().zip(masks).map(cell).collect()
    };
    smallest.into_iter().map(|at| cells(std::mem::take(&mut rows[at].values))).collect()
}

/// Whether values of the type are equal and ordered as their kind of [`Value`] is: an ENUM, say, is not ordered by its words.
fn is_plain(data_type: &str) -> bool {
    const WHOLE: [&str; 9] =
        ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"];
    WHOLE.contains(&data_type)
        || ["BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP"].contains(&data_type)
        || is_money(data_type)
}

fn is_money(data_type: &str) -> bool {
    data_type.starts_with("DECIMAL") && !data_type.ends_with(']')
}

/// What is said of the values of a column of a plain type.
fn facts<'a>(values: impl Iterator<Item = &'a Value>) -> Facts {
    let values: Vec<&Value> = values.filter(|value| !value.is_null()).collect();
    let of = |value: Option<&&Value>| value.map_or(Value::Null, |value| (*value).clone());
    Facts {
        present: values.len(),
        distinct: values.iter().map(ToString::to_string).collect::<HashSet<_>>().len(),
        least: of(values.iter().min_by(|one, other| order(one, other))),
        greatest: of(values.iter().max_by(|one, other| order(one, other))),
        sum: sum(&values),
    }
}

/// The same of columns whose types only the database can compare.
fn facts_by_query<'a>(
    session: &Session,
    from: &str,
    columns: impl Iterator<Item = &'a (String, String)>,
) -> Result<Vec<Facts>, SqlError> {
    let facts = columns.map(|(name, data_type)| {
        let is_ordered = !["MAP", "UNION", "VARIANT"].iter().any(|kind| data_type.starts_with(kind));
        let name = if is_ordered { quote(name) } else { format!("cast({} as varchar)", quote(name)) };
        format!("count({name}), coalesce(len(list_distinct(list({name}))), 0), min({name}), max({name})")
    });
    let facts: Vec<String> = facts.collect();
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let told = session.query(&format!("select {} from {from}", facts.join(",\n")))?;
    let mut told = told.rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || told.next().unwrap_or(Value::Null);
    let number = |value: Value| value.as_integer().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    let of =
        |_| Facts { present: number(next()), distinct: number(next()), least: next(), greatest: next(), sum: None };
    Ok(facts.iter().map(of).collect())
}

/// Facts as they are written.
fn phrases(rows: usize, facts: Facts) -> Vec<String> {
    let mut phrases = Vec::new();
    if facts.present < rows {
        let missing = rows - facts.present;
        phrases.push(format!("null {missing} ({:.1} %)", missing as f64 * 100.0 / rows as f64));
    }
    if facts.present > 0 {
        phrases.push(format!("distinct {}", facts.distinct));
        phrases.push(format!("least {}", cell(&facts.least)));
        phrases.push(format!("greatest {}", cell(&facts.greatest)));
    }
    phrases.extend(facts.sum.map(|sum| format!("sum {sum}")));
    phrases
}

/// Which of two values of a plain type comes first.
fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
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
    fn what_only_the_database_can_compare_is_left_to_it() {
        let picture = picture(
            "(select size::enum('small', 'large') as size, span, number, list, either from (values
                ('small', interval 9 days, 'nan'::double, [9], union_value(n := 9)),
                ('large', interval 10 days, 0.0, [10], union_value(n := 10)),
                ('large', interval 10 days, -0.0, [10], union_value(n := null::integer))
            ) as t(size, span, number, list, either))",
            &[],
            &[],
        );
        let told: Vec<_> = picture.columns.iter().map(|it| format!("{}: {}", it.name, it.facts.join("; "))).collect();
        let expected = [
            "size: distinct 2; least \"small\"; greatest \"large\"",
            "span: distinct 2; least 9 days; greatest 10 days",
            "number: distinct 2; least 0; greatest NaN",
            "list: distinct 2; least [9]; greatest [10]",
            "either: distinct 3; least \"10\"; greatest \"NULL\"",
        ];
        assert_eq!(told, expected);
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
