//! How a published table is laid out in BigQuery: columns, descriptions, partitions, clusters and labels, as the model's
//! files say them.

use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;

use crate::check::Publishable;
use crate::engine::Column;
use crate::error::Error;
use crate::error::Result;

use super::settings::{Settings, labels};
use super::shape::fields;
use super::types::{Kind, Sent, sent};

/// The columns of our own in every published table: by the first a row is found, by the second it is compared.
pub(super) const ROW_KEY: &str = "_cp_row_key";
pub(super) const ROW_HASH: &str = "_cp_row_hash";

/// BigQuery's own limit of a column's description; a table's is sixteen times as long.
const LONGEST_DESCRIPTION: usize = 1024;

/// Tables of our own.
const RESERVED: [&str; 2] = [super::ledger::HEAD, super::ledger::LEDGER];

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
        let name = publishable.name.to_lowercase();
        if RESERVED.contains(&name.as_str()) || name.starts_with(super::publisher::STAGING) {
            return Err(fault("`cp` keeps tables of its own under such a name".to_string())
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
        table.labels = Some(labels(publishable, run).map_err(fault)?);
        let settings = Settings { publishable, columns: &sent_columns };
        settings.partition(&mut table).and_then(|()| settings.cluster(&mut table)).map_err(fault)?;
        Ok(Self { table, columns: sent_columns })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::NodeConfig;
    use crate::publish::bigquery::shape::{self, clusters, mode, name_of};
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
            "cluster_by": "id", "labels": {"Team": "Data Platform"},
        });
        let table = layout(settings, SHAPE).unwrap().table;
        let told = serde_json::to_value(&table).unwrap();
        assert_eq!(told["timePartitioning"], json!({"type": "MONTH", "field": "at"}));
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
            (
                json!({"labels": {"2nd": "x"}}),
                "`labels` names `2nd`, and BigQuery wants a label to begin with a letter",
            ),
            (json!({"labels": {"a b": "x", "a_b": "y"}}), "`labels` names `a_b` twice, as BigQuery writes it"),
            (
                json!({"partition_expiration_days": 2}),
                "`partition_expiration_days` would take away rows that the ledger says are there",
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
        let patched = |settings, shape: &[(&str, &str)]| {
            shape::patch(&there, &layout(settings, shape).unwrap().table, "p.d.orders")
        };
        assert!(patched(json!({}), SHAPE).unwrap().is_none());

        let wider = [SHAPE, &[("note", "VARCHAR")]].concat();
        let patch = patched(json!({"cluster_by": "day"}), &wider).unwrap().unwrap();
        assert_eq!(patch.told, ["column `note` is added, STRING", "it is clustered by day"]);
        assert!(patch.statements.is_empty());
        let patch = patch.table.unwrap();
        let names: Vec<_> = fields(&patch).iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "day", "at", "tags", ROW_KEY, ROW_HASH, "note"]);
        assert_eq!(clusters(&patch), ["day"]);

        let refused = |settings, shape: &[(&str, &str)]| {
            let error = patched(settings, shape).err().unwrap();
            format!("{error}; {}", error.help_text().unwrap_or_default())
        };
        let told = refused(json!({}), &SHAPE[1..]);
        assert!(told.contains("ALTER TABLE `p.d.orders` DROP COLUMN `id`"), "{told}");
        let told = refused(json!({}), &[("id", "VARCHAR"), SHAPE[1], SHAPE[2], SHAPE[3]]);
        assert!(told.contains("its column `id` is INT64, and the model gives STRING"), "{told}");
        assert!(told.contains("ALTER TABLE `p.d.orders` DROP COLUMN `id`"), "{told}");
        let wider = [("id", "DECIMAL(18,2)"), SHAPE[1], SHAPE[2], SHAPE[3]];
        let patch = patched(json!({}), &wider).unwrap().unwrap();
        assert_eq!(patch.told, ["column `id` becomes NUMERIC, from INT64"]);
        assert_eq!(patch.statements, ["ALTER TABLE `p.d.orders` ALTER COLUMN `id` SET DATA TYPE NUMERIC"]);
        assert!(patch.table.is_none());
        // What an attempt that broke off made wider may stay so.
        let narrower = [SHAPE[0], SHAPE[1], SHAPE[2], SHAPE[3]];
        let widened = layout(json!({}), &wider).unwrap().table;
        assert!(shape::patch(&widened, &layout(json!({}), &narrower).unwrap().table, "p.d.orders").unwrap().is_none());
        let told = refused(json!({"partition_by": {"field": "day"}}), SHAPE);
        assert!(told.contains("it is partitioned by nothing, and the model says DAY of day"), "{told}");
    }

    #[test]
    fn fields_of_a_struct_go_by_their_place_and_keep_their_types() {
        let of = |kind: &str| layout(json!({}), &[("id", "BIGINT"), ("tags", "VARCHAR[]"), ("s", kind)]).unwrap().table;
        let there = of("STRUCT(a INTEGER, b VARCHAR)");
        let told = |kind: &str| match shape::patch(&there, &of(kind), "p.d.orders") {
            Ok(patch) => patch.map_or("nothing".to_string(), |patch| patch.told.join("; ")),
            Err(error) => error.to_string(),
        };
        assert_eq!(told("STRUCT(a BIGINT, b VARCHAR)"), "nothing");
        assert_eq!(
            told("STRUCT(a BIGINT, b VARCHAR, c DATE)"),
            "column `s` gets more fields: STRUCT<a INT64, b STRING, c DATE>"
        );
        for kind in [
            "STRUCT(b VARCHAR, a INTEGER)",
            "STRUCT(a DECIMAL(18,2), b VARCHAR)",
            "STRUCT(c DATE, a INTEGER, b VARCHAR)",
        ] {
            let told = told(kind);
            assert!(told.contains("its column `s` is"), "{told}");
        }
    }
}
