//! The checks of the data's quality: where all is well they find nothing; each finds what it is for, with the figures
//! that a person needs; and by one word of its file each withholds a publication.

use serde_json::{Value, json};

use crate::support::Project;
use crate::support::is_thorough;

/// The checks that have a limit, as `tests/sql/_checks.yml` tells them.
const CHECKS: &[&str] = &[
    "currencies_without_rate",
    "events_stored_late",
    "net_far_below_gross",
    "orders_of_several_vendors",
    "payments_late",
    "payments_without_order",
    "rates_far_from_their_event",
    "refunds_above_payments",
    "revenue_drift",
    "too_many_duplicates",
    "vendors_silent",
    "volumes_unusual",
];

/// The last day of the shop: its business date.
const LAST: u32 = 20;

fn at(day: u32, hour: u32) -> String {
    format!("2025-03-{day:02}T{hour:02}:00:00Z")
}

fn event(kind: &str, id: &str, vendor: &str, time: (u32, u32), payload: Value) -> Value {
    let (day, hour) = time;
    json!({
        "event_id": id,
        "event_type": kind,
        "vendor": vendor,
        "event_time": at(day, hour),
        "ingested_at": at(day, hour + 1),
        "payload": payload,
    })
}

fn order(id: &str, vendor: &str, day: u32, number: u32) -> Value {
    let order = format!("{vendor}-{day}-{number}");
    let payload = json!({"order_id": order, "created_at": at(day, 10), "totalAmount": 100, "currency": "NGN"});
    event("order_created", id, vendor, (day, 10), payload)
}

fn payment(vendor: &str, day: u32, number: u32) -> Value {
    let order = format!("{vendor}-{day}-{number}");
    let payload = json!({
        "order_id": order, "paid_at": at(day, 11), "amount": 100, "currency": "NGN", "status": "SUCCESS", "txn": order
    });
    event("payment_succeeded", &format!("payment-{order}"), vendor, (day, 11), payload)
}

fn refund(order: &str, amount: &str, currency: &str) -> Value {
    let payload = json!({"order_id": order, "refunded_at": at(LAST, 12), "amount": amount, "currency": currency});
    event("refund_issued", &format!("refund-{order}"), "vendor_a", (LAST, 12), payload)
}

/// Twenty days of two vendors: twelve orders each, every one paid an hour later.
fn well() -> Vec<Value> {
    let mut events = Vec::new();
    for day in 1..=LAST {
        for vendor in ["vendor_a", "vendor_b"] {
            for number in 0..12 {
                events.push(order(&format!("order-{vendor}-{day}-{number}"), vendor, day, number));
                events.push(payment(vendor, day, number));
            }
        }
    }
    events
}

/// Changes those of the events whose id begins so.
fn each(mut events: Vec<Value>, prefix: &str, change: impl Fn(&mut Value)) -> Vec<Value> {
    let begins = |event: &Value| event["event_id"].as_str().is_some_and(|id| id.starts_with(prefix));
    for event in events.iter_mut().filter(|event| begins(event)) {
        change(event);
    }
    events
}

/// The payments of vendor_a's last day, but for two: what a renamed field did to the original pipelines.
fn most_payments_lost() -> Vec<Value> {
    let mut events = well();
    events.retain(|event| {
        let id = event["event_id"].as_str().unwrap();
        !id.starts_with("payment-vendor_a-20-") || id.ends_with("-0") || id.ends_with("-1")
    });
    events
}

/// The shop's project with these events, dollars having a rate on its last two days.
fn shop(events: &[Value]) -> Project {
    let project = Project::new();
    project.remove("data").file("seeds/fx_rates.csv", "date,currency,rate\n2025-03-19,USD,1500\n2025-03-20,USD,1560\n");
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    project.file("data/live_events/2025-03-20/events.jsonl", lines);
    project
}

fn found(project: &Project, check: &str) -> Vec<Value> {
    project.query(&project.read(&format!("target/compiled/commercepulse/tests/sql/{check}.sql")))
}

/// What a check finds among these events: as an error it withholds the publication; as it is shipped, it warns.
fn finds(check: &str, events: &[Value]) -> Vec<Value> {
    let project = shop(events);
    let file = format!("tests/sql/{check}.sql");
    project.edit(&file, "severity='warn'", "severity='error'");
    let output = match is_thorough() {
        true => {
            let output = project.cp(["build"]).status(1);
            assert!(!project.path("data/published/manifest.json").exists());
            output
        }
        // The other checks are not run, which take longest.
        false => {
            project.cp(["ingest"]).success();
            project.cp(["run"]).success();
            project.cp(["test", "--select", check]).status(1)
        }
    };
    assert!(output.stderr.contains(check), "{output}");

    project.edit(&file, "severity='error'", "severity='warn'");
    let output = project.cp(["test", "--select", check]).success();
    assert!(output.stderr.contains(&format!("WARN     {check}")), "{output}");
    found(&project, check)
}

/// Asserts that of a row these columns say this.
#[track_caller]
fn assert_says(row: &Value, expected: Value) {
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(&row[column], value, "{column} of {row}");
    }
}

#[test]
fn nothing_is_found_where_all_is_well() {
    let project = shop(&well());
    project.cp(["build"]).success();
    for check in CHECKS {
        assert_eq!(found(&project, check), Vec::<Value>::new(), "{check}");
    }
}

#[test]
fn duplicates() {
    let mut events = well();
    events.extend_from_within(..100);
    let rows = finds("too_many_duplicates", &events);
    assert_eq!(rows.len(), 1);
    assert_says(
        &rows[0],
        json!({"delivered": 1060, "duplicates": 100, "share": "0.094340", "limit_share": "0.050000"}),
    );
}

#[test]
fn late_payments() {
    let events = each(well(), "payment-vendor_a-20-", |event| {
        let order = event["payload"]["order_id"].as_str().unwrap().replace("-20-", "-12-");
        event["payload"]["order_id"] = json!(order);
    });
    let rows = finds("payments_late", &events);
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"vendor": "vendor_a", "date": "2025-03-20", "part": "12.00", "whole": "12.00"}));
}

#[test]
fn events_stored_late() {
    let late = |event: &mut Value| event["ingested_at"] = json!("2025-03-22T12:00:00Z");
    let events = each(each(well(), "payment-vendor_a-20-", late), "order-vendor_a-20-", late);
    let rows = finds("events_stored_late", &events);
    assert_eq!(rows.len(), 1);
    // By the day they were stored.
    assert_says(&rows[0], json!({"vendor": "vendor_a", "date": "2025-03-22", "part": "24.00", "whole": "24.00"}));
}

#[test]
fn refunds_above_payments() {
    let dollars = |amount: u32| {
        move |event: &mut Value| {
            event["payload"]["currency"] = json!("USD");
            event["payload"]["amount"] = json!(amount);
        }
    };
    // At the rate of the next day, the same dollars are more.
    let mut events = each(well(), "payment-vendor_a-19-0", dollars(100));
    events = each(events, "payment-vendor_a-19-1", dollars(1));
    events = each(events, "payment-vendor_a-19-2", dollars(1));
    events = each(events, "payment-vendor_a-19-3", dollars(1));
    events.push(refund("vendor_a-19-0", "100.01", "USD"));
    events.push(refund("vendor_a-19-2", "1", "USD"));
    events.push(refund("vendor_a-19-3", "1600", "NGN"));
    events.push(refund("vendor_a-19-4", "104", "NGN"));
    let mut rows = finds("refunds_above_payments", &events);
    rows.sort_by_key(|row| row["order_id"].as_str().unwrap().to_string());
    let orders: Vec<_> = rows.iter().map(|row| row["order_id"].as_str().unwrap()).collect();
    assert_eq!(orders, ["vendor_a-19-0", "vendor_a-19-3", "vendor_a-19-4"]);
    assert_says(&rows[0], json!({"paid_in_currency": "100.000000", "refunded_in_currency": "100.010000"}));
    assert_says(&rows[1], json!({"is_one_currency": false, "gross_revenue": "1500.00", "total_refunds": "1600.00"}));
}

#[test]
fn revenue_drift() {
    let rows = finds("revenue_drift", &most_payments_lost());
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"vendor": "vendor_a", "date": "2025-03-20", "value": "200.00"}));
    assert_says(&rows[0], json!({"usual_value": "1200.00", "may_differ_by": "600.00"}));
}

#[test]
fn unusual_volumes() {
    let rows = finds("volumes_unusual", &most_payments_lost());
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"measure": "payment events", "vendor": "vendor_a", "value": "2.00"}));
    assert_says(&rows[0], json!({"usual_value": "12.00", "may_differ_by": "6.00"}));
}

#[test]
fn payments_without_order() {
    let events = each(well(), "payment-vendor_a-20-", |event| event["payload"]["order_id"] = json!("nobody's"));
    let rows = finds("payments_without_order", &events);
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"vendor": "vendor_a", "date": "2025-03-20", "part": "12.00", "share": "1.000000"}));
}

#[test]
fn net_far_below_gross() {
    let mut events = well();
    events.extend((0..8).map(|number| refund(&format!("vendor_a-20-{number}"), "100", "NGN")));
    let rows = finds("net_far_below_gross", &events);
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"vendor": "vendor_a", "part": "800.00", "whole": "1200.00", "share": "0.666667"}));
}

#[test]
fn a_currency_without_rate() {
    let events = each(well(), "payment-vendor_a-20-5", |event| event["payload"]["currency"] = json!("XYZ"));
    let rows = finds("currencies_without_rate", &events);
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"kind": "payment", "vendor": "vendor_a", "date": "2025-03-20", "currency": "XYZ"}));
}

#[test]
fn a_silent_vendor() {
    let mut events = well();
    events.retain(|event| event["vendor"] == "vendor_a" || event["event_time"].as_str().unwrap() < "2025-03-18");
    let rows = finds("vendors_silent", &events);
    assert_eq!(rows.len(), 1);
    // By the business date: by the clock it would be years.
    assert_says(&rows[0], json!({"vendor": "vendor_b", "business_date": "2025-03-20", "days_silent": 3}));
}

#[test]
fn an_order_of_several_vendors() {
    let mut events = well();
    let mut again = order("again", "vendor_b", 20, 0);
    again["payload"]["order_id"] = json!("vendor_a-20-0");
    events.push(again);
    let rows = finds("orders_of_several_vendors", &events);
    assert_eq!(rows.len(), 1);
    assert_says(&rows[0], json!({"order_id": "vendor_a-20-0", "one_vendor": "vendor_a", "another_vendor": "vendor_b"}));
}

#[test]
fn a_stale_rate() {
    let events = each(well(), "payment-vendor_a-1-5", |event| {
        event["payload"]["currency"] = json!("USD");
        event["payload"]["amount"] = json!(1);
    });
    let rows = finds("rates_far_from_their_event", &events);
    assert_eq!(rows.len(), 1);
    assert_says(
        &rows[0],
        json!({"vendor": "vendor_a", "date": "2025-03-01", "rate_date": "2025-03-19", "days_apart": 18}),
    );
}

#[test]
fn a_limit_is_moved_by_a_variable() {
    let project = shop(&most_payments_lost());
    project.cp(["build", "--vars", "{unusual_share: 0.9}"]).success();
    for check in ["revenue_drift", "volumes_unusual"] {
        assert_eq!(found(&project, check), Vec::<Value>::new(), "{check}");
    }
}
