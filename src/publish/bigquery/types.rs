//! What DuckDB's types become in BigQuery, by BigQuery's documentation of its types and of loading Parquet.
//!
//! A value is cast to a type that Parquet carries without loss before it is written: DuckDB writes HUGEINT as a double,
//! and a timestamp without zone as a civil one. All times are UTC.

use std::fmt::Write;

/// A type of BigQuery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its name in BigQuery's SQL, as in `INT64`.
    Scalar(&'static str),
    Struct(Vec<(String, Sent)>),
}

/// How a column travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) kind: Kind,
    pub(super) is_repeated: bool,
    /// DuckDB's type that it is cast to before it is written.
    pub(super) cast: String,
}

/// How a column of one of DuckDB's types travels.
///
/// # Errors
/// A phrase, where BigQuery has nothing for it: lists of lists.
pub(super) fn sent(duckdb: &str) -> Result<Sent, String> {
    let mut reader = Reader { rest: duckdb.trim() };
    let sent = reader.sent()?;
    match reader.rest.is_empty() {
        true => Ok(sent),
        false => Err(format!("is of the unknown type {duckdb}")),
    }
}

impl Sent {
    fn scalar(kind: &'static str, cast: impl Into<String>) -> Self {
        Self { kind: Kind::Scalar(kind), is_repeated: false, cast: cast.into() }
    }

    /// An expression for the value in which zero has no sign: DuckDB keeps the two for equal, and either may come back from
    /// its files.
    pub(super) fn without_sign_of_zero(&self, value: &str) -> String {
        match self.kind {
            Kind::Scalar("FLOAT64") if !self.is_repeated => format!("({value} + 0)"),
            _ => value.to_string(),
        }
    }

    /// A name of a field, at any depth, that is not one by `is_name`.
    pub(super) fn odd_field(&self, is_name: fn(&str) -> bool) -> Option<&str> {
        let Kind::Struct(fields) = &self.kind else { return None };
        fields.iter().find_map(|(name, sent)| if is_name(name) { sent.odd_field(is_name) } else { Some(name) })
    }

    /// A condition for what BigQuery does not take: that a list in this value, at any depth, holds NULL. `None` where
    /// there is no list.
    pub(super) fn has_gap(&self, value: &str) -> Option<String> {
        let Kind::Struct(fields) = &self.kind else {
            return self.is_repeated.then(|| format!("list_count({value}) < len({value})"));
        };
        let item = if self.is_repeated { "item" } else { value };
        let of = |(name, sent): &(String, Sent)| {
            sent.has_gap(&format!("struct_extract({item}, '{}')", name.replace('\'', "''")))
        };
        let inner: Vec<_> = fields.iter().filter_map(of).collect();
        if !self.is_repeated {
            return (!inner.is_empty()).then(|| format!("({})", inner.join(" or ")));
        }
        let inner: String = inner.iter().map(|condition| format!(" or {condition}")).collect();
        Some(format!("len(list_filter({value}, lambda item: item is null{inner})) > 0"))
    }

    /// Type and, for a list, its brackets, as a column definition of BigQuery says them.
    pub(super) fn ddl(&self) -> String {
        let one = match &self.kind {
            Kind::Scalar(name) => name.to_string(),
            Kind::Struct(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, sent)| format!("`{name}` {}", sent.ddl())).collect();
                format!("STRUCT<{}>", fields.join(", "))
            }
        };
        if self.is_repeated { format!("ARRAY<{one}>") } else { one }
    }
}

/// Reads DuckDB's name of a type.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn sent(&mut self) -> Result<Sent, String> {
        let mut sent = if self.take("STRUCT(") {
            structure(self.fields()?)
        } else if self.take("MAP(") {
            self.map()?
        } else {
            self.scalar()?
        };
        while let Some(rest) = self.rest.strip_prefix('[') {
            let (_, rest) = rest.split_once(']').ok_or("is of a type that is cut off")?;
            self.rest = rest.trim_start();
            sent = list(sent)?;
        }
        Ok(sent)
    }

    /// Names and types, up to the closing parenthesis.
    fn fields(&mut self) -> Result<Vec<(String, Sent)>, String> {
        let mut fields = Vec::new();
        loop {
            let name = self.name()?;
            fields.push((name, self.sent()?));
            if self.take(")") {
                return Ok(fields);
            }
            if !self.take(",") {
                return Err("is of a type that is cut off".to_string());
            }
        }
    }

    fn map(&mut self) -> Result<Sent, String> {
        let key = self.sent()?;
        if !self.take(",") {
            return Err("is of a type that is cut off".to_string());
        }
        let value = self.sent()?;
        if !self.take(")") {
            return Err("is of a type that is cut off".to_string());
        }
        // As text: a map of DuckDB casts to nothing else that Parquet has.
        let _ = (key, value);
        Ok(Sent::scalar("STRING", "VARCHAR"))
    }

    /// A field's name, quoted or not.
    fn name(&mut self) -> Result<String, String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find(' ').ok_or("is of a type that is cut off")?;
            let (name, rest) = self.rest.split_at(end);
            self.rest = rest.trim_start();
            return Ok(name.to_string());
        };
        let (mut name, mut characters) = (String::new(), quoted.char_indices().peekable());
        while let Some((at, character)) = characters.next() {
            if character != '"' {
                name.push(character);
            } else if characters.next_if(|(_, next)| *next == '"').is_some() {
                name.push('"');
            } else {
                self.rest = quoted[at + 1..].trim_start();
                return Ok(name);
            }
        }
        Err("is of a type that is cut off".to_string())
    }

    fn scalar(&mut self) -> Result<Sent, String> {
        let end = self.rest.find([',', ')', '[', '(']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        let mut arguments = "";
        if let Some(inner) = self.rest.strip_prefix('(') {
            let (within, rest) = inner.split_once(')').ok_or("is of a type that is cut off")?;
            (arguments, self.rest) = (within, rest);
        }
        self.rest = self.rest.trim_start();
        Ok(match name.trim() {
            "BOOLEAN" => Sent::scalar("BOOL", "BOOLEAN"),
            "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "UTINYINT" | "USMALLINT" | "UINTEGER" => {
                Sent::scalar("INT64", "BIGINT")
            }
            "UBIGINT" => Sent::scalar("NUMERIC", "DECIMAL(20,0)"),
            // 39 digits of a HUGEINT do not fit BIGNUMERIC's Parquet decimal of 38; one that has them fails to be cast.
            "HUGEINT" | "UHUGEINT" => Sent::scalar("BIGNUMERIC", "DECIMAL(38,0)"),
            "FLOAT" | "DOUBLE" => Sent::scalar("FLOAT64", "DOUBLE"),
            "DECIMAL" => decimal(arguments)?,
            "DATE" => Sent::scalar("DATE", "DATE"),
            "TIME" => Sent::scalar("TIME", "TIME"),
            "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS" => {
                Sent::scalar("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
            }
            "BLOB" => Sent::scalar("BYTES", "BLOB"),
            "VARCHAR" | "JSON" | "UUID" | "ENUM" | "INTERVAL" | "BIT" | "TIME WITH TIME ZONE" => {
                Sent::scalar("STRING", "VARCHAR")
            }
            other => return Err(format!("is of the type {other}, for which BigQuery has nothing")),
        })
    }
}

/// NUMERIC has 29 digits before the point and 9 after it; BIGNUMERIC has 38 and 38.
fn decimal(arguments: &str) -> Result<Sent, String> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let number = |text: &str| text.trim().parse::<u8>().map_err(|_| format!("is of the type DECIMAL({arguments})"));
    let (precision, scale) = (number(precision)?, number(scale)?);
    let is_small = scale <= 9 && precision.saturating_sub(scale) <= 29;
    Ok(Sent::scalar(if is_small { "NUMERIC" } else { "BIGNUMERIC" }, format!("DECIMAL({precision},{scale})")))
}

fn structure(fields: Vec<(String, Sent)>) -> Sent {
    let mut cast = String::from("STRUCT(");
    for (index, (name, sent)) in fields.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let _ = write!(cast, "{separator}{} {}", crate::name::quote(name), sent.cast);
    }
    cast.push(')');
    Sent { kind: Kind::Struct(fields), is_repeated: false, cast }
}

fn list(of: Sent) -> Result<Sent, String> {
    if of.is_repeated {
        return Err("is a list of lists, which BigQuery does not have; put the inner one into a struct".to_string());
    }
    Ok(Sent { cast: format!("{}[]", of.cast), is_repeated: true, ..of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_of_bigquery_or_a_reason() {
        for (duckdb, expected) in [
            ("BOOLEAN", "BOOL as BOOLEAN"),
            ("UINTEGER", "INT64 as BIGINT"),
            ("UBIGINT", "NUMERIC as DECIMAL(20,0)"),
            ("HUGEINT", "BIGNUMERIC as DECIMAL(38,0)"),
            ("FLOAT", "FLOAT64 as DOUBLE"),
            ("DECIMAL(18,2)", "NUMERIC as DECIMAL(18,2)"),
            ("DECIMAL(38,9)", "NUMERIC as DECIMAL(38,9)"),
            ("DECIMAL(38,6)", "BIGNUMERIC as DECIMAL(38,6)"),
            ("DECIMAL(18,10)", "BIGNUMERIC as DECIMAL(18,10)"),
            ("TIMESTAMP", "TIMESTAMP as TIMESTAMP WITH TIME ZONE"),
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP as TIMESTAMP WITH TIME ZONE"),
            ("TIMESTAMP_NS", "TIMESTAMP as TIMESTAMP WITH TIME ZONE"),
            ("ENUM('a', 'b)')", "is of the unknown type ENUM('a', 'b)')"),
            ("ENUM('a', 'b')", "STRING as VARCHAR"),
            ("UUID", "STRING as VARCHAR"),
            ("JSON", "STRING as VARCHAR"),
            ("MAP(VARCHAR, INTEGER[])", "STRING as VARCHAR"),
            ("DATE[]", "ARRAY<DATE> as DATE[]"),
            ("INTEGER[3]", "ARRAY<INT64> as BIGINT[]"),
            (
                "STRUCT(a INTEGER, \"b \"\"c\" STRUCT(d TIMESTAMP)[])[]",
                "ARRAY<STRUCT<`a` INT64, `b \"c` ARRAY<STRUCT<`d` TIMESTAMP>>>> as \
                 STRUCT(\"a\" BIGINT, \"b \"\"c\" STRUCT(\"d\" TIMESTAMP WITH TIME ZONE)[])[]",
            ),
            ("INTEGER[][]", "is a list of lists, which BigQuery does not have; put the inner one into a struct"),
            ("GEOMETRY", "is of the type GEOMETRY, for which BigQuery has nothing"),
            ("STRUCT(a INTEGER", "is of a type that is cut off"),
            ("DECIMAL(x)", "is of the type DECIMAL(x)"),
        ] {
            let told = sent(duckdb).map_or_else(|reason| reason, |sent| format!("{} as {}", sent.ddl(), sent.cast));
            assert_eq!(told, expected, "{duckdb}");
        }
    }
}
