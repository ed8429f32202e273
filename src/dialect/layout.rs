//! How a model wants its table laid out, as dbt-bigquery spells it; DuckDB has no use for it.

use serde_json::Value as Json;

use crate::dialect::Dialect;

/// Units that a day, a month and so on are cut into.
const GRANULARITIES: &[&str] = &["hour", "day", "month", "year"];

/// Partitions and clusters of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// What rows are kept apart by, as an expression.
    partition: Option<String>,
    /// Columns that rows are put in order by.
    clusters: Vec<String>,
}

impl Layout {
    /// What a model's `partition_by` and `cluster_by` say.
    ///
    /// # Errors
    /// A phrase, where `partition_by` is not as dbt-bigquery wants it.
    pub fn of(partition_by: Option<&Json>, cluster_by: &[String]) -> Result<Self, String> {
        let partition = partition_by.filter(|given| !given.is_null()).map(partition).transpose()?;
        Ok(Self { partition, clusters: cluster_by.to_vec() })
    }

    /// What stands between a table's name and `as`, with a line break behind each part.
    pub(super) fn clauses(&self, dialect: Dialect) -> String {
        if dialect == Dialect::DuckDb {
            return String::new();
        }
        let partition = self.partition.iter().map(|expression| format!("partition by {expression}\n"));
        let quoted: Vec<String> = self.clusters.iter().map(|name| dialect.quote(name)).collect();
        let clusters = (!quoted.is_empty()).then(|| format!("cluster by {}\n", quoted.join(", ")));
        partition.chain(clusters).collect()
    }
}

/// The expression that BigQuery partitions by: a whole date by itself, all else cut off.
fn partition(given: &Json) -> Result<String, String> {
    let text = |name: &str| given.get(name).and_then(Json::as_str).map(str::to_lowercase);
    let wants = "`partition_by` wants a dictionary with `field` and `data_type`";
    let field = Dialect::BigQuery.quote(given.get("field").and_then(Json::as_str).ok_or(wants)?);
    let data_type = text("data_type").unwrap_or_else(|| "date".to_string());
    let granularity = text("granularity").unwrap_or_else(|| "day".to_string());
    if !GRANULARITIES.contains(&granularity.as_str()) {
        return Err(format!(
            "`partition_by` has the granularity `{granularity}`; there are `{}`",
            GRANULARITIES.join("`, `")
        ));
    }
    match data_type.as_str() {
        "date" if granularity == "day" => Ok(field),
        "date" | "datetime" | "timestamp" => Ok(format!("{data_type}_trunc({field}, {granularity})")),
        "int64" => {
            let bound = |name: &str| {
                let number = given.get("range").and_then(|range| range.get(name)).and_then(Json::as_i64);
                number.ok_or("`partition_by` of an int64 wants `range` with `start`, `end` and `interval`")
            };
            let (start, end, interval) = (bound("start")?, bound("end")?, bound("interval")?);
            Ok(format!("range_bucket({field}, generate_array({start}, {end}, {interval}))"))
        }
        other => Err(format!(
            "`partition_by` is of the data type `{other}`; there are `date`, `datetime`, `timestamp`, `int64`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn clauses(partition_by: Json, cluster_by: &[&str]) -> Result<String, String> {
        let names: Vec<String> = cluster_by.iter().map(ToString::to_string).collect();
        Layout::of(Some(&partition_by), &names).map(|layout| layout.clauses(Dialect::BigQuery))
    }

    #[test]
    fn partitions_are_cut_as_their_type_wants_it() {
        let of = |given: Json| clauses(given, &[]);
        assert_eq!(of(json!({"field": "d"})).unwrap(), "partition by `d`\n");
        assert_eq!(of(json!({"field": "d", "granularity": "month"})).unwrap(), "partition by date_trunc(`d`, month)\n");
        assert_eq!(
            of(json!({"field": "t", "data_type": "timestamp"})).unwrap(),
            "partition by timestamp_trunc(`t`, day)\n"
        );
        let range = json!({"start": 0, "end": 100, "interval": 10});
        assert_eq!(
            of(json!({"field": "n", "data_type": "int64", "range": range})).unwrap(),
            "partition by range_bucket(`n`, generate_array(0, 100, 10))\n"
        );
        assert_eq!(clauses(Json::Null, &["a", "b"]).unwrap(), "cluster by `a`, `b`\n");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert!(clauses(json!("d"), &[]).unwrap_err().contains("dictionary"));
        assert!(clauses(json!({"field": "d", "granularity": "week"}), &[]).unwrap_err().contains("`week`"));
        assert!(clauses(json!({"field": "d", "data_type": "text"}), &[]).unwrap_err().contains("`text`"));
        assert!(clauses(json!({"field": "d", "data_type": "int64"}), &[]).unwrap_err().contains("`range`"));
    }

    #[test]
    fn duckdb_has_no_use_for_it() {
        let layout = Layout::of(Some(&json!({"field": "d"})), &["a".to_string()]).unwrap();
        assert_eq!(layout.clauses(Dialect::DuckDb), "");
    }
}
