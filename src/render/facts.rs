//! What templates can read of a node: `model`, and the entries of `graph`, as dictionaries of dbt's shape.

use indexmap::IndexMap;
use minijinja::Value;
use serde_json::{Value as Json, json};

use crate::name::NodeId;
use crate::name::Relation;
use crate::project::ColumnSpec;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::render::Scanned;
use crate::render::shared::Shared;
use crate::render::values::from_json;

/// One node.
pub(super) fn node(node: &Node, config: &NodeConfig, relation: Option<Relation>, depends_on: &[NodeId]) -> Value {
    let settings = settings(node, config);
    let relation = relation.unwrap_or_else(|| Relation::new("", "", node.name.clone()));
    let path = node.file.path.to_string_lossy().replace('\\', "/");
    let ids: Vec<&str> = depends_on.iter().map(NodeId::as_str).collect();
    let mut facts = json!({
        "unique_id": node.id.as_str(),
        "name": node.name,
        "resource_type": node.kind.as_str(),
        "package_name": node.fqn.first(),
        "original_file_path": path,
        "path": path.split_once('/').map_or(path.as_str(), |(_, rest)| rest),
        "fqn": node.fqn,
        "database": relation.database,
        "schema": relation.schema,
        "alias": relation.name,
        "relation_name": relation.to_string(),
        "description": node.description,
        "columns": columns(&node.columns),
        "tags": config.tags(),
        "meta": config.get("meta").cloned().unwrap_or_else(|| json!({})),
        "config": settings,
        "unrendered_config": {},
        "depends_on": {"nodes": ids, "macros": []},
        "refs": [],
        "sources": [],
        "language": "sql",
        "version": null,
    });
    if node.generic.is_none() {
        facts["raw_code"] = Json::from(node.file.text.as_ref());
    }
    if let Some(generic) = &node.generic {
        facts["column_name"] = json!(generic.column);
        facts["attached_node"] = Json::from(generic.on.as_str());
        facts["test_metadata"] = json!({"name": generic.name, "kwargs": generic.arguments, "namespace": null});
    }
    from_json(&facts)
}

fn settings(node: &Node, config: &NodeConfig) -> Json {
    let mut settings: serde_json::Map<String, Json> =
        config.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let mut preset = |name: &str, value: Json| {
        settings.entry(name.to_string()).or_insert(value);
    };
    preset("enabled", Json::from(true));
    let materialized = match node.kind {
        NodeKind::Model => "view",
        NodeKind::Seed => "seed",
        NodeKind::Test => "test",
    };
    preset("materialized", Json::from(materialized));
    for name in ["schema", "alias", "database", "unique_key", "full_refresh"] {
        preset(name, Json::Null);
    }
    for name in ["tags", "pre_hook", "post_hook"] {
        preset(name, json!([]));
    }
    preset("meta", json!({}));
    if node.kind == NodeKind::Test {
        preset("severity", Json::from("ERROR"));
    }
    Json::Object(settings)
}

fn columns(columns: &IndexMap<String, ColumnSpec>) -> Json {
    let column = |column: &ColumnSpec| {
        json!({
            "name": column.name,
            "description": column.description,
            "data_type": column.data_type,
            "meta": column.meta,
            "tags": column.tags,
        })
    };
    Json::Object(columns.iter().map(|(name, spec)| (name.clone(), column(spec))).collect())
}

/// `graph` before anything is known.
pub(super) fn empty_graph() -> Value {
    from_json(&json!({"nodes": {}, "sources": {}, "exposures": {}, "metrics": {}, "groups": {}}))
}

/// `graph`: all nodes and sources.
pub(super) fn graph(shared: &Shared, scanned: &Scanned) -> Value {
    let nodes = scanned.nodes.iter().filter_map(|(id, scan)| {
        let found = shared.project.nodes.get(id)?;
        let depends_on: Vec<NodeId> = scan.references.iter().map(|reference| reference.id.clone()).collect();
        Some((id.as_str().to_string(), node(found, &scan.config, scan.relation.clone(), &depends_on)))
    });
    let sources =
        shared.project.sources.values().filter(|source| scanned.sources.contains_key(&source.id)).map(|source| {
            let relation = shared.source_relation(source);
            let facts = json!({
                "unique_id": source.id.as_str(),
                "name": source.name,
                "source_name": source.source_name,
                "resource_type": "source",
                "package_name": shared.project.name,
                "database": relation.database,
                "schema": relation.schema,
                "identifier": relation.name,
                "relation_name": relation.to_string(),
                "description": source.description,
                "source_description": source.source_description,
                "columns": columns(&source.columns),
                "tags": source.config.tags(),
                "meta": source.config.get("meta").cloned().unwrap_or_else(|| json!({})),
                "fqn": source.fqn,
            });
            (source.id.as_str().to_string(), from_json(&facts))
        });
    let empty = || Value::from_pairs(std::iter::empty::<(String, Value)>());
    Value::from_pairs([
        ("nodes", Value::from_pairs(nodes)),
        ("sources", Value::from_pairs(sources)),
        ("exposures", empty()),
        ("metrics", empty()),
        ("groups", empty()),
    ])
}
