//! A node's settings, merged by one rule from `dbt_project.yml`, the yml beside it, and `config()` in the file.
//!
//! The rule is dbt's: what is nearer to the node wins; `tags` and hooks add up; `meta`, `column_types` and the like
//! merge by key.

use indexmap::IndexMap;
use serde_json::Value as Json;

/// How a model comes to be in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Materialization {
    View,
    Table,
    Incremental,
    Ephemeral,
    Seed,
    Test,
}

/// How an increment meets the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    Append,
    DeleteInsert,
    Merge,
}

/// What a failing test means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Warn,
    Error,
}

/// Settings by dbt's names; what has no accessor here is kept all the same, for `config.get` and the manifest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeConfig {
    values: IndexMap<String, Json>,
}

impl NodeConfig {
    /// Settings as they were written; names are normalized (`pre-hook` is `pre_hook`).
    pub fn new(values: impl IntoIterator<Item = (String, Json)>) -> Self {
        let mut config = Self::default();
        for (name, value) in values {
            config.set(&name, value);
        }
        config
    }

    /// Puts one setting over what is there, by the rule of this module.
    pub fn set(&mut self, name: &str, value: Json) {
        let name = match name {
            "pre-hook" => "pre_hook",
            "post-hook" => "post_hook",
            name => name,
        };
        match name {
            "tags" | "pre_hook" | "post_hook" => {
                let mut all = list(self.values.get(name));
                all.extend(list(Some(&value)));
                if name == "tags" {
                    let mut seen = std::collections::BTreeSet::new();
                    all.retain(|tag| seen.insert(tag.to_string()));
                }
                self.values.insert(name.to_string(), Json::Array(all));
            }
            "meta" | "column_types" | "docs" | "quoting" | "contract" => {
                let mut merged = self.values.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
                if let Json::Object(fields) = value {
                    merged.extend(fields);
                }
                self.values.insert(name.to_string(), Json::Object(merged));
            }
            _ => {
                self.values.insert(name.to_string(), value);
            }
        }
    }

    /// All of `nearer` over what is there.
    pub fn merge(&mut self, nearer: &NodeConfig) {
        for (name, value) in &nearer.values {
            self.set(name, value.clone());
        }
    }

    /// A setting as it was written.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// All settings, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A setting that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A setting that is a truth value.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// A setting that is one text or a list of them.
    pub fn texts(&self, name: &str) -> Vec<String> {
        list(self.get(name)).iter().filter_map(|value| value.as_str().map(str::to_string)).collect()
    }

    /// `enabled`, true unless said otherwise.
    pub fn enabled(&self) -> bool {
        self.flag("enabled").unwrap_or(true)
    }

    /// `materialized`; `Err` holds the unknown word. A model is a view unless said otherwise.
    pub fn materialization(&self) -> Result<Materialization, String> {
        Ok(match self.text("materialized").unwrap_or("view") {
            "view" => Materialization::View,
            "table" => Materialization::Table,
            "incremental" => Materialization::Incremental,
            "ephemeral" => Materialization::Ephemeral,
            "seed" => Materialization::Seed,
            "test" => Materialization::Test,
            other => return Err(other.to_string()),
        })
    }

    /// `incremental_strategy`; `Err` holds the unknown word. Without one: delete+insert where there is a key, else append.
    pub fn strategy(&self) -> Result<Strategy, String> {
        Ok(match self.text("incremental_strategy") {
            Some("append") => Strategy::Append,
            Some("delete+insert") => Strategy::DeleteInsert,
            Some("merge") => Strategy::Merge,
            Some(other) => return Err(other.to_string()),
            None if self.unique_key().is_empty() => Strategy::Append,
            None => Strategy::DeleteInsert,
        })
    }

    /// `unique_key`, one column or several.
    pub fn unique_key(&self) -> Vec<String> {
        self.texts("unique_key")
    }

    /// `tags`.
    pub fn tags(&self) -> Vec<String> {
        self.texts("tags")
    }

    /// `pre_hook` or `post_hook`: SQL, each a text or `{sql: …}`.
    pub fn hooks(&self, name: &str) -> Vec<String> {
        list(self.get(name))
            .iter()
            .filter_map(|hook| hook.as_str().or_else(|| hook.get("sql")?.as_str()).map(str::to_string))
            .collect()
    }

    /// One entry of `meta`: where all that is ours and not dbt's is said.
    pub fn meta(&self, name: &str) -> Option<&Json> {
        self.get("meta")?.get(name)
    }

    /// `severity` of a test.
    pub fn severity(&self) -> Severity {
        match self.text("severity").map(str::to_lowercase).as_deref() {
            Some("warn") => Severity::Warn,
            _ => Severity::Error,
        }
    }

    /// The columns a published table is ordered and compared by: `meta.key`, else `unique_key`.
    pub fn key(&self) -> Vec<String> {
        let declared: Vec<_> =
            list(self.meta("key")).iter().filter_map(|name| name.as_str().map(str::to_string)).collect();
        if declared.is_empty() { self.unique_key() } else { declared }
    }
}

fn list(value: Option<&Json>) -> Vec<Json> {
    match value {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
    }
}
