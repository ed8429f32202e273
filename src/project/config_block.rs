//! Settings in yml: the `config` blocks beside models and the trees of `dbt_project.yml`.

use std::collections::HashSet;

use crate::error::nearest;
use crate::error::suggestion;
use crate::project::NodeConfig;
use crate::project::keys::ConfigOf;
use crate::project::yaml::Entry;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// Puts a `config` block over what is there.
pub(super) fn read_config(yml: &mut YmlFile<'_>, block: &Yaml, of: ConfigOf, config: &mut NodeConfig) {
    if !yml.is_map(block, "`config`") {
        return;
    }
    for entry in block.entries() {
        read_setting(yml, entry, &entry.key, of, config);
    }
}

/// Puts one setting over what is there, if it is well.
pub(super) fn read_setting(yml: &mut YmlFile<'_>, entry: &Entry, key: &str, of: ConfigOf, config: &mut NodeConfig) {
    check_key(yml, entry, key, of);
    if check_value(yml, key, &entry.value) {
        config.set(key, entry.value.to_json());
    }
}

fn check_key(yml: &mut YmlFile<'_>, entry: &Entry, key: &str, of: ConfigOf) {
    if of.knows(key) {
        return;
    }
    let message = format!("unknown setting `{key}` in the config of {}", of.what());
    // dbt keeps settings that it does not know; one that is nearly a known one was never meant to be kept.
    match nearest(key, of.known()) {
        Some(known) => yml.fault(&entry.key_span, message, format!("did you mean `{known}`?")),
        None => yml.warn(&entry.key_span, message, "what is your own belongs under `meta`".to_string()),
    }
}

fn check_value(yml: &mut YmlFile<'_>, key: &str, value: &Yaml) -> bool {
    let is_texts = |value: &Yaml| match &value.value {
        Value::List(items) => items.iter().all(|item| item.text().is_some()),
        _ => value.text().is_some(),
    };
    let wanted = match (key, &value.value) {
        (_, Value::Null) => return true,
        ("enabled" | "store_failures" | "full_refresh" | "quote_columns", Value::Bool(_)) => return true,
        ("enabled" | "store_failures" | "full_refresh" | "quote_columns", _) => "`true` or `false`",
        ("meta" | "column_types" | "docs" | "contract" | "persist_docs" | "quoting", Value::Map(_)) => return true,
        ("meta" | "column_types" | "docs" | "contract" | "persist_docs" | "quoting", _) => "a mapping",
        ("tags" | "unique_key", _) if is_texts(value) => return true,
        ("tags" | "unique_key", _) => "a text or a list of texts",
        ("severity", Value::Text(text)) if ["warn", "error"].contains(&text.to_lowercase().as_str()) => return true,
        ("severity", _) => "`warn` or `error`",
        ("limit", Value::Number(number, _)) if number.is_u64() => return true,
        ("limit", _) => "a number of rows",
        ("store_failures_as", Value::Text(text)) if ["table", "view", "ephemeral"].contains(&text.as_str()) => {
            return true;
        }
        ("store_failures_as", _) => "`table`, `view` or `ephemeral`",
        (
            "materialized" | "schema" | "alias" | "database" | "where" | "fail_calc" | "warn_if" | "error_if"
            | "delimiter",
            _,
        ) if value.text().is_none() => "a text",
        _ => return true,
    };
    let written = value.text().map_or_else(|| value.kind().to_string(), |text| format!("`{text}`"));
    yml.fault(&value.span, format!("`{key}` is {written}, not {wanted}"), format!("write {wanted}"));
    false
}

/// One tree of `dbt_project.yml`: settings for all nodes of a kind, by folder.
#[derive(Debug, Clone)]
pub(super) struct ConfigTree {
    pub root: Yaml,
    pub of: ConfigOf,
}

impl ConfigTree {
    /// Complains of settings that are none.
    pub fn check(&self, yml: &mut YmlFile<'_>, name: &str) {
        if yml.is_map(&self.root, &format!("`{name}`")) {
            self.check_level(yml, &self.root);
        }
    }

    fn check_level(&self, yml: &mut YmlFile<'_>, level: &Yaml) {
        for entry in level.entries() {
            if let Some(key) = setting(entry) {
                read_setting(yml, entry, key, self.of, &mut NodeConfig::default());
            } else if !self.of.known().any(|known| known == entry.key) {
                self.check_level(yml, &entry.value);
            }
        }
    }

    /// What the tree says to the node with this path: from the root to the node, the nearer over the farther.
    pub fn config_of(&self, fqn: &[String], config: &mut NodeConfig) {
        let mut level = Some(&self.root);
        let mut parts = fqn.iter();
        while let Some(here) = level {
            for entry in here.entries() {
                if let Some(key) = setting(entry) {
                    config.set(key, entry.value.to_json());
                }
            }
            let below = parts.next().and_then(|part| here.get(part));
            level = below.filter(|below| matches!(below.value, Value::Map(_)));
        }
    }

    /// Warns of folders and names that no node has.
    pub fn warn_of_unused(&self, yml: &mut YmlFile<'_>, name: &str, fqns: &HashSet<&[String]>) {
        self.warn_below(yml, &self.root, &mut Vec::new(), name, fqns);
    }

    fn warn_below(
        &self,
        yml: &mut YmlFile<'_>,
        level: &Yaml,
        path: &mut Vec<String>,
        name: &str,
        fqns: &HashSet<&[String]>,
    ) {
        for entry in level.entries().iter().filter(|entry| setting(entry).is_none()) {
            path.push(entry.key.clone());
            if fqns.contains(path.as_slice()) {
                self.warn_below(yml, &entry.value, path, name, fqns);
            } else if self.of.known().any(|known| known == entry.key) {
                let help = format!("write `+{}`: without the plus it names a folder", entry.key);
                yml.fault(&entry.key_span, format!("`{}` is no folder or name of {}", entry.key, self.of.what()), help);
            } else {
                let siblings = fqns
                    .iter()
                    .filter(|fqn| fqn.len() == path.len() && fqn[..path.len() - 1] == path[..path.len() - 1])
                    .filter_map(|fqn| fqn.last().map(String::as_str));
                let help = suggestion(&entry.key, siblings);
                yml.warn(&entry.key_span, format!("`{name}.{}` applies to nothing", path.join(".")), help);
            }
            path.pop();
        }
    }
}

/// The setting's name, where an entry is one; else it is a folder, a package or a node's name.
fn setting(entry: &Entry) -> Option<&str> {
    match entry.key.strip_prefix('+') {
        Some(key) => Some(key.trim()),
        None if matches!(entry.value.value, Value::Map(_) | Value::Null) => None,
        None => Some(&entry.key),
    }
}

/// All paths above the nodes with these paths, theirs included.
pub(super) fn prefixes<'a>(fqns: impl IntoIterator<Item = &'a [String]>) -> HashSet<&'a [String]> {
    fqns.into_iter().flat_map(|fqn| (1..=fqn.len()).map(move |end| &fqn[..end])).collect()
}
