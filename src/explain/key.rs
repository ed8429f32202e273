//! The key that a person writes, and the row that it means.

use crate::engine::Column;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::quote;

/// Keys that are named where several fit, and where none does.
const NAMED: usize = 5;
const NEAR: usize = 3;

/// One column of a key, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub column: String,
    /// DuckDB's name of the type.
    pub data_type: String,
    /// As DuckDB writes it; `None` is NULL.
    pub text: Option<String>,
}

impl Part {
    /// The value as SQL.
    pub fn literal(&self) -> String {
        match &self.text {
            Some(text) => format!("cast('{}' as {})", text.replace('\'', "''"), self.data_type),
            None => format!("cast(null as {})", self.data_type),
        }
    }

    fn condition(&self) -> String {
        format!("{} is not distinct from {}", quote(&self.column), self.literal())
    }
}

/// What tells one row of a model from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub Vec<Part>);

impl Key {
    /// The condition that its row meets.
    pub fn condition(&self) -> String {
        self.0.iter().map(Part::condition).collect::<Vec<_>>().join(" and ")
    }

    /// As a person writes it.
    pub fn shown(&self) -> String {
        let parts = self.0.iter().map(|part| part.text.as_deref().unwrap_or("NULL"));
        parts.collect::<Vec<_>>().join(",")
    }

    /// The values that can name a thing in a payload: texts, whatever number stands beside them (that of a line, say), or a
    /// number where that is the whole key. A key with a time in it names a group.
    pub fn names(&self) -> Vec<&str> {
        let is_text = |part: &&Part| part.data_type == "VARCHAR" || part.data_type == "UUID";
        let is_whole = |part: &&Part| part.data_type.ends_with("INT") || part.data_type == "INTEGER";
        if !self.0.iter().all(|part| is_text(&part) || is_whole(&part)) {
            return Vec::new();
        }
        let is_name = |part: &&Part| is_text(part) || self.0.len() == 1;
        self.0.iter().filter(is_name).filter_map(|part| part.text.as_deref()).collect()
    }
}

/// A model's rows, as a key is looked for in them.
pub struct Rows<'a> {
    pub session: &'a Session,
    /// The model's name.
    pub name: &'a str,
    /// Its name in the database, or a query in parentheses.
    pub from: &'a str,
    pub columns: &'a [Column],
    /// Columns of its key, as they are declared.
    pub key: &'a [String],
}

/// The key that is meant, and whether a row has it.
pub struct Found {
    pub key: Key,
    pub is_there: bool,
}

impl Rows<'_> {
    /// Finds the one row that is meant. Where the key is written as a whole, it need not be there.
    ///
    /// # Errors
    /// What is no key of the model; a part of a key that no row has, or several; a key that several rows have.
    pub fn find(&self, given: &[String]) -> Result<Found> {
        let parts = self.parts(given)?;
        let condition = parts.iter().map(Part::condition).collect::<Vec<_>>().join(" and ");
        let keys = self.keys(&condition, "", NAMED + 1)?;
        let is_whole = parts.len() == self.key.len();
        let written = given.join(",");
        let Self { name, .. } = self;
        match keys.as_slice() {
            [key] => Ok(Found { key: key.clone(), is_there: true }),
            [] if is_whole => Ok(Found { key: Key(parts), is_there: false }),
            [] => Err(self.missing(&Key(parts))?),
            _ if is_whole => Err(Error::data(format!("several rows of `{name}` have the key `{written}`"))
                .help(format!("its key is declared as {}; `cp test --select {name}` checks it", self.key.join(", ")))),
            keys => {
                let shown: Vec<_> = keys.iter().take(NAMED).map(|key| format!("`{}`", key.shown())).collect();
                let more = if keys.len() > NAMED { " and more" } else { "" };
                Err(Error::call(format!("several rows of `{name}` have `{written}` in their key")).help(format!(
                    "write all of {}: {}{more}",
                    self.key.join(", "),
                    shown.join(", ")
                )))
            }
        }
    }

    /// The fault that no row has the key, with those that are most like it.
    ///
    /// # Errors
    /// The database's.
    pub fn missing(&self, key: &Key) -> Result<Error> {
        let near = self.nearest(key)?.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let help = match near.is_empty() {
            true => format!("`{}` has no rows", self.name),
            false => format!("the nearest keys are {near}"),
        };
        Ok(Error::call(format!("no row of `{}` has the key `{}`", self.name, key.shown())).help(help))
    }

    /// The keys that are most like one that no row has.
    ///
    /// # Errors
    /// The database's.
    pub fn nearest(&self, key: &Key) -> Result<Vec<String>> {
        let text = |column: &String| format!("coalesce(cast({} as varchar), '')", quote(column));
        let texts: Vec<_> = key.0.iter().map(|part| text(&part.column)).collect();
        let written = key.shown();
        let distance =
            format!("levenshtein(concat_ws(',', {}), '{}'), ", texts.join(", "), written.replace('\'', "''"));
        Ok(self.keys("true", &distance, NEAR)?.iter().map(Key::shown).collect())
    }

    /// The key of the one row that meets the condition, where there is one.
    ///
    /// # Errors
    /// The database's; a key that names columns which are not there.
    pub fn of(&self, condition: &str) -> Result<Option<Key>> {
        Ok(self.keys(condition, "", 1)?.pop())
    }

    /// Keys of rows that meet the condition, so many at most, in the order of `first` and then their own.
    fn keys(&self, condition: &str, first: &str, limit: usize) -> Result<Vec<Key>> {
        let columns = self.key_columns()?;
        let select: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
        let texts: Vec<_> = select.iter().map(|name| format!("cast({name} as varchar)")).collect();
        let sql = format!(
            "select {} from {} where {condition} order by {first}{} limit {limit}",
            texts.join(", "),
            self.from,
            select.join(", ")
        );
        let found = self.session.query(&sql)?;
        let key = |row: &Vec<crate::engine::Value>| {
            let part = |(column, value): (&&Column, &crate::engine::Value)| Part {
                column: column.name.clone(),
                data_type: column.data_type.clone(),
                text: (!value.is_null()).then(|| value.to_string()),
            };
            Key(columns.iter().zip(row).map(part).collect())
        };
        Ok(found.rows.iter().map(key).collect())
    }

    fn key_columns(&self) -> Result<Vec<&Column>> {
        let find = |name: &String| {
            let column = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
            let missing = || Error::call(format!("`{}` has no column `{name}`, which its key names", self.name));
            column.ok_or_else(|| missing().help("put it right in `meta: {key: [..]}` of its yml"))
        };
        self.key.iter().map(find).collect()
    }

    /// What was written, column by column.
    fn parts(&self, given: &[String]) -> Result<Vec<Part>> {
        let columns = self.key_columns()?;
        // A comma parts a key of several columns; each `--key` is one part where there are several.
        let words: Vec<&str> = match given {
            [one] if columns.len() > 1 => one.split(',').collect(),
            given => given.iter().map(String::as_str).collect(),
        };
        let mut parts: Vec<Part> = Vec::new();
        for word in words {
            let named = word.split_once('=').and_then(|(name, value)| {
                let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name.trim()))?;
                Some((*column, value))
            });
            let is_given = |column: &&&Column| parts.iter().any(|part| part.column == column.name);
            let next = columns.iter().find(|column| !is_given(column));
            let (column, text) = match (named, next) {
                (Some((column, text)), _) if !is_given(&&column) => (column, text),
                (None, Some(column)) => (*column, word),
                _ => {
                    let message = format!("`{word}` is one part more than the key of `{}` has", self.name);
                    return Err(Error::call(message).help(format!("its key is {}", self.key.join(", "))));
                }
            };
            parts.push(self.part(column, text)?);
        }
        Ok(parts)
    }

    /// A value of the column, as the database writes it.
    fn part(&self, column: &Column, text: &str) -> Result<Part> {
        let Column { name, data_type } = column;
        let cast = format!("select cast(try_cast('{}' as {data_type}) as varchar)", text.replace('\'', "''"));
        let value = self.session.query(&cast)?.rows.remove(0).remove(0);
        if value.is_null() {
            let message = format!("`{text}` is no {data_type}, which column `{name}` of `{}` is", self.name);
            return Err(Error::call(message).help(format!("the key of `{}` is {}", self.name, self.key.join(", "))));
        }
        Ok(Part { column: name.clone(), data_type: data_type.clone(), text: Some(value.to_string()) })
    }
}
