//! Which columns there are, of which types, and where they come from.

use indexmap::IndexMap;

use super::Facts;
use crate::lineage::Catalog;
use crate::lineage::Chain;
use crate::lineage::Column;
use crate::lineage::Origin;
use crate::lineage::columns;
use crate::lineage::parse;
use crate::name::NodeId;
use crate::project::ColumnSpec;
use crate::project::NodeKind;
use crate::render::cte_name;

/// A column of a source, a seed or a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) name: String,
    /// DuckDB's type; `None` where nothing tells it.
    pub(super) data_type: Option<String>,
    pub(super) description: String,
    /// Whether the yml describes a column that the table has not.
    pub(super) is_missing: bool,
}

/// All columns.
pub(super) struct Columns {
    pub(super) of: IndexMap<NodeId, Vec<Known>>,
    pub(super) chain: Chain,
}

impl Columns {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let mut catalog = catalog(facts);
        let (mut of, mut chain) = (IndexMap::new(), Chain::default());
        for id in facts.graph.order() {
            let node = facts.project.nodes.get(id);
            if node.is_some_and(|node| node.kind == NodeKind::Test) {
                continue;
            }
            let bound = facts.bound.columns.get(id).or_else(|| facts.built.get(id));
            let mut known: Vec<Known> = (bound.into_iter().flatten())
                .map(|it| Known { name: it.name.clone(), data_type: Some(it.data_type.clone()), ..Known::default() })
                .collect();
            if bound.is_some() {
                catalog.columns.insert(id.clone(), known.iter().map(|column| column.name.clone()).collect());
            }
            if node.is_some_and(|node| node.kind == NodeKind::Model) {
                let origins = origins(facts, id, &catalog, &known);
                if known.is_empty() {
                    known.extend(origins.iter().map(|(name, _)| Known { name: name.clone(), ..Known::default() }));
                }
                chain.push(id, origins);
            }
            let specs = match (node, facts.project.sources.get(id)) {
                (Some(node), _) => &node.columns,
                (None, Some(source)) => &source.columns,
                (None, None) => continue,
            };
            describe(&mut known, specs);
            of.insert(id.clone(), known);
        }
        Self { of, chain }
    }

    /// How many columns seeds and models have, and of how many it is told where all of them comes from.
    pub(super) fn count(&self, facts: &Facts<'_>) -> (usize, usize) {
        let is_made = |id: &NodeId| facts.project.nodes.contains_key(id);
        let all = self.of.iter().filter(|(id, _)| is_made(id)).flat_map(|(id, columns)| {
            columns.iter().filter(|column| !column.is_missing).map(move |column| (id, column))
        });
        let is_told = |(id, column): &(&NodeId, &Known)| match facts.project.nodes[*id].kind {
            NodeKind::Seed => true,
            _ => self.chain.roots(id, &column.name).is_some_and(|roots| roots.untold.is_empty()),
        };
        (all.clone().count(), all.filter(is_told).count())
    }
}

/// The tables that models read. A source of which nothing tells the columns still has those that its yml names.
fn catalog(facts: &Facts<'_>) -> Catalog {
    let mut catalog = Catalog::default();
    for (id, relation) in &facts.scanned.sources {
        catalog.tables.insert(relation.clone(), id.clone());
    }
    for (id, scan) in &facts.scanned.nodes {
        match (&scan.relation, facts.project.nodes[id].kind) {
            (Some(relation), _) => drop(catalog.tables.insert(relation.clone(), id.clone())),
            (None, NodeKind::Model) => {
                catalog.expressions.insert(cte_name(&facts.project.nodes[id].name), id.clone());
            }
            (None, _) => {}
        }
    }
    catalog
}

/// Where the columns of a model come from, by name.
fn origins(facts: &Facts<'_>, id: &NodeId, catalog: &Catalog, known: &[Known]) -> Vec<(String, Origin)> {
    let told = match facts.compiled.get(id) {
        Some(Ok(sql)) => {
            parse(facts.session, sql.trim().trim_end_matches(';')).and_then(|tree| columns(&tree, catalog))
        }
        Some(Err(_)) => Err("the model cannot be compiled".to_string()),
        None => Err("the model was not compiled".to_string()),
    };
    let untold = |reason: &str| Origin { untold: [reason.to_string()].into(), ..Origin::default() };
    match told {
        Err(reason) => known.iter().map(|column| (column.name.clone(), untold(&reason))).collect(),
        Ok(found) if known.is_empty() => {
            found.into_iter().filter(|it| !it.name.is_empty()).map(|it| (it.name, it.origin)).collect()
        }
        // DuckDB knows the names of all, also of those that the query leaves to it. A table in the warehouse may be older.
        Ok(found) if found.len() == known.len() && facts.bound.columns.contains_key(id) => {
            known.iter().zip(found).map(|(column, found)| (column.name.clone(), found.origin)).collect()
        }
        Ok(found) => {
            let find = |name: &str| found.iter().find(|it: &&Column| it.name.eq_ignore_ascii_case(name));
            let origin = |name: &str| match find(name) {
                Some(column) => column.origin.clone(),
                None => untold("the query is not known to give it"),
            };
            known.iter().map(|column| (column.name.clone(), origin(&column.name))).collect()
        }
    }
}

/// Puts what the yml says to the columns; one that it names and nothing gives is told.
fn describe(known: &mut Vec<Known>, specs: &IndexMap<String, ColumnSpec>) {
    let is_told = !known.is_empty();
    for spec in specs.values() {
        match known.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&spec.name)) {
            Some(column) => column.description.clone_from(&spec.description),
            None => known.push(Known {
                name: spec.name.clone(),
                data_type: spec.data_type.clone().filter(|_| !is_told),
                description: spec.description.clone(),
                is_missing: is_told,
            }),
        }
    }
}
