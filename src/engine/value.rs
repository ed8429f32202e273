//! Results as plain data: how each of DuckDB's types is held, printed and written as JSON.

use std::fmt;

use duckdb::types::{TimeUnit, Value as Raw};
use serde_json::json;

/// A column of a result or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// DuckDB's name of the type, as in `DECIMAL(18,2)`.
    pub data_type: String,
}

/// All rows of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// The position of a column by its name.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|candidate| candidate.name == column)
    }
}

/// One value. Prints as DuckDB prints it, NULL as the empty text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    /// Fixed point, as text with all its digits after the point.
    Decimal(String),
    Float(f64),
    Text(String),
    /// Microseconds since 1970, without zone.
    Timestamp(i64),
    /// Days since 1970.
    Date(i32),
    /// Anything else, printed.
    Other(String),
    List(Vec<Value>),
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// A whole number, where it is one that fits.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => i64::try_from(*number).ok(),
            Self::Boolean(flag) => Some(i64::from(*flag)),
            Self::Decimal(text) => text.split('.').next()?.parse().ok(),
            _ => None,
        }
    }

    /// A truth value, as `warn_if` and the like give it.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(flag) => Some(*flag),
            Self::Integer(number) => Some(*number != 0),
            _ => None,
        }
    }

    /// A text; any other type is `None`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// As JSON. Decimals become text, so that no digit is lost.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Boolean(flag) => json!(flag),
            Self::Integer(number) => {
                i64::try_from(*number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
            }
            Self::Float(number) => json!(number),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Struct(fields) => fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect(),
            other => json!(other.to_string()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Decimal(text) | Self::Text(text) | Self::Other(text) => f.write_str(text),
            Self::Timestamp(micros) => f.write_str(&timestamp(*micros)),
            Self::Date(days) => f.write_str(&date(*days)),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Struct(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

fn timestamp(micros: i64) -> String {
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(time) => {
            let text = time.to_string();
            text.trim_end_matches('Z').replacen('T', " ", 1)
        }
        Err(_) => format!("{micros} us"),
    }
}

fn date(days: i32) -> String {
    jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days))
        .map_or_else(|_| format!("{days} days"), |date| date.to_string())
}

/// A message on one line.
pub(super) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// All rows of a running query.
pub(super) fn collect(rows: &mut duckdb::Rows<'_>) -> duckdb::Result<Table> {
    let mut table = Table::default();
    if let Some(statement) = rows.as_ref() {
        for index in 0..statement.column_count() {
            let data_type = format!("{:?}", statement.column_logical_type(index).id()).to_uppercase();
            table.columns.push(Column { name: statement.column_name(index)?.clone(), data_type });
        }
    }
    while let Some(values) = rows.next()? {
        table.rows.push(row(values)?);
    }
    Ok(table)
}

/// One row of a running query.
pub(super) fn row(row: &duckdb::Row<'_>) -> duckdb::Result<Vec<Value>> {
    (0..row.as_ref().column_count()).map(|index| row.get::<_, Raw>(index).map(Value::from)).collect()
}

impl From<Raw> for Value {
    fn from(raw: Raw) -> Self {
        match raw {
            Raw::Null => Self::Null,
            Raw::Boolean(flag) => Self::Boolean(flag),
            Raw::TinyInt(n) => Self::Integer(n.into()),
            Raw::SmallInt(n) => Self::Integer(n.into()),
            Raw::Int(n) => Self::Integer(n.into()),
            Raw::BigInt(n) => Self::Integer(n.into()),
            Raw::HugeInt(n) => Self::Integer(n),
            Raw::UTinyInt(n) => Self::Integer(n.into()),
            Raw::USmallInt(n) => Self::Integer(n.into()),
            Raw::UInt(n) => Self::Integer(n.into()),
            Raw::UBigInt(n) => Self::Integer(n.into()),
            Raw::UHugeInt(n) => i128::try_from(n).map_or_else(|_| Self::Other(n.to_string()), Self::Integer),
            Raw::Float(n) => Self::Float(n.into()),
            Raw::Double(n) => Self::Float(n),
            Raw::Decimal(n) => Self::Decimal(n.to_string()),
            Raw::Timestamp(unit, n) => Self::Timestamp(micros(unit, n)),
            Raw::Text(text) | Raw::Enum(text) => Self::Text(text),
            Raw::Date32(days) => Self::Date(days),
            Raw::List(values) | Raw::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Raw::Struct(fields) => {
                Self::Struct(fields.iter().map(|(name, value)| (name.clone(), Self::from(value.clone()))).collect())
            }
            Raw::Map(entries) => Self::List(
                entries
                    .iter()
                    .map(|(key, value)| {
                        Self::Struct(vec![
                            ("key".to_string(), Self::from(key.clone())),
                            ("value".to_string(), Self::from(value.clone())),
                        ])
                    })
                    .collect(),
            ),
            Raw::Union(value) => Self::from(*value),
            Raw::Blob(bytes) => Self::Other(bytes.iter().map(|byte| format!("\\x{byte:02X}")).collect()),
            Raw::Time64(unit, n) => Self::Other(time(micros(unit, n))),
            Raw::Interval { months, days, nanos } => Self::Other(interval(months, days, nanos)),
            other => Self::Other(format!("{other:?}")),
        }
    }
}

fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 { clock } else { format!("{clock}.{fraction:06}").trim_end_matches('0').to_string() }
}

fn interval(months: i32, days: i32, nanos: i64) -> String {
    let mut parts = Vec::new();
    for (count, unit) in [(months / 12, "year"), (months % 12, "month"), (days, "day")] {
        if count != 0 {
            parts.push(format!("{count} {unit}{}", if count.abs() == 1 { "" } else { "s" }));
        }
    }
    if nanos != 0 || parts.is_empty() {
        let sign = if nanos < 0 { "-" } else { "" };
        parts.push(format!("{sign}{}", time((nanos / 1_000).abs())));
    }
    parts.join(" ")
}

fn micros(unit: TimeUnit, n: i64) -> i64 {
    match unit {
        TimeUnit::Second => n.saturating_mul(1_000_000),
        TimeUnit::Millisecond => n.saturating_mul(1_000),
        TimeUnit::Microsecond => n,
        TimeUnit::Nanosecond => n / 1_000,
    }
}
