//! Where the next record of an array begins after one that is no JSON.
//!
//! It begins at a `{` after a comma; but so does an object in a list inside the broken record, and a text can hold
//! both. So what begins there is read on by way of trial: a list inside a record ends in a bracket that more of the
//! record follows, the array itself in one that nothing follows. Where the trial stays undecided, records are known by
//! the space before them or by the key they begin with.

use crate::ingest::element::Found;
use crate::ingest::element::Scan;

/// How far a trial goes: what has not come to its end by then is the array.
const TRIAL: usize = 1 << 20;

/// How many keys, and of what length, are remembered.
const KEYS: usize = 16;
const KEY_LENGTH: usize = 256;

/// What is known of the array's records from those that came before.
#[derive(Default)]
pub(super) struct Habits {
    /// Keys that records begin with.
    keys: Vec<Vec<u8>>,
    /// The space between the comma and the record that was read last.
    gap: Vec<u8>,
}

impl Habits {
    /// Takes what stands between two records, or a part of it.
    pub(super) fn passed(&mut self, between: &[u8]) {
        let own = match between.iter().rposition(|byte| matches!(byte, b',' | b'[')) {
            Some(comma) => {
                self.gap.clear();
                &between[comma + 1..]
            }
            None => between,
        };
        let room = KEY_LENGTH.saturating_sub(self.gap.len());
        self.gap.extend_from_slice(&own[..own.len().min(room)]);
    }

    /// Takes the beginning of a record.
    pub(super) fn began(&mut self, record: &[u8]) {
        if let Some(key) = first_key(record)
            && self.keys.len() < KEYS
            && !self.has(key)
        {
            self.keys.push(key.to_vec());
        }
    }

    fn has(&self, key: &[u8]) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    fn knows(&self, record: &[u8]) -> bool {
        first_key(record).is_some_and(|key| self.has(key))
    }

    /// Whether records are told apart from what is inside them by the lines they begin.
    fn is_usual(&self, gap: &[u8]) -> bool {
        gap.contains(&b'\n') && gap == self.gap
    }
}

fn first_key(record: &[u8]) -> Option<&[u8]> {
    let key = record.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    key.iter().take(KEY_LENGTH).position(|byte| *byte == b'"').map(|length| &key[..length])
}

/// What became of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// The comma before the next record.
    Found(usize),
    /// More text is needed; what lies before this place is not looked at again.
    More(usize),
    /// There is none.
    Nothing,
}

/// How a trial came out.
enum Trial {
    Array,
    /// A list inside a record, which ends here.
    List(usize),
    /// It cannot be told: no JSON from here on, or the text ends.
    Unknown(usize),
    More,
}

/// The search for the next record.
pub(super) struct Resume {
    /// How far the text has been looked at.
    pub(super) at: usize,
    /// Whether only a record that begins with a known key is taken.
    pub(super) is_strict: bool,
}

impl Resume {
    /// Looks on. `is_end` is whether nothing follows the text.
    pub(super) fn advance(&mut self, text: &[u8], is_end: bool, habits: &Habits) -> Search {
        loop {
            let Some(comma) = text[self.at..].iter().position(|byte| *byte == b',').map(|found| self.at + found) else {
                self.at = text.len();
                return if is_end { Search::Nothing } else { Search::More(self.at) };
            };
            let gap = text[comma + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let start = comma + 1 + gap;
            match text.get(start) {
                Some(b'{') => {}
                // Space without end is none between records.
                None if !is_end && gap < TRIAL => {
                    self.at = comma;
                    return Search::More(comma);
                }
                _ => {
                    self.at = start;
                    continue;
                }
            }
            let (record, is_known) = (&text[start..], habits.knows(&text[start..]));
            if !self.is_strict && habits.is_usual(&text[comma + 1..start]) {
                return Search::Found(comma);
            }
            let is_taken = match attempt(record, is_end) {
                Trial::More => {
                    self.at = comma;
                    return Search::More(comma);
                }
                Trial::Array if is_known || !self.is_strict => return Search::Found(comma),
                Trial::Unknown(_) if is_known => return Search::Found(comma),
                Trial::Array => 1,
                Trial::List(length) | Trial::Unknown(length) => length.max(1),
            };
            self.at = start + is_taken;
        }
    }
}

/// Reads on as if an element of the array began here.
fn attempt(text: &[u8], is_end: bool) -> Trial {
    let limit = text.len().min(TRIAL);
    let unknown = |at| match () {
        () if limit == TRIAL => Trial::Array,
        () if is_end => Trial::Unknown(at),
        () => Trial::More,
    };
    let mut at = 0;
    loop {
        match Scan::new().advance(&text[at..limit]) {
            Some(Found::End(length)) => at += length,
            Some(Found::Broken(length)) => return Trial::Unknown(at + length),
            None => return unknown(limit),
        }
        at += space(&text[at..limit]);
        match text[..limit].get(at) {
            Some(b',') => at += 1 + space(&text[at + 1..limit]),
            Some(b']') => {
                let after = at + 1 + space(&text[at + 1..limit]);
                return match text[..limit].get(after) {
                    Some(b',' | b'}' | b']') => Trial::List(at),
                    None if limit < text.len() || !is_end => unknown(at),
                    _ => Trial::Array,
                };
            }
            Some(_) => return Trial::Unknown(at),
            None => return unknown(limit),
        }
        if at >= limit {
            return unknown(limit);
        }
    }
}

fn space(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}
