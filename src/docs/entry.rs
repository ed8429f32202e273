//! What the page of a source, a seed or a model says.

use serde_json::Value as Json;
use serde_json::json;

use super::Facts;
use super::checked;
use super::columns::Columns;
use super::columns::Known;
use super::drawing;
use super::listing;
use super::prose;
use super::tracks;
use super::tracks::Reach;
use crate::name::NodeId;
use crate::progress::Status;
use crate::project::NodeConfig;
use crate::project::NodeKind;

impl Facts<'_> {
    /// Whether a node has a page: tests have none.
    pub(super) fn is_shown(&self, id: &NodeId) -> bool {
        self.project.sources.contains_key(id) || self.project.nodes.get(id).is_some_and(|it| it.kind != NodeKind::Test)
    }

    /// The settings of a node or a source.
    pub(super) fn config(&self, id: &NodeId) -> Option<&NodeConfig> {
        let source = || self.project.sources.get(id).map(|source| &source.config);
        self.scanned.nodes.get(id).map(|scan| &scan.config).or_else(source)
    }
}

/// `source`, `seed` or `model`.
pub(super) fn kind(facts: &Facts<'_>, id: &NodeId) -> &'static str {
    facts.project.nodes.get(id).map_or("source", |node| node.kind.as_str())
}

/// The name that a person knows it by.
pub(super) fn name(facts: &Facts<'_>, id: &NodeId) -> String {
    match (facts.project.nodes.get(id), facts.project.sources.get(id)) {
        (Some(node), _) => node.name.clone(),
        (None, Some(source)) => format!("{}.{}", source.source_name, source.name),
        (None, None) => id.to_string(),
    }
}

/// The file of its page: its id, without the project's name.
pub(super) fn url(id: &NodeId) -> String {
    let mut parts = id.as_str().splitn(3, '.');
    let (kind, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    format!("{}.{}.html", slug(kind), slug(name))
}

/// A place on a page.
pub(super) fn anchor(kind: &str, name: &str) -> String {
    format!("{kind}-{}", slug(name))
}

/// A name in letters that mean nothing in a path or an address, and of which no two are one to a file system.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        match character {
            'a'..='z' | '0'..='9' | '_' | '-' | '.' => slug.push(character),
            other => slug.push_str(&format!("~{:x}~", u32::from(other))),
        }
    }
    slug
}

/// A link to a node's page.
pub(super) fn link(facts: &Facts<'_>, id: &NodeId) -> Json {
    json!({"name": name(facts, id), "url": url(id), "kind": kind(facts, id)})
}

/// Whether readers get it.
pub(super) fn is_published(facts: &Facts<'_>, id: &NodeId) -> bool {
    let told = |scan: &crate::render::Scan| scan.config.meta("publish").and_then(Json::as_bool).unwrap_or(false);
    facts.scanned.nodes.get(id).is_some_and(|scan| scan.relation.is_some() && told(scan))
}

/// All that a page shows of a node.
pub(super) fn entry(facts: &Facts<'_>, columns: &Columns, reach: &Reach, id: &NodeId) -> Json {
    let node = facts.project.nodes.get(id);
    let source = facts.project.sources.get(id);
    let (description, more) = match (node, source) {
        (Some(node), _) => (node.description.as_str(), ""),
        (None, Some(source)) => (source.description.as_str(), source.source_description.as_str()),
        (None, None) => ("", ""),
    };
    let file = node.map(|node| &node.file).or_else(|| source.map(|source| &source.file));
    let (around, steps) = drawing::neighbourhood(facts, id);
    let links = |ids: &[NodeId]| -> Vec<Json> {
        ids.iter().filter(|id| facts.is_shown(id)).map(|id| link(facts, id)).collect()
    };
    let known = columns.of.get(id).map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<Json> = known.iter().map(|it| column(facts, columns, id, it)).collect();
    let tests = [checked::tests(facts, id, None), checked::singular_on(facts, id)].concat();
    let of_columns = shown.iter().flat_map(|column| column["tests"].as_array().into_iter().flatten());
    let units = checked::units(facts, id);
    let counts = checked::counts(tests.iter().chain(of_columns).chain(&units));
    json!({
        "name": name(facts, id),
        "kind": kind(facts, id),
        "url": url(id),
        "description": prose::html(description),
        "more": prose::html(more),
        "file": file.map(|file| file.path.to_string_lossy().replace('\\', "/")),
        "is_published": is_published(facts, id),
        "facts": told(facts, id),
        "state": state(facts, id),
        "columns_reason": (!facts.bound.columns.contains_key(id)).then(|| unknown(facts, id)),
        "is_built": facts.built.contains_key(id),
        "columns": shown,
        "collection": facts.collections.get(id),
        "fields": if source.is_some() { tracks::fields_of(facts, columns, reach, id) } else { Vec::new() },
        "tests": tests,
        "unit_tests": units,
        "counts": counts,
        "parents": links(facts.graph.parents(id)),
        "children": links(facts.graph.children(id)),
        "graph": drawing::svg(facts, &around, Some(id)),
        "steps": steps,
        "sql": node.filter(|node| node.kind == NodeKind::Model).map(|node| json!({
            "written": listing::html(&node.file.text),
            "compiled": facts.compiled.get(id).and_then(|sql| sql.as_ref().ok()).map(|sql| listing::html(sql)),
            "error": facts.compiled.get(id).and_then(|sql| sql.as_ref().err()),
        })),
    })
}

/// Why the types of a node's columns are not known: what stands first on the way to it of which they are not.
fn unknown(facts: &Facts<'_>, id: &NodeId) -> String {
    let above = facts.graph.ancestors(id, None);
    let is_unknown = |it: &&NodeId| (above.contains(*it) || *it == id) && !facts.bound.columns.contains_key(*it);
    let first = facts.graph.order().iter().find(is_unknown).unwrap_or(id);
    match facts.bound.broken.get(first) {
        Some(reason) if first == id => reason.clone(),
        Some(reason) => format!("`{}`: {reason}", name(facts, first)),
        None => format!("nothing tells which columns `{}` has", name(facts, first)),
    }
}

fn column(facts: &Facts<'_>, columns: &Columns, id: &NodeId, known: &Known) -> Json {
    let is_read = is_published(facts, id) && !known.name.starts_with('_');
    json!({
        "name": known.name,
        "anchor": anchor("column", &known.name),
        "type": known.data_type,
        "bigquery": is_read.then(|| tracks::bigquery_type(columns, id, &known.name)).flatten(),
        "is_read": is_read,
        "is_missing": known.is_missing,
        "description": prose::html(&known.description),
        "tests": checked::tests(facts, id, Some(&known.name)),
        "origin": tracks::origin(facts, columns, id, &known.name),
        "uses": tracks::uses(facts, columns, id, &known.name),
    })
}

/// Settings that say what the node is, as names and values.
fn told(facts: &Facts<'_>, id: &NodeId) -> Vec<Json> {
    let mut told: Vec<(String, String)> = Vec::new();
    let Some(config) = facts.config(id) else { return Vec::new() };
    let mut tell = |name: &str, value: Option<String>| {
        told.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_string(), value)));
    };
    let is_model = kind(facts, id) == "model";
    tell("grain", config.meta("grain").map(plain));
    tell("key", Some(config.key().join(", ")));
    tell(
        "materialized",
        is_model.then(|| {
            let word = config.text("materialized").unwrap_or("view");
            config
                .text("incremental_strategy")
                .filter(|_| word == "incremental")
                .map_or(word.to_string(), |how| format!("{word}, {how}"))
        }),
    );
    let relation = facts.scanned.nodes.get(id).and_then(|scan| scan.relation.as_ref());
    let relation = relation.or_else(|| facts.scanned.sources.get(id));
    tell("in the warehouse", relation.map(|it| format!("{}.{}", it.schema, it.name)));
    tell("published", is_published(facts, id).then(|| format!("in {}", facts.destination)));
    tell(
        "partitioned by",
        config.get("partition_by").map(|by| {
            let of = |name: &str| by.get(name).and_then(Json::as_str);
            of("field").map_or_else(|| plain(by), |field| format!("{field}, by {}", of("granularity").unwrap_or("day")))
        }),
    );
    tell("clustered by", Some(config.texts("cluster_by").join(", ")));
    tell("tags", Some(config.tags().join(", ")));
    let shown = ["grain", "key", "publish"];
    let meta = config.get("meta").and_then(Json::as_object).into_iter().flatten();
    for (name, value) in meta.filter(|(name, _)| !shown.contains(&name.as_str())) {
        tell(&format!("meta: {name}"), Some(plain(value)));
    }
    told.into_iter()
        .map(|(name, value)| json!({"name": name, "is_long": value.contains('\n'), "value": value}))
        .collect()
}

/// A setting as a person reads it: what is in a list of mappings has a line each.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let separator = if items.iter().any(|item| item.is_object() || item.is_array()) { "\n" } else { ", " };
            items.iter().map(plain).collect::<Vec<_>>().join(separator)
        }
        Json::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// How a seed or a model ended when it last ran.
fn state(facts: &Facts<'_>, id: &NodeId) -> Option<Json> {
    facts.scanned.nodes.get(id)?;
    Some(match checked::last(facts, id) {
        None => json!({"class": "unknown", "word": checked::WITHOUT_RESULT, "message": ""}),
        Some(last) => {
            let (class, word) = match last.status {
                Status::Success => ("pass", "built"),
                Status::Unchanged => ("pass", "unchanged"),
                Status::Skipped => ("unknown", "skipped"),
                _ => ("fail", "failed"),
            };
            json!({"class": class, "word": word, "message": last.message, "earlier": checked::earlier(facts, id)})
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pages_mean_nothing_to_a_path_or_an_address() {
        for (id, expected) in [
            ("model.shop.orders", "model.orders.html"),
            ("source.shop.raw.events", "source.raw.events.html"),
            ("model.shop.Orders", "model.~4f~rders.html"),
            ("model.shop.a/../b #é", "model.a~2f~..~2f~b~20~~23~~e9~.html"),
        ] {
            assert_eq!(url(&NodeId::from(id.to_string())), expected);
        }
    }
}
