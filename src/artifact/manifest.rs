//! `target/manifest.json`: the whole project in dbt's schema v12, for tools that read it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::json;

use crate::artifact::macros::{MacroEntry, macros};
use crate::artifact::node::{ColumnEntry, Empty, NodeEntry, Parts, catalog, columns, entry, meta, slashed};
use crate::artifact::replace::replace;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::project::Project;
use crate::project::Source;
use crate::render::Scanned;

#[derive(Serialize)]
struct Manifest<'a> {
    metadata: Json,
    nodes: IndexMap<&'a str, NodeEntry<'a>>,
    sources: IndexMap<&'a str, SourceEntry<'a>>,
    macros: BTreeMap<String, MacroEntry<'a>>,
    docs: IndexMap<String, Json>,
    exposures: Empty,
    metrics: Empty,
    groups: Empty,
    selectors: Empty,
    disabled: IndexMap<&'a str, [NodeEntry<'a>; 1]>,
    parent_map: BTreeMap<&'a str, Vec<&'a str>>,
    child_map: BTreeMap<&'a str, Vec<&'a str>>,
    group_map: Empty,
    saved_queries: Empty,
    semantic_models: Empty,
    unit_tests: Empty,
}

#[derive(Serialize)]
struct SourceEntry<'a> {
    database: &'a str,
    schema: &'a str,
    name: &'a str,
    resource_type: &'static str,
    package_name: &'a str,
    path: String,
    original_file_path: String,
    unique_id: &'a str,
    fqn: &'a [String],
    source_name: &'a str,
    source_description: &'a str,
    loader: &'static str,
    identifier: &'a str,
    quoting: Json,
    loaded_at_field: Option<&'a str>,
    loaded_at_query: Option<&'a str>,
    freshness: Option<()>,
    external: Option<()>,
    description: &'a str,
    columns: IndexMap<&'a str, ColumnEntry<'a>>,
    meta: &'a Json,
    source_meta: Empty,
    tags: Vec<String>,
    config: Json,
    patch_path: Option<()>,
    unrendered_config: Empty,
    relation_name: String,
    created_at: f64,
    unrendered_database: Option<()>,
    unrendered_schema: Option<()>,
    doc_blocks: [(); 0],
}

/// Writes `manifest.json`.
///
/// `parents` holds, for every node, what it depends on; where a node is missing its references are taken. `compiled`
/// holds the SQL of the nodes that were compiled; the others are marked as not compiled, as `dbt parse` does.
///
/// # Errors
/// When the file cannot be written.
pub fn write_manifest(
    project: &Project,
    scanned: &Scanned,
    parents: &IndexMap<NodeId, Vec<NodeId>>,
    compiled: &IndexMap<NodeId, String>,
    invocation_id: &str,
    generated_at: Timestamp,
) -> Result<()> {
    let created_at = generated_at.as_millisecond() as f64 / 1000.0;
    let macros = macros(project, created_at);
    let referred = references(scanned);
    let parents_of = |id: &NodeId| parents.get(id).or_else(|| referred.get(id)).map_or(&[][..], Vec::as_slice);
    let part = |id: &NodeId| {
        let scan = scanned.nodes.get(id);
        let node = project.nodes.get(id)?;
        let called = scan.map(|scan| scan.macros.iter().map(String::as_str).collect()).unwrap_or_default();
        Some(entry(&Parts {
            project,
            node,
            scan,
            parents: parents_of(id),
            macros: known(called, &macros),
            compiled: compiled.get(id).map(String::as_str),
            created_at,
        }))
    };
    let (enabled, disabled): (Vec<_>, Vec<_>) = project.nodes.keys().partition(|id| scanned.nodes.contains_key(*id));
    let nodes: IndexMap<_, _> = enabled.iter().filter_map(|id| Some((id.as_str(), part(id)?))).collect();
    let disabled = disabled.iter().filter_map(|id| Some((id.as_str(), [part(id)?]))).collect();
    let (parent_map, child_map) = lineage(project, &enabled, parents_of);
    let manifest = Manifest {
        metadata: metadata(project, invocation_id, generated_at),
        nodes,
        sources: project.sources.iter().map(|(id, it)| (id.as_str(), source(project, scanned, it, created_at))).collect(),
        docs: docs(project),
        exposures: Empty::new(),
        metrics: Empty::new(),
        groups: Empty::new(),
        selectors: Empty::new(),
        disabled,
        parent_map,
        child_map,
        group_map: Empty::new(),
        saved_queries: Empty::new(),
        semantic_models: Empty::new(),
        unit_tests: Empty::new(),
        macros,
    };
    let bytes = serde_json::to_vec(&manifest)
        .map_err(|error| Error::call("cannot write the manifest as JSON").because(error))?;
    replace(&project.root.join(&project.target_path).join("manifest.json"), &bytes)
}

fn references(scanned: &Scanned) -> IndexMap<NodeId, Vec<NodeId>> {
    let of = |scan: &crate::render::Scan| scan.references.iter().map(|reference| reference.id.clone()).collect();
    scanned.nodes.iter().map(|(id, scan)| (id.clone(), of(scan))).collect()
}

/// Only macros that stand in the manifest: a reader looks up each that a node names.
fn known<'a>(called: Vec<&'a str>, macros: &BTreeMap<String, MacroEntry<'_>>) -> Vec<&'a str> {
    called.into_iter().filter(|id| macros.contains_key(*id)).collect()
}

type Lineage<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// `parent_map` and `child_map`, both over all nodes and sources.
fn lineage<'a>(
    project: &'a Project,
    enabled: &[&'a NodeId],
    parents_of: impl Fn(&NodeId) -> &'a [NodeId],
) -> (Lineage<'a>, Lineage<'a>) {
    let all = || enabled.iter().copied().chain(project.sources.keys());
    let mut parent_map: Lineage<'a> = all().map(|id| (id.as_str(), Vec::new())).collect();
    let mut child_map = parent_map.clone();
    for id in enabled {
        for parent in parents_of(id) {
            parent_map.entry(id.as_str()).or_default().push(parent.as_str());
            child_map.entry(parent.as_str()).or_default().push(id.as_str());
        }
    }
    for related in parent_map.values_mut().chain(child_map.values_mut()) {
        related.sort_unstable();
        related.dedup();
    }
    (parent_map, child_map)
}

fn metadata(project: &Project, invocation_id: &str, generated_at: Timestamp) -> Json {
    json!({
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "dbt_version": super::DBT_VERSION,
        "generated_at": super::time(generated_at),
        "invocation_id": invocation_id,
        "invocation_started_at": null,
        "env": {"CP_VERSION": env!("CARGO_PKG_VERSION")},
        "project_name": project.name,
        "project_id": null,
        "user_id": null,
        "send_anonymous_usage_stats": false,
        "adapter_type": "duckdb",
        "quoting": {"database": true, "schema": true, "identifier": true, "column": null},
    })
}

fn source<'a>(project: &'a Project, scanned: &Scanned, source: &'a Source, created_at: f64) -> SourceEntry<'a> {
    let database = source.database.as_deref().unwrap_or_else(|| catalog(project));
    let relation = scanned.sources.get(&source.id).map_or_else(
        || crate::name::Relation::new(database, &source.schema, &source.identifier).to_string(),
        ToString::to_string,
    );
    let path = slashed(&source.file.path);
    let meta = meta(source.config.get("meta"));
    SourceEntry {
        database,
        schema: &source.schema,
        name: &source.name,
        resource_type: "source",
        package_name: &project.name,
        path: path.clone(),
        original_file_path: path,
        unique_id: source.id.as_str(),
        fqn: &source.fqn,
        source_name: &source.source_name,
        source_description: &source.source_description,
        loader: "",
        identifier: &source.identifier,
        quoting: json!({"database": null, "schema": null, "identifier": null, "column": null}),
        loaded_at_field: source.config.text("loaded_at_field"),
        loaded_at_query: source.config.text("loaded_at_query"),
        freshness: None,
        external: None,
        description: &source.description,
        columns: columns(&source.columns),
        meta,
        source_meta: Empty::new(),
        tags: source.config.tags(),
        config: json!({"enabled": source.config.enabled(), "meta": meta, "tags": source.config.tags()}),
        patch_path: None,
        unrendered_config: Empty::new(),
        relation_name: relation,
        created_at,
        unrendered_database: None,
        unrendered_schema: None,
        doc_blocks: [],
    }
}

fn docs(project: &Project) -> IndexMap<String, Json> {
    let entry = |name: &String, text: &String| {
        let id = format!("doc.{}.{name}", project.name);
        let value = json!({
            "name": name,
            "resource_type": "doc",
            "package_name": project.name,
            "path": "",
            "original_file_path": "",
            "unique_id": id,
            "block_contents": text,
        });
        (id, value)
    };
    project.docs.iter().map(|(name, text)| entry(name, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::example;
    use crate::artifact::write_compiled;

    fn written(project: &Project, compiled: &IndexMap<NodeId, String>) -> Json {
        let scanned = example::scanned(project);
        write_manifest(project, &scanned, &IndexMap::new(), compiled, "run", Timestamp::UNIX_EPOCH).unwrap();
        let text = std::fs::read_to_string(project.root.join("target/manifest.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn says_what_dbt_says_of_the_same_project() {
        let folder = tempfile::tempdir().unwrap();
        let project = example::project(folder.path());
        let orders = NodeId::new("model", "shop", "orders");
        write_compiled(&project, &project.nodes[&orders], "select 1").unwrap();
        let manifest = written(&project, &[(orders, "select 1".to_string())].into_iter().collect());
        let node = &manifest["nodes"]["model.shop.orders"];
        assert_eq!(node["path"], "marts/orders.sql");
        assert_eq!(node["relation_name"], r#""memory"."main"."orders""#);
        assert_eq!(node["depends_on"], json!({"macros": ["macro.shop.plus"], "nodes": ["source.shop.raw.events"]}));
        assert_eq!(node["sources"], json!([["raw", "events"]]));
        assert_eq!(node["config"]["post-hook"], json!([{"sql": "select 1", "transaction": true, "index": null}]));
        assert_eq!(node["config"]["on_schema_change"], "ignore");
        assert!(folder.path().join(node["compiled_path"].as_str().unwrap()).is_file());
        let test = &manifest["nodes"]["test.shop.unique_orders_id.0123456789"];
        assert_eq!(test["test_metadata"]["kwargs"]["model"], "{{ get_where_subquery(ref('orders')) }}");
        assert_eq!((&test["attached_node"], &test["config"]["severity"]), (&json!("model.shop.orders"), &json!("warn")));
        assert_eq!(manifest["child_map"]["source.shop.raw.events"], json!(["model.shop.orders"]));
        assert_eq!(manifest["macros"]["macro.shop.plus"]["depends_on"]["macros"], json!(["macro.shop.times"]));
        // What dbt itself computes for a file of this text with white space at its end.
        assert_eq!(
            manifest["nodes"]["test.shop.nothing_lost"]["checksum"]["checksum"],
            "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f"
        );
    }
}
