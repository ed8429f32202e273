//! What dbt-bigquery's settings of a model say of its layout: partitions, clusters and labels.

use std::collections::HashMap;

use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::range_partitioning::RangePartitioning;
use gcp_bigquery_client::model::range_partitioning_range::RangePartitioningRange;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;
use serde_json::Value as Json;

use crate::check::Publishable;

use super::types::{Kind, Sent};

/// The label that names the run.
const RUN_LABEL: &str = "cp_run";

/// BigQuery's own limits.
const MOST_CLUSTERS: usize = 4;
const LONGEST_LABEL: usize = 63;

const MOST_LABELS: usize = 64;

/// Labels as BigQuery takes them: lower case, of letters, digits, `_` and `-`.
///
/// # Errors
/// A phrase: what BigQuery would not take.
pub(super) fn labels(publishable: &Publishable, run: &str) -> Result<HashMap<String, String>, String> {
    let fit = |text: &str| {
        let fit = |character: char| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' };
        text.to_lowercase().chars().map(fit).take(LONGEST_LABEL).collect::<String>()
    };
    let mut labels = HashMap::new();
    for (name, value) in publishable.config.get("labels").and_then(Json::as_object).into_iter().flatten() {
        let label = fit(name);
        if !label.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(format!("`labels` names `{name}`, and BigQuery wants a label to begin with a letter"));
        }
        if labels.insert(label, fit(value.as_str().unwrap_or(&value.to_string()))).is_some() {
            return Err(format!("`labels` names `{name}` twice, as BigQuery writes it"));
        }
    }
    labels.insert(RUN_LABEL.to_string(), fit(run));
    match labels.len() > MOST_LABELS {
        true => Err(format!("`labels` are more than the {MOST_LABELS} that BigQuery takes, with `{RUN_LABEL}`")),
        false => Ok(labels),
    }
}

/// What dbt-bigquery's settings of a model say of its layout.
pub(super) struct Settings<'a> {
    pub(super) publishable: &'a Publishable,
    pub(super) columns: &'a [(String, Sent)],
}

impl Settings<'_> {
    /// A column by its name, and its type in BigQuery.
    fn column(&self, setting: &str, name: &str) -> Result<(&str, &str), String> {
        let found = self.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        match found {
            None => Err(format!("`{setting}` names `{name}`, which is no published column")),
            Some((column, Sent { kind: Kind::Scalar(kind), is_repeated: false, .. })) => Ok((column, kind)),
            Some(_) => Err(format!("`{setting}` names `{name}`, which is a list or a struct")),
        }
    }

    /// # Errors
    /// A phrase: what cannot be.
    pub(super) fn partition(&self, table: &mut Table) -> Result<(), String> {
        let config = &self.publishable.config;
        if config.flag("require_partition_filter") == Some(true) {
            return Err(
                "`require_partition_filter` would keep a publication from finding rows by their key".to_string()
            );
        }
        if config.get("partition_expiration_days").is_some() {
            return Err("`partition_expiration_days` would take away rows that the ledger says are there".to_string());
        }
        let Some(setting) = config.get("partition_by") else { return Ok(()) };
        let shape = "`partition_by` is no mapping with `field`, as in {field: order_date, data_type: date}";
        let named = |name: &str| setting.get(name).and_then(Json::as_str);
        let (field, kind) = self.column("partition_by", named("field").ok_or(shape)?)?;
        let declared = named("data_type").unwrap_or("date").to_lowercase();
        let is_as_declared = match declared.as_str() {
            "date" => kind == "DATE",
            "timestamp" => kind == "TIMESTAMP",
            "int64" => kind == "INT64",
            _ => {
                return Err(format!("`partition_by` says data_type `{declared}`; known are date, timestamp and int64"));
            }
        };
        if !is_as_declared {
            return Err(format!("`partition_by` says that `{field}` is {declared}, and it is {}", kind.to_lowercase()));
        }
        if declared == "int64" {
            let bound = |name: &str| setting.get("range").and_then(|range| range.get(name)).map(Json::to_string);
            let (Some(start), Some(end), Some(interval)) = (bound("start"), bound("end"), bound("interval")) else {
                return Err("`partition_by` of an int64 needs `range` with start, end and interval".to_string());
            };
            let range = Some(RangePartitioningRange { start, end, interval });
            table.range_partitioning = Some(RangePartitioning { field: Some(field.to_string()), range });
            return Ok(());
        }
        let granularity = named("granularity").unwrap_or("day").to_uppercase();
        if !["HOUR", "DAY", "MONTH", "YEAR"].contains(&granularity.as_str())
            || (granularity == "HOUR" && declared == "date")
        {
            return Err(format!("`partition_by` says granularity `{}` of a {declared}", granularity.to_lowercase()));
        }
        let partitioning = TimePartitioning::new(granularity).field(field);
        table.time_partitioning = Some(partitioning);
        Ok(())
    }

    /// # Errors
    /// A phrase: what cannot be.
    pub(super) fn cluster(&self, table: &mut Table) -> Result<(), String> {
        let names = self.publishable.config.texts("cluster_by");
        if names.len() > MOST_CLUSTERS {
            return Err(format!("`cluster_by` names {} columns, and BigQuery takes {MOST_CLUSTERS}", names.len()));
        }
        let mut fields = Vec::new();
        for name in &names {
            let (column, kind) = self.column("cluster_by", name)?;
            if ["FLOAT64", "BYTES", "TIME"].contains(&kind) {
                return Err(format!("`cluster_by` names `{name}`, and BigQuery does not cluster by {kind}"));
            }
            fields.push(column.to_string());
        }
        if !fields.is_empty() {
            table.clustering = Some(Clustering { fields: Some(fields) });
        }
        Ok(())
    }
}
