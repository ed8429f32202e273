//! What a model is made of, as hashes: equal fingerprints mean that the same statement would be run.
//!
//! The SQL is hashed as it renders (both as a full build and as an increment), so a change in a macro or a variable
//! counts exactly where it changes SQL. A plan adds the parents' fingerprints ([`Fingerprint::over`]), so that a change
//! reaches all descendants.

use indexmap::IndexMap;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::graph::Graph;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::Materialization;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Project;
use crate::render::Introspect;
use crate::render::Mode;
use crate::render::Renderer;
use crate::render::Rows;
use crate::render::Scan;
use crate::render::Scanned;

/// Settings that change what a statement does; others (tags, descriptions) do not rebuild anything.
const SETTINGS: &[&str] = &[
    "materialized",
    "unique_key",
    "incremental_strategy",
    "on_schema_change",
    "schema",
    "alias",
    "database",
    "column_types",
    "quote_columns",
    "delimiter",
    "merge_update_columns",
    "merge_exclude_columns",
    "sql_header",
    "pre_hook",
    "post_hook",
    "incremental_predicates",
];

/// Named hashes; the name says what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// What decides: `sql`, `settings`, `data`, `upstream <name>`.
    parts: IndexMap<String, String>,
    /// What only explains: `file`, `macro <id>`.
    hints: IndexMap<String, String>,
}

impl Fingerprint {
    /// One hash over all that decides.
    pub fn digest(&self) -> String {
        let mut text = String::new();
        for (name, hash) in &self.parts {
            text.push_str(name);
            text.push('=');
            text.push_str(hash);
            text.push('\n');
        }
        hash(&text)
    }

    /// The same, on top of a parent as it is, or will be by then; `None` is a parent that was never built.
    pub fn over(&mut self, parent: &str, digest: Option<String>) {
        self.parts.insert(format!("upstream `{parent}`"), digest.unwrap_or_default());
    }

    /// As the warehouse keeps it.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "parts": self.parts, "hints": self.hints }).to_string()
    }

    /// As the warehouse kept it; one that cannot be read equals no other.
    pub fn from_json(text: &str) -> Self {
        let read = |value: &Json, name: &str| -> IndexMap<String, String> {
            let Some(Json::Object(fields)) = value.get(name) else { return IndexMap::new() };
            fields.iter().filter_map(|(name, hash)| Some((name.clone(), hash.as_str()?.to_string()))).collect()
        };
        let value: Json = serde_json::from_str(text).unwrap_or_default();
        Self { parts: read(&value, "parts"), hints: read(&value, "hints") }
    }

    /// What changed since `before`, for a person; `None` where nothing did.
    pub fn changed_since(&self, before: &Self) -> Option<String> {
        let differs = |name: &&String| self.parts.get(*name) != before.parts.get(*name);
        let names: Vec<_> = self.parts.keys().chain(before.parts.keys()).filter(differs).collect();
        let first = names.iter().find(|name| name.starts_with("upstream ")).or_else(|| names.first())?;
        Some(match first.as_str() {
            "sql" => self.why_sql_changed(before),
            "settings" => "settings changed".to_string(),
            "data" => "its file changed".to_string(),
            upstream => format!("{upstream} changed"),
        })
    }

    fn why_sql_changed(&self, before: &Self) -> String {
        let differs = |name: &&String| self.hints.get(*name) != before.hints.get(*name);
        let names: Vec<_> = self.hints.keys().chain(before.hints.keys()).filter(differs).collect();
        match names.iter().find(|name| name.as_str() == "file").or_else(|| names.first()) {
            Some(name) if name.as_str() == "file" => "SQL changed".to_string(),
            Some(name) => format!("{name} changed"),
            None => "a variable changed".to_string(),
        }
    }
}

/// What every model and seed is made of itself, without its parents, in graph order.
pub fn fingerprints(
    project: &Project,
    scanned: &Scanned,
    graph: &Graph,
    renderer: &Renderer,
) -> Result<IndexMap<NodeId, Fingerprint>> {
    let macro_texts: IndexMap<_, _> =
        project.macros.iter().map(|file| (file.path.as_path(), hash(&file.text))).collect();
    let all_macros = hash(&macro_texts.values().cloned().collect::<String>());
    let mut all: IndexMap<NodeId, Fingerprint> = IndexMap::new();
    for id in graph.order() {
        let (Some(node), Some(scan)) = (project.nodes.get(id), scanned.nodes.get(id)) else { continue };
        let mut fingerprint = match node.kind {
            NodeKind::Test => continue,
            NodeKind::Seed => of_seed(node),
            NodeKind::Model => of_model(node, scan, scanned, renderer, &all_macros)?,
        };
        fingerprint.parts.insert("settings".to_string(), settings_hash(scan));
        all.insert(id.clone(), fingerprint);
    }
    Ok(all)
}

fn of_seed(node: &Node) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    fingerprint.parts.insert("data".to_string(), hash(&node.file.text));
    fingerprint
}

fn of_model(node: &Node, scan: &Scan, scanned: &Scanned, renderer: &Renderer, macros: &str) -> Result<Fingerprint> {
    let mut fingerprint = Fingerprint::default();
    let incremental = matches!(scan.config.materialization(), Ok(Materialization::Incremental));
    let mut rendered = String::new();
    for incremental in if incremental { &[false, true][..] } else { &[false] } {
        let mode = Mode { execute: false, incremental: *incremental };
        let compiled = renderer.compile(scanned, &node.id, &NoDatabase, mode)?;
        rendered.push_str(&compiled.sql);
        for hook in compiled.pre_hooks.iter().chain(&compiled.post_hooks) {
            rendered.push('\n');
            rendered.push_str(hook);
        }
    }
    if scan.introspects {
        // What it asks at run time does not show here, so anything that could change the answer's use counts.
        rendered.push_str(&node.file.text);
        rendered.push_str(macros);
    }
    fingerprint.parts.insert("sql".to_string(), hash(&rendered));
    fingerprint.hints.insert("file".to_string(), hash(&node.file.text));
    for name in &scan.macros {
        if let Some(text) = renderer.macro_text(name) {
            fingerprint.hints.insert(format!("macro `{}`", name.rsplit('.').next().unwrap_or(name)), hash(text));
        }
    }
    Ok(fingerprint)
}

fn settings_hash(scan: &Scan) -> String {
    let settings: Vec<_> = SETTINGS.iter().filter_map(|name| Some((*name, scan.config.get(name)?))).collect();
    hash(&serde_json::json!(settings).to_string())
}

/// Lower-case hex SHA-256 of a text.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers a template that asks the database before anything runs: there is nothing.
pub struct NoDatabase;

impl Introspect for NoDatabase {
    fn kind_of(&self, _: &Relation) -> Result<Option<&'static str>> {
        Ok(None)
    }

    fn columns_of(&self, _: &Relation) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn query(&self, _: &str) -> Result<Rows> {
        Ok(Rows::default())
    }

    fn say(&self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[(&str, &str)], hints: &[(&str, &str)]) -> Fingerprint {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Fingerprint { parts: map(parts), hints: map(hints) }
    }

    #[test]
    fn names_what_changed() {
        let before = of(&[("sql", "1"), ("settings", "1")], &[("file", "1"), ("macro `money`", "1")]);
        let kept = Fingerprint::from_json(&before.to_json());
        assert_eq!(kept.changed_since(&before), None);
        let edited = of(&[("sql", "2"), ("settings", "1")], &[("file", "2"), ("macro `money`", "1")]);
        assert_eq!(edited.changed_since(&before).unwrap(), "SQL changed");
        let macro_edited = of(&[("sql", "2"), ("settings", "1")], &[("file", "1"), ("macro `money`", "2")]);
        assert_eq!(macro_edited.changed_since(&before).unwrap(), "macro `money` changed");
        let variable = of(&[("sql", "2"), ("settings", "1")], &[("file", "1"), ("macro `money`", "1")]);
        assert_eq!(variable.changed_since(&before).unwrap(), "a variable changed");
    }

    #[test]
    fn an_edit_that_renders_the_same_sql_changes_nothing() {
        let before = of(&[("sql", "1")], &[("file", "1")]);
        let comment_only = of(&[("sql", "1")], &[("file", "2")]);
        assert_eq!(comment_only.changed_since(&before), None);
    }
}
