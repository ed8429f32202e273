//! How a published table is laid out in BigQuery: columns, descriptions, partitions, clusters and labels, as the model's
//! files say them, and what has to be done to a table that is there already.

use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;

use crate::check::Publishable;
use crate::engine::Column;
use crate::error::Error;
use crate::error::Result;

use super::settings::{Settings, labels};
use super::types::{Kind, Sent, sent};

/// The columns of our own in every published table: by the first a row is found, by the second it is compared.
pub(super) const ROW_KEY: &str = "_cp_row_key";
pub(super) const ROW_HASH: &str = "_cp_row_hash";

/// BigQuery's own limit of a column's description; a table's is sixteen times as long.
const LONGEST_DESCRIPTION: usize = 1024;

/// A table as it is to be.
pub(super) struct Layout {
    pub(super) table: Table,
    /// The model's columns that are published, in order, and how they travel.
    pub(super) columns: Vec<(String, Sent)>,
}

impl Layout {
    /// # Errors
    /// What BigQuery could not hold, with the model that says it.
    pub(super) fn of(publishable: &Publishable, columns: &[Column], run: &str) -> Result<Self> {
        let fault = |reason: String| {
            Error::call(format!("`{}` cannot be published to BigQuery", publishable.name)).because(reason)
        };
        if !is_name(&publishable.name) {
            return Err(fault("its name may hold letters, digits and `_` only".to_string())
                .help(format!("give `{}` another `alias`", publishable.id)));
        }
        let mut sent_columns = Vec::new();
        for column in columns.iter().filter(|column| !column.name.starts_with('_')) {
            if !is_name(&column.name) {
                return Err(fault(format!(
                    "the name of its column `{}` may hold letters, digits and `_` only",
                    column.name
                )));
            }
            let sent =
                sent(&column.data_type).map_err(|reason| fault(format!("its column `{}` {reason}", column.name)))?;
            if let Some(odd) = sent.odd_field(is_name) {
                return Err(fault(format!(
                    "the name of the field `{odd}` of its column `{}` may hold letters, digits and `_` only",
                    column.name
                )));
            }
            sent_columns.push((column.name.clone(), sent));
        }
        if let Some(missing) = publishable
            .key
            .iter()
            .find(|name| !sent_columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name)))
        {
            return Err(fault(format!("it has no published column `{missing}`, though its key names it"))
                .help("correct `meta.key` in the yml beside the model"));
        }
        let mut fields: Vec<_> = sent_columns.iter().map(|(name, sent)| described(name, sent, publishable)).collect();
        fields.push(ours(ROW_KEY, "By what `cp publish` finds the row: a hash of its key."));
        fields.push(ours(ROW_HASH, "By what `cp publish` compares the row: a hash of all its values."));
        let mut table = Table { schema: TableSchema::new(fields), ..Table::default() };
        table.table_reference.table_id = publishable.name.clone();
        table.description = Some(cut(publishable.description.trim(), 16 * LONGEST_DESCRIPTION));
        table.labels = Some(labels(publishable, run));
        let settings = Settings { publishable, columns: &sent_columns };
        settings.partition(&mut table).and_then(|()| settings.cluster(&mut table)).map_err(fault)?;
        Ok(Self { table, columns: sent_columns })
    }

    /// What has to be changed at a table that is there: the table to patch it with, or nothing.
    ///
    /// # Errors
    /// Where it cannot be done without loss, with the statement that would do it.
    pub(super) fn patch(&self, there: &Table, full_name: &str) -> Result<Option<Table>> {
        let name = &self.table.table_reference.table_id;
        let refuse = |reason: String, statement: String| {
            Error::call(format!("`{name}` in BigQuery is of another shape than the model gives it"))
                .because(reason)
                .help(format!("if that is meant, run `{statement}` in BigQuery, then `cp publish --full-refresh`"))
        };
        let (old, new) = (fields(there), fields(&self.table));
        if let Some(gone) = old.iter().find(|field| !new.iter().any(|other| same_name(other, field))) {
            return Err(refuse(
                format!("it has a column `{}` that the model has no more", gone.name),
                format!("ALTER TABLE `{full_name}` DROP COLUMN `{}`", gone.name),
            ));
        }
        let (mut merged, mut is_changed) = (Vec::new(), false);
        for field in old {
            let Some(wanted) = new.iter().find(|other| same_name(other, field)) else { continue };
            let kept = merge(field, wanted)
                .map_err(|reason| refuse(format!("its column `{}` {reason}", field.name), retype(full_name, wanted)))?;
            is_changed |= !is_equal(&kept, field);
            merged.push(kept);
        }
        for field in new.iter().filter(|field| !old.iter().any(|other| same_name(other, field))) {
            is_changed = true;
            // Rows that are there have no value for it.
            let mode = field.mode.clone().filter(|mode| mode != "REQUIRED");
            merged.push(TableFieldSchema { mode, ..(*field).clone() });
        }
        if partitions(there) != partitions(&self.table) {
            return Err(refuse(
                format!("it is partitioned by {}, and the model says {}", partitions(there), partitions(&self.table)),
                format!("DROP TABLE `{full_name}`"),
            ));
        }
        let clustering = (clusters(there) != clusters(&self.table))
            .then(|| self.table.clustering.clone().unwrap_or(Clustering { fields: Some(Vec::new()) }));
        let description = (there.description.clone().unwrap_or_default()
            != self.table.description.clone().unwrap_or_default())
        .then(|| self.table.description.clone().unwrap_or_default());
        if !is_changed && clustering.is_none() && description.is_none() {
            return Ok(None);
        }
        let schema = if is_changed { TableSchema::new(merged) } else { TableSchema { fields: None } };
        Ok(Some(Table {
            table_reference: self.table.table_reference.clone(),
            schema,
            clustering,
            description,
            ..Table::default()
        }))
    }

    /// The same columns, each of which may be missing, for rows on their way: with what is to be done with a row.
    pub(super) fn staging(&self) -> TableSchema {
        let mut all = vec![ours(super::changes::OPERATION, "")];
        all.extend(fields(&self.table).iter().map(|field| TableFieldSchema {
            mode: field.mode.clone().filter(|mode| mode == "REPEATED"),
            description: None,
            ..(*field).clone()
        }));
        TableSchema::new(all)
    }
}

/// Names that need no escape anywhere.
fn is_name(name: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphanumeric() || character == '_';
    !name.is_empty()
        && name.len() <= 300
        && name.chars().all(is_letter)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

fn ours(name: &str, description: &str) -> TableFieldSchema {
    TableFieldSchema {
        description: (!description.is_empty()).then(|| description.to_string()),
        ..TableFieldSchema::new(name, FieldType::String)
    }
}

fn described(name: &str, sent: &Sent, publishable: &Publishable) -> TableFieldSchema {
    let mut field = field(name, sent);
    let described = publishable.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
    field.description =
        described.map(|(_, text)| cut(text.trim(), LONGEST_DESCRIPTION)).filter(|text| !text.is_empty());
    if !sent.is_repeated && publishable.required.iter().any(|column| column.eq_ignore_ascii_case(name)) {
        field.mode = Some("REQUIRED".to_string());
    }
    field
}

fn field(name: &str, sent: &Sent) -> TableFieldSchema {
    let mut made = match &sent.kind {
        Kind::Scalar(kind) => TableFieldSchema::new(name, type_of(kind)),
        Kind::Struct(inner) => TableFieldSchema {
            fields: Some(inner.iter().map(|(name, sent)| field(name, sent)).collect()),
            ..TableFieldSchema::new(name, FieldType::Record)
        },
    };
    made.mode = sent.is_repeated.then(|| "REPEATED".to_string());
    made
}

fn type_of(kind: &str) -> FieldType {
    match kind {
        "BOOL" => FieldType::Boolean,
        "INT64" => FieldType::Integer,
        "FLOAT64" => FieldType::Float,
        "NUMERIC" => FieldType::Numeric,
        "BIGNUMERIC" => FieldType::Bignumeric,
        "DATE" => FieldType::Date,
        "TIME" => FieldType::Time,
        "TIMESTAMP" => FieldType::Timestamp,
        "BYTES" => FieldType::Bytes,
        _ => FieldType::String,
    }
}

/// A type by one of its names.
fn name_of(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::String => "STRING",
        FieldType::Bytes => "BYTES",
        FieldType::Integer | FieldType::Int64 => "INT64",
        FieldType::Float | FieldType::Float64 => "FLOAT64",
        FieldType::Numeric => "NUMERIC",
        FieldType::Bignumeric => "BIGNUMERIC",
        FieldType::Boolean | FieldType::Bool => "BOOL",
        FieldType::Timestamp => "TIMESTAMP",
        FieldType::Date => "DATE",
        FieldType::Time => "TIME",
        FieldType::Datetime => "DATETIME",
        FieldType::Record | FieldType::Struct => "STRUCT",
        FieldType::Geography => "GEOGRAPHY",
        FieldType::Json => "JSON",
        FieldType::Interval => "INTERVAL",
    }
}

fn fields(table: &Table) -> &[TableFieldSchema] {
    table.schema.fields.as_deref().unwrap_or_default()
}

fn same_name(one: &TableFieldSchema, other: &TableFieldSchema) -> bool {
    one.name.eq_ignore_ascii_case(&other.name)
}

fn mode(field: &TableFieldSchema) -> &str {
    field.mode.as_deref().unwrap_or("NULLABLE")
}

/// The column that is there with what may be changed about it.
///
/// # Errors
/// A phrase, where it is of another type.
fn merge(there: &TableFieldSchema, wanted: &TableFieldSchema) -> Result<TableFieldSchema, String> {
    let is_list = |field: &TableFieldSchema| mode(field) == "REPEATED";
    if name_of(&there.r#type) != name_of(&wanted.r#type) || is_list(there) != is_list(wanted) {
        return Err(format!("is {}, and the model gives {}", told(there), told(wanted)));
    }
    let mut kept = there.clone();
    if wanted.description.is_some() {
        kept.description.clone_from(&wanted.description);
    }
    if mode(there) == "REQUIRED" && mode(wanted) != "REQUIRED" {
        kept.mode = Some("NULLABLE".to_string());
    }
    if let (Some(old), Some(new)) = (&there.fields, &wanted.fields) {
        let mut inner = Vec::new();
        for field in old {
            match new.iter().find(|other| same_name(other, field)) {
                Some(wanted) => inner.push(merge(field, wanted)?),
                None => return Err(format!("has a field `{}` that the model has no more", field.name)),
            }
        }
        inner.extend(new.iter().filter(|field| !old.iter().any(|other| same_name(other, field))).cloned());
        kept.fields = Some(inner);
    }
    Ok(kept)
}

fn told(field: &TableFieldSchema) -> String {
    match mode(field) {
        "REPEATED" => format!("ARRAY<{}>", name_of(&field.r#type)),
        _ => name_of(&field.r#type).to_string(),
    }
}

fn is_equal(one: &TableFieldSchema, other: &TableFieldSchema) -> bool {
    let inner = |field: &TableFieldSchema| field.fields.clone().unwrap_or_default();
    one.description == other.description
        && mode(one) == mode(other)
        && inner(one).len() == inner(other).len()
        && inner(one).iter().zip(&inner(other)).all(|(one, other)| is_equal(one, other))
}

/// What would give a column another type; BigQuery itself refuses where values could be lost.
fn retype(full_name: &str, wanted: &TableFieldSchema) -> String {
    match wanted.fields {
        None => format!("ALTER TABLE `{full_name}` ALTER COLUMN `{}` SET DATA TYPE {}", wanted.name, told(wanted)),
        Some(_) => format!("ALTER TABLE `{full_name}` DROP COLUMN `{}`", wanted.name),
    }
}

fn partitions(table: &Table) -> String {
    match (&table.time_partitioning, &table.range_partitioning) {
        (Some(time), _) => format!("{} of {}", time.r#type, time.field.as_deref().unwrap_or("loading")),
        (None, Some(range)) => {
            let bounds = range.range.as_ref();
            let told = bounds.map(|range| format!("{} to {} by {}", range.start, range.end, range.interval));
            format!("{} from {}", range.field.as_deref().unwrap_or_default(), told.unwrap_or_default())
        }
        (None, None) => "nothing".to_string(),
    }
}

fn clusters(table: &Table) -> Vec<String> {
    table.clustering.as_ref().and_then(|clustering| clustering.fields.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::NodeConfig;
    use serde_json::{Value as Json, json};

    fn columns(of: &[(&str, &str)]) -> Vec<Column> {
        of.iter().map(|(name, kind)| Column { name: name.to_string(), data_type: kind.to_string() }).collect()
    }

    fn layout(settings: Json, of: &[(&str, &str)]) -> Result<Layout> {
        let Json::Object(settings) = settings else { panic!("no mapping") };
        let config = NodeConfig::new(settings);
        let columns_told = [("id".to_string(), " The key.\n".to_string())].into_iter().collect();
        let table = Publishable {
            config,
            required: vec!["ID".to_string(), "tags".to_string()],
            columns: columns_told,
            ..Publishable::for_test("orders")
        };
        Layout::of(&table, &columns(of), "Run 1")
    }

    const SHAPE: &[(&str, &str)] =
        &[("id", "BIGINT"), ("day", "DATE"), ("at", "TIMESTAMP"), ("tags", "VARCHAR[]"), ("_order", "BIGINT")];

    #[test]
    fn a_table_is_laid_out_as_the_model_says() {
        let settings = json!({
            "partition_by": {"field": "at", "data_type": "timestamp", "granularity": "month"},
            "partition_expiration_days": 2, "cluster_by": "id", "labels": {"Team": "Data Platform"},
        });
        let table = layout(settings, SHAPE).unwrap().table;
        let told = serde_json::to_value(&table).unwrap();
        assert_eq!(told["timePartitioning"], json!({"type": "MONTH", "field": "at", "expirationMs": "172800000"}));
        assert_eq!(told["clustering"], json!({"fields": ["id"]}));
        assert_eq!(told["labels"], json!({"team": "data_platform", "cp_run": "run_1"}));
        let fields: Vec<_> =
            fields(&table).iter().map(|field| format!("{} {} {}", field.name, told_type(field), mode(field))).collect();
        assert_eq!(
            fields,
            [
                "id INT64 REQUIRED",
                "day DATE NULLABLE",
                "at TIMESTAMP NULLABLE",
                "tags STRING REPEATED",
                "_cp_row_key STRING NULLABLE",
                "_cp_row_hash STRING NULLABLE",
            ]
        );
        assert_eq!(told["schema"]["fields"][0]["description"], "The key.");
    }

    fn told_type(field: &TableFieldSchema) -> &'static str {
        name_of(&field.r#type)
    }

    #[test]
    fn what_bigquery_could_not_hold_is_told() {
        for (settings, reason) in [
            (
                json!({"partition_by": "day"}),
                "`partition_by` is no mapping with `field`, as in {field: order_date, data_type: date}",
            ),
            (json!({"partition_by": {"field": "month"}}), "`partition_by` names `month`, which is no published column"),
            (json!({"partition_by": {"field": "at"}}), "`partition_by` says that `at` is date, and it is timestamp"),
            (
                json!({"partition_by": {"field": "day", "granularity": "hour"}}),
                "`partition_by` says granularity `hour` of a date",
            ),
            (json!({"cluster_by": ["tags"]}), "`cluster_by` names `tags`, which is a list or a struct"),
            (
                json!({"cluster_by": ["id", "id", "id", "id", "id"]}),
                "`cluster_by` names 5 columns, and BigQuery takes 4",
            ),
            (
                json!({"require_partition_filter": true}),
                "`require_partition_filter` would keep a publication from finding rows by their key",
            ),
        ] {
            let error = layout(settings, SHAPE).err().unwrap();
            assert!(error.to_string().contains(reason), "{error}");
        }
        let error = layout(json!({}), &[("a-b", "INTEGER")]).err().unwrap();
        assert!(error.to_string().contains("the name of its column `a-b`"), "{error}");
    }

    #[test]
    fn a_table_that_is_there_gets_what_is_new_and_keeps_the_rest() {
        let there = layout(json!({}), SHAPE).unwrap().table;
        let same = layout(json!({}), SHAPE).unwrap();
        assert!(same.patch(&there, "p.d.orders").unwrap().is_none());

        let wider = [SHAPE, &[("note", "VARCHAR")]].concat();
        let patch = layout(json!({"cluster_by": "day"}), &wider).unwrap().patch(&there, "p.d.orders").unwrap().unwrap();
        let names: Vec<_> = fields(&patch).iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "day", "at", "tags", ROW_KEY, ROW_HASH, "note"]);
        assert_eq!(clusters(&patch), ["day"]);

        let refused = |settings, shape: &[(&str, &str)]| {
            let error = layout(settings, shape).unwrap().patch(&there, "p.d.orders").err().unwrap();
            format!("{error}; {}", error.help_text().unwrap_or_default())
        };
        let told = refused(json!({}), &SHAPE[1..]);
        assert!(told.contains("ALTER TABLE `p.d.orders` DROP COLUMN `id`"), "{told}");
        let told = refused(json!({}), &[("id", "DECIMAL(18,2)"), SHAPE[1], SHAPE[2], SHAPE[3]]);
        assert!(told.contains("its column `id` is INT64, and the model gives NUMERIC"), "{told}");
        assert!(told.contains("ALTER COLUMN `id` SET DATA TYPE NUMERIC"), "{told}");
        let told = refused(json!({"partition_by": {"field": "day"}}), SHAPE);
        assert!(told.contains("it is partitioned by nothing, and the model says DAY of day"), "{told}");
    }
}
