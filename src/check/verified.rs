//! The proof that what is to be published was checked. Only this module can make one.

use crate::name::NodeId;
use crate::name::Relation;

/// One table to publish.
#[derive(Debug, Clone)]
pub struct Publishable {
    pub id: NodeId,
    /// The published name: the relation's.
    pub name: String,
    pub relation: Relation,
    /// Columns that make a row unique and give the published order; may be empty.
    pub key: Vec<String>,
    pub description: String,
}

/// Tables whose every check of severity error, on them and on all that they are made of, has passed.
#[derive(Debug)]
pub struct Verified {
    tables: Vec<Publishable>,
    invocation_id: String,
}

impl Verified {
    /// The tables, by name.
    pub fn tables(&self) -> &[Publishable] {
        &self.tables
    }

    /// The run whose checks stand behind it.
    pub fn invocation_id(&self) -> &str {
        &self.invocation_id
    }
}

#[cfg(test)]
impl Verified {
    /// A proof of nothing, for tests of those who ask for one.
    pub(crate) fn for_test(tables: Vec<Publishable>, invocation_id: &str) -> Self {
        Self { tables, invocation_id: invocation_id.to_string() }
    }
}
