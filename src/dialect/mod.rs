//! The databases that models can be written for: what each is called, how it quotes, names types, and spells the
//! statements that bring a model's rows into being.
//!
//! What a model's own SQL needs of a database is behind `adapter.dispatch`: macros `duckdb__…` and `bigquery__…` of the
//! project. What the tool itself writes around that SQL is here. The tool runs statements in DuckDB only.

mod layout;
mod statements;

pub use layout::Layout;

use std::fmt;

use crate::name::Relation;
use crate::name::quote;

/// A database that models can be written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    #[default]
    DuckDb,
    BigQuery,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::DuckDb, Self::BigQuery];

    /// As dbt writes it: `type` of an output, `target.type`, `adapter.type()`, and what dispatched macros begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::DuckDb => "duckdb",
            Self::BigQuery => "bigquery",
        }
    }

    /// The database of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The names under which `adapter.dispatch` looks for a macro, the first that is there counts; as in dbt, these and no
    /// others.
    pub fn implementations(self, name: &str) -> [String; 2] {
        [format!("{}__{name}", self.name()), format!("default__{name}")]
    }

    /// An identifier, quoted so that any name is safe.
    pub fn quote(self, name: &str) -> String {
        match self {
            Self::DuckDb => quote(name),
            Self::BigQuery => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        }
    }

    /// A relation's full name, quoted; parts that it has not are left out.
    pub fn relation(self, relation: &Relation) -> String {
        let parts = [&relation.database, &relation.schema, &relation.name];
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| self.quote(part)).collect::<Vec<_>>().join(".")
    }

    /// A text as a literal.
    pub fn literal(self, text: &str) -> String {
        match self {
            Self::DuckDb => format!("'{}'", text.replace('\'', "''")),
            // Two quotes are no escape here: they would end one literal and begin another.
            Self::BigQuery => {
                format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
            }
        }
    }

    /// `api.Column.translate_type`: the type that dbt's general name means.
    pub fn translate_type(self, name: &str) -> String {
        let translated = match (self, name.to_ascii_uppercase().as_str()) {
            (Self::DuckDb, "STRING") => "TEXT",
            (Self::BigQuery, "STRING" | "TEXT") => "STRING",
            (Self::BigQuery, "FLOAT") => "FLOAT64",
            (Self::BigQuery, "INTEGER" | "INT") => "INT64",
            _ => name,
        };
        translated.to_string()
    }

    /// `api.Column.string_type`: text of at most this length. BigQuery takes no length outside of a column definition.
    pub fn string_type(self, size: &str) -> String {
        match self {
            Self::DuckDb => format!("character varying({size})"),
            Self::BigQuery => "string".to_string(),
        }
    }

    /// `api.Column.numeric_type`. BigQuery takes no digits outside of a column definition.
    pub fn numeric_type(self, name: &str, digits: Option<(&str, &str)>) -> String {
        match (self, digits) {
            (Self::DuckDb, Some((precision, scale))) => format!("{name}({precision},{scale})"),
            _ => name.to_string(),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::parse(dialect.name()), Some(dialect));
        }
        assert_eq!(Dialect::parse("postgres"), None);
        assert_eq!(Dialect::BigQuery.implementations("days"), ["bigquery__days", "default__days"]);
    }

    #[test]
    fn quotes_let_nothing_out() {
        let relation = Relation::new("a-b", "c", "d");
        assert_eq!(Dialect::DuckDb.relation(&relation), r#""a-b"."c"."d""#);
        assert_eq!(Dialect::DuckDb.relation(&relation), relation.to_string());
        assert_eq!(Dialect::BigQuery.relation(&relation), "`a-b`.`c`.`d`");
        assert_eq!(Dialect::BigQuery.relation(&Relation::new("", "s", "t")), "`s`.`t`");
        assert_eq!(Dialect::DuckDb.quote("a\"b`"), "\"a\"\"b`\"");
        assert_eq!(Dialect::BigQuery.quote("a\"b`\\"), "`a\"b\\`\\\\`");
        assert_eq!(Dialect::DuckDb.literal("it's \\"), "'it''s \\'");
        assert_eq!(Dialect::BigQuery.literal("it's \\"), "'it\\'s \\\\'");
    }

    #[test]
    fn types_are_those_that_dbt_names() {
        let of = |name: &str| Dialect::ALL.map(|dialect| dialect.translate_type(name));
        assert_eq!(of("string"), ["TEXT", "STRING"]);
        assert_eq!(of("integer"), ["integer", "INT64"]);
        assert_eq!(of("date"), ["date", "date"]);
        let numeric = Dialect::ALL.map(|dialect| dialect.numeric_type("numeric", Some(("28", "6"))));
        assert_eq!(numeric, ["numeric(28,6)", "numeric"]);
        assert_eq!(Dialect::ALL.map(|dialect| dialect.string_type("16")), ["character varying(16)", "string"]);
    }
}
