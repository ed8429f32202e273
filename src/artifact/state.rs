//! A manifest that was written earlier, by this tool or by dbt: what is otherwise since, and where its tables are.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;
use serde_json::json;

use crate::artifact::config::config;
use crate::artifact::json::Object;
use crate::artifact::macros::macros;
use crate::artifact::node::checksum_of;
use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;
use crate::graph::Aspect;
use crate::graph::State;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::Node;
use crate::project::Project;
use crate::project::Source;
use crate::render::Scan;
use crate::render::Scanned;

/// Settings that dbt does not compare: where a table is set to be is an aspect of its own, the others build nothing.
const NOT_COMPARED: &[&str] = &["alias", "schema", "database", "tags", "group"];

/// In `metadata.env`: a hash of every variable, as JSON.
pub(super) const VARS: &str = "CP_VARS";

/// In `metadata.env`: the file of the warehouse, absolute.
pub(super) const WAREHOUSE: &str = "CP_WAREHOUSE";

/// A manifest.
pub struct Manifest {
    folder: PathBuf,
    content: Json,
}

/// Reads `manifest.json` of a folder.
///
/// # Errors
/// When there is none, when it is no manifest, or when it is of another project.
pub fn read_manifest(folder: &Path, project: &Project) -> Result<Manifest> {
    let path = folder.join("manifest.json");
    let shown = path.display();
    if !path.is_file() {
        return Err(Error::call(format!("there is no manifest at `{shown}`")).help(
            "`--state` names a folder that holds the `manifest.json` of another run, as `target/` does; keep a copy of it",
        ));
    }
    let text = std::fs::read_to_string(&path).at_path("read", &path)?;
    let unreadable = |reason: String| {
        Error::call(format!("`{shown}` is no manifest"))
            .because(reason)
            .help("name a folder that holds the `manifest.json` of `cp` or of dbt")
    };
    let content: Json = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    if !content["nodes"].is_object() {
        return Err(unreadable("it has no `nodes`".to_string()));
    }
    match content["metadata"]["project_name"].as_str() {
        Some(name) if name != project.name => {
            Err(Error::call(format!("`{shown}` is of the project `{name}`, and this one is `{}`", project.name))
                .help("name the folder of a manifest of this project"))
        }
        _ => Ok(Manifest { folder: folder.to_path_buf(), content }),
    }
}

impl Manifest {
    /// How every node and source of the project stands to it.
    pub fn state(&self, project: &Project, scanned: &Scanned) -> State {
        let changes = Changes {
            manifest: self,
            macros: macros(project).into_iter().map(|(id, it)| (id, it.sql())).collect(),
            vars: self.vars_changed(project),
        };
        let nodes = scanned.nodes.iter().filter_map(|(id, scan)| {
            let was = self.content["nodes"].get(id.as_str())?;
            Some((id.clone(), changes.of_node(project.nodes.get(id)?, scan, was)))
        });
        let sources = scanned.sources.keys().filter_map(|id| {
            let was = self.content["sources"].get(id.as_str())?;
            Some((id.clone(), changes.of_source(project.sources.get(id)?, was)))
        });
        State::new(nodes.chain(sources))
    }

    /// Variables whose values are otherwise; none where the manifest does not tell them, as dbt's does not.
    fn vars_changed(&self, project: &Project) -> Vec<String> {
        let text = self.content["metadata"]["env"][VARS].as_str().unwrap_or_default();
        let Ok(was) = serde_json::from_str::<BTreeMap<String, String>>(text) else { return Vec::new() };
        let is = vars(project);
        let names = is.keys().chain(was.keys().filter(|name| !is.contains_key(*name)));
        names.filter(|name| is.get(*name) != was.get(*name)).cloned().collect()
    }

    /// Where a model or a seed is by this manifest; `None` for what it does not have in a database.
    pub fn relation(&self, id: &NodeId) -> Option<Relation> {
        let node = self.content["nodes"].get(id.as_str())?;
        if !matches!(node["resource_type"].as_str()?, "model" | "seed" | "snapshot") || node["relation_name"].is_null()
        {
            return None;
        }
        let text = |name: &str| node[name].as_str();
        Some(Relation::new(text("database")?, text("schema")?, text("alias").or_else(|| text("name"))?))
    }

    /// The DuckDB file of a catalog that its relations name: beside the manifest, or where the manifest says it was.
    pub fn warehouse(&self, catalog: &str) -> Option<PathBuf> {
        let beside = self.folder.join(format!("{catalog}.duckdb"));
        let told = self.content["metadata"]["env"][WAREHOUSE].as_str().map(PathBuf::from);
        let told = told.filter(|path| path.file_stem().is_some_and(|stem| stem == catalog));
        [Some(beside), told].into_iter().flatten().find(|path| path.is_file())
    }
}

/// A hash of every variable, so that a manifest tells which changed and not what they say.
pub(super) fn vars(project: &Project) -> BTreeMap<String, String> {
    project.vars.iter().map(|(name, value)| (name.clone(), checksum_of(&value.to_string())[..16].to_string())).collect()
}

struct Changes<'a> {
    manifest: &'a Manifest,
    /// Texts of the project's macros, by id.
    macros: BTreeMap<String, &'a str>,
    vars: Vec<String>,
}

impl Changes<'_> {
    fn of_node(&self, node: &Node, scan: &Scan, was: &Json) -> Vec<Aspect> {
        let settings = settings(node, scan);
        let checks = [
            (Aspect::Body, is_same_body(node, was)),
            (Aspect::Configs, are_same_settings(&settings, &was["config"])),
            (
                Aspect::Relation,
                ["database", "schema", "alias"].iter().all(|name| settings[*name] == was["config"][*name]),
            ),
            (Aspect::PersistedDescriptions, are_same_descriptions(node, &settings, was)),
            (Aspect::Macros, self.are_same_macros(scan)),
            (Aspect::Vars, !self.names_changed_variable(node, scan)),
            (Aspect::Place, node.generic.is_some() || was["fqn"] == json!(node.fqn)),
        ];
        checks.into_iter().filter(|(_, is_same)| !is_same).map(|(aspect, _)| aspect).collect()
    }

    fn of_source(&self, source: &Source, was: &Json) -> Vec<Aspect> {
        let meta = source.config.get("meta").cloned().unwrap_or_else(|| json!({}));
        let checks = [
            (
                Aspect::Relation,
                was["schema"] == source.schema.as_str() && was["identifier"] == source.identifier.as_str(),
            ),
            (Aspect::Configs, is_unset(&meta) && is_unset(&was["meta"]) || meta == was["meta"]),
        ];
        checks.into_iter().filter(|(_, is_same)| !is_same).map(|(aspect, _)| aspect).collect()
    }

    fn are_same_macros(&self, scan: &Scan) -> bool {
        let called = scan.macros.iter().filter_map(|id| Some((id, self.macros.get(id)?)));
        let was = |id: &String| self.manifest.content["macros"][id.as_str()]["macro_sql"].as_str();
        called.into_iter().all(|(id, text)| was(id).is_some_and(|was| was.trim() == text.trim()))
    }

    /// Whether the node's file, or a macro that it calls, names a variable with another value.
    fn names_changed_variable(&self, node: &Node, scan: &Scan) -> bool {
        let own = node.generic.is_none().then_some(node.file.text.as_ref());
        let macros = scan.macros.iter().filter_map(|id| self.macros.get(id).copied());
        let texts: Vec<&str> = own.into_iter().chain(macros).collect();
        let names = |name: &String| {
            texts.iter().any(|text| text.contains(&format!("'{name}'")) || text.contains(&format!("\"{name}\"")))
        };
        self.vars.iter().any(names)
    }
}

/// The settings as a manifest of today would have them.
fn settings(node: &Node, scan: &Scan) -> Json {
    let mut text = String::new();
    let mut object = Object::new(&mut text);
    config(&mut object, node.kind, &scan.config);
    object.end();
    serde_json::from_str(&text).unwrap_or_default()
}

/// As dbt has it: a large seed is told by its path, and a generic test by its settings alone.
fn is_same_body(node: &Node, was: &Json) -> bool {
    let held = was["checksum"]["checksum"].as_str().unwrap_or_default();
    match was["checksum"]["name"].as_str() {
        Some("path") => held == node.file.path.to_string_lossy().replace('\\', "/"),
        Some("sha256") => held == checksum_of(node.file.text.trim()) || held == checksum_of(&node.file.text),
        _ => node.generic.is_some(),
    }
}

/// Every setting equal, where an unset one and one that says nothing are the same.
fn are_same_settings(is: &Json, was: &Json) -> bool {
    let names = |settings: &Json| -> Vec<String> {
        settings.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let mut all = names(is).into_iter().chain(names(was)).filter(|name| !NOT_COMPARED.contains(&name.as_str()));
    all.all(|name| {
        let (is, was) = (&is[&name], &was[&name]);
        is == was || (is_unset(is) && is_unset(was))
    })
}

fn is_unset(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn are_same_descriptions(node: &Node, settings: &Json, was: &Json) -> bool {
    let persists = |what: &str| settings["persist_docs"][what] == true;
    let is_same = !persists("relation") || was["description"] == node.description.as_str();
    let are_columns = || {
        let described = |name: &str| was["columns"][name]["description"].as_str().unwrap_or_default().to_string();
        node.columns.values().all(|column| described(&column.name) == column.description)
    };
    is_same && (!persists("columns") || are_columns())
}
