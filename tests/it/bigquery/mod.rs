//! Publishing to BigQuery, as a user and a reader of it meet it: what arrives is what was checked, all of it or nothing, and
//! only what has changed travels.

mod accidents;
mod inside;
mod layout;
mod pack;
mod publish;
mod shapes;
mod told;
mod verify;

use serde_json::Value;

use crate::support::Project;
use crate::support::bigquery::BigQuery;
use crate::support::bigquery::Dataset;
use crate::support::bigquery::Row;

/// A small project that publishes to a dataset of its own: `sales`, to which rows are added, and `totals`, of which rows
/// change.
fn shop(server: &BigQuery) -> (Project, Dataset<'_>) {
    let project = Project::empty();
    project
        .file("seeds/given.csv", "id,shop,amount\n1,a,1.50\n2,a,2.25\n3,b,10.00\n")
        .file("seeds/_given.yml", "seeds:\n  - name: given\n    config:\n      column_types: {id: bigint, shop: varchar, amount: 'decimal(18, 2)'}\n")
        .file("models/sales.sql", "select id, shop, amount, timestamp '2025-01-01 10:00:00.123456' + to_days(id::integer) as sold_at from {{ ref('given') }}\n")
        .file("models/totals.sql", "select shop, count(*) as sales, sum(amount) as amount from {{ ref('sales') }} group by shop\n")
        .file(
            "models/_models.yml",
            "models:\n  - name: sales\n    description: Every sale.\n    config:\n      materialized: table\n      partition_by: {field: sold_at, data_type: timestamp}\n      cluster_by: shop\n      meta: {publish: true, key: [id]}\n    columns:\n      - name: id\n        description: The sale.\n        data_tests: [unique, not_null]\n  - name: totals\n    config:\n      materialized: table\n      meta: {publish: true, key: [shop]}\n    columns:\n      - name: amount\n        data_tests: [not_null]\n",
        );
    let dataset = server.fresh_dataset();
    project.publishing_to(&server.host(), &dataset);
    (project, dataset)
}

/// Whatever the project builds is what BigQuery holds, and the ledger tells of each publication once.
#[track_caller]
fn assert_equal(project: &Project, server: &BigQuery, dataset: &str, tables: &[&str]) {
    for table in tables {
        assert_arrived(&in_warehouse(project, table), server, dataset, table);
    }
    assert_ledger(server, dataset);
}

/// What BigQuery holds of a table is this.
#[track_caller]
fn assert_arrived(here: &Held, server: &BigQuery, dataset: &str, table: &str) {
    let mut there = server.data(dataset, table, &here.columns);
    there.sort();
    let without = |some: &[Row], others: &[Row]| some.iter().find(|row| !others.contains(row)).cloned();
    assert!(
        here.rows == there,
        "`{table}` differs:\n{:?}\n{:?}",
        without(&here.rows, &there),
        without(&there, &here.rows)
    );
}

/// The ledger tells of each publication once, one after the other, and its head names the last.
#[track_caller]
fn assert_ledger(server: &BigQuery, dataset: &str) {
    let ledger = server.rows(dataset, "SELECT id, previous FROM cp_publications");
    let mut ids: Vec<_> = ledger.iter().map(|row| row[0].clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), ledger.len(), "{ledger:?}");
    let firsts = ledger.iter().filter(|row| row[1].is_none()).count();
    assert_eq!(firsts, 1, "{ledger:?}");
    let head = server.rows(dataset, "SELECT id FROM cp_head");
    let followed = |id: &Option<String>| ledger.iter().any(|row| row[1] == *id);
    let ends: Vec<_> = ledger.iter().filter(|row| !followed(&row[0])).map(|row| vec![row[0].clone()]).collect();
    assert_eq!(ends, head, "{ledger:?}");
    // What an attempt that broke off has left goes by itself.
    for name in server.tables(dataset).iter().filter(|name| name.starts_with("cp_staging")) {
        assert!(server.table(dataset, name)["expirationTime"].is_string(), "`{name}` would stay");
    }
}

/// A table of the warehouse.
struct Held {
    /// Its published columns.
    columns: Vec<String>,
    /// Their values as BigQuery tells them, in order.
    rows: Vec<Row>,
}

fn in_warehouse(project: &Project, table: &str) -> Held {
    let schema = if project.read("dbt_project.yml").contains("shop") { "main" } else { "commercepulse" };
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let described = project.query(&format!("describe {schema}.{table}"));
    let columns = described.iter().map(|row| (text(&row["column_name"]), text(&row["column_type"])));
    let columns: Vec<_> = columns.filter(|(name, _)| !name.starts_with('_')).collect();
    let told = |(name, kind): &(String, String)| match kind.as_str() {
        "TIMESTAMP" => format!("cast(epoch_us(\"{name}\") as varchar)"),
        // Without the zeros at its end.
        kind if kind.starts_with("DECIMAL") => {
            format!("regexp_replace(regexp_replace(cast(\"{name}\" as varchar), '(\\.[0-9]*?)0+$', '\\1'), '\\.$', '')")
        }
        _ => format!("cast(\"{name}\" as varchar)"),
    };
    let list: Vec<_> = columns.iter().map(|column| format!("{} as \"{}\"", told(column), column.0)).collect();
    let rows = project.query(&format!("select {} from {schema}.{table}", list.join(", ")));
    let cells = |row: &Value| columns.iter().map(|(name, _)| row[name].as_str().map(str::to_string)).collect();
    let mut rows: Vec<Row> = rows.iter().map(cells).collect();
    rows.sort();
    Held { columns: columns.into_iter().map(|(name, _)| name).collect(), rows }
}
