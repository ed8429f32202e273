//! One model, seed or test in the shape of dbt's manifest.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::artifact::compiled::{compiled_path, run_path, test_file};
use crate::artifact::config::Config;
use crate::name::NodeId;
use crate::project::ColumnSpec;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Project;
use crate::render::Scan;

/// A seed above this size is told apart by its path, as dbt does it.
const LARGE_SEED: usize = 1 << 20;

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
    /// Seconds since 1970.
    pub(super) created_at: f64,
}

/// An entry of `nodes`.
#[derive(Serialize)]
pub(super) struct NodeEntry<'a> {
    database: &'a str,
    schema: String,
    name: &'a str,
    resource_type: &'static str,
    package_name: &'a str,
    path: String,
    original_file_path: String,
    unique_id: &'a str,
    fqn: &'a [String],
    alias: &'a str,
    checksum: Checksum,
    config: Config<'a>,
    tags: Vec<String>,
    description: &'a str,
    columns: IndexMap<&'a str, ColumnEntry<'a>>,
    meta: &'a Json,
    group: Option<&'a str>,
    docs: Docs,
    patch_path: Option<String>,
    build_path: Option<String>,
    unrendered_config: Empty,
    created_at: f64,
    relation_name: Option<String>,
    raw_code: String,
    doc_blocks: [(); 0],
    #[serde(flatten)]
    kind: KindEntry<'a>,
}

/// What only a seed, or only what is written in SQL, has.
#[derive(Serialize)]
#[serde(untagged)]
enum KindEntry<'a> {
    Seed { root_path: String, depends_on: OnMacros<'a> },
    Model { #[serde(flatten)] sql: Sql<'a>, #[serde(flatten)] model: Model },
    Singular { #[serde(flatten)] sql: Sql<'a> },
    Generic { #[serde(flatten)] sql: Sql<'a>, #[serde(flatten)] test: Generic<'a> },
}

#[derive(Serialize)]
struct OnMacros<'a> {
    macros: Vec<&'a str>,
}

#[derive(Serialize)]
struct Sql<'a> {
    language: &'static str,
    refs: Vec<RefEntry<'a>>,
    sources: Vec<[&'a str; 2]>,
    metrics: [(); 0],
    depends_on: DependsOn<'a>,
    compiled_path: Option<String>,
    compiled: bool,
    compiled_code: Option<&'a str>,
    extra_ctes_injected: bool,
    extra_ctes: [(); 0],
    contract: Contract,
}

#[derive(Serialize)]
struct RefEntry<'a> {
    name: &'a str,
    package: Option<()>,
    version: Option<()>,
}

#[derive(Serialize)]
struct DependsOn<'a> {
    macros: Vec<&'a str>,
    nodes: Vec<&'a str>,
}

#[derive(Serialize)]
struct Contract {
    enforced: bool,
    alias_types: bool,
    checksum: Option<()>,
}

#[derive(Serialize)]
struct Model {
    access: &'static str,
    constraints: [(); 0],
    version: Option<()>,
    latest_version: Option<()>,
    deprecation_date: Option<()>,
    primary_key: Vec<String>,
    time_spine: Option<()>,
}

#[derive(Serialize)]
struct Generic<'a> {
    column_name: Option<&'a str>,
    file_key_name: String,
    attached_node: Option<&'a str>,
    test_metadata: TestMetadata<'a>,
}

#[derive(Serialize)]
struct TestMetadata<'a> {
    name: &'a str,
    kwargs: IndexMap<&'a str, Json>,
    namespace: Option<()>,
}

#[derive(Serialize)]
pub(super) struct Checksum {
    name: &'static str,
    checksum: String,
}

#[derive(Serialize)]
pub(super) struct Docs {
    pub(super) show: bool,
    pub(super) node_color: Option<()>,
}

/// `{}`.
pub(super) type Empty = BTreeMap<(), ()>;

/// A column that a yml describes.
#[derive(Serialize)]
pub(super) struct ColumnEntry<'a> {
    name: &'a str,
    description: &'a str,
    meta: &'a IndexMap<String, Json>,
    data_type: Option<&'a str>,
    constraints: [(); 0],
    quote: Option<()>,
    config: ColumnConfig<'a>,
    tags: &'a [String],
    granularity: Option<()>,
    doc_blocks: [(); 0],
}

#[derive(Serialize)]
struct ColumnConfig<'a> {
    meta: &'a IndexMap<String, Json>,
    tags: &'a [String],
}

/// The entry of one node.
pub(super) fn entry<'a>(parts: &Parts<'a>) -> NodeEntry<'a> {
    let (project, node) = (parts.project, parts.node);
    let settings = parts.scan.map_or(&node.config, |scan| &scan.config);
    let relation = parts.scan.and_then(|scan| scan.relation.as_ref());
    let declared = node.declared.as_ref().filter(|_| node.generic.is_none());
    NodeEntry {
        database: relation.map_or_else(|| catalog(project), |relation| relation.database.as_str()),
        schema: relation.map_or_else(|| project.profile.schema.clone(), |relation| relation.schema.clone()),
        name: &node.name,
        resource_type: node.kind.as_str(),
        package_name: &project.name,
        path: path(node),
        original_file_path: slashed(&node.file.path),
        unique_id: node.id.as_str(),
        fqn: &node.fqn,
        alias: relation.map_or_else(|| settings.text("alias").unwrap_or(&node.name), |relation| &relation.name),
        checksum: checksum(node),
        config: Config { kind: node.kind, settings },
        tags: settings.tags(),
        description: &node.description,
        columns: columns(&node.columns),
        meta: meta(settings.get("meta")),
        group: settings.text("group"),
        docs: Docs { show: true, node_color: None },
        patch_path: declared.map(|place| format!("{}://{}", project.name, slashed(&place.path))),
        build_path: parts.compiled.map(|_| slashed(&run_path(project, node))),
        unrendered_config: Empty::new(),
        created_at: parts.created_at,
        relation_name: relation.map(ToString::to_string),
        raw_code: raw_code(node),
        doc_blocks: [],
        kind: kind_entry(parts),
    }
}

fn kind_entry<'a>(parts: &Parts<'a>) -> KindEntry<'a> {
    match (parts.node.kind, &parts.node.generic) {
        (NodeKind::Seed, _) => KindEntry::Seed {
            root_path: parts.project.root.display().to_string(),
            depends_on: OnMacros { macros: parts.macros.clone() },
        },
        (NodeKind::Model, _) => KindEntry::Model {
            sql: sql(parts),
            model: Model {
                access: "protected",
                constraints: [],
                version: None,
                latest_version: None,
                deprecation_date: None,
                primary_key: parts.scan.map_or(&parts.node.config, |scan| &scan.config).key(),
                time_spine: None,
            },
        },
        (NodeKind::Test, None) => KindEntry::Singular { sql: sql(parts) },
        (NodeKind::Test, Some(_)) => KindEntry::Generic { sql: sql(parts), test: generic(parts) },
    }
}

fn sql<'a>(parts: &Parts<'a>) -> Sql<'a> {
    let (project, node) = (parts.project, parts.node);
    let references = parts.scan.map_or(&[][..], |scan| &scan.references);
    let names = references.iter().filter_map(|reference| project.nodes.get(&reference.id));
    let sources = references.iter().filter_map(|reference| project.sources.get(&reference.id));
    Sql {
        language: "sql",
        refs: names.map(|node| RefEntry { name: &node.name, package: None, version: None }).collect(),
        sources: sources.map(|source| [source.source_name.as_str(), source.name.as_str()]).collect(),
        metrics: [],
        depends_on: DependsOn {
            macros: parts.macros.clone(),
            nodes: parts.parents.iter().map(NodeId::as_str).collect(),
        },
        compiled_path: parts.compiled.map(|_| slashed(&compiled_path(project, node))),
        compiled: parts.compiled.is_some(),
        compiled_code: parts.compiled,
        extra_ctes_injected: parts.compiled.is_some(),
        extra_ctes: [],
        contract: Contract { enforced: false, alias_types: true, checksum: None },
    }
}

fn generic<'a>(parts: &Parts<'a>) -> Generic<'a> {
    let (project, test) = (parts.project, parts.node.generic.as_ref());
    let on = test.map(|test| &test.on);
    let model = on.and_then(|id| project.nodes.get(id));
    let source = on.and_then(|id| project.sources.get(id));
    let (key, call) = match (model, source) {
        (Some(node), _) => (format!("{}s.{}", node.kind.as_str(), node.name), format!("ref('{}')", node.name)),
        (None, Some(source)) => (
            format!("sources.{}", source.source_name),
            format!("source('{}', '{}')", source.source_name, source.name),
        ),
        (None, None) => Default::default(),
    };
    let mut kwargs = IndexMap::new();
    if let Some(test) = test {
        if let Some(column) = &test.column {
            kwargs.insert("column_name", Json::from(column.as_str()));
        }
        kwargs.extend(test.arguments.iter().map(|(name, value)| (name.as_str(), value.clone())));
    }
    kwargs.insert("model", Json::from(format!("{{{{ get_where_subquery({call}) }}}}")));
    Generic {
        column_name: test.and_then(|test| test.column.as_deref()),
        file_key_name: key,
        attached_node: model.map(|node| node.id.as_str()),
        test_metadata: TestMetadata { name: test.map_or("", |test| &test.name), kwargs, namespace: None },
    }
}

/// Columns in dbt's shape, by name.
pub(super) fn columns(described: &IndexMap<String, ColumnSpec>) -> IndexMap<&str, ColumnEntry<'_>> {
    described
        .iter()
        .map(|(name, column)| {
            let entry = ColumnEntry {
                name,
                description: &column.description,
                meta: &column.meta,
                data_type: column.data_type.as_deref(),
                constraints: [],
                quote: None,
                config: ColumnConfig { meta: &column.meta, tags: &column.tags },
                tags: &column.tags,
                granularity: None,
                doc_blocks: [],
            };
            (name.as_str(), entry)
        })
        .collect()
}

/// `meta` as it was set; the manifest wants a mapping, so nothing set is an empty one.
pub(super) fn meta(set: Option<&Json>) -> &Json {
    static EMPTY: std::sync::LazyLock<Json> = std::sync::LazyLock::new(|| Json::Object(Default::default()));
    set.filter(|value| value.is_object()).unwrap_or(&EMPTY)
}

/// The warehouse's catalog, for nodes that are not in the database: DuckDB names it after the file.
pub(super) fn catalog(project: &Project) -> &str {
    match project.profile.path.as_str() {
        ":memory:" => "memory",
        path => Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or("memory"),
    }
}

/// A path as the manifest writes it, with `/` everywhere.
pub(super) fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
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
fn checksum(node: &Node) -> Checksum {
    if node.generic.is_some() {
        return Checksum { name: "none", checksum: String::new() };
    }
    if node.kind == NodeKind::Seed && node.file.text.len() > LARGE_SEED {
        return Checksum { name: "path", checksum: slashed(&node.file.path) };
    }
    let digest = Sha256::digest(node.file.text.trim().as_bytes());
    Checksum { name: "sha256", checksum: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
}
