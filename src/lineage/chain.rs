//! Many queries in a row: from a column to the fields in which nothing is made any more, and back.

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::Field;
use super::How;
use super::Origin;
use super::Use;
use crate::name::NodeId;

/// The columns of all nodes of a project that are made by a query.
#[derive(Debug, Default)]
pub struct Chain {
    columns: HashMap<NodeId, HashMap<String, Origin>>,
    roots: HashMap<NodeId, HashMap<String, Origin>>,
    /// What columns go into, directly: for a column of a node, columns of its children.
    uses: HashMap<(NodeId, String), BTreeMap<(NodeId, String), How>>,
}

impl Chain {
    /// Puts a node's columns in. Those that it is made of have to be in before.
    pub fn push(&mut self, node: &NodeId, columns: Vec<(String, Origin)>) {
        let mut roots = HashMap::new();
        for (name, origin) in &columns {
            for (field, used) in &origin.fields {
                let users = self.uses.entry((field.table.clone(), field.column.clone())).or_default();
                let how = users.entry((node.clone(), name.clone())).or_insert(used.how);
                *how = used.how.min(*how);
            }
            roots.insert(name.to_lowercase(), self.followed(origin));
        }
        let columns = columns.into_iter().map(|(name, origin)| (name.to_lowercase(), origin)).collect();
        self.columns.insert(node.clone(), columns);
        self.roots.insert(node.clone(), roots);
    }

    /// Where a column comes from directly; `None` where no query makes it.
    pub fn origin(&self, node: &NodeId, column: &str) -> Option<&Origin> {
        self.columns.get(node)?.get(&column.to_lowercase())
    }

    /// The fields that a column comes from in the end; `None` where no query makes it.
    pub fn roots(&self, node: &NodeId, column: &str) -> Option<&Origin> {
        self.roots.get(node)?.get(&column.to_lowercase())
    }

    /// The columns that a column goes into, directly.
    pub fn uses(&self, node: &NodeId, column: &str) -> impl Iterator<Item = (&NodeId, &str, How)> {
        let found = self.uses.get(&(node.clone(), column.to_string()));
        found.into_iter().flatten().map(|((node, column), how)| (node, column.as_str(), *how))
    }

    /// An origin with each field that a query makes replaced by those that this query makes it of.
    fn followed(&self, origin: &Origin) -> Origin {
        let mut made = Origin { untold: origin.untold.clone(), ..Origin::default() };
        for (field, used) in &origin.fields {
            match self.roots.get(&field.table) {
                None => made.add(field.clone(), *used),
                Some(columns) => match columns.get(&field.column.to_lowercase()) {
                    None => {
                        made.untold.insert(format!("`{}` is not followed further", field.column));
                    }
                    Some(above) => {
                        made.untold.extend(above.untold.iter().cloned());
                        for (root, root_use) in &above.fields {
                            let (root, used) = through(field, *used, root, *root_use);
                            made.add(root, used);
                        }
                    }
                },
            }
        }
        made
    }
}

/// A use of a field whose own value is a use of another.
fn through(field: &Field, used: Use, root: &Field, root_use: Use) -> (Field, Use) {
    let how = used.how.max(root_use.how);
    let is_whole = used.is_whole && root_use.is_whole;
    match (field.path.is_empty(), root_use.is_whole) {
        (true, _) => (root.clone(), Use { how, is_whole }),
        (false, true) => {
            (Field { path: format!("{}{}", root.path, field.path), ..root.clone() }, Use { how, is_whole })
        }
        (false, false) => (root.clone(), Use { how: how.max(How::Computed), is_whole }),
    }
}
