//! An output of `profiles.yml` for BigQuery, with dbt-bigquery's keys. Models are written for it; nothing connects to it.

use crate::config::ProfileValues;
use crate::dialect::Dialect;
use crate::error::suggestion;
use crate::project::profile::read_threads;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// Keys that mean something here.
const OUTPUT: &[&str] = &["type", "method", "project", "database", "dataset", "schema", "threads"];
/// Keys that matter where models run.
const CONNECTION: &[&str] = &[
    "location",
    "priority",
    "execution_project",
    "quota_project",
    "api_endpoint",
    "maximum_bytes_billed",
    "keyfile",
    "keyfile_json",
    "token",
    "refresh_token",
    "client_id",
    "client_secret",
    "token_uri",
    "token_endpoint",
    "workload_pool_provider_path",
    "service_account_impersonation_url",
    "impersonate_service_account",
    "scopes",
    "retries",
    "timeout_seconds",
    "job_retries",
    "job_creation_timeout_seconds",
    "job_execution_timeout_seconds",
    "job_retry_deadline_seconds",
    "compute_region",
    "dataproc_region",
    "dataproc_cluster_name",
    "dataproc_batch",
    "gcs_bucket",
    "submission_method",
    "notebook_template_id",
];
/// How dbt-bigquery finds its credentials.
const METHODS: &[&str] = &["oauth", "oauth-secrets", "service-account", "service-account-json", "external-oauth-wif"];

/// Reads an output of type `bigquery`.
pub(super) fn read(yml: &mut YmlFile<'_>, profile: &str, target: String, output: &Yaml) -> ProfileValues {
    let what = format!("target `{target}`");
    let known: Vec<&str> = OUTPUT.iter().chain(CONNECTION).copied().collect();
    yml.check_keys(output, &known, &what);
    if let Some(method) = yml.text(output, "method").filter(|method| !METHODS.contains(&method.as_str())) {
        let span = output.get("method").map_or(output.span.clone(), |value| value.span.clone());
        let help = suggestion(&method, METHODS.iter().copied());
        let help = help.unwrap_or_else(|| format!("there are `{}`", METHODS.join("`, `")));
        yml.fault(&span, format!("{what} has the unknown method `{method}`"), help);
    }
    // Each has two names.
    let mut named = |key: &str, other: &str| {
        let found = yml.text(output, key).or_else(|| yml.text(output, other)).filter(|name| !name.is_empty());
        if found.is_none() {
            yml.fault(&output.span, format!("{what} has no `{key}`"), None);
        }
        found
    };
    let (database, schema) = (named("project", "database"), named("dataset", "schema"));
    ProfileValues {
        profile: profile.to_string(),
        dialect: Dialect::BigQuery,
        database,
        schema: schema.unwrap_or_default(),
        threads: read_threads(yml, output),
        target,
        ..ProfileValues::default()
    }
}
