//! The laws of extraction, between two databases in memory or in a temporary folder.

use std::path::Path;

use super::*;
use crate::event::RawEvent;
use crate::progress::Silent;
use crate::store::Deliveries;
use crate::store::Delivery;
use crate::store::Embedded;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Tally;
use crate::store::Unreadable;
use crate::store::What;

/// One file's worth of deliveries.
struct Given(Vec<Delivery>, u64);

impl Deliveries for Given {
    fn next_batch(&mut self) -> Result<Option<Vec<Delivery>>> {
        let batch: Vec<_> = self.0.drain(..self.0.len().min(3)).collect();
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn reading(&mut self) -> Result<Reading> {
        Ok(Reading {
            id: String::new(),
            file: self.file().to_string(),
            rule: "envelope_lines".to_string(),
            content_sha256: "0".repeat(64),
            from_byte: 0,
            to_byte: self.1,
            lines: 1,
            state: "lines".to_string(),
            is_unfinished: false,
            tally: Tally::default(),
            ingested_at: Timestamp::UNIX_EPOCH,
        })
    }

    fn file(&self) -> &str {
        "live/e.jsonl"
    }
}

fn event(id: &str, payload: &str) -> Delivery {
    let payload_sha256 = crate::event::sha256(payload.as_bytes());
    Delivery {
        line: 1,
        what: What::Event(RawEvent {
            event_id: id.to_string(),
            event_type: "t".to_string(),
            event_time: None,
            vendor: "v".to_string(),
            payload: payload.to_string(),
            payload_sha256,
            ingested_at: Timestamp::UNIX_EPOCH,
        }),
    }
}

fn deliver(store: &mut Embedded, ids: std::ops::Range<u32>) {
    let mut deliveries: Vec<_> = ids.clone().map(|id| event(&id.to_string(), r#"{"a": 1e400}"#)).collect();
    deliveries.push(event(&ids.start.to_string(), "{}"));
    let unreadable = Unreadable { reason: "is no object".to_string(), content: "nul \0 and ' and é".to_string() };
    deliveries.push(Delivery { line: 9, what: What::Unreadable(unreadable) });
    let reading = store.deliver(&mut Given(deliveries, u64::from(ids.end))).unwrap();
    assert!(reading.tally.is_conserved());
}

fn warehouse(path: &Path) -> Engine {
    Engine::open(&path.join("warehouse.duckdb")).unwrap()
}

fn land_all(store: &dyn RawStore, engine: &Engine) -> Result<Extracted> {
    land_comparing(store, engine, u64::MAX)
}

fn land_comparing(store: &dyn RawStore, engine: &Engine, compare_every: u64) -> Result<Extracted> {
    let how = How { anew: false, compare_every, forget: &|_| Ok(()) };
    extract(store, engine, &engine.session().unwrap().database().unwrap(), &how, &Silent)
}

fn landed(engine: &Engine) -> Vec<(i64, String)> {
    let sql = "select _landing_sequence, event_id from raw.events_raw order by 1";
    let rows = engine.session().unwrap().query(sql).unwrap().rows;
    rows.iter().map(|row| (row[0].as_integer().unwrap(), row[1].to_string())).collect()
}

#[test]
fn what_is_stored_lands_once_in_its_order() {
    let mut store = Embedded::in_memory().unwrap();
    let engine = Engine::in_memory().unwrap();
    assert!(land_all(&store, &engine).unwrap().is_empty());
    deliver(&mut store, 0..7);
    let first = land_all(&store, &engine).unwrap();
    assert_eq!((first.events, first.readings, first.set_aside, first.conflicts, first.events_in_all), (7, 1, 1, 1, 7));
    assert!(land_all(&store, &engine).unwrap().is_empty());
    deliver(&mut store, 7..9);
    deliver(&mut store, 9..10);
    let second = land_all(&store, &engine).unwrap();
    assert_eq!((second.events, second.readings, second.events_in_all), (3, 2, 10));
    let expected: Vec<_> = (0..10).map(|id| (id + 1, id.to_string())).collect();
    assert_eq!(landed(&engine), expected);
    let session = engine.session().unwrap();
    let aside = session.query("select file, line, content from raw.set_aside limit 1").unwrap();
    assert_eq!(aside.rows[0][2].to_string(), "nul \0 and ' and é");
    let balance = "select count(*) from raw.ingest_log where delivered <> stored + duplicates + conflicts + set_aside";
    assert_eq!(session.count(balance).unwrap(), 0);
    assert_eq!(
        session.query("select payload->>'a' from raw.events_raw limit 1").unwrap().rows[0][0].to_string(),
        "1e400"
    );
}

#[test]
fn another_store_or_an_older_copy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw_store.duckdb");
    let copy = folder.path().join("copy.duckdb");
    let mut store = Embedded::open(&path).unwrap();
    let engine = warehouse(folder.path());
    deliver(&mut store, 0..3);
    drop(store);
    std::fs::copy(&path, &copy).unwrap();
    let mut store = Embedded::open(&path).unwrap();
    deliver(&mut store, 3..5);
    assert_eq!(land_all(&store, &engine).unwrap().events, 5);

    let other = Embedded::in_memory().unwrap();
    let error = land_all(&other, &engine).unwrap_err();
    assert!(error.message().starts_with("the warehouse was filled from another raw store"), "{error}");
    assert!(error.help_text().is_some());

    // Behind what has landed; and then, with other events, ahead of it again.
    let mut older = Embedded::open(&copy).unwrap();
    assert!(land_all(&older, &engine).unwrap_err().message().contains("restored from an older copy"));
    deliver(&mut older, 20..30);
    assert!(land_all(&older, &engine).unwrap_err().message().contains("restored from an older copy"));
    assert_eq!(landed(&engine).len(), 5);
    assert!(land_all(&store, &engine).unwrap().is_empty());
}

#[test]
fn a_new_warehouse_or_a_damaged_one_gets_everything_under_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Embedded::in_memory().unwrap();
    deliver(&mut store, 0..4);
    let engine = warehouse(folder.path());
    land_all(&store, &engine).unwrap();
    deliver(&mut store, 4..6);
    land_all(&store, &engine).unwrap();
    let all = landed(&engine);
    let session = engine.session().unwrap();
    for damage in [
        "delete from raw.events_raw where event_id = '2'",
        "drop table raw.events_raw",
        "drop table raw.conflicts",
        "drop table raw._extraction",
        "update raw.events_raw set _landing_sequence = 100 where event_id = '1'",
    ] {
        session.run(damage).unwrap();
        land_all(&store, &engine).unwrap();
        assert_eq!(landed(&engine), all, "{damage}");
        assert_eq!(session.count("select count(*) from raw.conflicts").unwrap(), 2, "{damage}");
    }
    let fresh = Engine::in_memory().unwrap();
    land_all(&store, &fresh).unwrap();
    assert_eq!(landed(&fresh), all);
}

#[test]
fn a_warehouse_of_an_earlier_version_gets_the_columns_it_lacks() {
    let mut store = Embedded::in_memory().unwrap();
    let engine = Engine::in_memory().unwrap();
    deliver(&mut store, 0..4);
    land_all(&store, &engine).unwrap();
    let session = engine.session().unwrap();
    for column in ["_reading", "is_unfinished"] {
        session.run(&format!("alter table raw.ingest_log drop column {column}")).unwrap();
    }
    deliver(&mut store, 4..6);
    assert_eq!(land_all(&store, &engine).unwrap().events, 2);
    let log = session.query("select is_unfinished from raw.ingest_log order by to_byte").unwrap().rows;
    assert_eq!(log.iter().map(|row| row[0].as_bool()).collect::<Vec<_>>(), [None, Some(false)]);
}

/// A store that fails when it has handed all out, as if the process were killed there.
struct Failing(Embedded);

impl RawStore for Failing {
    fn identity(&self) -> &str {
        self.0.identity()
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
    fn readings_of(&self, file: &str) -> Result<Vec<Reading>> {
        self.0.readings_of(file)
    }
    fn deliver(&mut self, deliveries: &mut dyn Deliveries) -> Result<Reading> {
        self.0.deliver(deliveries)
    }
    fn describe_position(&self, position: &Position) -> String {
        self.0.describe_position(position)
    }
    fn facts(&self) -> Result<Vec<(&'static str, String)>> {
        self.0.facts()
    }
    fn read_after(&self, position: Option<&Position>, sink: &mut dyn Sink) -> Result<Reached> {
        self.0.read_after(position, sink)?;
        Err(Error::call("the connection is lost"))
    }
    fn inventory(
        &self,
        within: &[IdRange],
        each: &mut dyn FnMut(Vec<Mark>, Vec<SetAside>) -> Result<()>,
    ) -> Result<()> {
        self.0.inventory(within, each)
    }
    fn fetch(&self, ids: &[String], sink: &mut dyn Sink) -> Result<()> {
        self.0.fetch(ids, sink)
    }
    fn count(&self) -> Result<u64> {
        self.0.count()
    }
}

#[test]
fn a_run_that_fails_in_the_middle_lands_nothing() {
    let mut store = Embedded::in_memory().unwrap();
    let engine = Engine::in_memory().unwrap();
    deliver(&mut store, 0..4);
    let failing = Failing(store);
    assert_eq!(land_all(&failing, &engine).unwrap_err().message(), "the connection is lost");
    assert_eq!(engine.session().unwrap().count("select count(*) from duckdb_tables()").unwrap(), 0);
    assert_eq!(land_all(&failing.0, &engine).unwrap().events, 4);
}

#[test]
fn a_comparison_fetches_what_is_missing_and_names_what_is_extra() {
    let mut store = Embedded::in_memory().unwrap();
    let engine = Engine::in_memory().unwrap();
    deliver(&mut store, 0..1000);
    land_all(&store, &engine).unwrap();
    let compared = land_comparing(&store, &engine, 0).unwrap().comparison.unwrap();
    assert!(compared.is_equal() && compared.differing == 0 && compared.stored == 1000, "{compared:?}");
    // Behind the tool's back, and so that its counts still hold: one event for another, and a payload changed.
    let session = engine.session().unwrap();
    session.run("update raw.events_raw set event_id = 'ghost' where event_id = '17'").unwrap();
    session.run("update raw.events_raw set payload_sha256 = 'x' where event_id = '400'").unwrap();
    let compared = land_comparing(&store, &engine, 0).unwrap().comparison.unwrap();
    assert_eq!((compared.fetched, compared.differing), (1, 3));
    assert_eq!(compared.extra.first, ["ghost"]);
    assert_eq!(compared.changed.first, ["400"]);
    assert_eq!(session.count("select count(*) from raw.events_raw where event_id = '17'").unwrap(), 1);
    let again = land_comparing(&store, &engine, 0).unwrap().comparison.unwrap();
    assert_eq!((again.fetched, again.extra.count, again.changed.count), (0, 1, 1));
}

#[test]
fn a_comparison_is_made_every_so_many_extractions() {
    let mut store = Embedded::in_memory().unwrap();
    let engine = Engine::in_memory().unwrap();
    let compared: Vec<bool> = (0..7)
        .map(|n| {
            deliver(&mut store, n * 10..n * 10 + 5);
            land_comparing(&store, &engine, 3).unwrap().comparison.is_some()
        })
        .collect();
    assert_eq!(compared, [false, false, true, false, false, true, false]);
}

#[test]
fn a_warehouse_in_which_nothing_has_landed_gets_all_by_a_comparison_too() {
    let mut store = Embedded::in_memory().unwrap();
    let engine = Engine::in_memory().unwrap();
    deliver(&mut store, 0..20);
    let session = engine.session().unwrap();
    session.make_schema("memory", "raw").unwrap();
    session
        .transaction(|session| {
            let mut landing = Landing::open(session, "memory", &Silent)?;
            let mut reached = Reached { position: None, is_sure: false, written_from: None };
            let compared = compare::compare(&store, &mut landing, &mut reached)?;
            assert_eq!((compared.stored, compared.buckets, compared.differing), (20, 1, 1));
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(session.count("select count(*) from raw.events_raw").unwrap(), 20);
}
