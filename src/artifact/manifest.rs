//! `target/manifest.json`: the whole project in dbt's schema v12, for tools that read it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::artifact::json::Object;
use crate::artifact::macros;
use crate::artifact::macros::macros;
use crate::artifact::node;
use crate::artifact::node::Parts;
use crate::artifact::node::catalog;
use crate::artifact::node::columns;
use crate::artifact::node::meta;
use crate::artifact::node::slashed;
use crate::artifact::replace::replace;
use crate::artifact::state;
use crate::error::Result;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::Project;
use crate::project::Source;
use crate::render::Scanned;

/// What dbt says of a source where a project says nothing.
const SOURCE_DEFAULTS: &str = concat!(
    r#""loader":"","quoting":{"database":null,"schema":null,"identifier":null,"column":null},"freshness":null,"#,
    r#""external":null,"source_meta":{},"patch_path":null,"unrendered_config":{},"unrendered_database":null,"#,
    r#""unrendered_schema":null,"doc_blocks":[]"#
);

/// Kinds of resources that a project of `cp` has none of.
const NOTHING: &str = r#""exposures":{},"metrics":{},"groups":{},"selectors":{},"group_map":{},"saved_queries":{},"semantic_models":{},"unit_tests":{}"#;

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
    let created_at = format!("{}.{:03}", generated_at.as_second(), generated_at.subsec_millisecond().abs());
    let macros = macros(project);
    let referred = references(scanned);
    let parents_of = |id: &NodeId| parents.get(id).or_else(|| referred.get(id)).map_or(&[][..], Vec::as_slice);
    let entry = |object: &mut Object<'_>, id: &NodeId| {
        let (Some(node), scan) = (project.nodes.get(id), scanned.nodes.get(id)) else { return };
        // Only macros that stand in the manifest: a reader looks up each that a node names.
        let called = scan.into_iter().flat_map(|scan| &scan.macros).map(String::as_str);
        let parts = Parts {
            project,
            node,
            scan,
            parents: parents_of(id),
            macros: called.filter(|id| macros.contains_key(*id)).collect(),
            compiled: compiled.get(id).map(String::as_str),
            created_at: &created_at,
        };
        node::entry(object, &parts);
    };
    let (enabled, disabled): (Vec<_>, Vec<_>) = project.nodes.keys().partition(|id| scanned.nodes.contains_key(*id));
    let (parent_map, child_map) = lineage(project, &enabled, parents_of);

    let mut text = String::with_capacity(1 << 20);
    let mut manifest = Object::new(&mut text);
    manifest.object("metadata", |object| metadata(object, project, invocation_id, generated_at));
    manifest.objects("nodes", enabled.iter().map(|id| (id.as_str(), *id)), |object, id| entry(object, id));
    let sources = project.sources.iter().map(|(id, it)| (id.as_str(), it));
    manifest.objects("sources", sources, |object, it| source(object, project, scanned, it, &created_at));
    manifest.objects("macros", &macros, |object, it| macros::entry(object, project, it, &created_at));
    docs(&mut manifest, project);
    manifest.fields(NOTHING);
    disabled_nodes(&mut manifest, &disabled, entry);
    for (name, map) in [("parent_map", &parent_map), ("child_map", &child_map)] {
        manifest.object(name, |object| map.iter().for_each(|(id, related)| object.texts(id, related)));
    }
    manifest.end();
    replace(&project.root.join(&project.target_path).join("manifest.json"), text.as_bytes())
}

fn references(scanned: &Scanned) -> IndexMap<NodeId, Vec<NodeId>> {
    let of = |scan: &crate::render::Scan| scan.references.iter().map(|reference| reference.id.clone()).collect();
    scanned.nodes.iter().map(|(id, scan)| (id.clone(), of(scan))).collect()
}

/// Disabled nodes stand in a list each, for dbt allows several of one id.
fn disabled_nodes(manifest: &mut Object<'_>, ids: &[&NodeId], entry: impl Fn(&mut Object<'_>, &NodeId)) {
    manifest.object("disabled", |all| {
        for id in ids {
            let mut text = String::from("[");
            let mut object = Object::new(&mut text);
            entry(&mut object, id);
            object.end();
            text.push(']');
            all.raw(id.as_str(), &text);
        }
    });
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

fn metadata(object: &mut Object<'_>, project: &Project, invocation_id: &str, generated_at: Timestamp) {
    object.text("dbt_schema_version", "https://schemas.getdbt.com/dbt/manifest/v12.json");
    object.text("dbt_version", super::DBT_VERSION);
    object.text("generated_at", &super::time(generated_at));
    object.text("invocation_id", invocation_id);
    object.object("env", |object| {
        object.text("CP_VERSION", env!("CARGO_PKG_VERSION"));
        object.text(state::VARS, &serde_json::json!(state::vars(project)).to_string());
        if project.profile.path != ":memory:" && !project.profile.path.is_empty() {
            object.text(state::WAREHOUSE, &project.root.join(&project.profile.path).to_string_lossy());
        }
    });
    object.text("project_name", &project.name);
    object.text("adapter_type", project.profile.dialect.name());
    object.fields(concat!(
        r#""invocation_started_at":null,"project_id":null,"user_id":null,"send_anonymous_usage_stats":false,"#,
        r#""quoting":{"database":true,"schema":true,"identifier":true,"column":null}"#
    ));
}

fn source(object: &mut Object<'_>, project: &Project, scanned: &Scanned, source: &Source, created_at: &str) {
    let declared = || {
        let database = source.database.as_deref().unwrap_or_else(|| catalog(project));
        Relation::new(database, &source.schema, &source.identifier)
    };
    let relation = scanned.sources.get(&source.id).cloned().unwrap_or_else(declared);
    let path = slashed(&source.file.path);
    let settings = &source.config;
    object.text("database", &relation.database);
    object.text("schema", &relation.schema);
    object.text("name", &source.name);
    object.text("resource_type", "source");
    object.text("package_name", &project.name);
    object.text("path", &path);
    object.text("original_file_path", &path);
    object.text("unique_id", source.id.as_str());
    object.texts("fqn", &source.fqn);
    object.text("source_name", &source.source_name);
    object.text("source_description", &source.source_description);
    object.text("identifier", &source.identifier);
    object.optional("loaded_at_field", settings.text("loaded_at_field"));
    object.optional("loaded_at_query", settings.text("loaded_at_query"));
    object.text("description", &source.description);
    columns(object, &source.columns);
    meta(object, "meta", settings.get("meta"));
    object.texts("tags", settings.tags());
    object.object("config", |object| {
        object.raw("enabled", if settings.enabled() { "true" } else { "false" });
        meta(object, "meta", settings.get("meta"));
        object.texts("tags", settings.tags());
    });
    object.text("relation_name", &project.profile.dialect.relation(&relation));
    object.raw("created_at", created_at);
    object.fields(SOURCE_DEFAULTS);
}

fn docs(manifest: &mut Object<'_>, project: &Project) {
    let id = |name: &String| format!("doc.{}.{name}", project.name);
    manifest.objects("docs", project.docs.iter().map(|doc| (id(doc.0), doc)), |object, (name, text)| {
        object.text("name", name);
        object.text("resource_type", "doc");
        object.text("package_name", &project.name);
        object.fields(r#""path":"","original_file_path":"""#);
        object.text("unique_id", &id(name));
        object.text("block_contents", text);
    });
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use serde_json::json;

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
        assert_eq!(
            (&test["attached_node"], &test["config"]["severity"]),
            (&json!("model.shop.orders"), &json!("warn"))
        );
        assert_eq!(manifest["child_map"]["source.shop.raw.events"], json!(["model.shop.orders"]));
        assert_eq!(manifest["macros"]["macro.shop.plus"]["depends_on"]["macros"], json!(["macro.shop.times"]));
        // What dbt itself computes for a file of this text with white space at its end.
        assert_eq!(
            manifest["nodes"]["test.shop.nothing_lost"]["checksum"]["checksum"],
            "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f"
        );
    }
}
