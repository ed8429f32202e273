//! Reading the embedded store after a position.

use std::vec::IntoIter;

use crate::engine::Cell;
use crate::engine::SqlError;
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
const FIRST_WINDOW: i64 = 50;
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
        self.windows(EVENTS, after, |rows| {
            each(Batch::Events(Box::new(rows.map(|row| event(&mut fields(row))).collect())))
        })?;
        self.windows(SET_ASIDE, after, |rows| {
            each(Batch::SetAside(rows.map(|row| set_aside(&mut fields(row))).collect()))
        })?;
        self.windows(CONFLICTS, after, |rows| {
            each(Batch::Conflicts(rows.map(|row| conflict(&mut fields(row))).collect()))
        })?;
        self.windows(READINGS, after, |rows| each(Batch::Readings(rows.map(|row| reading(fields(row))).collect())))
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
        self.windows_of(&select, 0, |rows| {
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
        let mut width = DELIVERED;
        loop {
            let reached = end.min(after + width);
            match self.delivered_within(after, reached) {
                Ok(deliveries) => return Ok(Some((reached, deliveries))),
                Err(error) if error.is_out_of_memory() && width > 1 => width = (width / 10).max(1),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn delivered_within(&self, after: i64, reached: i64) -> Result<Vec<Delivery>, SqlError> {
        let within = |select: &str| {
            let sql = format!("{select} where sequence > {after} and sequence <= {reached} order by sequence");
            Ok::<_, SqlError>(self.session.query(&sql)?.rows.into_iter().map(fields))
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
        Ok(deliveries)
    }

    /// As [`Self::windows_of`], for a select without conditions.
    fn windows(&self, select: &str, after: i64, each: impl FnMut(IntoIter<Vec<Value>>) -> Result<()>) -> Result<()> {
        self.windows_of(&format!("{select} where"), after, each)
    }

    /// Runs a select window by window, each about as wide as the rows before it and the memory allow.
    fn windows_of(
        &self,
        select: &str,
        after: i64,
        mut each: impl FnMut(IntoIter<Vec<Value>>) -> Result<()>,
    ) -> Result<()> {
        let (mut from, mut width) = (after, FIRST_WINDOW);
        while from < self.last_sequence {
            let to = from + width;
            let sql = format!("{select} sequence > {from} and sequence <= {to} order by sequence");
            let rows = match self.session.query(&sql) {
                Ok(found) => found.rows,
                // Rows so much longer than those before could not be foreseen.
                Err(error) if error.is_out_of_memory() && width > 1 => {
                    width = (width / 10).max(1);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let bytes: i64 = rows.iter().flatten().map(size).sum();
            width = (width * WINDOW_BYTES / bytes.max(1)).clamp(1, WINDOW.min(width * 10));
            from = to;
            if !rows.is_empty() {
                each(rows.into_iter())?;
            }
        }
        Ok(())
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> i64 {
    value.as_str().map_or(16, |text| text.len() as i64 + 32)
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
