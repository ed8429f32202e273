//! The transaction in which a file goes into the embedded store.

use std::collections::HashMap;

use crate::engine::Ceiling;
use crate::engine::Cell;
use crate::engine::Session;
use crate::error::Result;
use crate::event::RawEvent;
use crate::event::sha256;
use crate::store::Conflict;
use crate::store::Deliveries;
use crate::store::Delivery;
use crate::store::Reading;
use crate::store::SetAside;
use crate::store::Tally;
use crate::store::What;
use crate::store::embedded::MEMORY_BYTES;

/// How many deliveries are compared with the store at once: many, because each comparison reads the store's ids;
/// bounded, because they are held in memory meanwhile.
const CHUNK_ROWS: usize = 100_000;
const CHUNK_BYTES: usize = 64 << 20;

/// A file on its way into the store.
pub(super) struct Transaction<'a> {
    session: &'a Session,
    last_sequence: i64,
    mark: String,
    tally: Tally,
    ceiling: Ceiling,
}

/// What a committed transaction leaves.
pub(super) struct Done {
    pub(super) reading: Reading,
    pub(super) last_sequence: i64,
    pub(super) mark: String,
}

impl<'a> Transaction<'a> {
    /// `last_sequence` and `mark` are those of the transaction before.
    pub(super) fn new(session: &'a Session, last_sequence: i64, mark: String) -> Self {
        Self { session, last_sequence, mark, tally: Tally::default(), ceiling: Ceiling::new(MEMORY_BYTES) }
    }

    /// Takes the whole file.
    pub(super) fn take_all(mut self, deliveries: &mut dyn Deliveries) -> Result<Done> {
        let now = jiff::Timestamp::now();
        let file = deliveries.file().to_string();
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while let Some(batch) = deliveries.next_batch()? {
            bytes += batch.iter().map(size).sum::<usize>();
            chunk.extend(batch);
            if chunk.len() >= CHUNK_ROWS || bytes >= CHUNK_BYTES {
                self.take(std::mem::take(&mut chunk), &file, now)?;
                bytes = 0;
            }
        }
        self.take(chunk, &file, now)?;
        let mut reading = deliveries.reading()?;
        reading.tally = self.tally;
        let is_new = reading.tally.delivered > 0 || (reading.from_byte == 0 && reading.to_byte > 0);
        if is_new || self.last_was_unfinished(&reading)? != reading.is_unfinished {
            self.log(&reading)?;
        }
        Ok(Done { reading, last_sequence: self.last_sequence, mark: self.mark })
    }

    /// Whether the log says last that the file ends in something unfinished.
    fn last_was_unfinished(&self, reading: &Reading) -> Result<bool> {
        let found = self.session.query_with(
            "select is_unfinished from ingest_log where file = ? and rule = ? order by sequence desc limit 1",
            &[Cell::Text(&reading.file), Cell::Text(&reading.rule)],
        )?;
        Ok(found.rows.first().and_then(|row| row.first()?.as_bool()).unwrap_or(false))
    }

    fn take(&mut self, chunk: Vec<Delivery>, file: &str, now: jiff::Timestamp) -> Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.ceiling.rise_for(self.session, chunk.iter().map(size))?;
        let mut known = self.stored_hashes(&chunk)?;
        let (mut fresh, mut conflicts, mut set_aside) = (Vec::new(), Vec::new(), Vec::new());
        self.tally.delivered += chunk.len() as u64;
        for Delivery { line, what } in chunk {
            match what {
                What::Unreadable(unreadable) => set_aside.push(SetAside {
                    file: file.to_string(),
                    line,
                    reason: unreadable.reason,
                    content: unreadable.content,
                    set_aside_at: now,
                }),
                What::Event(event) => match known.get(&event.event_id) {
                    None => {
                        known.insert(event.event_id.clone(), event.payload_sha256.clone());
                        fresh.push(event);
                    }
                    Some(stored) if *stored == event.payload_sha256 => self.tally.duplicates += 1,
                    Some(stored) => conflicts.push(Conflict {
                        stored_payload_sha256: stored.clone(),
                        event,
                        file: file.to_string(),
                        line,
                        set_aside_at: now,
                    }),
                },
            }
        }
        self.tally.stored += fresh.len() as u64;
        self.tally.conflicts += conflicts.len() as u64;
        self.tally.set_aside += set_aside.len() as u64;
        self.append_events(&fresh)?;
        self.append_conflicts(&conflicts)?;
        self.append_set_aside(&set_aside)
    }

    /// The payload hashes of those events of the chunk whose ids are stored already, by id.
    ///
    /// Only a column of small hashes is searched in all of the store, which an index on the ids would make slower to
    /// fill and bound by memory. What is found by its hash is compared by its id.
    fn stored_hashes(&self, chunk: &[Delivery]) -> Result<HashMap<String, String>> {
        let hashes: Vec<i64> = chunk
            .iter()
            .filter_map(|delivery| match &delivery.what {
                What::Event(event) => Some(id_hash(&event.event_id)),
                What::Unreadable(_) => None,
            })
            .collect();
        let mut known = HashMap::with_capacity(hashes.len());
        if hashes.is_empty() || self.last_sequence == 0 {
            return Ok(known);
        }
        // The numbers travel as one JSON text: a temporary table would stay in memory until the transaction ends.
        let list = serde_json::Value::from(hashes).to_string();
        let rows = self.session.query_with(
            "select rowid from events_raw where id_hash in (select unnest(from_json(?, '[\"BIGINT\"]')))",
            &[Cell::Text(&list)],
        )?;
        let rows: Vec<i64> = rows.rows.iter().filter_map(|row| row.first()?.as_integer()).collect();
        if rows.is_empty() {
            return Ok(known);
        }
        let found = self.session.query_with(
            "select event_id, payload_sha256 from events_raw
             where rowid in (select unnest(from_json(?, '[\"BIGINT\"]')))",
            &[Cell::Text(&serde_json::Value::from(rows).to_string())],
        )?;
        known.extend(found.rows.into_iter().map(|row| {
            let mut row = super::Fields(row.into_iter());
            (row.text(), row.text())
        }));
        Ok(known)
    }

    /// The next `count` numbers of the sequence.
    fn numbers(&mut self, count: usize) -> std::ops::RangeFrom<i64> {
        let first = self.last_sequence + 1;
        self.last_sequence += count as i64;
        first..
    }

    fn append_events(&mut self, events: &[RawEvent]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let rows = self.numbers(events.len()).zip(events).map(|(sequence, event)| {
            [
                Cell::Integer(sequence),
                Cell::Text(&event.event_id),
                Cell::Text(&event.event_type),
                time_or_null(event),
                Cell::Text(&event.vendor),
                Cell::Text(&event.payload),
                Cell::Text(&event.payload_sha256),
                Cell::Timestamp(event.ingested_at.as_microsecond()),
                Cell::Integer(id_hash(&event.event_id)),
            ]
        });
        Ok(self.session.append("main", "events_raw", rows)?)
    }

    fn append_conflicts(&mut self, conflicts: &[Conflict]) -> Result<()> {
        if conflicts.is_empty() {
            return Ok(());
        }
        let rows = self.numbers(conflicts.len()).zip(conflicts).map(|(sequence, conflict)| {
            [
                Cell::Integer(sequence),
                Cell::Text(&conflict.event.event_id),
                Cell::Text(&conflict.event.event_type),
                time_or_null(&conflict.event),
                Cell::Text(&conflict.event.vendor),
                Cell::Text(&conflict.event.payload),
                Cell::Text(&conflict.event.payload_sha256),
                Cell::Text(&conflict.stored_payload_sha256),
                Cell::Text(&conflict.file),
                Cell::Integer(conflict.line as i64),
                Cell::Timestamp(conflict.event.ingested_at.as_microsecond()),
                Cell::Timestamp(conflict.set_aside_at.as_microsecond()),
            ]
        });
        Ok(self.session.append("main", "conflicts", rows)?)
    }

    fn append_set_aside(&mut self, set_aside: &[SetAside]) -> Result<()> {
        if set_aside.is_empty() {
            return Ok(());
        }
        let rows = self.numbers(set_aside.len()).zip(set_aside).map(|(sequence, row)| {
            [
                Cell::Integer(sequence),
                Cell::Text(&row.file),
                Cell::Integer(row.line as i64),
                Cell::Text(&row.reason),
                Cell::Text(&row.content),
                Cell::Timestamp(row.set_aside_at.as_microsecond()),
            ]
        });
        Ok(self.session.append("main", "set_aside", rows)?)
    }

    /// Writes the log's row, last of all, with the mark by which the position after it is recognized.
    fn log(&mut self, reading: &Reading) -> Result<()> {
        let sequence = self.numbers(1).start;
        let Reading { file, rule, content_sha256, from_byte, to_byte, state, tally, .. } = reading;
        let ingested_at = reading.ingested_at.as_microsecond();
        self.mark = sha256(
            format!(
                "{}\n{sequence}\n{file}\n{rule}\n{content_sha256}\n{from_byte}\n{to_byte}\n{ingested_at}",
                self.mark
            )
            .as_bytes(),
        )[..16]
            .to_string();
        self.session.execute(
            "insert into ingest_log (sequence, file, content_sha256, from_byte, to_byte, delivered, stored, duplicates,
                 conflicts, set_aside, ingested_at, rule, lines, state, is_unfinished, mark)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? = 1, ?)",
            &[
                Cell::Integer(sequence),
                Cell::Text(file),
                Cell::Text(content_sha256),
                Cell::Integer(*from_byte as i64),
                Cell::Integer(*to_byte as i64),
                Cell::Integer(tally.delivered as i64),
                Cell::Integer(tally.stored as i64),
                Cell::Integer(tally.duplicates as i64),
                Cell::Integer(tally.conflicts as i64),
                Cell::Integer(tally.set_aside as i64),
                Cell::Timestamp(ingested_at),
                Cell::Text(rule),
                Cell::Integer(reading.lines as i64),
                Cell::Text(state),
                Cell::Integer(i64::from(reading.is_unfinished)),
                Cell::Text(&self.mark),
            ],
        )?;
        self.session.execute(
            "update raw_store set last_sequence = ?, mark = ?",
            &[Cell::Integer(sequence), Cell::Text(&self.mark)],
        )?;
        Ok(())
    }
}

/// FNV-1a: fast, and the same for ever, as a stored number must be.
fn id_hash(id: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for &byte in id.as_bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.cast_signed()
}

fn time_or_null(event: &RawEvent) -> Cell<'_> {
    event.event_time.map_or(Cell::Null, |time| Cell::Timestamp(time.as_microsecond()))
}

/// About how many bytes a delivery takes.
fn size(delivery: &Delivery) -> usize {
    let text = match &delivery.what {
        What::Event(event) => event.payload.len() + event.event_id.len(),
        What::Unreadable(unreadable) => unreadable.content.len(),
    };
    text + 200
}
