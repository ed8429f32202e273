//! The store that needs nothing installed: a DuckDB file of its own.
//!
//! One process writes at a time (DuckDB locks the file), and every transaction takes the next numbers of one sequence
//! for all it writes. So the order of the numbers is the order of the commits, and a reader that has seen number n has
//! seen all that was ever committed up to n: no watermark can overtake a slow writer. Each transaction leaves a mark
//! in the log, a hash that continues the one before it; by the mark a position is recognized, so that a store that
//! was restored from an older copy is not taken for the one the reader knew.

mod deliver;
mod read;

use std::path::Path;

use jiff::Timestamp;

use crate::engine::Cell;
use crate::engine::Engine;
use crate::engine::Session;
use crate::engine::Value;
use crate::error::Error;
use crate::error::Result;
use crate::error::tells_of_full_disk;
use crate::store::Deliveries;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::Position;
use crate::store::RawStore;
use crate::store::Reached;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Sink;
use crate::store::Tally;

/// The layout of the tables below; a store with a higher number was made by a newer `cp`.
const FORMAT: i64 = 1;

/// Enough for a comparison of ids with a store of any size, and no more than a small machine has.
const MEMORY_BYTES: u64 = 512_000_000;

/// What to do with a store that cannot be opened: of a broken warehouse the opposite is right.
const KEEP: &str = "do not delete it: the raw store is the system of record, and nothing makes it again; may you read and \
                    write it? If it is broken, restore it from a backup; if a newer `cp` made it, upgrade";

const TABLES: &str = "
create table if not exists raw_store (
    identity varchar not null, format bigint not null, last_sequence bigint not null, mark varchar not null,
    made_at timestamp not null, made_by varchar not null
);
create table if not exists events_raw (
    sequence bigint not null, event_id varchar not null, event_type varchar not null, event_time timestamp,
    vendor varchar not null, payload json not null, payload_sha256 varchar not null, ingested_at timestamp not null,
    id_hash bigint not null
);
create table if not exists ingest_log (
    sequence bigint not null, file varchar not null, content_sha256 varchar not null, from_byte bigint not null,
    to_byte bigint not null, delivered bigint not null, stored bigint not null, duplicates bigint not null,
    conflicts bigint not null, set_aside bigint not null, ingested_at timestamp not null,
    rule varchar not null, lines bigint not null, state varchar not null, is_unfinished boolean not null,
    mark varchar not null
);
create table if not exists set_aside (
    sequence bigint not null, file varchar not null, line bigint not null, reason varchar not null, content varchar not null,
    set_aside_at timestamp not null
);
create table if not exists conflicts (
    sequence bigint not null, event_id varchar not null, event_type varchar not null, event_time timestamp,
    vendor varchar not null, payload json not null, payload_sha256 varchar not null, stored_payload_sha256 varchar not null,
    file varchar not null, line bigint not null, ingested_at timestamp not null, set_aside_at timestamp not null
);";

/// The embedded system of record.
pub struct Embedded {
    session: Session,
    name: String,
    identity: String,
    last_sequence: i64,
    mark: String,
}

impl Embedded {
    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// When another process holds the file, when it is no store, or when a newer `cp` made it.
    pub fn open(path: &Path) -> Result<Self> {
        let engine =
            Engine::open(path).map_err(|error| match error.is_passing() || tells_of_full_disk(&error.to_string()) {
                true => error,
                false => error.help(KEEP),
            })?;
        let store = Self::prepared(&engine, path.display().to_string())?;
        // Of what is read and written DuckDB would keep in memory all that fits; a store needs none of it twice.
        store.limit()?;
        Ok(store)
    }

    /// As the store at this path describes itself.
    pub fn described_at(path: &Path) -> String {
        described(&path.display().to_string())
    }

    /// A store that is gone when it is dropped.
    pub fn in_memory() -> Result<Self> {
        Self::prepared(&Engine::in_memory()?, ":memory:".to_string())
    }

    /// Lets DuckDB use as much memory as is enough for ordinary events.
    fn limit(&self) -> Result<()> {
        Ok(self.session.run(&format!("set memory_limit = '{}MB'", MEMORY_BYTES / 1_000_000))?)
    }

    fn prepared(engine: &Engine, name: String) -> Result<Self> {
        let session = engine.session()?;
        let failed =
            |error: Error| Error::call(format!("`{name}` cannot be used as the raw store")).because(error).help(KEEP);
        let mut rows = session.transaction(known).map_err(failed)?;
        if rows.is_empty() {
            rows = session.transaction(make).map_err(failed)?;
        }
        let mut row = Fields(rows.swap_remove(0).into_iter());
        let (identity, format) = (row.text(), row.number());
        if format > FORMAT {
            return Err(Error::call(format!("a newer `cp` made the raw store `{name}`"))
                .help("upgrade `cp`; the raw store is the system of record, so do not delete it"));
        }
        Ok(Self { session, name, identity, last_sequence: row.number(), mark: row.text() })
    }
}

/// As a person knows the store.
fn described(name: &str) -> String {
    format!("embedded store `{name}`")
}

/// What the store says of itself; nothing where it has not been made.
fn known(session: &Session) -> Result<Vec<Vec<Value>>> {
    if session.count("select count(*) from duckdb_tables() where not internal and table_name = 'raw_store'")? == 0 {
        return Ok(Vec::new());
    }
    Ok(session.query("select identity, format, last_sequence, mark from raw_store")?.rows)
}

fn make(session: &Session) -> Result<Vec<Vec<Value>>> {
    session.run(TABLES)?;
    let identity = uuid::Uuid::new_v4().to_string();
    session.execute(
        "insert into raw_store values (?, ?, 0, '', ?, ?)",
        &[
            Cell::Text(&identity),
            Cell::Integer(FORMAT),
            Cell::Timestamp(Timestamp::now().as_microsecond()),
            Cell::Text(concat!("cp ", env!("CARGO_PKG_VERSION"))),
        ],
    )?;
    known(session)
}

impl RawStore for Embedded {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn describe(&self) -> String {
        described(&self.name)
    }

    fn facts(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![("entries in the raw store", self.last_sequence.to_string())])
    }

    fn describe_position(&self, position: &Position) -> String {
        format!("entry {}", position.0.split('@').next().unwrap_or_default())
    }

    fn readings_of(&self, file: &str) -> Result<Vec<Reading>> {
        let sql = format!("{} where file = ? order by sequence", read::READINGS);
        let rows = self.session.query_with(&sql, &[Cell::Text(file)])?.rows;
        Ok(rows.into_iter().map(|row| reading(Fields(row.into_iter()))).collect())
    }

    fn deliver(&mut self, deliveries: &mut dyn Deliveries) -> Result<Reading> {
        let (last_sequence, mark) = (self.last_sequence, self.mark.clone());
        let done = self
            .session
            .transaction(|session| deliver::Transaction::new(session, last_sequence, mark).take_all(deliveries))?;
        self.last_sequence = done.last_sequence;
        self.mark = done.mark;
        Ok(done.reading)
    }

    fn read_after(&self, position: Option<&Position>, sink: &mut dyn Sink) -> Result<Reached> {
        let after = self.sequence_of(position)?;
        // The numbers have no gaps.
        sink.expect(u64::try_from(self.last_sequence - after).unwrap_or(0));
        self.hand_out(after, &mut |batch| sink.take(batch))?;
        let position = (self.last_sequence > 0).then(|| Position(format!("{}@{}", self.last_sequence, self.mark)));
        Ok(Reached { position, is_sure: true, written_from: None })
    }

    fn inventory(
        &self,
        within: &[IdRange],
        each: &mut dyn FnMut(Vec<Mark>, Vec<SetAside>) -> Result<()>,
    ) -> Result<()> {
        self.marks(within, &mut |marks| each(marks, Vec::new()))
    }

    fn fetch(&self, ids: &[String], sink: &mut dyn Sink) -> Result<()> {
        sink.take_again(self.events_of(ids)?)
    }

    fn count(&self) -> Result<u64> {
        Ok(u64::try_from(self.session.count("select count(*) from events_raw")?).unwrap_or(0))
    }
}

/// The fields of a row, taken in their order. What has another type than the tables above say is empty or 0.
struct Fields(std::vec::IntoIter<Value>);

impl Fields {
    fn text(&mut self) -> String {
        match self.0.next() {
            Some(Value::Text(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    fn number(&mut self) -> i64 {
        self.0.next().and_then(|value| value.as_integer()).unwrap_or(0)
    }

    fn count(&mut self) -> u64 {
        u64::try_from(self.number()).unwrap_or(0)
    }

    fn flag(&mut self) -> bool {
        self.0.next().and_then(|value| value.as_bool()).unwrap_or(false)
    }

    fn time_or_none(&mut self) -> Option<Timestamp> {
        match self.0.next() {
            Some(Value::Timestamp(micros)) => Timestamp::from_microsecond(micros).ok(),
            _ => None,
        }
    }

    fn time(&mut self) -> Timestamp {
        self.time_or_none().unwrap_or_default()
    }
}

fn reading(mut row: Fields) -> Reading {
    Reading {
        id: row.text(),
        file: row.text(),
        rule: row.text(),
        content_sha256: row.text(),
        from_byte: row.count(),
        to_byte: row.count(),
        lines: row.count(),
        state: row.text(),
        is_unfinished: row.flag(),
        tally: Tally {
            delivered: row.count(),
            stored: row.count(),
            duplicates: row.count(),
            conflicts: row.count(),
            set_aside: row.count(),
        },
        ingested_at: row.time(),
    }
}
