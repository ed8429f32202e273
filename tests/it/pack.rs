//! The data pack with its known answers: every figure of `expected.json` is met, in one go and file by file in any
//! order; skipped where the pack is not there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde_json::Value;

use crate::support::Project;
use crate::support::is_thorough;
use crate::support::server::Database;

/// How each figure of `expected.json` is asked of the warehouse.
const FIGURES: &[(&str, &str)] = &[
    ("delivered", "select sum(delivered) from raw.ingest_log"),
    ("distinct_events", "select count(distinct event_id) from raw.events_raw"),
    ("duplicates", "select sum(duplicates) from raw.ingest_log"),
    ("rejected", "select count(*) from commercepulse.rejected_events"),
    ("order_events", "select count(*) from commercepulse.stg_orders"),
    ("fact_orders", "select count(*) from commercepulse.fact_orders"),
    ("order_updates", "select count(*) from commercepulse.stg_order_updates"),
    ("fact_payments", "select count(*) from commercepulse.fact_payments"),
    ("effective_payments", "select count(*) from commercepulse.int_payments where is_effective"),
    ("fact_refunds", "select count(*) from commercepulse.fact_refunds"),
    ("fact_shipments", "select count(*) from commercepulse.fact_shipments"),
    ("fact_order_daily", "select count(*) from commercepulse.fact_order_daily"),
    ("dim_product", "select count(*) from commercepulse.dim_product"),
    (
        "orders_by_vendor",
        "select cast(json_group_object(vendor, n) as varchar) from (select vendor, count(*) as n from commercepulse.fact_orders group by vendor order by vendor)",
    ),
    (
        "payments_by_vendor",
        "select cast(json_group_object(vendor, n) as varchar) from (select vendor, count(*) as n from commercepulse.fact_payments group by vendor order by vendor)",
    ),
    (
        "payments_by_status",
        "select cast(json_group_object(status, n) as varchar) from (select status, count(*) as n from commercepulse.fact_payments group by status order by status)",
    ),
    (
        "success_rate",
        "select cast(round(avg(case when status = 'success' then 1.0 else 0.0 end), 6) as double) from commercepulse.int_payments where is_effective",
    ),
    (
        "orphan_payments",
        "select count(*) from commercepulse.fact_payments where order_id not in (select order_id from commercepulse.fact_orders)",
    ),
    (
        "orphan_refunds",
        "select count(*) from commercepulse.fact_refunds where order_id not in (select order_id from commercepulse.fact_orders)",
    ),
    (
        "orphan_shipment_updates",
        "select count(*) from commercepulse.fact_shipments where order_id not in (select order_id from commercepulse.fact_orders)",
    ),
    ("partial_refunds", "select count(*) from commercepulse.fact_refunds where is_partial"),
    ("order_value_ngn", "select sum(order_total_ngn) from commercepulse.fact_orders"),
    (
        "successful_payments_ngn",
        "select sum(amount_ngn) from commercepulse.int_payments where is_effective and status = 'success'",
    ),
    ("gross_revenue_ngn", "select sum(gross_revenue) from commercepulse.fact_orders"),
    ("refunds_ngn", "select sum(amount_ngn) from commercepulse.fact_refunds"),
    ("refunds_on_known_orders_ngn", "select sum(total_refunds) from commercepulse.fact_order_daily"),
    ("net_revenue_ngn", "select sum(net_revenue) from commercepulse.fact_order_daily"),
    (
        "late_payments_7d",
        "select count(*) from commercepulse.fact_payments as p join commercepulse.fact_orders as o using (order_id) where p.paid_at > o.ordered_at + interval 7 day",
    ),
    ("orders_paid", "select sum(paid_count) from commercepulse.fact_order_daily"),
    (
        "customers_missing_id",
        "select count(*) from commercepulse.stg_orders as s join commercepulse.fact_orders as o using (event_id) where s.customer_id is null",
    ),
    (
        "daily_sha",
        "select sha256(string_agg(order_date || '|' || vendor || '|' || order_count || '|' || cast(gross_revenue as decimal(38,2)) || '|' || cast(total_refunds as decimal(38,2)), chr(10) order by order_date, vendor)) from commercepulse.fact_order_daily",
    ),
];

/// The data pack; `None` where it is not there, which is told.
pub fn pack() -> Option<PathBuf> {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data-pack");
    if pack.join("expected.json").is_file() {
        return Some(pack);
    }
    println!("skipped: the data pack is not beside the checkout");
    None
}

/// The project with the pack's rates, and none of the committed sample's events.
pub fn with_rates(pack: &Path) -> Project {
    let project = Project::new();
    project.remove("data").file("seeds/fx_rates.csv", rates(pack));
    project
}

/// The pack's `date,USDNGN` as `date,currency,rate`.
fn rates(pack: &Path) -> String {
    let file = fs::read_to_string(pack.join("fx_rates_2023.csv")).unwrap();
    let rows = file.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.fold("date,currency,rate\n".to_string(), |text, (date, rate)| text + &format!("{date},USD,{rate}\n"))
}

#[track_caller]
fn assert_figures(project: &Project, pack: &Path, delivered_once: bool) {
    let expected: Value = serde_json::from_str(&fs::read_to_string(pack.join("expected.json")).unwrap()).unwrap();
    let expected = expected.as_object().unwrap();
    let asked: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
    assert_eq!(asked.len(), expected.len(), "`FIGURES` asks for {asked:?}");
    let select = FIGURES.iter().map(|(name, sql)| format!("({sql}) as {name}")).collect::<Vec<_>>().join(",\n");
    let rows = project.query(&format!("select\n{select}"));
    let mut wrong = Vec::new();
    for (name, value) in expected {
        if !delivered_once && matches!(name.as_str(), "delivered" | "duplicates") {
            continue;
        }
        let got = &rows[0][name];
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        if text(value) != text(got) {
            wrong.push(format!("{name}: expected {value}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Asserts that the report says what is known: its headline, the sums of its sections, and the page's own figures.
#[track_caller]
fn assert_report(project: &Project, pack: &Path) {
    let expected: Value = serde_json::from_str(&fs::read_to_string(pack.join("expected.json")).unwrap()).unwrap();
    let report: Value = serde_json::from_str(&project.read("reports/2025-01-15/quality_report.json")).unwrap();
    let number = |value: &Value| match value {
        Value::String(text) => text.parse::<f64>().unwrap(),
        value => value.as_f64().unwrap(),
    };
    let figure = |name: &str| {
        let figures = report["headline"].as_array().unwrap();
        number(&figures.iter().find(|figure| figure["figure"] == name).unwrap()["value"])
    };
    let rows = |name: &str| {
        let sections = report["sections"].as_array().unwrap();
        sections.iter().find(|section| section["name"] == name).unwrap()["rows"].as_array().unwrap()
    };
    let sum = |name: &str, column: &str| rows(name).iter().map(|row| number(&row[column])).sum::<f64>();
    let by_vendor = |name: &str, column: &str| -> Value {
        rows(name).iter().map(|row| (row["vendor"].as_str().unwrap().to_string(), row[column].clone())).collect()
    };
    let said = [
        ("gross_revenue_ngn", figure("gross revenue")),
        ("net_revenue_ngn", figure("net revenue")),
        ("refunds_on_known_orders_ngn", figure("refunds")),
        ("fact_orders", figure("orders")),
        ("success_rate", figure("payment success")),
        ("gross_revenue_ngn", sum("daily_revenue", "gross_revenue")),
        ("net_revenue_ngn", sum("daily_revenue", "net_revenue")),
        ("orders_paid", sum("payment_delay", "orders_paid")),
        ("effective_payments", sum("payment_success", "payments_attempted")),
        ("orphan_payments", sum("payment_success", "orphan_payments")),
        ("refunds_on_known_orders_ngn", sum("refund_rate", "total_refunds")),
        ("late_payments_7d", sum("late_arrivals", "late_payments")),
        ("delivered", number(&report["events"]["delivered"])),
        ("duplicates", number(&report["events"]["duplicates"])),
        ("delivered", sum("raw.ingest_log", "delivered")),
    ];
    for (name, said) in said {
        assert!(
            (said - number(&expected[name])).abs() < 0.005,
            "{name}: {} is expected, {said} is said",
            expected[name]
        );
    }
    assert_eq!(by_vendor("payment_success", "payments_attempted"), expected["payments_by_vendor"]);
    assert_eq!(by_vendor("refund_rate", "order_count"), expected["orders_by_vendor"]);
    let html = project.read("reports/2025-01-15/quality_report.html");
    assert!(html.contains("1,839,065,450.24 NGN") && html.contains("84.3 %"), "the page says other figures");
}

#[test]
fn every_known_answer_is_met_and_a_second_build_changes_nothing() {
    let Some(pack) = pack() else { return };
    let project = with_rates(&pack);
    let data = pack.to_str().unwrap();
    project.cp(["build", "--data", data]).success();
    assert_figures(&project, &pack, true);
    assert_report(&project, &pack);
    let before = project.publication();
    let again = project.cp(["build", "--data", data, "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(summary["published"]["unchanged"], true, "{again}");
    assert_eq!(summary["events"]["delivered"], 0, "{again}");
    assert_eq!(project.publication(), before);
    assert_figures(&project, &pack, true);
}

/// What is published of the pack, read in at once through the embedded store.
fn whole(pack: &Path) -> &'static BTreeMap<String, Vec<u8>> {
    static WHOLE: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let project = with_rates(pack);
        project.cp(["build", "--data", pack.to_str().unwrap()]).success();
        project.tables()
    })
}

#[test]
fn through_mongodb_every_answer_and_every_byte_is_the_same() {
    let Some(pack) = pack() else { return };
    let Some(database) = Database::fresh() else { return };
    let data = pack.to_str().unwrap();
    let project = with_rates(&pack);
    project.on(&database).cp(["build", "--data", data]).success();
    assert_figures(&project, &pack, true);
    assert!(project.tables() == *whole(&pack), "other bytes");
    let verified = project.cp(["verify"]).success();
    assert!(verified.stdout.contains("both hold the same"), "{verified}");
    let again = project.cp(["build", "--data", data, "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(summary["published"]["unchanged"], true, "{again}");
    assert_eq!(summary["events"]["delivered"], 0, "{again}");
}

#[test]
fn one_file_at_a_time_in_any_order_gives_the_same_facts() {
    let Some(pack) = pack() else { return };
    let files = [
        "bootstrap/refunds_2023.json",
        "live_events/2025-01-15/events.jsonl",
        "bootstrap/shipments_2023.json",
        "bootstrap/payments_2023.json",
        "bootstrap/orders_2023.json",
    ];
    // The first of them begins with refunds of orders that are not there yet.
    let starts: &[usize] = if is_thorough() { &[0, 2, 4] } else { &[0] };
    for &start in starts {
        let parts = with_rates(&pack);
        for step in 0..files.len() {
            let file = files[(start + step * 2) % files.len()];
            parts.take(&pack.join(file), &format!("data/{file}"));
            parts.cp(["ingest"]).success();
            parts.cp(["run"]).success();
        }
        parts.cp(["build"]).success();
        assert_figures(&parts, &pack, true);
        assert!(parts.tables() == *whole(&pack), "other bytes, beginning with {}", files[start]);
    }
}
