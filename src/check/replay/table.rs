//! What of a model is compared.

use crate::check::golden::Difference;
use crate::check::golden::Picture;
use crate::check::golden::volatile;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::name::Relation;
use crate::name::quote;
use crate::rebuild::Blueprint;

/// A model whose rows are compared.
pub struct Table<'a> {
    pub id: &'a NodeId,
    relation: &'a Relation,
    key: Vec<String>,
    volatile: Vec<String>,
}

/// Columns with their types, and a hash over all rows in whichever order.
pub type Contents = (Vec<String>, String);

impl<'a> Table<'a> {
    /// `None` for what has no place in the database.
    pub fn of(blueprint: &Blueprint<'a>, id: &NodeId) -> Option<Self> {
        let (id, scan) = blueprint.scanned.nodes.get_key_value(id)?;
        let node = blueprint.project.nodes.get(id)?;
        let relation = scan.relation.as_ref()?;
        Some(Self { id, relation, key: scan.config.key(), volatile: volatile(node, scan) })
    }

    /// What it holds.
    pub fn contents(&self, session: &Session) -> Result<Contents> {
        let columns = self.columns(session)?;
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let hash = Picture::content(session, &self.relation.to_string(), &names)?;
        Ok((columns.iter().map(|(name, data_type)| format!("{name} {data_type}")).collect(), hash))
    }

    /// What it holds otherwise in one database than in the other.
    pub fn difference(&self, expected: &Session, got: &Session) -> Result<Difference> {
        Ok(Difference::between(Some(&self.picture(expected)?), &self.picture(got)?))
    }

    /// The keys of rows that are otherwise, or in one of both alone.
    pub fn differing_keys(&self, expected: &Session, got: &Session) -> Result<Vec<Vec<String>>> {
        Ok(Difference::keys(&self.picture(expected)?, &self.picture(got)?))
    }

    fn picture(&self, session: &Session) -> Result<Picture> {
        let columns = self.columns(session)?;
        let names: Vec<_> = columns.iter().map(|(name, _)| quote(name)).collect();
        let from = format!("(select {} from {})", names.join(", "), self.relation);
        Ok(Picture::of_rows(session, &from, &self.key)?)
    }

    /// Columns that are compared, and their types.
    fn columns(&self, session: &Session) -> Result<Vec<(String, String)>> {
        let there = session.described(self.relation)?;
        let there = there.ok_or_else(|| Error::data(format!("`{}` was not built", self.relation.name)))?;
        let is_volatile = |name: &str| self.volatile.iter().any(|volatile| volatile.eq_ignore_ascii_case(name));
        let compared = there.into_iter().filter(|column| !column.name.starts_with('_') && !is_volatile(&column.name));
        Ok(compared.map(|column| (column.name, column.data_type)).collect())
    }
}
