//! The landing tables in the warehouse, and the row that remembers how far the store has been read.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::HashSet;

use jiff::Timestamp;

use crate::engine::Ceiling;
use crate::engine::Cell;
use crate::engine::Filled;
use crate::engine::Session;
use crate::error::Result;
use crate::extract::Extracted;
use crate::extract::Known;
use crate::extract::LANDING_BYTES;
use crate::extract::Named;
use crate::extract::Origin;
use crate::extract::cell;
use crate::name::Relation;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::store::Batch;
use crate::store::Conflict;
use crate::store::Events;
use crate::store::Position;
use crate::store::RawStore;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Sink;

/// The schema that landing tables are in.
pub(super) const SCHEMA: &str = "raw";

pub(super) const EVENTS: &str = "events_raw";
const LOG: &str = "ingest_log";
pub(super) const SET_ASIDE: &str = "set_aside";
pub(super) const CONFLICTS: &str = "conflicts";
pub(super) const EXTRACTION: &str = "_extraction";

/// The landing tables and their columns.
pub(super) const TABLES: [(&str, &str); 4] = [
    (
        EVENTS,
        // Hashes and payloads hardly repeat: looking for what could be compressed took DuckDB a third of all landing.
        "event_id varchar using compression uncompressed, event_type varchar, event_time timestamp, vendor varchar,
         payload json using compression uncompressed, payload_sha256 varchar using compression uncompressed,
         ingested_at timestamp, _landing_sequence bigint",
    ),
    (
        LOG,
        "file varchar, content_sha256 varchar, from_byte bigint, to_byte bigint, delivered bigint, stored bigint,
         duplicates bigint, conflicts bigint, set_aside bigint, ingested_at timestamp, is_unfinished boolean,
         _reading varchar",
    ),
    (SET_ASIDE, "file varchar, line bigint, reason varchar, content varchar, set_aside_at timestamp"),
    (
        CONFLICTS,
        "event_id varchar, event_type varchar, event_time timestamp, vendor varchar, payload json,
         payload_sha256 varchar, stored_payload_sha256 varchar, file varchar, line bigint, ingested_at timestamp,
         set_aside_at timestamp",
    ),
];

/// The landing tables inside a transaction.
pub(super) struct Landing<'a> {
    pub(super) session: &'a Session,
    database: &'a str,
    observe: &'a dyn Observe,
    /// Events that were to land again with another payload than has landed.
    changed: RefCell<Named>,
    /// Rows of each table, in the order of [`TABLES`]; those of the first are also the last landing sequence.
    rows: [i64; 4],
    landed: [u64; 4],
    unreadable: u64,
    ceiling: Ceiling,
}

impl<'a> Landing<'a> {
    /// Makes the tables that are missing.
    pub(super) fn open(session: &'a Session, database: &'a str, observe: &'a dyn Observe) -> Result<Self> {
        let changed = RefCell::default();
        let mut landing = Self {
            session,
            database,
            observe,
            changed,
            rows: [0; 4],
            landed: [0; 4],
            unreadable: 0,
            ceiling: Ceiling::new(LANDING_BYTES),
        };
        for (index, (table, columns)) in TABLES.iter().enumerate() {
            let relation = landing.relation(table);
            session.run(&format!("create table if not exists {relation} ({columns})"))?;
            if *table == LOG {
                // A warehouse of an earlier `cp` has them not: what landed then does not say.
                for column in ["is_unfinished boolean", "_reading varchar"] {
                    session.run(&format!("alter table {relation} add column if not exists {column}"))?;
                }
            }
            landing.rows[index] = session.count(&format!("select count(*) from {relation}"))?;
        }
        let extraction = landing.relation(EXTRACTION);
        session.run(&format!(
            "create table if not exists {extraction} (store_identity varchar, store varchar, position varchar,
                 events bigint, readings bigint, set_aside bigint, conflicts bigint, extracted_at timestamp);
             alter table {extraction} add column if not exists not_compared bigint"
        ))?;
        Ok(landing)
    }

    fn relation(&self, table: &str) -> Relation {
        Relation::new(self.database, SCHEMA, table)
    }

    /// What the warehouse remembers of a store; `None` where nothing has landed yet.
    pub(super) fn known(&self) -> Result<Option<Known>> {
        let found = self.session.query(&format!(
            "select store_identity, store, position, events, readings, set_aside, conflicts, not_compared from {}",
            self.relation(EXTRACTION)
        ))?;
        Ok(found.rows.first().map(|row| Known {
            origin: Origin { identity: row[0].to_string(), described: row[1].to_string() },
            position: Position(row[2].to_string()),
            rows: [3, 4, 5, 6].map(|column| row[column].as_integer().unwrap_or(-1)),
            not_compared: row[7].as_integer().unwrap_or(0),
        }))
    }

    /// Whether the tables hold just what has landed in them.
    pub(super) fn holds(&self, known: Option<&Known>) -> Result<bool> {
        let last = self
            .session
            .count(&format!("select coalesce(max(_landing_sequence), 0) from {}", self.relation(EVENTS)))?;
        Ok(known.map_or([0; 4], |known| known.rows) == self.rows && last == self.rows[0])
    }

    /// Empties the tables and forgets the position, so that all lands anew, under the same numbers.
    pub(super) fn clear(&mut self) -> Result<()> {
        for table in TABLES.map(|(table, _)| table).into_iter().chain([EXTRACTION]) {
            self.session.run(&format!("delete from {}", self.relation(table)))?;
        }
        self.rows = [0; 4];
        Ok(())
    }

    /// Empties all tables but that of the events.
    pub(super) fn clear_log(&mut self) -> Result<()> {
        for (index, (table, _)) in TABLES.iter().enumerate().skip(1) {
            self.session.run(&format!("delete from {}", self.relation(table)))?;
            self.rows[index] = 0;
        }
        Ok(())
    }

    /// The payload hashes of those of the ids that have landed, by id.
    pub(super) fn landed_hashes(&self, ids: &[&str]) -> Result<HashMap<String, String>> {
        let found = self.session.query_with(
            &format!(
                "select event_id, payload_sha256 from {} where event_id in (select unnest(from_json(?, '[\"VARCHAR\"]')))",
                self.relation(EVENTS)
            ),
            &[Cell::Text(&serde_json::Value::from(ids).to_string())],
        )?;
        Ok(found.rows.into_iter().map(|row| (row[0].to_string(), row[1].to_string())).collect())
    }

    /// How many documents that are no events were met since it was opened, whether or not they were known.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many events have landed since it was opened.
    pub(super) fn landed_events(&self) -> u64 {
        self.landed[0]
    }

    /// Where the landed events are.
    pub(super) fn events(&self) -> Relation {
        self.relation(EVENTS)
    }

    /// Remembers how far the store has been read.
    ///
    /// `not_compared` is how many extractions there have been since all was compared.
    pub(super) fn remember(&self, store: &dyn RawStore, position: &Position, not_compared: i64) -> Result<()> {
        let relation = self.relation(EXTRACTION);
        self.session.run(&format!("delete from {relation}"))?;
        let rows = self.rows.map(Cell::Integer);
        let described = store.describe();
        self.session.execute(
            &format!("insert into {relation} values (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
            &[
                Cell::Text(store.identity()),
                Cell::Text(&described),
                Cell::Text(&position.0),
                rows[0],
                rows[1],
                rows[2],
                rows[3],
                cell(Timestamp::now()),
                Cell::Integer(not_compared),
            ],
        )?;
        Ok(())
    }

    /// What has landed so far.
    pub(super) fn extracted(&self) -> Extracted {
        let [events, readings, set_aside, conflicts] = self.landed;
        Extracted {
            events,
            readings,
            set_aside,
            conflicts,
            events_in_all: u64::try_from(self.rows[0]).unwrap_or(0),
            changed: self.changed.borrow().clone(),
            ..Extracted::default()
        }
    }
}

impl Sink for Landing<'_> {
    fn expect(&mut self, rows: u64) {
        self.observe.on(Progress::Expected { total: rows });
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        let count = batch.len();
        self.observe.on(Progress::Advance { by: count as u64 });
        let index = match batch {
            Batch::Events(events) => {
                self.ceiling.rise_for(self.session, events.payload.iter().map(str::len))?;
                self.session.append_columns(SCHEMA, EVENTS, landed(*events, self.rows[0]))?;
                0
            }
            Batch::Readings(readings) => {
                self.session.append(SCHEMA, LOG, readings.iter().map(logged))?;
                1
            }
            Batch::SetAside(rows) => {
                self.ceiling.rise_for(self.session, rows.iter().map(|row| row.content.len()))?;
                self.session.append(SCHEMA, SET_ASIDE, rows.iter().map(set_aside))?;
                2
            }
            Batch::Conflicts(rows) => {
                self.ceiling.rise_for(self.session, rows.iter().map(|row| row.event.payload.len()))?;
                self.session.append(SCHEMA, CONFLICTS, rows.iter().map(conflicting))?;
                3
            }
        };
        self.rows[index] += count as i64;
        self.landed[index] += count as u64;
        Ok(())
    }

    fn take_again(&mut self, events: Events) -> Result<()> {
        let ids: Vec<&str> = events.event_id.iter().collect();
        let mut known = self.landed_hashes(&ids)?;
        let mut fresh = Events::default();
        for (index, (id, hash)) in events.marks().enumerate() {
            match known.get(id) {
                None => {
                    known.insert(id.to_string(), hash.to_string());
                    fresh.push_of(&events, index);
                }
                Some(landed) if landed == hash => {}
                Some(_) => self.changed.borrow_mut().add(id.to_string()),
            }
        }
        if fresh.is_empty() { Ok(()) } else { self.take(Batch::Events(Box::new(fresh))) }
    }

    fn take_unreadable(&mut self, rows: Vec<SetAside>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.unreadable += rows.len() as u64;
        let places: Vec<&str> = rows.iter().map(|row| row.file.as_str()).collect();
        let found = self.session.query_with(
            &format!(
                "select file from {} where file in (select unnest(from_json(?, '[\"VARCHAR\"]')))",
                self.relation(SET_ASIDE)
            ),
            &[Cell::Text(&serde_json::Value::from(places).to_string())],
        )?;
        let mut known: HashSet<String> = found.rows.iter().map(|row| row[0].to_string()).collect();
        let fresh: Vec<SetAside> = rows.into_iter().filter(|row| known.insert(row.file.clone())).collect();
        if fresh.is_empty() { Ok(()) } else { self.take(Batch::SetAside(fresh)) }
    }

    fn has_reading(&self, id: &str) -> Result<bool> {
        let found = self.session.query_with(
            &format!("select 1 from {} where _reading = ? limit 1", self.relation(LOG)),
            &[Cell::Text(id)],
        )?;
        Ok(!found.rows.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.rows == [0; 4]
    }

    fn held(&self, places: &str) -> Result<u64> {
        let unreadable = self.session.query_with(
            &format!("select count(*) from {} where starts_with(file, ?)", self.relation(SET_ASIDE)),
            &[Cell::Text(places)],
        )?;
        let unreadable = unreadable.rows.first().and_then(|row| row[0].as_integer()).unwrap_or(0);
        Ok(u64::try_from(self.rows[0] + unreadable).unwrap_or(0))
    }

    fn warn(&self, text: String) {
        self.observe.on(Progress::Warning { text });
    }
}

fn optional(time: Option<Timestamp>) -> Cell<'static> {
    time.map_or(Cell::Null, cell)
}

fn number(count: u64) -> Cell<'static> {
    Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The columns of events that land after so many others.
fn landed(events: Events, before: i64) -> Vec<Filled> {
    let numbers = before + 1..=before + events.len() as i64;
    vec![
        Filled::Texts(events.event_id),
        Filled::Texts(events.event_type),
        Filled::Timestamps(events.event_time),
        Filled::Texts(events.vendor),
        Filled::Texts(events.payload),
        Filled::Texts(events.payload_sha256),
        Filled::Timestamps(events.ingested_at),
        Filled::Integers(numbers.collect()),
    ]
}

fn logged(reading: &Reading) -> [Cell<'_>; 12] {
    let tally = reading.tally;
    [
        Cell::Text(&reading.file),
        Cell::Text(&reading.content_sha256),
        number(reading.from_byte),
        number(reading.to_byte),
        number(tally.delivered),
        number(tally.stored),
        number(tally.duplicates),
        number(tally.conflicts),
        number(tally.set_aside),
        cell(reading.ingested_at),
        Cell::Boolean(reading.is_unfinished),
        Cell::Text(&reading.id),
    ]
}

fn set_aside(row: &SetAside) -> [Cell<'_>; 5] {
    [Cell::Text(&row.file), number(row.line), Cell::Text(&row.reason), Cell::Text(&row.content), cell(row.set_aside_at)]
}

fn conflicting(conflict: &Conflict) -> [Cell<'_>; 11] {
    let event = &conflict.event;
    [
        Cell::Text(&event.event_id),
        Cell::Text(&event.event_type),
        optional(event.event_time),
        Cell::Text(&event.vendor),
        Cell::Text(&event.payload),
        Cell::Text(&event.payload_sha256),
        Cell::Text(&conflict.stored_payload_sha256),
        Cell::Text(&conflict.file),
        number(conflict.line),
        cell(event.ingested_at),
        cell(conflict.set_aside_at),
    ]
}
