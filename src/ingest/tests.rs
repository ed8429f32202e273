//! Ingest by examples, on a store in memory and files in a temporary folder. What holds for all stands in `laws`, what is broken in `broken`.

mod broken;
mod laws;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::error::Place;
use crate::event::RawEvent;
use crate::progress::Silent;
use crate::store::Batch;
use crate::store::Conflict;
use crate::store::Deliveries;
use crate::store::Delivery;
use crate::store::Embedded;
use crate::store::Events;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Sink;

/// A folder of files, a store, and the rules of a project like the shipped one.
struct Bench {
    folder: tempfile::TempDir,
    store: Embedded,
    rules: Vec<FileRule>,
}

impl Bench {
    fn new() -> Self {
        let rule = |entry: serde_json::Value| rule::parse(&entry, &|_| Place::new("x.yml", "", 0..0)).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: Embedded::in_memory().unwrap(),
            rules: vec![
                rule(
                    json!({"path": "bootstrap/orders_*.json", "format": "json_array", "event_type": "historical_order"}),
                ),
                rule(
                    json!({"path": "bootstrap/payments_*.json", "format": "json_array", "event_type": "historical_payment"}),
                ),
                rule(
                    json!({"path": "bootstrap/shipments_*.json", "format": "json_array", "event_type": "historical_shipment"}),
                ),
                rule(
                    json!({"path": "bootstrap/refunds_*.json", "format": "json_array", "event_type": "historical_refund"}),
                ),
                rule(json!({"path": "live_events/{date}/events.jsonl", "format": "envelope_lines"})),
            ],
        }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn ingest(&mut self) -> Ingested {
        let folder = self.folder.path().to_path_buf();
        self.ingest_from(&folder)
    }

    fn ingest_from(&mut self, folder: &Path) -> Ingested {
        let ingested = ingest(&mut self.store, &self.rules, folder, None, &Silent).unwrap();
        let all = self.all();
        for reading in &all.readings {
            assert!(reading.tally.is_conserved(), "{reading:?}");
        }
        let sum = |of: fn(&Tally) -> u64| all.readings.iter().map(|reading| of(&reading.tally)).sum::<u64>();
        assert_eq!(sum(|tally| tally.stored), all.events.len() as u64);
        assert_eq!(sum(|tally| tally.conflicts), all.conflicts.len() as u64);
        assert_eq!(sum(|tally| tally.set_aside), all.set_aside.len() as u64);
        assert_eq!(self.store.count().unwrap(), all.events.len() as u64);
        ingested
    }

    fn all(&self) -> All {
        let mut all = All::default();
        self.store.read_after(None, &mut all).unwrap();
        all
    }

    /// What was set aside, as line and reason.
    fn reasons(&self) -> Vec<(u64, String)> {
        self.all().set_aside.into_iter().map(|row| (row.line, row.reason)).collect()
    }
}

#[derive(Default)]
struct All {
    events: Vec<RawEvent>,
    set_aside: Vec<SetAside>,
    conflicts: Vec<Conflict>,
    readings: Vec<Reading>,
}

impl Sink for All {
    fn expect(&mut self, _: u64) {}

    fn take(&mut self, batch: Batch) -> Result<()> {
        match batch {
            Batch::Events(rows) => self.events.append(&mut rows.to_raw()),
            Batch::SetAside(mut rows) => self.set_aside.append(&mut rows),
            Batch::Conflicts(mut rows) => self.conflicts.append(&mut rows),
            Batch::Readings(mut rows) => self.readings.append(&mut rows),
        }
        Ok(())
    }

    fn take_again(&mut self, events: Events) -> Result<()> {
        self.take(Batch::Events(Box::new(events)))
    }

    fn take_unreadable(&mut self, rows: Vec<SetAside>) -> Result<()> {
        self.take(Batch::SetAside(rows))
    }

    fn has_reading(&self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn held(&self, _: &str) -> Result<u64> {
        Ok(self.events.len() as u64)
    }

    fn warn(&self, _: String) {}
}

const DAY: &str = "live_events/2025-01-15/events.jsonl";

fn envelope(id: &str, payload: &str) -> String {
    format!(r#"{{"event_id":"{id}","event_type":"order_created","payload":{payload}}}"#)
}

fn tally(delivered: u64, stored: u64, duplicates: u64, conflicts: u64, set_aside: u64) -> Tally {
    Tally { delivered, stored, duplicates, conflicts, set_aside }
}

#[test]
fn the_first_delivery_wins_and_every_other_is_accounted_for() {
    let mut bench = Bench::new();
    let lines = [
        envelope("a", r#"{"x": 1.0, "y": 2}"#),
        envelope("a", r#"{"y":2,"x":1}"#),
        envelope("a", r#"{"x":3}"#),
        "not json".to_string(),
        String::new(),
        envelope("b", "{}"),
    ];
    bench.write(DAY, lines.join("\r\n"));
    assert_eq!(bench.ingest().totals(), tally(5, 2, 1, 1, 1));
    let all = bench.all();
    assert_eq!(all.events[0].payload, r#"{"x": 1.0, "y": 2}"#);
    assert_eq!((all.conflicts[0].event.payload.as_str(), all.conflicts[0].line), (r#"{"x":3}"#, 3));
    assert_eq!(all.conflicts[0].stored_payload_sha256, all.events[0].payload_sha256);
    assert_eq!((all.set_aside[0].line, all.set_aside[0].content.as_str()), (4, "not json"));
    bench.write("live_events/2025-01-16/events.jsonl", lines.join("\n"));
    assert_eq!(bench.ingest().totals(), tally(5, 0, 3, 1, 1));
    assert!(bench.ingest().files.iter().all(|file| file.is_unchanged));
}

#[test]
fn a_file_that_grew_is_read_from_where_it_ended() {
    let mut bench = Bench::new();
    let (a, b, c) = (envelope("a", "{}"), envelope("b", "{}"), envelope("c", "{}"));
    bench.write(DAY, format!("{a}\n{}", &b[..20]));
    let first = bench.ingest();
    assert_eq!(first.totals(), tally(1, 1, 0, 0, 0));
    assert!(first.files[0].is_unfinished);
    assert!(bench.ingest().files[0].is_unchanged);
    bench.write(DAY, format!("{a}\n{b}"));
    assert_eq!(bench.ingest().totals(), tally(1, 1, 0, 0, 0));
    bench.write(DAY, format!("{a}\n{b}\nbroken\n{c}\n"));
    assert_eq!(bench.ingest().totals(), tally(2, 1, 0, 0, 1));
    assert_eq!(bench.reasons()[0].0, 3);
    let log = bench.all().readings;
    assert_eq!(log.len(), 3);
    assert!(log.windows(2).all(|pair| pair[0].to_byte == pair[1].from_byte));
    // Its beginning changed: another version, read whole.
    bench.write(DAY, format!("{b}\n{a}\nbroken\n{c}\n"));
    assert_eq!(bench.ingest().totals(), tally(4, 0, 3, 0, 1));
    // Back to what was read before.
    bench.write(DAY, format!("{a}\n{b}\nbroken\n{c}\n"));
    assert!(bench.ingest().files[0].is_unchanged);
}

#[test]
fn two_folders_with_the_same_names_are_told_apart_by_content() {
    let mut bench = Bench::new();
    let other = tempfile::tempdir().unwrap();
    bench.write(DAY, envelope("a", "{}"));
    std::fs::create_dir_all(other.path().join("live_events/2025-01-15")).unwrap();
    std::fs::write(other.path().join(DAY), envelope("b", "{}") + "\n").unwrap();
    for round in 0..3 {
        let here = bench.ingest().totals();
        let there = bench.ingest_from(other.path()).totals();
        let expected = if round == 0 { tally(1, 1, 0, 0, 0) } else { Tally::default() };
        assert_eq!((here, there), (expected, expected));
    }
}

#[test]
fn arrays_are_cut_into_elements_and_broken_ones_set_aside() {
    let mut bench = Bench::new();
    let content = "\u{feff}[\n {\"a\": \"]},{\\\"\"},\n {\"a\": tru},\n 12, \"x,]\", [1, {}],\n {\"a\": [1},\n {\"b\": \"open,\n\"c\": 1},\n {\"c\": 1},\n {\"d\": 1]\n trailing {";
    bench.write("bootstrap/orders_1.json", content);
    // Where the last one ends cannot be told before more is written, or the array is closed.
    assert_eq!(bench.ingest().totals(), tally(8, 2, 0, 0, 6));
    bench.write("bootstrap/orders_1.json", format!("{content}}}\n] trailing"));
    assert_eq!(bench.ingest().totals(), Tally::default());
    bench.write("bootstrap/orders_1.json", format!("{content}}}\n]\n"));
    assert_eq!(bench.ingest().totals(), tally(1, 0, 0, 0, 1));
    let reasons = bench.reasons();
    let lines: Vec<_> = reasons.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 4, 4, 5, 6, 9]);
    assert_eq!(reasons[1].1, "is no object");
    bench.write("bootstrap/orders_2.json", "{\"a\": 1}\n{\"b\": 1}");
    assert_eq!(bench.ingest().totals(), tally(2, 0, 0, 0, 2));
    assert_eq!(bench.reasons()[8], (2, "the file is no JSON array".to_string()));
    bench.write("bootstrap/orders_3.json", "[{\"z\": 1}]\n trailing {");
    assert_eq!(bench.ingest().totals(), tally(2, 1, 0, 0, 1));
    assert_eq!(bench.reasons()[9], (2, "stands after the end of the array".to_string()));
    for (index, empty) in ["", " \n", "[]", "[ ]\n"].iter().enumerate() {
        bench.write(&format!("bootstrap/orders_empty{index}.json"), empty);
    }
    assert_eq!(bench.ingest().totals(), Tally::default());
}

#[test]
fn an_array_that_was_cut_off_is_taken_up_where_it_ended() {
    let mut bench = Bench::new();
    let whole = "[{\"a\":1},\n{\"a\":2},\n{\"a\":3}]\n";
    for end in 1..=whole.len() {
        bench.write("bootstrap/orders_1.json", &whole[..end]);
        let ingested = bench.ingest();
        let is_whole = end >= whole.len() - 1;
        assert_eq!(ingested.files[0].is_unfinished, !is_whole, "{end}");
    }
    let all = bench.all();
    assert_eq!((all.events.len(), all.set_aside.len()), (3, 0));
    assert!(all.readings.iter().all(|reading| reading.tally.duplicates == 0));
    assert!(!all.readings.last().unwrap().is_unfinished, "the log tells of the end, though it delivered nothing");
    // A longer array has another ending, but it begins as one did that was cut off.
    bench.write("bootstrap/orders_1.json", whole.replace(']', ",{\"a\":4}]"));
    assert_eq!(bench.ingest().totals(), tally(1, 1, 0, 0, 0));
    // One that was whole when it was read begins otherwise: it is another version and read whole.
    bench.write("bootstrap/orders_2.json", "[{\"a\":7}]");
    bench.ingest();
    bench.write("bootstrap/orders_2.json", "[{\"a\":7},{\"a\":8}]");
    assert_eq!(bench.ingest().totals(), tally(2, 1, 1, 0, 0));
}

#[test]
fn compressed_files_are_read_as_they_are_and_whole_when_they_change() {
    let mut bench = Bench::new();
    let text = format!("{}\n{}\nbroken\n", envelope("a", "{}"), envelope("b", "{}"));
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let name = format!("{DAY}.gz");
    bench.write(&name, gzip(&text));
    assert_eq!(bench.ingest().totals(), tally(3, 2, 0, 0, 1));
    assert!(bench.ingest().files[0].is_unchanged);
    let mut members = gzip(&text);
    members.extend(gzip(&envelope("c", "{}")));
    bench.write(&name, &members);
    assert_eq!(bench.ingest().totals(), tally(4, 1, 2, 0, 1));
    // Cut off: what is there is taken, the rest is left.
    bench.write(&name, &members[..members.len() - 30]);
    let cut = bench.ingest();
    assert!(cut.files[0].is_unfinished);
    assert!(bench.ingest().files[0].is_unfinished);
    bench.write("live_events/2025-01-17/events.jsonl.gz", "no gzip at all");
    assert_eq!(bench.ingest().totals(), tally(1, 0, 0, 0, 1));
    assert!(bench.reasons().last().unwrap().1.starts_with("cannot be decompressed: "));
    bench.write("live_events/2025-01-18/events.jsonl.zst", zstd::encode_all(text.as_bytes(), 1).unwrap());
    assert_eq!(bench.ingest().totals(), tally(3, 0, 2, 0, 1));
    assert!(bench.ingest().files.iter().all(|file| file.is_unchanged));
}

#[test]
fn a_record_beyond_all_bounds_is_set_aside_and_the_next_is_read() {
    let mut bench = Bench::new();
    let long = "x".repeat(split::LONGEST + 10);
    bench.write(DAY, format!("{long}\n{}\n{long}", envelope("a", "{}")));
    assert_eq!(bench.ingest().totals(), tally(2, 1, 0, 0, 1));
    bench.write("bootstrap/orders_1.json", format!("[{{\"a\":\"{long}\"}},{{\"a\":1}},{{\"a\":\"{long}"));
    assert_eq!(bench.ingest().totals(), tally(2, 1, 0, 0, 1));
    assert_eq!(bench.reasons()[1], (1, "is longer than 16 MiB".to_string()));
    assert!(bench.all().set_aside[1].content.len() < split::KEPT + 100);
}

#[test]
fn another_rule_makes_other_events_of_the_same_file() {
    let mut bench = Bench::new();
    bench.write("bootstrap/orders_1.json", "[{\"a\":1}]");
    bench.ingest();
    bench.rules[0].event_type = Some("order".to_string());
    assert_eq!(bench.ingest().totals(), tally(1, 1, 0, 0, 0));
}

#[test]
fn one_day_is_read_alone_and_a_bad_one_refused() {
    let mut bench = Bench::new();
    bench.write(DAY, envelope("a", "{}"));
    bench.write("live_events/2025-01-16/events.jsonl", envelope("b", "{}"));
    bench.write("bootstrap/orders_1.json", "[{\"a\":1}]");
    let folder = bench.folder.path().to_path_buf();
    let mut day = |date| ingest(&mut bench.store, &bench.rules, &folder, Some(date), &Silent);
    assert_eq!(day("2025-01-16").unwrap().totals(), tally(1, 1, 0, 0, 0));
    assert!(day("2025-01-20").unwrap().files.is_empty());
    for bad in ["2025-02-30", "today", "", "2025-1-5", "20250115", "../../x"] {
        assert_eq!(day(bad).unwrap_err().exit_code(), 2, "{bad}");
    }
}

/// Deliveries that fail in the middle, as if the process were killed there.
struct Failing<'a>(&'a mut dyn Iterator<Item = Delivery>);

impl Deliveries for Failing<'_> {
    fn next_batch(&mut self) -> Result<Option<Vec<Delivery>>> {
        let batch: Vec<_> = self.0.take(1000).collect();
        if batch.is_empty() { Err(Error::call("the disk is gone")) } else { Ok(Some(batch)) }
    }

    fn reading(&mut self) -> Result<Reading> {
        Err(Error::call("the disk is gone"))
    }

    fn file(&self) -> &str {
        DAY
    }
}

#[test]
fn a_file_that_fails_in_the_middle_leaves_nothing() {
    let mut bench = Bench::new();
    bench.write("bootstrap/orders_1.json", "[{\"a\":1}]");
    bench.ingest();
    let before = bench.all();
    let mut deliveries = (0..250_000u64).map(|number| Delivery {
        line: number + 1,
        what: crate::store::What::Event(RawEvent { event_id: format!("{number}"), ..before.events[0].clone() }),
    });
    assert_eq!(bench.store.deliver(&mut Failing(&mut deliveries)).unwrap_err().message(), "the disk is gone");
    assert_eq!(bench.all().events, before.events);
    bench.write(DAY, envelope("a", "{}"));
    assert_eq!(bench.ingest().totals(), tally(1, 1, 0, 0, 0));
}

#[test]
fn known_ids_of_the_data_pack() {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data-pack");
    if !pack.join("bootstrap").is_dir() {
        eprintln!("skipped: no data pack at `{}`", pack.display());
        return;
    }
    let mut bench = Bench::new();
    let ingested = bench.ingest_from(&pack);
    assert_eq!(ingested.totals(), tally(5586, 5480, 106, 0, 0));
    let events = bench.all().events;
    let first = "ac725e952246095f66fd594da28bd37bb1eeb6c536b7dcfd7e503eb561953ae4";
    assert!(events.iter().any(|event| event.event_id == first && event.payload.contains("c4053eb394bd")));
    let historical = |event: &&RawEvent| event.event_type.starts_with("historical_");
    let mut ids: Vec<_> = events.iter().filter(historical).map(|event| event.event_id.clone()).collect();
    ids.sort();
    assert_eq!(
        crate::event::sha256(ids.join("\n").as_bytes()),
        "c21f9c2429873dde4d27a3e555260c5390a7ccd847ef693f727a86598fa640a7"
    );
    assert_eq!(bench.ingest_from(&pack).totals(), Tally::default());
}
