//! One model, seed or test in the shape of dbt's manifest.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::artifact::compiled::compiled_path;
use crate::artifact::compiled::run_path;
use crate::artifact::compiled::test_file;
use crate::artifact::config::config;
use crate::artifact::json::Object;
use crate::name::NodeId;
use crate::project::ColumnSpec;
use crate::project::GenericTest;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Project;
use crate::render::Scan;

/// A seed above this size is told apart by its path, as dbt does it.
const LARGE_SEED: usize = 1 << 20;

/// What dbt says where a project says nothing.
const NODE_DEFAULTS: &str = r#""docs":{"show":true,"node_color":null},"unrendered_config":{},"doc_blocks":[]"#;
const SQL_DEFAULTS: &str =
    r#""language":"sql","metrics":[],"extra_ctes":[],"contract":{"enforced":false,"alias_types":true,"checksum":null}"#;
const MODEL_DEFAULTS: &str = r#""access":"protected","constraints":[],"version":null,"latest_version":null,"deprecation_date":null,"time_spine":null"#;
const COLUMN_DEFAULTS: &str = r#""constraints":[],"quote":null,"granularity":null,"doc_blocks":[]"#;

/// What the entry of a node is made from.
pub(super) struct Parts<'a> {
    pub(super) project: &'a Project,
    pub(super) node: &'a Node,
    /// `None` for a disabled node.
    pub(super) scan: Option<&'a Scan>,
    pub(super) parents: &'a [NodeId],
    /// Macros of the manifest that the node calls.
    pub(super) macros: Vec<&'a str>,
    pub(super) compiled: Option<&'a str>,
    /// Seconds since 1970, as JSON.
    pub(super) created_at: &'a str,
}

/// Writes the entry of one node.
pub(super) fn entry(object: &mut Object<'_>, parts: &Parts<'_>) {
    let (project, node) = (parts.project, parts.node);
    let settings = parts.scan.map_or(&node.config, |scan| &scan.config);
    let relation = parts.scan.and_then(|scan| scan.relation.as_ref());
    let declared = node.declared.as_ref().filter(|_| node.generic.is_none());
    let (database, schema, alias) = match relation {
        Some(relation) => (relation.database.as_str(), &relation.schema, relation.name.as_str()),
        None => (catalog(project), &project.profile.schema, settings.text("alias").unwrap_or(&node.name)),
    };
    object.text("database", database);
    object.text("schema", schema);
    object.text("name", &node.name);
    object.text("resource_type", node.kind.as_str());
    object.text("package_name", &project.name);
    object.text("path", &path(node));
    object.text("original_file_path", &slashed(&node.file.path));
    object.text("unique_id", node.id.as_str());
    object.texts("fqn", &node.fqn);
    object.text("alias", alias);
    object.object("checksum", |object| checksum(object, node));
    object.object("config", |object| config(object, node.kind, settings));
    object.texts("tags", settings.tags());
    object.text("description", &node.description);
    columns(object, &node.columns);
    meta(object, "meta", settings.get("meta"));
    object.optional("group", settings.text("group"));
    let patch = declared.map(|place| format!("{}://{}", project.name, slashed(&place.path)));
    object.optional("patch_path", patch.as_deref());
    object.optional("build_path", parts.compiled.map(|_| slashed(&run_path(project, node))).as_deref());
    object.raw("created_at", parts.created_at);
    object.optional("relation_name", relation.map(|it| project.profile.dialect.relation(it)).as_deref());
    object.text("raw_code", &raw_code(node));
    object.fields(NODE_DEFAULTS);
    match (node.kind, &node.generic) {
        (NodeKind::Seed, _) => {
            object.text("root_path", &project.root.display().to_string());
            object.object("depends_on", |object| object.texts("macros", &parts.macros));
        }
        (NodeKind::Model, _) => {
            sql(object, parts);
            object.texts("primary_key", settings.key());
            object.fields(MODEL_DEFAULTS);
        }
        (NodeKind::Test, None) => sql(object, parts),
        (NodeKind::Test, Some(test)) => {
            sql(object, parts);
            generic(object, project, test);
        }
    }
}

/// What a node written in SQL has.
fn sql(object: &mut Object<'_>, parts: &Parts<'_>) {
    let (project, node) = (parts.project, parts.node);
    let references = parts.scan.map_or(&[][..], |scan| &scan.references);
    let refs = references.iter().filter_map(|reference| project.nodes.get(&reference.id));
    let refs = refs.map(|node| serde_json::json!({"name": node.name, "package": null, "version": null}));
    let sources = references.iter().filter_map(|reference| project.sources.get(&reference.id));
    let sources = sources.map(|source| serde_json::json!([source.source_name, source.name]));
    object.value("refs", &refs.collect());
    object.value("sources", &sources.collect());
    object.object("depends_on", |object| {
        object.texts("macros", &parts.macros);
        object.texts("nodes", parts.parents.iter().map(NodeId::as_str));
    });
    let is_compiled = if parts.compiled.is_some() { "true" } else { "false" };
    object.optional("compiled_path", parts.compiled.map(|_| slashed(&compiled_path(project, node))).as_deref());
    object.raw("compiled", is_compiled);
    object.optional("compiled_code", parts.compiled);
    object.raw("extra_ctes_injected", is_compiled);
    object.fields(SQL_DEFAULTS);
}

/// What a generic test has: what it tests, and how it was called.
fn generic(object: &mut Object<'_>, project: &Project, test: &GenericTest) {
    let model = project.nodes.get(&test.on);
    let source = project.sources.get(&test.on);
    let (key, call) = match (model, source) {
        (Some(node), _) => (format!("{}s.{}", node.kind.as_str(), node.name), format!("ref('{}')", node.name)),
        (None, Some(source)) => {
            (format!("sources.{}", source.source_name), format!("source('{}', '{}')", source.source_name, source.name))
        }
        (None, None) => Default::default(),
    };
    object.optional("column_name", test.column.as_deref());
    object.text("file_key_name", &key);
    object.optional("attached_node", model.map(|node| node.id.as_str()));
    object.object("test_metadata", |object| {
        object.text("name", &test.name);
        object.object("kwargs", |object| {
            if let Some(column) = &test.column {
                object.text("column_name", column);
            }
            for (name, value) in test.arguments.iter().filter(|(name, _)| *name != "model") {
                object.value(name, value);
            }
            object.text("model", &format!("{{{{ get_where_subquery({call}) }}}}"));
        });
        object.raw("namespace", "null");
    });
}

/// Writes the described columns, by name.
pub(super) fn columns(object: &mut Object<'_>, described: &IndexMap<String, ColumnSpec>) {
    object.objects("columns", described, |object, column| {
        let meta: Json = Json::Object(column.meta.clone().into_iter().collect());
        object.text("name", &column.name);
        object.text("description", &column.description);
        object.value("meta", &meta);
        object.optional("data_type", column.data_type.as_deref());
        object.object("config", |object| {
            object.value("meta", &meta);
            object.texts("tags", &column.tags);
        });
        object.texts("tags", &column.tags);
        object.fields(COLUMN_DEFAULTS);
    });
}

/// Writes `meta` as it was set; the manifest wants a mapping, so nothing set is an empty one.
pub(super) fn meta(object: &mut Object<'_>, name: &str, set: Option<&Json>) {
    match set.filter(|value| value.is_object()) {
        Some(meta) => object.value(name, meta),
        None => object.raw(name, "{}"),
    }
}

/// The warehouse's catalog, for nodes that are not in the database: DuckDB names it after the file, unless the profile
/// says it.
pub(super) fn catalog(project: &Project) -> &str {
    if let Some(database) = &project.profile.database {
        return database;
    }
    match project.profile.path.as_str() {
        ":memory:" => "memory",
        path => Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or("memory"),
    }
}

/// A path as the manifest writes it, with `/` everywhere.
pub(super) fn slashed(path: &Path) -> String {
    let mut text = path.to_string_lossy().into_owned();
    if std::path::MAIN_SEPARATOR != '/' {
        text = text.replace(std::path::MAIN_SEPARATOR, "/");
    }
    text
}

/// The path inside its folder of models, seeds or tests: as many parts as the fully qualified name has.
fn path(node: &Node) -> String {
    if node.generic.is_some() {
        return slashed(&test_file(node));
    }
    let parts: Vec<_> = node.file.path.iter().map(|part| part.to_string_lossy()).collect();
    let inside = node.fqn.len().saturating_sub(1).clamp(1, parts.len().max(1));
    parts[parts.len().saturating_sub(inside)..].join("/")
}

fn raw_code(node: &Node) -> String {
    match (&node.generic, node.kind) {
        (Some(test), _) => format!("{{{{ test_{}(**_dbt_generic_test_kwargs) }}}}", test.name),
        (None, NodeKind::Seed) => String::new(),
        (None, _) => node.file.text.trim().to_string(),
    }
}

/// As dbt computes it: over the text without white space at its ends.
fn checksum(object: &mut Object<'_>, node: &Node) {
    let (name, checksum) = if node.generic.is_some() {
        ("none", String::new())
    } else if node.kind == NodeKind::Seed && node.file.text.len() > LARGE_SEED {
        ("path", slashed(&node.file.path))
    } else {
        ("sha256", checksum_of(node.file.text.trim()))
    };
    object.text("name", name);
    object.text("checksum", &checksum);
}

/// SHA-256 in hexadecimal.
pub(super) fn checksum_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
