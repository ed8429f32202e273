//! Where a column comes from and where it goes, as links.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value as Json;
use serde_json::json;

use super::Facts;
use super::columns::Columns;
use super::entry::anchor;
use super::entry::name;
use super::entry::url;
use crate::lineage::Field;
use crate::lineage::How;
use crate::lineage::Origin;
use crate::name::NodeId;
use crate::publish::type_in_bigquery;

/// What goes into published columns, field by field.
pub(super) type Reach = BTreeMap<Field, Vec<(NodeId, String, How)>>;

/// Columns that readers get: those of published models that are not the project's own business.
pub(super) fn published<'a>(facts: &'a Facts<'_>, columns: &'a Columns) -> impl Iterator<Item = (&'a NodeId, &'a str)> {
    let all = columns.of.iter().filter(|(id, _)| super::entry::is_published(facts, id));
    all.flat_map(|(id, columns)| columns.iter().map(move |column| (id, column.name.as_str())))
        .filter(|(_, column)| !column.starts_with('_'))
}

/// For every field that anything is made of, the published columns that are made of it.
pub(super) fn reach(facts: &Facts<'_>, columns: &Columns) -> Reach {
    let mut reach = Reach::new();
    for (id, known) in &columns.of {
        for column in known {
            for field in columns.chain.roots(id, &column.name).into_iter().flat_map(|roots| roots.fields.keys()) {
                reach.entry(field.clone()).or_default();
            }
        }
    }
    for (id, column) in published(facts, columns) {
        for (field, used) in columns.chain.roots(id, column).into_iter().flat_map(|roots| &roots.fields) {
            reach.entry(field.clone()).or_default().push((id.clone(), column.to_string(), used.how));
        }
    }
    reach.values_mut().for_each(|users| users.sort_by_key(|(_, _, how)| *how));
    reach
}

/// What a column of a model comes from; nothing for what no query makes.
pub(super) fn origin(facts: &Facts<'_>, columns: &Columns, id: &NodeId, column: &str) -> Option<Json> {
    let (origin, roots) = (columns.chain.origin(id, column)?, columns.chain.roots(id, column)?);
    let is_further = roots.fields.keys().any(|field| !origin.fields.contains_key(field));
    Some(json!({
        "from": fields(facts, origin),
        "roots": if is_further { fields(facts, roots) } else { Vec::new() },
        "untold": roots.untold,
        "is_made": roots.fields.is_empty() && roots.untold.is_empty(),
    }))
}

/// The fields of an origin, by how they are used.
fn fields(facts: &Facts<'_>, origin: &Origin) -> Vec<Json> {
    let links = origin.fields.iter().map(|(field, used)| (used.how, field_link(facts, field)));
    grouped(links)
}

/// The columns that a column goes into: those of children, and the published ones in the end.
pub(super) fn uses(facts: &Facts<'_>, columns: &Columns, id: &NodeId, column: &str) -> Json {
    let direct = columns.chain.uses(id, column).map(|(node, column, how)| (how, column_link(facts, node, column)));
    let published = reached(columns, id, column);
    let published = published
        .iter()
        .filter(|(it, column)| it != id && super::entry::is_published(facts, it) && !column.starts_with('_'));
    json!({
        "into": grouped(direct),
        "published": published.map(|(node, column)| column_link(facts, node, column)).collect::<Vec<_>>(),
    })
}

/// All columns that a column goes into, in the end or on the way; what it only decides about ends there.
fn reached(columns: &Columns, id: &NodeId, column: &str) -> BTreeSet<(NodeId, String)> {
    let mut found = BTreeSet::new();
    let mut next = vec![(id.clone(), column.to_string())];
    while let Some((node, column)) = next.pop() {
        for (user, column, how) in columns.chain.uses(&node, &column) {
            if how != How::Decides && found.insert((user.clone(), column.to_string())) {
                next.push((user.clone(), column.to_string()));
            }
        }
    }
    found
}

fn grouped(links: impl Iterator<Item = (How, Json)>) -> Vec<Json> {
    let mut groups: BTreeMap<How, Vec<Json>> = BTreeMap::new();
    for (how, link) in links {
        groups.entry(how).or_default().push(link);
    }
    groups.into_iter().map(|(how, links)| json!({"how": word(how), "class": class(how), "links": links})).collect()
}

/// How a field takes part, for a person.
pub(super) fn word(how: How) -> &'static str {
    match how {
        How::Same => "same value",
        How::OneOf => "one of",
        How::Computed => "computed",
        How::Decides => "decides",
    }
}

pub(super) fn class(how: How) -> &'static str {
    match how {
        How::Same => "same",
        How::OneOf => "oneof",
        How::Computed => "computed",
        How::Decides => "decides",
    }
}

fn field_link(facts: &Facts<'_>, field: &Field) -> Json {
    let is_source = facts.project.sources.contains_key(&field.table);
    let place = match is_source {
        true => anchor("field", &format!("{}{}", field.column, field.path)),
        false => anchor("column", &field.column),
    };
    json!({
        "node": name(facts, &field.table),
        "column": format!("{}{}", field.column, field.path),
        "url": format!("{}#{place}", url(&field.table)),
    })
}

/// A column of a node, as a link.
pub(super) fn column_link(facts: &Facts<'_>, id: &NodeId, column: &str) -> Json {
    json!({
        "node": name(facts, id),
        "column": column,
        "url": format!("{}#{}", url(id), anchor("column", column)),
    })
}

/// The fields of a source that anything reads, and the published columns that are made of each.
pub(super) fn fields_of(facts: &Facts<'_>, columns: &Columns, reach: &Reach, source: &NodeId) -> Vec<Json> {
    let mut made: IndexMap<String, Json> = IndexMap::new();
    for (field, users) in reach.iter().filter(|(field, _)| field.table == *source) {
        let shown = format!("{}{}", field.column, field.path);
        let (deciding, users): (Vec<_>, Vec<_>) = users.iter().partition(|(_, _, how)| *how == How::Decides);
        let link = |(node, column, how): &&(NodeId, String, How)| {
            let mut link = column_link(facts, node, column);
            link["how"] = json!(word(*how));
            link["class"] = json!(class(*how));
            link["type"] = json!(bigquery_type(columns, node, column));
            link
        };
        let (users, deciding): (Vec<_>, Vec<_>) =
            (users.iter().map(link).collect(), deciding.iter().map(link).collect());
        made.insert(
            shown.clone(),
            json!({"name": shown, "anchor": anchor("field", &shown), "into": users, "deciding": deciding}),
        );
    }
    made.into_values().collect()
}

/// The type of a published column in BigQuery; `None` where the column's own is not known, or BigQuery has nothing for it.
pub(super) fn bigquery_type(columns: &Columns, id: &NodeId, column: &str) -> Option<String> {
    let known = columns.of.get(id)?.iter().find(|known| known.name == column)?;
    type_in_bigquery(known.data_type.as_deref()?).ok()
}
