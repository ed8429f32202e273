//! Many events, column by column: as they lie in a table, so that a million of them are few pieces of memory.

use jiff::Timestamp;

use crate::engine::Texts;
use crate::event::RawEvent;

/// Events on their way out of a store.
#[derive(Debug, Clone, Default)]
pub struct Events {
    pub event_id: Texts,
    pub event_type: Texts,
    /// Microseconds since 1970, UTC; as in `ingested_at`.
    pub event_time: Vec<Option<i64>>,
    pub vendor: Texts,
    pub payload: Texts,
    pub payload_sha256: Texts,
    pub ingested_at: Vec<Option<i64>>,
}

/// One event, wherever it lies. Its fields mean what those of a [`RawEvent`] mean.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    pub event_id: &'a str,
    pub event_type: &'a str,
    pub event_time: Option<Timestamp>,
    pub vendor: &'a str,
    pub payload: &'a str,
    pub payload_sha256: &'a str,
    pub ingested_at: Timestamp,
}

impl Events {
    /// None, with room for about as many again, as long as these.
    pub fn like(&self) -> Self {
        let texts = |like: &Texts| Texts::with_capacity(like.len() * 9 / 8, like.bytes() * 9 / 8);
        Self {
            event_id: texts(&self.event_id),
            event_type: texts(&self.event_type),
            event_time: Vec::with_capacity(self.len()),
            vendor: texts(&self.vendor),
            payload: texts(&self.payload),
            payload_sha256: texts(&self.payload_sha256),
            ingested_at: Vec::with_capacity(self.len()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ingested_at.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ids and payload hashes.
    pub fn marks(&self) -> impl Iterator<Item = (&str, &str)> {
        self.event_id.iter().zip(self.payload_sha256.iter())
    }

    /// Adds one at the end.
    pub fn push(&mut self, event: EventRef<'_>) {
        self.event_id.push(event.event_id);
        self.event_type.push(event.event_type);
        self.event_time.push(event.event_time.map(|time| time.as_microsecond()));
        self.vendor.push(event.vendor);
        self.payload.push(event.payload);
        self.payload_sha256.push(event.payload_sha256);
        self.ingested_at.push(Some(event.ingested_at.as_microsecond()));
    }

    /// Adds those of the others that are asked for.
    pub fn push_of(&mut self, others: &Self, index: usize) {
        let columns = [
            (&mut self.event_id, &others.event_id),
            (&mut self.event_type, &others.event_type),
            (&mut self.vendor, &others.vendor),
            (&mut self.payload, &others.payload),
            (&mut self.payload_sha256, &others.payload_sha256),
        ];
        for (texts, other) in columns {
            texts.push(other.get(index));
        }
        self.event_time.push(others.event_time[index]);
        self.ingested_at.push(others.ingested_at[index]);
    }

    /// Adds all of the others.
    pub fn append(&mut self, others: &Self) {
        (0..others.len()).for_each(|index| self.push_of(others, index));
    }
}

impl<'a> From<&'a RawEvent> for EventRef<'a> {
    fn from(event: &'a RawEvent) -> Self {
        Self {
            event_id: &event.event_id,
            event_type: &event.event_type,
            event_time: event.event_time,
            vendor: &event.vendor,
            payload: &event.payload,
            payload_sha256: &event.payload_sha256,
            ingested_at: event.ingested_at,
        }
    }
}

impl FromIterator<RawEvent> for Events {
    fn from_iter<T: IntoIterator<Item = RawEvent>>(events: T) -> Self {
        let mut all = Self::default();
        events.into_iter().for_each(|event| all.push((&event).into()));
        all
    }
}

#[cfg(test)]
impl Events {
    /// All of them, each by itself.
    pub(crate) fn to_raw(&self) -> Vec<RawEvent> {
        let at = |microseconds| Timestamp::from_microsecond(microseconds).unwrap();
        let one = |index: usize| RawEvent {
            event_id: self.event_id.get(index).to_string(),
            event_type: self.event_type.get(index).to_string(),
            event_time: self.event_time[index].map(at),
            vendor: self.vendor.get(index).to_string(),
            payload: self.payload.get(index).to_string(),
            payload_sha256: self.payload_sha256.get(index).to_string(),
            ingested_at: self.ingested_at[index].map(at).unwrap(),
        };
        (0..self.len()).map(one).collect()
    }
}
