//! The generator's laws, and that the committed sample is what it makes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use jiff::civil::date;
use serde_json::Value;

use crate::progress::Silent;
use crate::sample::Day;
use crate::sample::Generated;
use crate::sample::History;
use crate::sample::Rates;
use crate::sample::day;
use crate::sample::history;
use crate::sample::rates;

/// The lines of a day and what was said of them.
fn made(change: impl FnOnce(&mut Day)) -> (String, Generated) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Day::new(date(2025, 1, 15), 2_000, folder.path());
    change(&mut options);
    let generated = day(&options, &Silent).unwrap();
    let path = folder.path().join(options.date.to_string()).join("events.jsonl");
    assert_eq!(generated.files, std::slice::from_ref(&path));
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(generated.bytes, text.len() as u64);
    (text, generated)
}

/// A line as an event, if it is one by the contract.
fn event(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    let is_time = |time: &Value| match time {
        Value::Null => true,
        Value::String(text) => text.starts_with('2') || text.starts_with('1'),
        other => other.is_u64(),
    };
    let is_event = event.is_object()
        && event["event_type"].is_string()
        && event["payload"].is_object()
        && is_time(&event["event_time"])
        && is_time(&event["ingested_at"]);
    is_event.then_some(event)
}

#[test]
fn the_seed_decides_every_byte() {
    let (one, counts) = made(|_| ());
    assert_eq!((&one, &counts.faults), (&made(|_| ()).0, &made(|_| ()).1.faults));
    assert_ne!(one, made(|day| day.seed = 7).0);
    assert_ne!(one, made(|day| day.date = date(2025, 1, 16)).0);
}

#[test]
fn a_day_holds_what_it_says() {
    let (text, generated) = made(|day| {
        day.events = 20_000;
        day.malformed_rate = 0.004;
    });
    let (mut malformed, mut duplicates, mut conflicts, mut late) = (0, 0, 0, 0);
    let mut payloads: HashMap<String, Value> = HashMap::new();
    for line in text.lines() {
        let Some(event) = event(line) else {
            malformed += 1;
            continue;
        };
        let id = event["event_id"].as_str().unwrap().to_owned();
        match payloads.get(&id) {
            Some(first) if *first == event["payload"] => duplicates += 1,
            Some(_) => conflicts += 1,
            None => {
                let time = |key: &str| event[key].as_str()?.parse::<jiff::Timestamp>().ok();
                if let (Some(at), Some(stored)) = (time("event_time"), time("ingested_at")) {
                    late += u64::from(stored.as_second() - at.as_second() > 86_400);
                }
                payloads.insert(id, event["payload"].clone());
            }
        }
    }
    let faults = &generated.faults;
    assert_eq!((payloads.len() as u64, generated.events), (20_000, 20_000));
    assert_eq!((malformed, duplicates, conflicts), (faults.malformed, faults.duplicates, faults.conflicts));
    // Some that are late have no time in the envelope, or one in a form that only the warehouse reads.
    assert!(late <= faults.late && late > faults.late * 9 / 10, "{late} of {}", faults.late);
    let share = |count: u64| count as f64 / 20_000.0;
    let near = |count: u64, rate: f64| assert!((share(count) - rate).abs() < 0.004, "{} is not {rate}", share(count));
    near(faults.duplicates, 0.03);
    near(faults.late, 0.05);
    near(faults.drifted, 0.1);
    near(faults.malformed, 0.004);
    assert!(faults.named().iter().all(|(_, count)| *count > 0), "{faults:?}");
}

#[test]
fn every_type_and_vendor_has_its_share() {
    let (text, _) = made(|day| day.events = 20_000);
    let mut counts: HashMap<String, u64> = HashMap::new();
    for event in text.lines().filter_map(event) {
        *counts.entry(event["event_type"].as_str().unwrap().to_owned()).or_default() += 1;
        *counts.entry(event["vendor"].as_str().unwrap_or("absent").to_owned()).or_default() += 1;
    }
    for (name, least, most) in [
        ("order_created", 5_500, 6_600),
        ("payment_succeeded", 5_500, 6_600),
        ("shipment_updated", 5_000, 6_600),
        ("refund_issued", 900, 1_600),
        ("order_updated", 800, 1_300),
        ("vendor_a", 6_000, 7_200),
        ("vendor_b", 6_000, 7_200),
        ("vendor_c", 6_000, 7_200),
    ] {
        let count = counts[name];
        assert!((least..=most).contains(&count), "{count} of {name}");
    }
}

#[test]
fn without_rates_there_are_no_such_faults() {
    let (text, generated) = made(|day| {
        day.duplicate_rate = 0.0;
        day.late_rate = 0.0;
        day.drift_rate = 0.0;
        day.malformed_rate = 0.0;
    });
    let faults = &generated.faults;
    assert_eq!((faults.duplicates, faults.late, faults.malformed), (0, 0, 0));
    assert_eq!(text.lines().count() as u64, generated.events + faults.conflicts);
    assert!(text.lines().all(|line| event(line).is_some()));
}

#[test]
fn any_size_and_any_rate_can_be_made() {
    for events in [0, 1, 2, 3, 7, 24, 50] {
        for rate in [0.0, 0.5, 1.0] {
            let (text, generated) = made(|day| {
                day.events = events;
                (day.duplicate_rate, day.late_rate) = (rate, rate);
                (day.drift_rate, day.malformed_rate) = (rate, rate);
                day.history_orders = events / 2;
            });
            let faults = &generated.faults;
            assert_eq!(generated.events, events);
            let lines = events + faults.duplicates + faults.conflicts + faults.malformed;
            assert_eq!(text.lines().count() as u64, lines);
        }
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let refused = |change: fn(&mut Day)| {
        let mut options = Day::new(date(2025, 1, 15), 1, "never/written");
        change(&mut options);
        day(&options, &Silent).unwrap_err().to_string()
    };
    assert_eq!(refused(|day| day.duplicate_rate = 1.5), "the share of duplicates is `1.5`");
    assert_eq!(refused(|day| day.drift_rate = f64::NAN), "the share of drifted events is `NaN`");
    assert_eq!(refused(|day| day.date = date(1999, 1, 1)), "the year `1999` is out of range");
    assert_eq!(refused(|day| day.events = u64::MAX), "`18446744073709551615` events are too many");
}

#[test]
fn a_history_holds_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let generated = history(&History::new(2024, 3_000, folder.path()), &Silent).unwrap();
    let mut records = 0;
    let mut distinct = std::collections::HashSet::new();
    for (path, name) in generated.files.iter().zip(["orders", "payments", "shipments", "refunds"]) {
        assert_eq!(*path, folder.path().join(format!("{name}_2024.json")));
        let Value::Array(array) = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() else {
            panic!("{name} is no array");
        };
        assert!(array.len() > 300, "{} {name}", array.len());
        records += array.len() as u64;
        distinct.extend(array.iter().map(|record| format!("{name}{record}")));
    }
    assert_eq!(records, generated.events + generated.faults.duplicates);
    assert_eq!(distinct.len() as u64, generated.events);
    let faults = &generated.faults;
    assert!(faults.late > 100 && faults.unknown_orders > 50 && faults.unusable > 3, "{faults:?}");
    assert!(faults.drifted.abs_diff(records / 10) < records / 100, "{faults:?}");
}

#[test]
fn an_empty_history_is_four_empty_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let generated = history(&History::new(2024, 0, folder.path()), &Silent).unwrap();
    for path in generated.files {
        assert_eq!(fs::read_to_string(path).unwrap(), "[\n]\n");
    }
}

/// What is committed is made by `cp generate`, and nothing in it by hand:
///
/// ```text
/// cp generate --history 2024 --orders 600
/// cp generate --date 2025-01-15 --events 2400 --malformed-rate 0.005
/// cp generate --date 2025-01-16 --events 600 --malformed-rate 0.005
/// ```
#[test]
fn the_committed_sample_is_what_the_generator_makes() {
    let folder = tempfile::tempdir().unwrap();
    committed_sample(folder.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut size = 0;
    for file in COMMITTED {
        let made = fs::read(folder.path().join(file)).unwrap();
        let committed = fs::read(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(made == committed, "`{file}` is not what the generator makes");
        size += made.len();
    }
    assert!(size <= 2_000_000, "{size} bytes");
}

const COMMITTED: [&str; 7] = [
    "data/bootstrap/orders_2024.json",
    "data/bootstrap/payments_2024.json",
    "data/bootstrap/shipments_2024.json",
    "data/bootstrap/refunds_2024.json",
    "data/live_events/2025-01-15/events.jsonl",
    "data/live_events/2025-01-16/events.jsonl",
    "seeds/fx_rates.csv",
];

fn committed_sample(root: &Path) {
    history(&History::new(2024, 600, root.join("data/bootstrap")), &Silent).unwrap();
    for (date, events) in [(date(2025, 1, 15), 2_400), (date(2025, 1, 16), 600)] {
        let options = Day { malformed_rate: 0.005, ..Day::new(date, events, root.join("data/live_events")) };
        day(&options, &Silent).unwrap();
    }
    let out = root.join("seeds/fx_rates.csv");
    rates(&Rates { from: date(2024, 1, 1), to: date(2025, 1, 17), out, seed: 42 }, &Silent).unwrap();
}
