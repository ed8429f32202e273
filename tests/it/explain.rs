//! `cp explain`, as somebody who asks for a row meets it.

use serde_json::Value;

use crate::support::Call;
use crate::support::Project;
use crate::support::is_thorough;

/// What happened to order `O-1`: paid at the second try, changed by a later record, refunded in part, shipped; a payment
/// that names it by an unknown field, a delivery that says otherwise, and one that cannot be read. Beside it another order
/// of that day, and a payment without an order.
const EVENTS: &str = r#"
{"event_id":"order-1","event_type":"order_created","event_time":"2025-01-15T09:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","created_at":"2025-01-15T09:00:00Z","customerId":"C-1","buyerEmail":"ada@example.org","line_items":[{"sku":"TEA","quantity":2,"unit_price":50},{"sku":"CUP","quantity":1,"unit_price":20}],"totalAmount":120,"currencyCode":"USD","state":"Lagos"},"ingested_at":"2025-01-15T09:00:05Z"}
{"event_id":"failed","event_type":"payment_succeeded","event_time":"2025-01-15T09:05:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","paid_at":"2025-01-15T09:05:00Z","payment_status":"FAILED","amountPaid":120,"currencyCode":"USD","transaction_id":"T-1"},"ingested_at":"2025-01-15T09:05:05Z"}
{"event_id":"paid","event_type":"payment_succeeded","event_time":"2025-01-15T09:10:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","paid_at":"2025-01-15T09:10:00Z","payment_status":"SUCCESS","amountPaid":120,"currencyCode":"USD","transaction_id":"T-2"},"ingested_at":"2025-01-15T09:10:05Z"}
{"event_id":"paid","event_type":"payment_succeeded","event_time":"2025-01-15T09:10:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","paid_at":"2025-01-15T09:10:00Z","payment_status":"SUCCESS","amountPaid":121,"currencyCode":"USD","transaction_id":"T-2"},"ingested_at":"2025-01-15T09:10:06Z"}
{"event_id":"again","event_type":"payment_succeeded","event_time":"2025-01-15T09:12:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","paid_at":"2025-01-15T09:12:00Z","payment_status":"SUCCESS","amountPaid":120,"currencyCode":"USD","transaction_id":"T-2"},"ingested_at":"2025-01-15T09:12:05Z"}
{"event_id":"unread","event_type":"payment_succeeded","event_time":"2025-01-15T09:15:00Z","vendor":"vendor_b","payload":{"purchase":"O-1","paid_at":"2025-01-15T09:15:00Z","payment_status":"SUCCESS","amountPaid":5,"currencyCode":"USD"},"ingested_at":"2025-01-15T09:15:05Z"}
{"event_id":"order-2","event_type":"order_created","event_time":"2025-01-15T10:30:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","created_at":"2025-01-15T10:30:00Z","customerId":"C-1","line_items":[{"sku":"TEA","quantity":2,"unit_price":50}],"totalAmount":100,"currencyCode":"USD","state":"Lagos"},"ingested_at":"2025-01-15T10:30:05Z"}
{"event_id":"update","event_type":"order_updated","event_time":"2025-01-15T10:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","updated_at":"2025-01-15T10:00:00Z","change_type":"items"},"ingested_at":"2025-01-15T12:00:00Z"}
{"event_id":"refund","event_type":"refund_issued","event_time":"2025-01-15T11:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","refunded_at":"2025-01-15T11:00:00Z","refundAmount":20,"currencyCode":"USD","refunded_items":[{"sku":"CUP","qty":1,"amount":20}]},"ingested_at":"2025-01-15T11:00:05Z"}
{"event_id":"shipped","event_type":"shipment_updated","event_time":"2025-01-15T13:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","tracking_code":"R-1","shipment_status":"IN_TRANSIT","time":"2025-01-15T13:00:00Z"},"ingested_at":"2025-01-18T13:00:05Z"}
{"event_id":"other","event_type":"order_created","event_time":"2025-01-15T14:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-10","created_at":"2025-01-15T14:00:00Z","customerId":"C-2","line_items":[{"sku":"TEA","quantity":1,"unit_price":50}],"totalAmount":50,"currencyCode":"USD","state":"Lagos"},"ingested_at":"2025-01-15T14:00:05Z"}
{"event_id":"other-paid","event_type":"payment_succeeded","event_time":"2025-01-15T14:05:00Z","vendor":"vendor_b","payload":{"order_id":"O-10","paid_at":"2025-01-15T14:05:00Z","payment_status":"SUCCESS","amountPaid":50,"currencyCode":"USD","transaction_id":"T-3"},"ingested_at":"2025-01-15T14:05:05Z"}
{"event_id":"orphan","event_type":"payment_succeeded","event_time":"2025-01-15T15:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-99","paid_at":"2025-01-15T15:00:00Z","payment_status":"SUCCESS","amountPaid":7,"currencyCode":"USD","transaction_id":"T-4"},"ingested_at":"2025-01-15T15:00:05Z"}
{"event_id":"broken","event_type":"order_updated","payload":{"order_id":"O-1","updated_at":
"#;

/// What comes a day later: another payment of `O-1`, and an order.
const NEXT_DAY: &str = r#"
{"event_id":"late","event_type":"payment_succeeded","event_time":"2025-01-16T09:10:00Z","vendor":"vendor_b","payload":{"order_id":"O-1","paid_at":"2025-01-16T09:10:00Z","payment_status":"SUCCESS","amountPaid":9,"currencyCode":"USD","transaction_id":"T-7"},"ingested_at":"2025-01-16T09:10:05Z"}
{"event_id":"order-7","event_type":"order_created","event_time":"2025-01-16T14:00:00Z","vendor":"vendor_b","payload":{"order_id":"O-7","created_at":"2025-01-16T14:00:00Z","customerId":"C-2","line_items":[{"sku":"TEA","quantity":1,"unit_price":50}],"totalAmount":50,"currencyCode":"USD","state":"Lagos"},"ingested_at":"2025-01-16T14:00:05Z"}
"#;

const RATES: &str = "date,currency,rate\n2025-01-14,USD,1500.5\n";

/// The repository's project, run on these events alone, with a model that has no place in the database and one without key.
fn story() -> Project {
    let project = Project::new();
    project.remove("data").remove("snapshots");
    project
        .file("data/live_events/2025-01-15/events.jsonl", EVENTS.trim_start())
        .file("seeds/fx_rates.csv", RATES)
        .file(
            "models/analytics/paid.sql",
            "{{ config(materialized='ephemeral', meta={'key': ['order_id']}) }}
select order_id, gross_revenue from {{ ref('fact_orders') }} where gross_revenue > 0\n",
        )
        .file(
            "models/analytics/twice.sql",
            "{{ config(meta={'key': ['vendor']}) }} select vendor from {{ ref('fact_orders') }}\n",
        )
        .file(
            "models/analytics/heap.sql",
            "select vendor from {{ ref('paid') }} cross join {{ ref('fact_orders') }}\n",
        );
    project.cp(["ingest"]).success();
    project.cp(["run"]).success();
    project
}

fn explain(project: &Project, arguments: &str) -> Call {
    project.cp(["explain", "--quiet"].into_iter().chain(arguments.split(' ')))
}

fn told(project: &Project, arguments: &str) -> Value {
    let output = explain(project, arguments).arg("--output").arg("json").success();
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("no JSON ({error}):\n{output}"))
}

#[test]
fn a_row_is_told_event_by_event() {
    let project = story();
    explain(&project, "--model fact_orders --key O-1").success().assert("explain_order");
    explain(&project, "--model fact_order_items --key O-1,1 --payload").success().assert("explain_line");
    explain(&project, "--model fact_order_daily --key vendor=vendor_b,order_date=2025-01-15 --limit 3")
        .success()
        .assert("explain_day");
    // A rank and a share stand on all products, and are told apart from what this one's events make.
    explain(&project, "--model top_products --key 1 --limit 2").success().assert("explain_rank");
    explain(&project, "--model dim_date --key 20250115").success().assert("explain_date");
    explain(&project, "--model rejected_events --key unread --output json --payload")
        .success()
        .assert("explain_rejected");
    // Why there is no row: its payment has no order; its payment could not be read.
    explain(&project, "--model fact_orders --key O-99").success().assert("explain_orphan");
    explain(&project, "--model fact_payments --key unread").success().assert("explain_unread");
    let proved = [
        ("paid", "O-1", 9),
        ("int_fx_rates_daily", "2025-01-14,USD", 0),
        ("stg_payments", "paid", 1),
        ("base_payments", "unread", 1),
        ("fact_shipments", "shipped,1", 1),
        ("dim_product", "TEA", 3),
        ("payment_success", "vendor_b", 11),
    ];
    for (model, key, events) in &proved[..if is_thorough() { proved.len() } else { 3 }] {
        let told = told(&project, &format!("--model {model} --key {key} --limit 1"));
        assert_eq!(
            (&told["proof"]["is_equal"], &told["proof"]["events"]),
            (&true.into(), &(*events).into()),
            "{told:#}"
        );
    }
    faults(&project);
    explain(&project, "--model twice --key vendor_b").status(1).assert("explain_fault_twice");
    what_is_not_built_yet_is_told(&project);
    a_stale_warehouse_is_told(&project);
}

/// Every call that cannot be answered says what to do.
fn faults(project: &Project) {
    for (number, arguments) in [
        "--model fact_orders --key O-7",
        "--model int_order_lines --key order-1",
        "--model fact_order_items --key O-1 --key 1 --key 2",
        "--model fact_order_daily --key monday,vendor_b",
        "--model fact_ordrs --key O-1",
        "--model fx_rates --key 2025-01-14",
        "--model heap --key vendor_b",
        "--model fact_orders --key O-1 --data nowhere",
        "--model fact_orders",
    ]
    .into_iter()
    .enumerate()
    {
        explain(project, arguments).status(2).assert(&format!("explain_fault_{number}"));
    }
}

/// Events that landed after the last run are told as such, whether or not there is a row of theirs.
fn what_is_not_built_yet_is_told(project: &Project) {
    project.file("data/live_events/2025-01-16/events.jsonl", NEXT_DAY.trim_start());
    project.cp(["ingest", "--quiet"]).success();
    project.cp(["extract", "--quiet"]).success();
    explain(project, "--model fact_orders --key O-1 --limit 1").success().assert("explain_not_built");
    explain(project, "--model fact_orders --key O-7").success().assert("explain_not_built_row");
    for key in ["O-1", "O-7"] {
        let told = told(project, &format!("--model fact_orders --key {key} --limit 1"));
        let event = if key == "O-1" { "late" } else { "order-7" };
        assert_eq!(told["not_built"], Value::from(vec![event]), "{told:#}");
    }
}

/// Rows that the project as it stands would not make are not explained by it, and the call says why.
fn a_stale_warehouse_is_told(project: &Project) {
    project.edit("dbt_project.yml", "FAILED: failed", "FAILED: success");
    let output = explain(project, "--model fact_orders --key O-1 --limit 1").success();
    assert!(output.stdout.contains("payments_succeeded: 1, from these alone 2"), "{output}");
    assert!(output.stdout.contains("not explained\n"), "{output}");
    assert!(output.stdout.contains("the warehouse is older than the project"), "{output}");
    assert!(!output.stdout.contains("other rows"), "{output}");
    let told = told(project, "--model fact_orders --key O-1 --limit 2");
    assert!(told["stale"].as_array().is_some_and(|stale| !stale.is_empty()), "{told:#}");
    // What these events make otherwise in the end never was in the warehouse on the way there.
    let steps = told["steps"].as_array().unwrap().iter();
    let changes: Vec<_> = steps.flat_map(|step| step["changes"].as_array().unwrap()).collect();
    assert!(changes.iter().any(|change| change["column"] == "payments_attempted"), "{told:#}");
    assert!(changes.iter().all(|change| change["column"] != "payments_succeeded"), "{told:#}");
    project.edit("models/analytics/_analytics.yml", "explain: {by: [sku]}", "explain: {with: sku}");
    explain(project, "--model fact_orders --key O-1").status(2).assert("explain_fault_declared");
    project.remove("data/warehouse.duckdb");
    explain(project, "--model fact_orders --key O-1").status(2).assert("explain_fault_warehouse");
}

/// Twenty-five rows of the sample.
#[test]
fn the_events_that_are_found_make_the_row() {
    if !is_thorough() {
        return;
    }
    let project = Project::new();
    project.remove("data");
    project.take(&project.path("snapshots/sample/seeds/fx_rates.csv"), "seeds/fx_rates.csv");
    project.cp(["ingest", "--data", "snapshots/sample"]).success();
    project.cp(["run"]).success();
    let rows = project.query("select order_id from {{ ref('fact_orders') }} order by order_id");
    for row in rows.iter().step_by(3) {
        let key = row["order_id"].as_str().unwrap();
        let told = told(&project, &format!("--model fact_orders --key {key} --limit 2"));
        assert_eq!(told["proof"]["is_equal"], true, "{told:#}");
        assert!(told["steps"].as_array().unwrap().iter().any(|step| step["effect"] == "appears"), "{told:#}");
    }
    let output = explain(&project, "--model fact_orders --key ORD-000014 --limit 1 --data snapshots/sample").success();
    assert!(output.stdout.contains("proved: built from"), "{output}");
}
