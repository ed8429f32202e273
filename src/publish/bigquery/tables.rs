//! The dataset and its tables: made where they are missing, changed, dropped. Each may be asked twice.

use gcp_bigquery_client::model::dataset::Dataset;
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;

use crate::error::{Error, Result};
use crate::publish::bigquery::door::Door;
use crate::publish::bigquery::fault::Fault;

/// What everything that we make is labelled with.
pub(super) const LABEL: (&str, &str) = ("made_by", "commercepulse");

impl Door {
    /// Makes the dataset if it is missing, in the location that the settings name; from then on every job runs where
    /// the dataset is.
    ///
    /// # Errors
    /// When it can neither be found nor be made.
    pub(super) fn ensure_dataset(&mut self) -> Result<()> {
        if self.has_dataset()? {
            return Ok(());
        }
        let mut wanted = Dataset::new(&self.project, &self.dataset).label(LABEL.0, LABEL.1);
        wanted.location.clone_from(&self.location);
        let doing = format!("create dataset `{}` in project `{}`", self.dataset, self.project);
        let made = self.insist(&doing, || {
            let fault = match self.ask(async { self.client.dataset().create(wanted.clone()).await }) {
                Ok(made) => return Ok(made),
                Err(fault) => fault,
            };
            // Whatever was answered: it is there if another one was faster, or if only the answer was lost.
            self.find_dataset()?.ok_or(fault)
        })?;
        self.location = made.location;
        Ok(())
    }

    /// Whether the dataset is there; makes nothing.
    ///
    /// # Errors
    /// When BigQuery does not say.
    pub(super) fn has_dataset(&mut self) -> Result<bool> {
        let doing = format!("look for dataset `{}` in project `{}`", self.dataset, self.project);
        let Some(found) = self.insist(&doing, || self.find_dataset())? else { return Ok(false) };
        if let (Some(there), Some(wanted)) = (&found.location, &self.location)
            && !there.eq_ignore_ascii_case(wanted)
        {
            return Err(Error::call(format!(
                "dataset `{}` is in {there}, and `BQ_LOCATION` says {wanted}",
                self.dataset
            ))
            .help("a dataset cannot be moved: leave `BQ_LOCATION` out, or name another `BQ_DATASET`"));
        }
        self.location = found.location.or(self.location.take());
        Ok(true)
    }

    fn find_dataset(&self) -> Result<Option<Dataset>, Fault> {
        unless_missing(self.ask(async { self.client.dataset().get(&self.project, &self.dataset).await }))
    }

    /// A table of the dataset, if it is there.
    ///
    /// # Errors
    /// When BigQuery does not say.
    pub(super) fn table(&self, name: &str) -> Result<Option<Table>> {
        self.insist(&format!("look at table `{}`", self.shown(name)), || self.find_table(name))
    }

    pub(super) fn find_table(&self, name: &str) -> Result<Option<Table>, Fault> {
        unless_missing(self.ask(async { self.client.table().get(&self.project, &self.dataset, name, None).await }))
    }

    /// Makes a table; one that is there already with the same columns is as good.
    ///
    /// # Errors
    /// When it cannot be made, or is there with other columns.
    pub(super) fn create_table(&self, table: Table) -> Result<()> {
        let name = table.table_reference.table_id.clone();
        let table = Table { table_reference: self.table_reference(&name), ..table };
        let made = self.insist(&format!("create table `{}`", self.shown(&name)), || {
            let fault = match self.ask(async { self.client.table().create(table.clone()).await }) {
                Ok(made) => return Ok(made),
                Err(fault) => fault,
            };
            // Whatever was answered, as for the dataset.
            self.find_table(&name)?.ok_or(fault)
        })?;
        if columns(&made.schema) == columns(&table.schema) {
            return Ok(());
        }
        Err(Error::call(format!("table `{}` is in BigQuery already, with other columns", self.shown(&name)))
            .help("was it made by another program or an older project? rename it, or name another `BQ_DATASET`"))
    }

    /// Changes what `table` says; what it leaves out stays as it is.
    ///
    /// # Errors
    /// When BigQuery refuses the change.
    pub(super) fn patch_table(&self, table: Table) -> Result<()> {
        let name = table.table_reference.table_id.clone();
        let table = Table { table_reference: self.table_reference(&name), ..table };
        self.insist(&format!("change table `{}`", self.shown(&name)), || {
            self.ask(async { self.client.table().patch(&self.project, &self.dataset, &name, table.clone()).await })
        })?;
        Ok(())
    }

    /// Drops a table; one that is missing is as good.
    ///
    /// # Errors
    /// When BigQuery refuses to.
    pub(super) fn delete_table(&self, name: &str) -> Result<()> {
        self.insist(&format!("drop table `{}`", self.shown(name)), || {
            unless_missing(self.ask(async { self.client.table().delete(&self.project, &self.dataset, name).await }))
        })?;
        Ok(())
    }

    /// A table as a message names it.
    pub(super) fn shown(&self, table: &str) -> String {
        format!("{}.{table}", self.dataset)
    }
}

fn unless_missing<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.is_missing() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What makes two schemas the same table: names, types and modes, in whatever spelling.
fn columns(schema: &TableSchema) -> Vec<(String, String)> {
    fn walk(fields: Option<&Vec<TableFieldSchema>>, above: &str, found: &mut Vec<(String, String)>) {
        for field in fields.into_iter().flatten() {
            let name = format!("{above}{}", field.name.to_lowercase());
            let kind = match &field.r#type {
                FieldType::Int64 => FieldType::Integer,
                FieldType::Float64 => FieldType::Float,
                FieldType::Bool => FieldType::Boolean,
                FieldType::Struct => FieldType::Record,
                other => other.clone(),
            };
            let mode = field.mode.as_deref().filter(|mode| !mode.is_empty()).unwrap_or("NULLABLE");
            walk(field.fields.as_ref(), &format!("{name}."), found);
            found.push((name, format!("{kind:?} {mode}")));
        }
    }
    let mut found = Vec::new();
    walk(schema.fields.as_ref(), "", &mut found);
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_the_same_in_either_spelling_and_in_any_order() {
        let field = |name: &str, kind: FieldType| TableFieldSchema::new(name, kind);
        let nested = |kind: FieldType, inner: FieldType| TableFieldSchema {
            fields: Some(vec![field("inner", inner)]),
            ..field("outer", kind)
        };
        let nullable = TableFieldSchema { mode: Some("NULLABLE".to_string()), ..field("id", FieldType::Integer) };
        let one = TableSchema::new(vec![field("id", FieldType::Int64), nested(FieldType::Struct, FieldType::Bool)]);
        let two = TableSchema::new(vec![nested(FieldType::Record, FieldType::Boolean), nullable]);
        assert_eq!(columns(&one), columns(&two));
        let other = TableSchema::new(vec![field("id", FieldType::Int64), nested(FieldType::Struct, FieldType::String)]);
        assert_ne!(columns(&one), columns(&other));
        let required = TableFieldSchema { mode: Some("REQUIRED".to_string()), ..field("id", FieldType::Integer) };
        assert_ne!(
            columns(&TableSchema::new(vec![field("id", FieldType::Int64)])),
            columns(&TableSchema::new(vec![required]))
        );
    }
}
