//! `config`: what a file says of its own node, and what it can read of it.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::Value as Json;

use crate::error::Diagnostic;
use crate::error::Place;
use crate::error::nearest;
use crate::error::suggestion;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::render::fault::told;
use crate::render::rendering::Rendering;
use crate::render::shared::Shared;
use crate::render::values::entries;
use crate::render::values::from_json;
use crate::render::values::split;
use crate::render::values::to_json;
use crate::render::values::wrong;
use crate::render::verbs::setting;

/// Settings that dbt-core and dbt-duckdb know.
const KNOWN: &[&str] = &[
    "access",
    "alias",
    "batch_size",
    "begin",
    "bind",
    "column_types",
    "concurrent_batches",
    "contract",
    "database",
    "delimiter",
    "description",
    "docs",
    "enabled",
    "error_if",
    "event_time",
    "fail_calc",
    "format",
    "freshness",
    "full_refresh",
    "grants",
    "group",
    "incremental_predicates",
    "incremental_strategy",
    "indexes",
    "limit",
    "location",
    "lookback",
    "materialized",
    "merge_clauses",
    "merge_exclude_columns",
    "merge_update_columns",
    "meta",
    "on_configuration_change",
    "on_schema_change",
    "options",
    "packages",
    "partitioned_by",
    "partition_by",
    "persist_docs",
    "plugin",
    "post_hook",
    "pre_hook",
    "predicates",
    "quote_columns",
    "quoting",
    "schema",
    "severity",
    "sql_header",
    "store_failures",
    "store_failures_as",
    "strategy",
    "tags",
    "unique_key",
    "updated_at",
    "where",
    "warn_if",
];

/// `config(…)`: named settings, or a dictionary of them.
pub(super) fn note(rendering: &Rendering, arguments: &[Value]) -> Result<Value, Error> {
    let (positional, named) = split(arguments);
    let mut given = Vec::new();
    for value in positional {
        if value.kind() != ValueKind::Map {
            return Err(wrong("`config` wants named settings, as in `config(materialized='table')`"));
        }
        given.extend(entries(value)?);
    }
    given.extend(named.map(|named| entries(&Value::from(named))).transpose()?.unwrap_or_default());
    if rendering.is_scan() {
        let given = given.into_iter().map(|(name, value)| (name.to_string(), to_json(&value)));
        rendering.noted().config.extend(given);
    }
    Ok(Value::from(""))
}

/// A node's settings: what `config()` says comes over what the yml says; but what a generic test's macro says is only what
/// the yml of the test leaves open.
pub(super) fn merged(node: Option<&Node>, yml: &NodeConfig, said: &[(String, Json)]) -> NodeConfig {
    let said = NodeConfig::new(said.iter().cloned());
    if node.is_some_and(|node| node.generic.is_some()) {
        let mut config = said;
        config.merge(yml);
        return config;
    }
    let mut config = yml.clone();
    config.merge(&said);
    config
}

/// `config.get('name', default)` and its like.
pub(super) fn method(
    rendering: &Rendering,
    state: &mut State<'_, '_>,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let (positional, named) = split(arguments);
    let named = |key: &str| named.as_ref().and_then(|named| named.get::<Option<Value>>(key).ok().flatten());
    let name = positional.first().map(Value::to_string).unwrap_or_default();
    let default = positional.get(1).cloned().or_else(|| named("default"));
    let meta = |name: &str| rendering.setting("meta").and_then(|meta| meta.get(name).map(from_json));
    let found = match method {
        "get" | "require" => setting(rendering, &name),
        "meta_get" | "meta_require" => meta(&name),
        "set" | "persist_relation_docs" | "persist_column_docs" => return Ok(Value::from("")),
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    };
    let validator = named("validator").or_else(|| positional.get(2).cloned()).filter(|value| !value.is_none());
    if let (Some(validator), Some(found)) = (validator, &found) {
        validator.call(state, std::slice::from_ref(found))?;
    }
    match found {
        Some(found) => Ok(found),
        None if method.ends_with("require") && !rendering.is_scan() => {
            Err(told(format!("setting `{name}` is required here"), Some(format!("set it: `config({name}=…)`"))))
        }
        None => Ok(default.unwrap_or(Value::from(()))),
    }
}

/// What is wrong with a node's settings, now that all of them are known.
pub(super) fn faults(shared: &Shared, node: &Node, own: &[(String, Json)], config: &NodeConfig) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (name, _) in own {
        let name = name.replace('-', "_");
        if KNOWN.contains(&name.as_str()) {
            continue;
        }
        if let Some(near) = nearest(&name, KNOWN.iter().copied()).filter(|near| likely(&name, near)) {
            let message = format!("`{name}` is no setting that anything reads");
            let help = format!("did you mean `{near}`?");
            faults.push(Diagnostic::warning(message, found(shared, node, &name)).help(help));
        }
    }
    if node.kind == NodeKind::Model {
        faults.extend(words(shared, node, config));
    }
    faults
}

/// A slip of the pen rather than a name of somebody's own.
fn likely(name: &str, near: &str) -> bool {
    name.len() > 3 && strsim::damerau_levenshtein(name, near) <= 2
}

fn words(shared: &Shared, node: &Node, config: &NodeConfig) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut fault = |setting: &str, word: &str, known: &[&str]| {
        let message = format!("`{word}` is no value of `{setting}`");
        let help =
            suggestion(word, known.iter().copied()).unwrap_or_else(|| format!("use one of `{}`", known.join("`, `")));
        faults.push(Diagnostic::error(message, found(shared, node, word)).help(help));
    };
    if let Err(word) = config.materialization() {
        fault("materialized", &word, &["view", "table", "incremental", "ephemeral"]);
    } else if matches!(config.text("materialized"), Some("seed" | "test")) {
        fault(
            "materialized",
            config.text("materialized").unwrap_or(""),
            &["view", "table", "incremental", "ephemeral"],
        );
    }
    if config.text("materialized") == Some("incremental") {
        if let Err(word) = config.strategy() {
            fault("incremental_strategy", &word, &["append", "delete+insert", "merge"]);
        }
        let changes = ["ignore", "fail", "append_new_columns", "sync_all_columns"];
        if let Some(word) = config.text("on_schema_change").filter(|word| !changes.contains(word)) {
            fault("on_schema_change", word, &changes);
        }
    }
    faults
}

/// Where the node's file says a word: in its `config()`, else where the yml names the node.
fn found(shared: &Shared, node: &Node, word: &str) -> Option<Place> {
    let in_file = shared.nodes.get(&node.id).and_then(|facts| {
        let spans = [format!("'{word}'"), format!("\"{word}\""), word.to_string()];
        let from = node.file.text.find("config")?;
        let behind = &node.file.text[from..];
        let (at, length) = spans.iter().find_map(|span| Some((behind.find(span.as_str())?, span.len())))?;
        let said = facts.mentions.names.contains("config");
        said.then(|| Place::new(node.file.path.clone(), node.file.text.clone(), from + at..from + at + length))
    });
    in_file.or_else(|| node.declared.clone())
}
