//! What the first page says of the whole project, and what can be searched for.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde_json::Value as Json;
use serde_json::json;

use super::Facts;
use super::columns::Columns;
use super::entry::is_published;
use super::entry::url;
use super::prose;
use crate::name::NodeId;
use crate::progress::grouped;
use crate::project::NodeKind;

/// Counts, layers and the last run.
pub(super) fn index(facts: &Facts<'_>, columns: &Columns, entries: &[(NodeId, Json)]) -> Json {
    let count = |kind: NodeKind| {
        let of_kind = |id: &&NodeId| facts.project.nodes.get(*id).is_some_and(|node| node.kind == kind);
        facts.scanned.nodes.keys().filter(of_kind).count()
    };
    let (all, told) = columns.count(facts);
    let scores: Vec<Json> = [
        (count(NodeKind::Model), "models"),
        (count(NodeKind::Seed), "seeds"),
        (facts.project.sources.len(), "sources"),
        (entries.iter().filter(|(id, _)| is_published(facts, id)).count(), "published"),
        (count(NodeKind::Test), "tests"),
        (facts.project.unit_tests.len(), "unit tests"),
        (all, "columns"),
    ]
    .into_iter()
    .map(|(count, what)| {
        let what = if count == 1 { what.trim_end_matches('s') } else { what };
        json!({"count": grouped(count as u64), "what": what})
    })
    .collect();
    json!({
        "scores": scores,
        "columns": grouped(all as u64),
        "told": grouped(told as u64),
        "destination": facts.destination,
        "notes": facts.notes,
        "layers": layers(facts, entries),
    })
}

/// The run that left its results, in a phrase.
pub(super) fn last_run(facts: &Facts<'_>) -> Option<Json> {
    let last = facts.last_run.as_ref()?;
    Some(json!({
        "verb": last.verb,
        "at": last.started_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        "nodes": last.results.len(),
    }))
}

/// Sources, seeds, and models by the folder they lie in; what is further up in the graph first.
fn layers(facts: &Facts<'_>, entries: &[(NodeId, Json)]) -> Vec<Json> {
    let mut depths: HashMap<&NodeId, usize> = HashMap::new();
    for id in facts.graph.order() {
        let above = facts.graph.parents(id).iter().filter_map(|parent| depths.get(parent)).max();
        depths.insert(id, above.map_or(0, |depth| depth + 1));
    }
    let mut layers: BTreeMap<String, Vec<&(NodeId, Json)>> = BTreeMap::new();
    for entry in entries {
        let name = match facts.project.nodes.get(&entry.0) {
            None => "sources".to_string(),
            Some(node) if node.kind == NodeKind::Seed => "seeds".to_string(),
            Some(node) if node.fqn.len() > 2 => node.fqn[1].clone(),
            Some(_) => "models".to_string(),
        };
        layers.entry(name).or_default().push(entry);
    }
    let rank = |name: &str, members: &[&(NodeId, Json)]| match name {
        "sources" => (0, 0),
        "seeds" => (1, 0),
        _ => {
            let sum: usize = members.iter().map(|(id, _)| depths.get(id).copied().unwrap_or(0)).sum();
            (2, sum * 1000 / members.len().max(1))
        }
    };
    let mut layers: Vec<_> = layers.into_iter().collect();
    layers.sort_by_key(|(name, members)| rank(name, members));
    layers
        .into_iter()
        .map(|(name, members)| {
            let rows: Vec<Json> = members.iter().map(|(id, entry)| row(facts, id, entry)).collect();
            json!({"name": name, "anchor": super::entry::anchor("layer", &name), "rows": rows})
        })
        .collect()
}

fn row(facts: &Facts<'_>, id: &NodeId, entry: &Json) -> Json {
    let config = facts.config(id);
    let kind = entry["kind"].as_str().unwrap_or_default();
    json!({
        "name": entry["name"],
        "url": entry["url"],
        "kind": kind,
        "summary": prose::html(prose::first_sentence(description(facts, id))),
        "materialized": (kind == "model").then(|| config.and_then(|it| it.text("materialized")).unwrap_or("view")),
        "columns": entry["columns"].as_array().map_or(0, Vec::len),
        "is_published": entry["is_published"],
        "counts": entry["counts"],
        "state": entry["state"],
    })
}

fn description<'a>(facts: &'a Facts<'_>, id: &NodeId) -> &'a str {
    let source = || facts.project.sources.get(id).map(|source| source.description.as_str());
    facts.project.nodes.get(id).map(|node| node.description.as_str()).or_else(source).unwrap_or_default()
}

/// What can be found by its name or what is said of it: nodes, columns, fields of sources, tests; as a script.
pub(super) fn names(facts: &Facts<'_>, columns: &Columns, entries: &[(NodeId, Json)]) -> String {
    let mut names = Vec::new();
    for (id, entry) in entries {
        names.push(json!([entry["name"], entry["kind"], description(facts, id).trim(), entry["url"]]));
    }
    for (id, entry) in entries {
        let known = columns.of.get(id).map(Vec::as_slice).unwrap_or_default();
        for column in known {
            let place = super::entry::anchor("column", &column.name);
            let (name, at) =
                (format!("{}.{}", super::entry::name(facts, id), column.name), format!("{}#{place}", url(id)));
            names.push(json!([name, "column", column.description.trim(), at]));
        }
        for field in entry["fields"].as_array().into_iter().flatten() {
            let (name, anchor) =
                (field["name"].as_str().unwrap_or_default(), field["anchor"].as_str().unwrap_or_default());
            if name.contains(['.', '[']) {
                names.push(json!([name, "field", super::entry::name(facts, id), format!("{}#{anchor}", url(id))]));
            }
        }
    }
    for (id, node) in facts.scanned.nodes.keys().filter_map(|id| Some((id, facts.project.nodes.get(id)?))) {
        if node.kind == NodeKind::Test && node.generic.is_none() {
            let place = super::entry::anchor("test", &facts.project.nodes[id].name);
            names.push(json!([node.name, "test", node.description.trim(), format!("checks.html#{place}")]));
        }
    }
    // One a line, so that two versions can be compared.
    let lines: Vec<String> = names.iter().map(Json::to_string).collect();
    format!("const NAMES = [\n{}\n];\n", lines.join(",\n"))
}
