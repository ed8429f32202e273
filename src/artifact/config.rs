//! A node's settings as the manifest holds them: all that dbt knows with its defaults, then whatever else was set.

use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::json;
use serde_json::value::RawValue;

use crate::project::NodeConfig;
use crate::project::NodeKind;

type Defaults = Vec<(&'static str, &'static RawValue)>;

/// Settings of models and seeds, and what they are when nobody sets them.
const TABLE: &[(&str, &str)] = &[
    ("enabled", "true"),
    ("alias", "null"),
    ("schema", "null"),
    ("database", "null"),
    ("tags", "[]"),
    ("meta", "{}"),
    ("group", "null"),
    ("materialized", "\"view\""),
    ("incremental_strategy", "null"),
    ("batch_size", "null"),
    ("lookback", "1"),
    ("begin", "null"),
    ("persist_docs", "{}"),
    ("post-hook", "[]"),
    ("pre-hook", "[]"),
    ("quoting", "{}"),
    ("column_types", "{}"),
    ("full_refresh", "null"),
    ("unique_key", "null"),
    ("on_schema_change", "\"ignore\""),
    ("on_configuration_change", "\"apply\""),
    ("grants", "{}"),
    ("packages", "[]"),
    ("docs", "{\"show\":true,\"node_color\":null}"),
    ("contract", "{\"enforced\":false,\"alias_types\":true}"),
    ("event_time", "null"),
    ("concurrent_batches", "null"),
];

const MODEL: &[(&str, &str)] = &[("access", "\"protected\""), ("freshness", "null")];

const SEED: &[(&str, &str)] = &[("materialized", "\"seed\""), ("delimiter", "\",\""), ("quote_columns", "null")];

const TEST: &[(&str, &str)] = &[
    ("enabled", "true"),
    ("alias", "null"),
    ("schema", "\"dbt_test__audit\""),
    ("database", "null"),
    ("tags", "[]"),
    ("meta", "{}"),
    ("group", "null"),
    ("materialized", "\"test\""),
    ("severity", "\"ERROR\""),
    ("store_failures", "null"),
    ("store_failures_as", "null"),
    ("where", "null"),
    ("limit", "null"),
    ("fail_calc", "\"count(*)\""),
    ("warn_if", "\"!= 0\""),
    ("error_if", "\"!= 0\""),
];

static MODEL_DEFAULTS: LazyLock<Defaults> = LazyLock::new(|| defaults(&[TABLE, MODEL]));
static SEED_DEFAULTS: LazyLock<Defaults> = LazyLock::new(|| defaults(&[TABLE, SEED]));
static TEST_DEFAULTS: LazyLock<Defaults> = LazyLock::new(|| defaults(&[TEST]));

/// Tables one over the other; a later entry of the same name wins.
fn defaults(tables: &[&'static [(&'static str, &'static str)]]) -> Defaults {
    let mut all = Defaults::new();
    for (name, text) in tables.iter().copied().flatten().copied() {
        let Ok(value) = serde_json::from_str::<&'static RawValue>(text) else { continue };
        match all.iter_mut().find(|(held, _)| *held == name) {
            Some(held) => held.1 = value,
            None => all.push((name, value)),
        }
    }
    all
}

/// The settings of one node, on their way into the manifest.
pub(super) struct Config<'a> {
    pub(super) kind: NodeKind,
    pub(super) settings: &'a NodeConfig,
}

impl Serialize for Config<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let defaults = match self.kind {
            NodeKind::Model => &*MODEL_DEFAULTS,
            NodeKind::Seed => &*SEED_DEFAULTS,
            NodeKind::Test => &*TEST_DEFAULTS,
        };
        let mut map = serializer.serialize_map(None)?;
        for (name, default) in defaults {
            match (*name, self.settings.get(&name.replace("-hook", "_hook"))) {
                ("tags", Some(_)) => map.serialize_entry(name, &self.settings.tags())?,
                ("pre-hook", Some(_)) => map.serialize_entry(name, &hooks(self.settings, "pre_hook"))?,
                ("post-hook", Some(_)) => map.serialize_entry(name, &hooks(self.settings, "post_hook"))?,
                (_, Some(value)) => map.serialize_entry(name, value)?,
                (_, None) => map.serialize_entry(name, default)?,
            }
        }
        for (name, value) in self.settings.iter() {
            let known = defaults.iter().any(|(held, _)| held.replace("-hook", "_hook") == name);
            if !known {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

fn hooks(settings: &NodeConfig, name: &str) -> Vec<Json> {
    settings.hooks(name).into_iter().map(|sql| json!({"sql": sql, "transaction": true, "index": null})).collect()
}
