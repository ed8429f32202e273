//! Names checked once: what a node of the project is called, in the way dbt calls it.

use std::{fmt, sync::Arc};

/// A node's unique id as dbt writes it, for example `model.commercepulse.fact_orders`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// `kind.project.name`, for example `model.commercepulse.fact_orders`.
    pub fn new(kind: &str, project: &str, name: &str) -> Self {
        Self(format!("{kind}.{project}.{name}").into())
    }

    /// The name alone, as a person writes it: without kind and project, and without a generic test's hash.
    pub fn plain(&self) -> &str {
        let name = self.0.splitn(3, '.').nth(2).unwrap_or(&self.0);
        match name.rsplit_once('.') {
            Some((name, _)) if self.0.starts_with("test.") => name,
            _ => name,
        }
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for NodeId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// An identifier, quoted for DuckDB so that any name is safe; for another database ask its [`Dialect`](crate::dialect).
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's or view's full name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// The catalog; DuckDB names it after the file.
    pub database: String,
    pub schema: String,
    pub name: String,
}

impl Relation {
    /// A name of three parts.
    pub fn new(database: impl Into<String>, schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { database: database.into(), schema: schema.into(), name: name.into() }
    }

    /// Another relation of the same schema.
    pub fn sibling(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }
}

/// Quoted, as DuckDB's SQL wants it.
impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", quote(&self.database), quote(&self.schema), quote(&self.name))
    }
}
