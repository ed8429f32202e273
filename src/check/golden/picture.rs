//! What a table is, told in few lines that a person can compare: its statement, its columns and what they hold, and its
//! rows.

use std::fmt;

use crate::engine::Session;
use crate::engine::SqlError;
use crate::engine::Value;
use crate::name::quote;

/// Characters that are shown of a value.
const WIDEST: usize = 120;

/// What is between the cells of a row.
const BETWEEN: &str = " | ";

/// What a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// A hash of the statement that made it; `None` for a seed.
    pub sql: Option<String>,
    pub rows: u64,
    /// A hash over all rows, in whichever order.
    pub content: String,
    pub columns: Vec<Column>,
    /// Columns that tell a row from all others; all of them where none are declared.
    pub key: Vec<String>,
    /// Rows as text, a cell for every column.
    pub shown: Vec<Vec<String>>,
}

/// A column, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// DuckDB's name of the type.
    pub data_type: String,
    /// What is said of its values: `distinct 12`, `null 3 (1.8 %)`, `least 0.00`, `greatest 9.50`, `sum 812.25`; or `masked`.
    pub facts: Vec<String>,
}

impl Picture {
    /// All rows and nothing else of a table, a view, or a query in parentheses.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::check) fn of_rows(session: &Session, from: &str, key: &[String]) -> Result<Self, SqlError> {
        let table = session.query(&format!("select * from {from} as t order by cast(to_json(t) as varchar)"))?;
        let columns = table.columns.into_iter();
        let columns = columns.map(|it| Column { name: it.name, data_type: it.data_type, facts: Vec::new() }).collect();
        let shown: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let (rows, content) = (shown.len() as u64, String::new());
        Ok(Self { sql: None, rows, content, columns, key: key.to_vec(), shown })
    }

    /// A hash over these columns of all rows, in whichever order.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::check) fn content(session: &Session, from: &str, columns: &[&str]) -> Result<String, SqlError> {
        let told = session.query(&format!("select {} from {from}", hash_of(columns)))?;
        Ok(told.rows.first().map_or_else(String::new, |row| row[0].to_string()))
    }

    /// Reads what [`Picture::to_string`] has written.
    ///
    /// # Errors
    /// A phrase that says what cannot be read.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut picture = Self {
            sql: None,
            rows: 0,
            content: String::new(),
            columns: Vec::new(),
            key: Vec::new(),
            shown: Vec::new(),
        };
        let mut lines = text.lines();
        for line in lines.by_ref() {
            if let Some(column) = line.strip_prefix("column ") {
                let (name, rest) = parted(column, ": ").ok_or_else(|| format!("`{line}` is no column"))?;
                let mut facts = split(rest, "; ").into_iter();
                let data_type = facts.next().unwrap_or_default();
                picture.columns.push(Column { name: unquoted(name), data_type, facts: facts.collect() });
                continue;
            }
            match line.split_once(char::is_whitespace).map(|(name, value)| (name, value.trim())) {
                Some(("sql", hash)) => picture.sql = Some(hash.to_string()),
                Some(("content", hash)) => picture.content = hash.to_string(),
                Some(("rows", count)) => {
                    picture.rows = count.parse().map_err(|_| format!("`{count}` is no number of rows"))?;
                }
                Some(("shown", told)) => {
                    let key = told.split_once(", by ").map_or("", |(_, key)| key);
                    picture.key =
                        split(key, ", ").iter().filter(|name| !name.is_empty()).map(|name| unquoted(name)).collect();
                    break;
                }
                None if line.is_empty() => {}
                _ => return Err(format!("`{line}` says nothing that is known")),
            }
        }
        picture.shown = lines.skip(1).map(|line| split(line, BETWEEN)).collect();
        match picture.shown.iter().all(|row| row.len() == picture.columns.len()) {
            true => Ok(picture),
            false => Err("a row has another number of cells than there are columns".to_string()),
        }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sql) = &self.sql {
            writeln!(f, "sql      {sql}")?;
        }
        writeln!(f, "rows     {}\ncontent  {}\n", self.rows, self.content)?;
        for Column { name, data_type, facts } in &self.columns {
            write!(f, "column {}: {data_type}", bare(name))?;
            facts.iter().try_for_each(|fact| write!(f, "; {fact}"))?;
            writeln!(f)?;
        }
        let names = |names: &mut dyn Iterator<Item = &String>, between: &str| {
            names.map(|name| bare(name)).collect::<Vec<_>>().join(between)
        };
        let by =
            if self.key.is_empty() { String::new() } else { format!(", by {}", names(&mut self.key.iter(), ", ")) };
        writeln!(f, "\nshown    {} of {}{by}", self.shown.len(), self.rows)?;
        writeln!(f, "{}", names(&mut self.columns.iter().map(|column| &column.name), BETWEEN))?;
        self.shown.iter().try_for_each(|row| writeln!(f, "{}", row.join(BETWEEN)))
    }
}

/// An expression: the values of these columns as one text, in which NULL, empty and missing are told apart.
pub(super) fn text_of(columns: &[&str]) -> String {
    let texts: Vec<_> = columns.iter().map(|name| format!("cast({} as varchar)", quote(name))).collect();
    format!("cast(to_json([{}]) as varchar)", texts.join(", "))
}

/// An expression: a hash over these columns of all rows, in whichever order.
fn hash_of(columns: &[&str]) -> String {
    format!("md5(string_agg(md5({0}), '' order by {0}))", text_of(columns))
}

/// A value as it is shown: a text between quotes, so that an empty one and one that says `NULL` are seen as such.
pub(super) fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "NULL".to_string(),
        Value::List(_) | Value::Struct(_) => value.to_json().to_string(),
        Value::Text(text) => return quoted(text),
        other => {
            let text = other.to_string();
            let is_plain = !text.is_empty() && !text.contains(['"', '|', ';', '\n']);
            return if is_plain { text } else { quoted(&text) };
        }
    };
    if text.chars().count() <= WIDEST { text } else { quoted(&text) }
}

fn quoted(text: &str) -> String {
    let length = text.chars().count();
    if length <= WIDEST {
        return serde_json::Value::from(text).to_string();
    }
    let beginning: String = text.chars().take(WIDEST).collect();
    serde_json::Value::from(format!("{beginning}… ({length} characters)")).to_string()
}

/// A name as it is written: between quotes where it could be taken for something else.
fn bare(name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if is_plain { name.to_string() } else { serde_json::Value::from(name).to_string() }
}

fn unquoted(name: &str) -> String {
    serde_json::from_str(name).unwrap_or_else(|_| name.to_string())
}

/// The parts of a line between separators that stand outside quotes.
fn split(line: &str, separator: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some((part, after)) = parted(rest, separator) {
        parts.push(part.to_string());
        rest = after;
    }
    parts.push(rest.to_string());
    parts
}

/// What comes before and after the first separator that stands outside quotes.
fn parted<'a>(line: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (mut is_inside, mut is_escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_inside => is_escaped = true,
            b'"' => is_inside = !is_inside,
            _ if !is_inside && line.as_bytes()[at..].starts_with(separator.as_bytes()) => {
                return Some((&line[..at], &line[at + separator.len()..]));
            }
            _ => {}
        }
    }
    None
}
