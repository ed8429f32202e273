//! What has to be done to a table that is there already, so that it is as the model says: more columns, wider ones, other
//! descriptions; and what cannot be done without loss.

use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;

use crate::error::Error;
use crate::error::Result;

/// What brings a table that is there into shape.
#[derive(Debug, Default)]
pub(super) struct Patch {
    /// What is changed about it, if anything.
    pub(super) table: Option<Table>,
    /// What has to be said in SQL: types that become wider.
    pub(super) statements: Vec<String>,
    /// Each change, for a person.
    pub(super) told: Vec<String>,
}

/// What has to be changed at a table that is there, if anything. `full_name` is `project.dataset.table`.
///
/// # Errors
/// Where it cannot be done without loss, with the statement that would do it.
pub(super) fn patch(there: &Table, wanted: &Table, full_name: &str) -> Result<Option<Patch>> {
    let both = Both { there, wanted, full_name };
    if partitions(there) != partitions(wanted) {
        return Err(both.refuse(
            format!("it is partitioned by {}, and the model says {}", partitions(there), partitions(wanted)),
            format!("DROP TABLE `{full_name}`"),
        ));
    }
    let mut patch = Patch::default();
    let mut table = Table { table_reference: wanted.table_reference.clone(), ..Table::default() };
    let columns = both.columns(&mut patch)?;
    let settings = both.settings(&mut table, &mut patch);
    if let Some(columns) = columns {
        table.schema = TableSchema::new(columns);
        patch.table = Some(table);
    } else if settings {
        patch.table = Some(table);
    }
    Ok((patch.table.is_some() || !patch.statements.is_empty()).then_some(patch))
}

/// A table as it is and as it is to be.
struct Both<'a> {
    there: &'a Table,
    wanted: &'a Table,
    full_name: &'a str,
}

impl Both<'_> {
    fn refuse(&self, reason: String, statement: String) -> Error {
        let name = &self.wanted.table_reference.table_id;
        Error::call(format!("`{name}` in BigQuery is of another shape than the model gives it"))
            .because(reason)
            .help(format!("if that is meant, run `{statement}` in BigQuery, then `cp publish --full-refresh`"))
    }

    /// What takes a column away, so that it can be made anew.
    fn drop(&self, column: &str) -> String {
        match stands_on(self.there, column) {
            // BigQuery keeps a column that it partitions or clusters by.
            true => format!("DROP TABLE `{}`", self.full_name),
            false => format!("ALTER TABLE `{}` DROP COLUMN `{column}`", self.full_name),
        }
    }

    /// All columns as they are to be, where something is to be changed about them other than a type.
    fn columns(&self, patch: &mut Patch) -> Result<Option<Vec<TableFieldSchema>>> {
        let (old, new) = (fields(self.there), fields(self.wanted));
        let (mut merged, mut is_changed) = (Vec::new(), false);
        for field in old {
            let Some(wanted) = new.iter().find(|other| same_name(other, field)) else {
                let reason = format!("it has a column `{}` that the model has no more", field.name);
                return Err(self.refuse(reason, self.drop(&field.name)));
            };
            let is_widened = is_wider(wanted, field);
            if is_widened {
                let (before, after) = (spelled(field), spelled(wanted));
                patch.told.push(format!("column `{}` becomes {after}, from {before}", field.name));
                let (table, column) = (self.full_name, &field.name);
                patch.statements.push(format!("ALTER TABLE `{table}` ALTER COLUMN `{column}` SET DATA TYPE {after}"));
            }
            let is_convertible = is_widened || is_wider(field, wanted);
            let kept = merge(field, wanted, is_convertible).map_err(|reason| {
                self.refuse(format!("its column `{}` {reason}", field.name), self.drop(&field.name))
            })?;
            let kept = if is_widened { TableFieldSchema { r#type: wanted.r#type.clone(), ..kept } } else { kept };
            if !is_equal(&kept, field) {
                is_changed = true;
                patch.told.push(changed(field, &kept));
            }
            merged.push(kept);
        }
        for field in new.iter().filter(|field| !old.iter().any(|other| same_name(other, field))) {
            is_changed = true;
            patch.told.push(format!("column `{}` is added, {}", field.name, spelled(field)));
            // Rows that are there have no value for it.
            let mode = field.mode.clone().filter(|mode| mode != "REQUIRED");
            merged.push(TableFieldSchema { mode, ..(*field).clone() });
        }
        Ok(is_changed.then_some(merged))
    }

    /// Puts what else is to be changed into `table`; whether there is anything.
    fn settings(&self, table: &mut Table, patch: &mut Patch) -> bool {
        let Self { there, wanted, .. } = self;
        let mut is_changed = false;
        // Without a word about clusters those that are there stay: they change no row, and BigQuery takes no empty list.
        if !clusters(wanted).is_empty() && clusters(there) != clusters(wanted) {
            is_changed = true;
            patch.told.push(format!("it is clustered by {}", listed(&clusters(wanted))));
            table.clustering.clone_from(&wanted.clustering);
        }
        let description = |table: &Table| table.description.clone().unwrap_or_default();
        if description(there) != description(wanted) {
            is_changed = true;
            patch.told.push("its description changes".to_string());
            table.description = Some(description(wanted));
        }
        is_changed
    }
}

/// A type by one of its names.
pub(super) fn name_of(kind: &FieldType) -> &'static str {
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

pub(super) fn fields(table: &Table) -> &[TableFieldSchema] {
    table.schema.fields.as_deref().unwrap_or_default()
}

fn same_name(one: &TableFieldSchema, other: &TableFieldSchema) -> bool {
    one.name.eq_ignore_ascii_case(&other.name)
}

pub(super) fn mode(field: &TableFieldSchema) -> &str {
    field.mode.as_deref().unwrap_or("NULLABLE")
}

/// The column that is there with what may be changed about it. Its type stays, where `is_convertible` whatever it is.
///
/// # Errors
/// A phrase, where it is of another type.
fn merge(
    there: &TableFieldSchema,
    wanted: &TableFieldSchema,
    is_convertible: bool,
) -> Result<TableFieldSchema, String> {
    let is_list = |field: &TableFieldSchema| mode(field) == "REPEATED";
    let is_alike = name_of(&there.r#type) == name_of(&wanted.r#type) && is_list(there) == is_list(wanted);
    if !is_alike && !is_convertible {
        return Err(format!("is {}, and the model gives {}", spelled(there), spelled(wanted)));
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
        // BigQuery puts a struct's values where they stand, not where they are named.
        for (index, field) in old.iter().enumerate() {
            match new.get(index).filter(|other| same_name(other, field)) {
                Some(wanted) => inner.push(merge(field, wanted, false)?),
                None => return Err(format!("is {}, and the model gives {}", spelled(there), spelled(wanted))),
            }
        }
        inner.extend(new.iter().skip(old.len()).cloned());
        kept.fields = Some(inner);
    }
    Ok(kept)
}

/// Whether a column can become this without loss, and BigQuery would do it.
fn is_wider(wanted: &TableFieldSchema, there: &TableFieldSchema) -> bool {
    let names = (name_of(&there.r#type), name_of(&wanted.r#type));
    let is_list = |field: &TableFieldSchema| mode(field) == "REPEATED";
    let is_widening = matches!(names, ("INT64", "NUMERIC" | "BIGNUMERIC") | ("NUMERIC", "BIGNUMERIC"));
    is_widening && !is_list(there) && !is_list(wanted)
}

/// A column's type, as BigQuery's SQL spells it.
fn spelled(field: &TableFieldSchema) -> String {
    let one = match &field.fields {
        Some(fields) if name_of(&field.r#type) == "STRUCT" => {
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{} {}", field.name.to_lowercase(), spelled(field))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        _ => name_of(&field.r#type).to_string(),
    };
    if mode(field) == "REPEATED" { format!("ARRAY<{one}>") } else { one }
}

/// Columns that only one of two tables has, or that do not hold in one what they hold in the other: name, type there and
/// type as wanted.
pub(super) fn misfits(there: &Table, wanted: &Table) -> Vec<(String, Option<String>, Option<String>)> {
    let mut found = Vec::new();
    for field in fields(wanted) {
        let other = fields(there).iter().find(|other| same_name(other, field));
        if other.is_none_or(|other| spelled(other) != spelled(field) && !is_wider(other, field)) {
            found.push((field.name.clone(), other.map(spelled), Some(spelled(field))));
        }
    }
    for field in fields(there).iter().filter(|field| !fields(wanted).iter().any(|other| same_name(other, field))) {
        found.push((field.name.clone(), Some(spelled(field)), None));
    }
    found
}

/// What becomes of a column, in a phrase.
fn changed(field: &TableFieldSchema, kept: &TableFieldSchema) -> String {
    let name = &field.name;
    if mode(field) != mode(kept) {
        format!("column `{name}` may be NULL from now on")
    } else if spelled(field) != spelled(kept) {
        format!("column `{name}` gets more fields: {}", spelled(kept))
    } else {
        format!("column `{name}` gets another description")
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_string() } else { names.join(", ") }
}

/// Whether the table is partitioned or clustered by a column.
fn stands_on(table: &Table, column: &str) -> bool {
    let time = table.time_partitioning.as_ref().and_then(|by| by.field.as_deref());
    let range = table.range_partitioning.as_ref().and_then(|by| by.field.as_deref());
    let clusters = clusters(table);
    let mut all = time.into_iter().chain(range).chain(clusters.iter().map(String::as_str));
    all.any(|name| name.eq_ignore_ascii_case(column))
}

fn is_equal(one: &TableFieldSchema, other: &TableFieldSchema) -> bool {
    let inner = |field: &TableFieldSchema| field.fields.clone().unwrap_or_default();
    one.description == other.description
        && mode(one) == mode(other)
        && inner(one).len() == inner(other).len()
        && inner(one).iter().zip(&inner(other)).all(|(one, other)| is_equal(one, other))
}

fn partitions(table: &Table) -> String {
    match (&table.time_partitioning, &table.range_partitioning) {
        (Some(time), _) => format!("{} of {}", time.r#type, time.field.as_deref().unwrap_or("loading").to_lowercase()),
        (None, Some(range)) => {
            let bounds = range.range.as_ref();
            let told = bounds.map(|range| format!("{} to {} by {}", range.start, range.end, range.interval));
            format!("{} from {}", range.field.as_deref().unwrap_or_default().to_lowercase(), told.unwrap_or_default())
        }
        (None, None) => "nothing".to_string(),
    }
}

pub(super) fn clusters(table: &Table) -> Vec<String> {
    let fields = table.clustering.as_ref().and_then(|clustering| clustering.fields.as_ref());
    fields.into_iter().flatten().map(|name| name.to_lowercase()).collect()
}
