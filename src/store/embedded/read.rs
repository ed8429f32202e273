//! Reading the embedded store after a position.

use std::vec::IntoIter;

use crate::engine::Cell;
use crate::engine::Value;
use crate::error::Error;
use crate::error::Result;
use crate::event::RawEvent;
use crate::store::Batch;
use crate::store::Conflict;
use crate::store::Delivery;
use crate::store::Events;
use crate::store::IdRange;
use crate::store::Mark;
use crate::store::Position;
use crate::store::RawStore;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Unreadable;
use crate::store::What;

use super::{Embedded, Fields, reading};

/// How many numbers of the sequence are read at once: at most so many, and fewer where their texts would fill more than
/// about so many bytes of memory.
const WINDOW: i64 = 50_000;
const WINDOW_BYTES: i64 = 32 << 20;

/// How many numbers are delivered once more at a time.
const DELIVERED: i64 = 2_000;

const EVENTS: &str =
    "select event_id, event_type, event_time, vendor, payload, payload_sha256, ingested_at from events_raw";
const SET_ASIDE: &str = "select file, line, reason, content, set_aside_at from set_aside";
const CONFLICTS: &str = "select event_id, event_type, event_time, vendor, payload, payload_sha256, ingested_at,
    stored_payload_sha256, file, line, set_aside_at from conflicts";
pub(super) const READINGS: &str =
    "select sequence, file, rule, content_sha256, from_byte, to_byte, lines, state, is_unfinished,
    delivered, stored, duplicates, conflicts, set_aside, ingested_at from ingest_log";

impl Embedded {
    /// The sequence number of a position, which must be one that this store gave.
    pub(super) fn sequence_of(&self, position: Option<&Position>) -> Result<i64> {
        let Some(Position(text)) = position else { return Ok(0) };
        let (sequence, mark) = text
            .split_once('@')
            .and_then(|(sequence, mark)| Some((sequence.parse::<i64>().ok()?, mark)))
            .ok_or_else(|| Error::call(format!("`{text}` is no position of the {}", self.describe())))?;
        let found = self.session.query(&format!("select mark from ingest_log where sequence = {sequence}"))?;
        if found.rows.first().and_then(|row| row.first()?.as_str()) == Some(mark) {
            return Ok(sequence);
        }
        let what = if sequence > self.last_sequence {
            format!("ends at entry {}, and entry {sequence} has been read already", self.last_sequence)
        } else {
            format!("has another entry {sequence} than the one that was read")
        };
        Err(Error::call(format!("the {} {what}: it was restored from an older copy", self.describe()))
            .help("put the newer raw store back, or move the warehouse away and let `cp build` make a new one"))
    }

    /// Hands out all that follows the number.
    pub(super) fn hand_out(&self, after: i64, each: &mut dyn FnMut(Batch) -> Result<()>) -> Result<()> {
        self.windows(&format!("{EVENTS} where"), Some(["events_raw", "payload"]), after, |rows| {
            each(Batch::Events(Box::new(rows.map(|row| event(&mut fields(row))).collect())))
        })?;
        self.windows(&format!("{SET_ASIDE} where"), Some(["set_aside", "content"]), after, |rows| {
            each(Batch::SetAside(rows.map(|row| set_aside(&mut fields(row))).collect()))
        })?;
        self.windows(&format!("{CONFLICTS} where"), Some(["conflicts", "payload"]), after, |rows| {
            each(Batch::Conflicts(rows.map(|row| conflict(&mut fields(row))).collect()))
        })?;
        self.windows(&format!("{READINGS} where"), None, after, |rows| {
            each(Batch::Readings(rows.map(|row| reading(fields(row))).collect()))
        })
    }

    /// The marks of all events, or of those within the ranges.
    pub(super) fn marks(&self, within: &[IdRange], each: &mut dyn FnMut(Vec<Mark>) -> Result<()>) -> Result<()> {
        let bound = |side: &str, id: &Option<String>| match id {
            Some(id) => format!("event_id {side} '{}'", id.replace('\'', "''")),
            None => "true".to_string(),
        };
        let ranges: Vec<String> =
            within.iter().map(|(first, end)| format!("({} and {})", bound(">=", first), bound("<", end))).collect();
        let filter = if ranges.is_empty() { "true".to_string() } else { ranges.join(" or ") };
        let select = format!("select event_id, payload_sha256 from events_raw where ({filter}) and");
        self.windows(&select, None, 0, |rows| {
            let mark = |row| {
                let mut row = fields(row);
                Mark { event_id: row.text(), payload_sha256: row.text() }
            };
            each(rows.map(mark).collect())
        })
    }

    /// The events with these ids.
    pub(super) fn events_of(&self, ids: &[String]) -> Result<Events> {
        let rows = self.session.query_with(
            &format!("{EVENTS} where event_id in (select unnest(from_json(?, '[\"VARCHAR\"]')))"),
            &[Cell::Text(&serde_json::Value::from(ids).to_string())],
        )?;
        Ok(rows.rows.into_iter().map(|row| event(&mut fields(row))).collect())
    }

    /// The log, oldest first; with each reading the number after which its deliveries begin. They end at its own.
    pub(in crate::store) fn readings(&self) -> Result<Vec<(i64, Reading)>> {
        let rows = self.session.query(&format!("{READINGS} order by sequence"))?.rows;
        let mut after = 0;
        let with_beginning = |row| {
            let reading = reading(fields(row));
            let begins = after;
            after = reading.id.parse().unwrap_or(after);
            (begins, reading)
        };
        Ok(rows.into_iter().map(with_beginning).collect())
    }

    /// Some of what was kept after one number and up to another, as deliveries, and the number that it goes up to.
    pub(in crate::store) fn delivered_between(&self, after: i64, end: i64) -> Result<Option<(i64, Vec<Delivery>)>> {
        if after >= end {
            return Ok(None);
        }
        let reached = end.min(after + DELIVERED);
        let within = |select: &str| {
            let sql = format!("{select} where sequence > {after} and sequence <= {reached} order by sequence");
            Ok::<_, Error>(self.session.query(&sql)?.rows.into_iter().map(fields))
        };
        let mut deliveries: Vec<Delivery> =
            within(EVENTS)?.map(|mut row| Delivery { line: 0, what: What::Event(event(&mut row)) }).collect();
        deliveries.extend(within(CONFLICTS)?.map(|mut row| {
            let conflict = conflict(&mut row);
            Delivery { line: conflict.line, what: What::Event(conflict.event) }
        }));
        deliveries.extend(within(SET_ASIDE)?.map(|mut row| {
            let SetAside { line, reason, content, .. } = set_aside(&mut row);
            Delivery { line, what: What::Unreadable(Unreadable { reason, content }) }
        }));
        Ok(Some((reached, deliveries)))
    }

    /// Runs a select window by window. `text` is a table and its column that may hold long texts.
    fn windows(
        &self,
        select: &str,
        text: Option<[&str; 2]>,
        after: i64,
        mut each: impl FnMut(IntoIter<Vec<Value>>) -> Result<()>,
    ) -> Result<()> {
        let mut from = after;
        while from < self.last_sequence {
            let to = self.window(from, text)?;
            let sql = format!("{select} sequence > {from} and sequence <= {to} order by sequence");
            let rows = self.session.query(&sql)?.rows;
            from = to;
            if !rows.is_empty() {
                each(rows.into_iter())?;
            }
        }
        Ok(())
    }

    /// How far a window reaches that begins after a number.
    fn window(&self, from: i64, text: Option<[&str; 2]>) -> Result<i64> {
        let to = from + WINDOW;
        let Some([table, column]) = text else { return Ok(to) };
        let cut = format!(
            "select coalesce(min(sequence) filter (where before >= {WINDOW_BYTES}) - 1, {to}) from (
                 select sequence, sum(strlen({column})) over (order by sequence) - strlen({column}) as before
                 from {table} where sequence > {from} and sequence <= {to}
             )"
        );
        Ok(self.session.count(&cut)?)
    }
}

fn fields(row: Vec<Value>) -> Fields {
    Fields(row.into_iter())
}

fn event(row: &mut Fields) -> RawEvent {
    RawEvent {
        event_id: row.text(),
        event_type: row.text(),
        event_time: row.time_or_none(),
        vendor: row.text(),
        payload: row.text(),
        payload_sha256: row.text(),
        ingested_at: row.time(),
    }
}

fn set_aside(row: &mut Fields) -> SetAside {
    SetAside { file: row.text(), line: row.count(), reason: row.text(), content: row.text(), set_aside_at: row.time() }
}

fn conflict(row: &mut Fields) -> Conflict {
    Conflict {
        event: event(row),
        stored_payload_sha256: row.text(),
        file: row.text(),
        line: row.count(),
        set_aside_at: row.time(),
    }
}
