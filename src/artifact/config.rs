//! A node's settings as the manifest holds them: all that dbt knows with its defaults, then whatever else was set.

use serde_json::Value as Json;
use serde_json::json;

use crate::artifact::json::Object;
use crate::project::NodeConfig;
use crate::project::NodeKind;

type Defaults = &'static [(&'static str, &'static str)];

/// Settings of models and seeds, and what they are when nobody sets them, as JSON.
const TABLE: Defaults = &[
    ("enabled", "true"),
    ("alias", "null"),
    ("schema", "null"),
    ("database", "null"),
    ("tags", "[]"),
    ("meta", "{}"),
    ("group", "null"),
    ("incremental_strategy", "null"),
    ("batch_size", "null"),
    ("lookback", "1"),
    ("begin", "null"),
    ("persist_docs", "{}"),
    ("post_hook", "[]"),
    ("pre_hook", "[]"),
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

/// What only models have.
const MODEL: Defaults = &[("materialized", "\"view\""), ("access", "\"protected\""), ("freshness", "null")];

/// What only seeds have.
const SEED: Defaults = &[("materialized", "\"seed\""), ("delimiter", "\",\""), ("quote_columns", "null")];

/// Settings of tests.
const TEST: Defaults = &[
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

/// Writes the settings of one node.
pub(super) fn config(object: &mut Object<'_>, kind: NodeKind, settings: &NodeConfig) {
    let defaults = match kind {
        NodeKind::Model => [TABLE, MODEL],
        NodeKind::Seed => [TABLE, SEED],
        NodeKind::Test => [TEST, &[]],
    };
    for (name, default) in defaults.into_iter().flatten() {
        match (*name, settings.get(name)) {
            (_, None) => object.raw(shown(name), default),
            ("tags", Some(_)) => object.texts(name, settings.tags()),
            ("pre_hook" | "post_hook", Some(_)) => object.value(shown(name), &hooks(settings, name)),
            (_, Some(value)) => object.value(name, value),
        }
    }
    for (name, value) in settings.iter() {
        if !defaults.into_iter().flatten().any(|(held, _)| *held == name) {
            object.value(name, value);
        }
    }
}

/// The manifest has hooks under the names of `dbt_project.yml`.
fn shown(name: &str) -> &str {
    match name {
        "pre_hook" => "pre-hook",
        "post_hook" => "post-hook",
        name => name,
    }
}

fn hooks(settings: &NodeConfig, name: &str) -> Json {
    settings.hooks(name).into_iter().map(|sql| json!({"sql": sql, "transaction": true, "index": null})).collect()
}
