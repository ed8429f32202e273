//! Which keys a yml may hold: dbt 1.10's, each list for one kind of entry. Everything else is a fault, `meta` is free.

/// Top level of `dbt_project.yml`.
pub(super) const PROJECT: &[&str] = &[
    "name",
    "version",
    "config-version",
    "profile",
    "model-paths",
    "seed-paths",
    "test-paths",
    "macro-paths",
    "analysis-paths",
    "snapshot-paths",
    "docs-paths",
    "asset-paths",
    "target-path",
    "log-path",
    "clean-targets",
    "packages-install-path",
    "models",
    "seeds",
    "snapshots",
    "sources",
    "tests",
    "data_tests",
    "unit_tests",
    "exposures",
    "metrics",
    "semantic-models",
    "saved-queries",
    "analyses",
    "functions",
    "vars",
    "on-run-start",
    "on-run-end",
    "require-dbt-version",
    "query-comment",
    "quoting",
    "dispatch",
    "flags",
    "restrict-access",
    "dbt-cloud",
];

/// Top level of a yml beside models.
pub(super) const PROPERTIES: &[&str] = &[
    "version",
    "models",
    "seeds",
    "sources",
    "macros",
    "exposures",
    "unit_tests",
    "data_tests",
    "tests",
    "snapshots",
    "analyses",
    "metrics",
    "semantic_models",
    "saved_queries",
    "groups",
    "functions",
    "anchors",
];

pub(super) const MODEL: &[&str] = &[
    "name",
    "description",
    "config",
    "columns",
    "data_tests",
    "tests",
    "meta",
    "tags",
    "docs",
    "access",
    "group",
    "contract",
    "constraints",
    "latest_version",
    "deprecation_date",
    "versions",
    "time_spine",
    "quote_columns",
];

pub(super) const SEED: &[&str] = &[
    "name",
    "description",
    "config",
    "columns",
    "data_tests",
    "tests",
    "meta",
    "tags",
    "docs",
    "group",
    "quote_columns",
];

pub(super) const COLUMN: &[&str] = &[
    "name",
    "description",
    "data_type",
    "data_tests",
    "tests",
    "meta",
    "tags",
    "quote",
    "constraints",
    "config",
    "docs",
    "granularity",
    "policy_tags",
];

pub(super) const SOURCE: &[&str] = &[
    "name",
    "description",
    "meta",
    "tags",
    "config",
    "database",
    "schema",
    "loader",
    "quoting",
    "freshness",
    "loaded_at_field",
    "loaded_at_query",
    "tables",
    "overrides",
];

pub(super) const TABLE: &[&str] = &[
    "name",
    "description",
    "meta",
    "tags",
    "config",
    "identifier",
    "loader",
    "quoting",
    "freshness",
    "loaded_at_field",
    "loaded_at_query",
    "external",
    "columns",
    "data_tests",
    "tests",
    "docs",
];

pub(super) const MACRO: &[&str] = &["name", "description", "arguments", "docs", "meta", "config"];

pub(super) const MACRO_ARGUMENT: &[&str] = &["name", "type", "description"];

pub(super) const SINGULAR_TEST: &[&str] = &["name", "description", "config", "meta", "docs"];

pub(super) const EXPOSURE: &[&str] = &[
    "name",
    "label",
    "type",
    "url",
    "maturity",
    "depends_on",
    "owner",
    "description",
    "tags",
    "meta",
    "config",
    "enabled",
];

/// Settings that a test may have, in its `config` or, as older projects write them, beside its arguments.
pub(super) const TEST_CONFIG: &[&str] = &[
    "severity",
    "tags",
    "enabled",
    "where",
    "limit",
    "warn_if",
    "error_if",
    "fail_calc",
    "store_failures",
    "store_failures_as",
    "meta",
    "database",
    "schema",
    "alias",
];

/// Settings that every kind of node may have.
const ANY_CONFIG: &[&str] = &["enabled", "tags", "meta", "group", "docs", "alias", "schema", "database", "quoting"];

const MODEL_CONFIG: &[&str] = &[
    "materialized",
    "incremental_strategy",
    "unique_key",
    "on_schema_change",
    "full_refresh",
    "pre_hook",
    "post_hook",
    "pre-hook",
    "post-hook",
    "persist_docs",
    "column_types",
    "grants",
    "contract",
    "access",
    "packages",
    "event_time",
    "batch_size",
    "begin",
    "lookback",
    "concurrent_batches",
    "sql_header",
    "incremental_predicates",
    "predicates",
    "merge_update_columns",
    "merge_exclude_columns",
    "on_configuration_change",
    "static_analysis",
    "freshness",
    "catalog_name",
    "indexes",
    "quote_columns",
];

const SEED_CONFIG: &[&str] = &[
    "materialized",
    "column_types",
    "delimiter",
    "quote_columns",
    "full_refresh",
    "pre_hook",
    "post_hook",
    "pre-hook",
    "post-hook",
    "persist_docs",
    "grants",
    "event_time",
];

const SOURCE_CONFIG: &[&str] = &["event_time", "freshness", "loaded_at_field", "loaded_at_query", "loader", "external"];

/// Settings of other warehouses that the same models may carry.
const ADAPTER_CONFIG: &[&str] = &[
    "partition_by",
    "partitioned_by",
    "cluster_by",
    "clustered_by",
    "labels",
    "labels_from_meta",
    "hours_to_expiration",
    "partition_expiration_days",
    "partitions",
    "require_partition_filter",
    "kms_key_name",
    "grant_access_to",
    "copy_partitions",
    "file_format",
    "location",
    "location_root",
    "format",
    "options",
    "delimiter",
    "transient",
    "copy_grants",
    "secure",
    "query_tag",
    "snowflake_warehouse",
    "sort",
    "sort_type",
    "dist",
    "bind",
    "backup",
    "tblproperties",
    "max_staleness",
    "table_format",
    "overwrite",
    "plugin",
    "glue_register",
];

/// Settings that stand in a `config` block or a tree of `dbt_project.yml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConfigOf {
    Model,
    Seed,
    Test,
    Source,
}

impl ConfigOf {
    /// The settings of its own, and those of every kind.
    pub fn known(self) -> impl Iterator<Item = &'static str> {
        let own = match self {
            Self::Model => MODEL_CONFIG,
            Self::Seed => SEED_CONFIG,
            Self::Test => TEST_CONFIG,
            Self::Source => SOURCE_CONFIG,
        };
        own.iter().chain(ANY_CONFIG).copied()
    }

    /// Whether dbt, here or with another warehouse, knows the setting.
    pub fn knows(self, key: &str) -> bool {
        self.known().any(|known| known == key) || ADAPTER_CONFIG.contains(&key)
    }

    /// As in "unknown setting in the config of …".
    pub fn what(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Seed => "a seed",
            Self::Test => "a test",
            Self::Source => "a source",
        }
    }
}
