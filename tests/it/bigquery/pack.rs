//! The data pack's whole warehouse in BigQuery, value by value, and one more day, of which only what it changes travels.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::publish::TABLES;
use super::*;
use crate::pack::{pack, with_rates};
use crate::support::is_thorough;

/// The name with which the two queries of the contract work as they stand.
const DATASET: &str = "commercepulse";

/// A dashboard asks these of both sides.
const QUERIES: [&str; 2] = [
    "select order_date, sum(gross_revenue), sum(net_revenue) from commercepulse.fact_order_daily group by order_date",
    "select vendor, avg(payment_success_rate) * 100 as success_pct from commercepulse.fact_order_daily group by vendor",
];

/// Rows that a publication puts in, changes and takes out.
type Counts = [u64; 3];

#[test]
fn the_pack_arrives_whole_and_a_day_more_sends_what_it_changes() {
    if !is_thorough() {
        return;
    }
    let (Some(pack), Some(server)) = (pack(), BigQuery::shared()) else { return };
    let project = with_rates(&pack);
    for part in ["bootstrap", "live_events"] {
        project.take(&pack.join(part), &format!("data/{part}"));
    }
    project.publishing_to(&server.host(), DATASET);
    project.cp(["build"]).success();
    let before = assert_all_arrived(&project, server);
    let settings = declared(&project);
    assert!(settings.len() == TABLES.len(), "{settings:?}");
    for table in TABLES {
        let there = server.table(DATASET, table);
        let told = [&there["timePartitioning"], &there["clustering"]["fields"]].map(Clone::clone);
        assert_eq!(told, settings[*table].layout, "`{table}`");
    }
    for sql in QUERIES {
        assert_same_answer(&project, server, sql);
    }

    let jobs = server.load_jobs(DATASET).len();
    let again = project.cp(["build"]).success();
    assert!(again.stdout.contains("16 tables in BigQuery `test-project.commercepulse`, unchanged"), "{again}");
    assert_eq!(server.load_jobs(DATASET).len(), jobs, "a second publication uploads nothing");

    let old = before["fact_orders"].rows.iter().filter_map(|row| row[0].clone()).min().unwrap();
    project.file("data/live_events/2025-01-16/events.jsonl", next_day(&pack, &old));
    let output = project.cp(["build", "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(summary["events"]["duplicates"].as_u64().unwrap() > 0, "{output}");
    let after = assert_all_arrived(&project, server);
    let expected: BTreeMap<&str, Counts> =
        TABLES.iter().map(|name| (*name, difference(&before[name], &after[name], &settings[*name].key))).collect();
    let [inserted, updated, deleted] = expected["fact_orders"];
    assert!(inserted > 0 && updated > 0 && deleted == 0, "{expected:?}");
    assert_eq!(told_by_ledger(server), expected);
    let mut loaded = BTreeMap::new();
    for job in server.load_jobs(DATASET).iter().rev().skip(jobs) {
        let staging = job["configuration"]["load"]["destinationTable"]["tableId"].as_str().unwrap();
        let table = staging.strip_prefix("cp_staging_").unwrap().rsplitn(3, '_').last().unwrap().to_string();
        let rows: u64 = job["statistics"]["load"]["outputRows"].as_str().unwrap().parse().unwrap();
        *loaded.entry(table).or_insert(0) += rows;
    }
    let changed = expected.iter().map(|(name, counts)| (name.to_string(), counts.iter().sum::<u64>()));
    assert_eq!(loaded, changed.filter(|(_, rows)| *rows > 0).collect::<BTreeMap<_, u64>>(), "only changed rows travel");
    let verified = project.cp(["verify"]).success();
    assert!(verified.stdout.contains("16 of 16 tables are in BigQuery as in the warehouse"), "{verified}");
}

#[track_caller]
fn assert_all_arrived(project: &Project, server: &BigQuery) -> BTreeMap<&'static str, Held> {
    assert_ledger(server, DATASET);
    let arrived = |name: &&'static str| {
        let here = in_warehouse(project, name);
        assert_arrived(&here, server, DATASET, name);
        (*name, here)
    };
    TABLES.iter().map(arrived).collect()
}

/// What the yml files beside the models say of a table.
#[derive(Debug)]
struct Declared {
    key: Vec<String>,
    /// Partitioning and clustering, as BigQuery tells them.
    layout: [Value; 2],
}

/// Read line by line, by no code of `cp`.
fn declared(project: &Project) -> BTreeMap<String, Declared> {
    let mut found: BTreeMap<String, Declared> = BTreeMap::new();
    for folder in ["marts", "analytics"] {
        let files = fs::read_dir(project.path(format!("models/{folder}"))).unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|path| path.extension().is_some_and(|extension| extension == "yml")) {
            let text = fs::read_to_string(file).unwrap();
            let mut table = None;
            // Below the models there are their unit tests.
            for line in text.lines().take_while(|line| *line != "unit_tests:") {
                if let Some(name) = line.strip_prefix("  - name: ") {
                    let declared = Declared { key: Vec::new(), layout: [Value::Null, Value::Null] };
                    table = Some(found.entry(name.to_string()).or_insert(declared));
                }
                let (Some(table), Some((name, value))) = (&mut table, line.trim().split_once(": ")) else { continue };
                match name {
                    "key" => table.key = list(value),
                    "cluster_by" => table.layout[1] = json!(list(value)),
                    "partition_by" => {
                        let settings: BTreeMap<_, _> =
                            value[1..value.len() - 1].split(", ").filter_map(|pair| pair.split_once(": ")).collect();
                        let kind = settings["granularity"].to_uppercase();
                        table.layout[0] = json!({"type": kind, "field": settings["field"]});
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

/// `[a, b]`, or one name alone.
fn list(value: &str) -> Vec<String> {
    value.trim_matches(['[', ']']).split(", ").map(str::to_string).collect()
}

/// Both sides answer the same, but for digits of an average that BigQuery does not keep.
#[track_caller]
fn assert_same_answer(project: &Project, server: &BigQuery, sql: &str) {
    let text = |value: &Value| value.as_str().map(str::to_string).or((!value.is_null()).then(|| value.to_string()));
    let here = project.query(sql);
    let here = here.iter().map(|row| row.as_object().unwrap().values().map(text).collect());
    let by_name = |rows: &mut dyn Iterator<Item = Row>| -> BTreeMap<String, Vec<Option<f64>>> {
        let number = |cell: &Option<String>| cell.as_ref().map(|number| number.parse().unwrap());
        rows.map(|row| (row[0].clone().unwrap(), row[1..].iter().map(number).collect())).collect()
    };
    let (here, there) = (by_name(&mut { here }), by_name(&mut server.rows("", sql).into_iter()));
    assert!(here.len() > 2 && here.keys().eq(there.keys()), "{here:?}\n{there:?}");
    for (name, (one, other)) in here.iter().map(|(name, numbers)| (name, (numbers, &there[name]))) {
        let is_near = |pair: (&Option<f64>, &Option<f64>)| match pair {
            (Some(one), Some(other)) => (one - other).abs() < 1e-6,
            (one, other) => one == other,
        };
        assert!(one.iter().zip(other).all(is_near), "{name}: {one:?} and {other:?}\n{sql}");
    }
}

/// How two states of a table differ, told by its key.
fn difference(before: &Held, after: &Held, key: &[String]) -> Counts {
    assert_eq!(before.columns, after.columns);
    let by_key = |held: &Held| -> BTreeMap<Row, Row> {
        let place = |name: &String| held.columns.iter().position(|column| column == name).unwrap();
        let places: Vec<_> = key.iter().map(place).collect();
        held.rows.iter().map(|row| (places.iter().map(|place| row[*place].clone()).collect(), row.clone())).collect()
    };
    let (before, after) = (by_key(before), by_key(after));
    let count = |is: &dyn Fn(&Row, &Row) -> bool, of: &BTreeMap<Row, Row>| {
        of.iter().filter(|(key, row)| is(key, row)).count() as u64
    };
    [
        count(&|key, _| !before.contains_key(key), &after),
        count(&|key, row| before.get(key).is_some_and(|old| old != row), &after),
        count(&|key, _| !after.contains_key(key), &before),
    ]
}

/// What the last publication says that it did.
fn told_by_ledger(server: &BigQuery) -> BTreeMap<&'static str, Counts> {
    let found = server.rows(DATASET, "SELECT tables FROM cp_publications AS p JOIN cp_head AS h ON h.id = p.id");
    let tables: Vec<Value> = serde_json::from_str(found[0][0].as_ref().unwrap()).unwrap();
    let told = |table: &Value| ["inserted", "updated", "deleted"].map(|name| table[name].as_u64().unwrap());
    let of = |name: &&'static str| (*name, told(tables.iter().find(|table| table["name"] == **name).unwrap()));
    TABLES.iter().map(of).collect()
}

/// A live day after the pack's: an eighth of its events, a day later and with ids of their own, a late payment of an old
/// order, and a delivery that came before.
fn next_day(pack: &Path, old_order: &str) -> String {
    let text = fs::read_to_string(pack.join("live_events/2025-01-15/events.jsonl")).unwrap();
    let moved = |line: &str| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        a_day_later(&mut event);
        event["event_id"] = json!(format!("next_{}", event["event_id"].as_str().unwrap()));
        event.to_string()
    };
    let mut lines: Vec<String> = text.lines().step_by(8).map(moved).collect();
    let payment = json!({
        "orderRef": old_order, "paidAt": "2025-01-16T10:00:00Z", "amountPaid": 1250.5, "currencyCode": "NGN",
        "status": "SUCCESS", "txRef": "TRX-late", "channel": "card",
    });
    lines.push(
        json!({
            "event_id": "late_payment", "event_type": "payment_succeeded", "event_time": "2025-01-16T10:00:00Z",
            "vendor": "vendor_a", "payload": payment, "ingested_at": "2025-01-16T10:01:00Z",
        })
        .to_string(),
    );
    lines.push(text.lines().next().unwrap().to_string());
    lines.join("\n") + "\n"
}

fn a_day_later(value: &mut Value) {
    match value {
        Value::String(text) => {
            for (from, to) in [("2025-01-15", "2025-01-16"), ("2025/01/15", "2025/01/16"), ("-250115-", "-250116-")] {
                *text = text.replace(from, to);
            }
        }
        Value::Number(number) => match number.as_i64() {
            Some(seconds) if (1_700_000_000..1_800_000_000).contains(&seconds) => *value = json!(seconds + 86_400),
            Some(moment) if moment > 1_700_000_000_000 => *value = json!(moment + 86_400_000),
            _ => {}
        },
        Value::Array(all) => all.iter_mut().for_each(a_day_later),
        Value::Object(fields) => fields.values_mut().for_each(a_day_later),
        _ => {}
    }
}
