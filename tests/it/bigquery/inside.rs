//! The models run inside BigQuery, as `cp compile --target bigquery` writes them: the rows that DuckDB makes of the same events.

use serde_json::json;

use super::*;
use crate::support::bigquery::PROJECT;
use crate::support::is_thorough;

/// Models in an order in which they can be made, and whether their rows are compared: those that read payloads, and all
/// that payments and the lines of orders stand on. (All of them ran once by hand; that takes a minute.)
const MODELS: &[(&str, bool)] = &[
    ("intermediate/int_fx_rates_daily", true),
    ("staging/base/base_payments", true),
    ("staging/stg_payments", true),
    ("intermediate/int_payments", true),
    ("marts/fact_payments", true),
    ("staging/base/base_shipments", true),
    // Their `items` are JSON, which each database spaces as it likes.
    ("staging/base/base_orders", false),
    ("staging/stg_orders", false),
    ("intermediate/int_order_lines", true),
    ("staging/base/base_order_updates", true),
    ("staging/base/base_refunds", true),
    ("intermediate/int_event_outcomes", true),
    ("intermediate/int_required_fields_daily", true),
    ("intermediate/int_required_fields", true),
    ("intermediate/int_payload_shape_days", true),
    ("intermediate/int_payload_shapes", true),
    ("intermediate/int_field_names", true),
    ("intermediate/int_payload_paths", true),
    ("intermediate/int_payload_examples", false),
    ("intermediate/int_field_days", true),
    // Nothing has changed on a single day.
    ("intermediate/int_field_retyped", false),
    ("intermediate/int_field_gone", false),
    ("intermediate/int_field_changes", false),
    ("quality/quality_field_registry", true),
    ("intermediate/int_field_candidates", false),
    ("intermediate/int_field_words", false),
    ("intermediate/int_field_evidence", false),
    ("quality/quality_field_proposals", true),
    ("intermediate/int_names_beside", true),
    ("intermediate/int_missing_spans", true),
    ("quality/quality_missing_fields", true),
];

/// Rows of a table of the warehouse, put into a table of the emulator.
fn copy_rows(project: &Project, server: &BigQuery, (dataset, table): (&str, &str), columns: &[(&str, &str, &str)]) {
    let defined: Vec<_> = columns.iter().map(|(name, kind, _)| format!("`{name}` {kind}")).collect();
    server.execute(&format!("CREATE OR REPLACE TABLE `{dataset}`.`{table}` ({})", defined.join(", ")));
    let schema = if table == "fx_rates" { "commercepulse" } else { "raw" };
    let list: Vec<_> = columns.iter().map(|(name, _, told)| format!("{told} as \"{name}\"")).collect();
    let rows = project.query(&format!("select {} from {schema}.{table}", list.join(", ")));
    assert!(!rows.is_empty(), "{table}");
    let rows: Vec<_> = rows.iter().map(|row| json!({"json": row})).collect();
    let path = format!("/datasets/{dataset}/tables/{table}/insertAll");
    let (status, answer) = server.call("POST", &path, Some(json!({"rows": rows})));
    assert!(status == 200 && answer["insertErrors"].is_null(), "{answer}");
}

#[test]
fn models_make_there_the_rows_that_they_make_here() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = (Project::new(), server.fresh_dataset());
    // One live day is enough: it has every kind of drift.
    project.remove("data/bootstrap").remove("data/live_events/2025-01-15");
    // And one kind that no known name reads: the build fails for it, and builds everything.
    let file = "data/live_events/2025-01-16/events.jsonl";
    project.edit(file, "\"amountPaid\"", "\"paid_total\"");
    project.cp(["build"]).status(1);
    for id in ["raw", &dataset] {
        let reference = json!({"datasetReference": {"datasetId": id, "projectId": PROJECT}});
        server.call("POST", "/datasets", Some(reference));
    }
    let text = |name: &'static str| (name, "STRING", name);
    let time = |name: &'static str, told: &'static str| (name, "TIMESTAMP", told);
    let events = [
        text("event_id"),
        text("event_type"),
        time("event_time", "cast(event_time as varchar) || '+00'"),
        text("vendor"),
        // As it is, so that its numbers stay as they were given.
        ("payload", "STRING", "cast(payload as varchar)"),
        time("ingested_at", "cast(ingested_at as varchar) || '+00'"),
        ("_landing_sequence", "INT64", "_landing_sequence"),
    ];
    copy_rows(&project, server, ("raw", "events_raw"), &events);
    let rates =
        [("date", "DATE", "cast(date as varchar)"), text("currency"), ("rate", "NUMERIC", "cast(rate as varchar)")];
    copy_rows(&project, server, (&dataset, "fx_rates"), &rates);
    let compile = project.cp(["compile", "--target", "bigquery"]);
    compile.env("BQ_PROJECT", PROJECT).env("BQ_DATASET", &dataset).success();
    for (model, is_compared) in MODELS {
        server.execute(&project.read(&format!("target/run/commercepulse/models/{model}.sql")));
        let table = model.rsplit('/').next().unwrap();
        if *is_compared {
            let here = in_warehouse(&project, table);
            assert!(!here.rows.is_empty(), "{table}");
            // By a query: some of them are views.
            let list: Vec<_> = here.columns.iter().map(|name| format!("`{name}`")).collect();
            let mut there = server.rows(&dataset, &format!("SELECT {} FROM {table}", list.join(", ")));
            there.sort();
            let missing: Vec<_> = here.rows.iter().filter(|row| !there.contains(row)).take(2).collect();
            let extra: Vec<_> = there.iter().filter(|row| !here.rows.contains(row)).take(2).collect();
            assert!(here.rows == there, "`{table}` differs:\n{missing:#?}\n{extra:#?}");
        }
    }
}
