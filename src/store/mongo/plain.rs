//! Payloads as JSON in one go, without a look at each of their values: nearly all of them are of common types and need no
//! escapes, and a million events have thirty million values. What is anything else is left to [`super::json`].

use mongodb::bson::RawDocument;
use mongodb::bson::spec::ElementType;
use serde::Serialize;

use crate::event::MAX_DEPTH;

use super::elements::{length_at, zero_at};
use super::json::{DIGITS, digits};

/// Longer payloads go the other way, so that the room for any of them is small.
const LONGEST: usize = 64 << 10;

/// How much longer JSON can be than the BSON that it stands for: a null without a name is 2 bytes there and 8 here.
const GROWTH: usize = 4;

/// What may be written beyond the end: copying a whole piece costs less than looking how much of it is needed.
const SLACK: usize = 64;

/// Texts longer than this are copied by their length.
const SHORT: usize = 64;

/// Writes a payload as compact JSON at the beginning of `room`, which is made large enough, and tells how much of it that
/// is. It is UTF-8 as far as the texts are that it was made of.
///
/// `None` where the payload has to be looked at more closely: it holds what is not common, what has to be escaped, or
/// damage, or is very long or deep.
pub(super) fn to_plain_json(document: &RawDocument, room: &mut Vec<u8>) -> Option<usize> {
    let bytes = document.as_bytes();
    if bytes.len() > LONGEST {
        return None;
    }
    let enough = GROWTH * bytes.len() + SLACK;
    if room.len() < enough {
        room.resize(enough, 0);
    }
    let mut writer = Writer { bytes, at: 0, out: room, written: 0, texts: 0 };
    writer.container(bytes.len(), false, 0)?;
    let (written, texts) = (writer.written, writer.texts);
    needs_no_escapes(&room[..written], texts).then_some(written)
}

/// Whether texts that were written as they are may stay so: there are no quotes but those around them. One look at the
/// whole costs less than one at each.
fn needs_no_escapes(json: &[u8], texts: usize) -> bool {
    /// Looked at together; the compiler does so with one instruction.
    const LANES: usize = 16;
    let (mut quotes, mut has_others) = (0, false);
    let (chunks, rest) = json.as_chunks::<LANES>();
    // A lane counts to 255.
    for chunks in chunks.chunks(255) {
        let (mut counts, mut others) = ([0_u8; LANES], [false; LANES]);
        for chunk in chunks {
            for lane in 0..LANES {
                counts[lane] = counts[lane].wrapping_add(u8::from(chunk[lane] == b'"'));
                others[lane] |= (chunk[lane] < b' ') | (chunk[lane] == b'\\');
            }
        }
        quotes += counts.iter().map(|count| usize::from(*count)).sum::<usize>();
        has_others |= others.contains(&true);
    }
    for byte in rest {
        quotes += usize::from(*byte == b'"');
        has_others |= (*byte < b' ') | (*byte == b'\\');
    }
    quotes == 2 * texts && !has_others
}

struct Writer<'a> {
    bytes: &'a [u8],
    /// How far it is read.
    at: usize,
    out: &'a mut [u8],
    /// How far it is written.
    written: usize,
    /// How many texts and names were written.
    texts: usize,
}

impl Writer<'_> {
    /// A document or an array that ends before `limit`.
    fn container(&mut self, limit: usize, is_array: bool, depth: usize) -> Option<()> {
        let size = length_at(self.bytes.get(self.at..)?)?;
        let end = (self.at + size).checked_sub(1).filter(|end| *end < limit && *end >= self.at + 4)?;
        if self.bytes[end] != 0 {
            return None;
        }
        self.at += 4;
        self.put(if is_array { b'[' } else { b'{' });
        let mut is_first = true;
        while self.at < end {
            if !is_first {
                self.put(b',');
            }
            is_first = false;
            let kind = ElementType::from(self.bytes[self.at])?;
            self.at += 1;
            if is_array {
                self.at += zero_at(&self.bytes[self.at..end])? + 1;
            } else {
                self.name()?;
            }
            self.value(kind, end, depth + 1)?;
        }
        if self.at != end {
            return None;
        }
        self.at += 1;
        self.put(if is_array { b']' } else { b'}' });
        Some(())
    }

    #[inline(always)]
    fn value(&mut self, kind: ElementType, end: usize, depth: usize) -> Option<()> {
        // A name may have ended after the document did.
        let rest = self.bytes.get(self.at..end).filter(|_| depth <= MAX_DEPTH)?;
        match kind {
            ElementType::String => {
                let size = length_at(rest)?;
                let (0, text) = rest.get(4..4 + size)?.split_last()? else { return None };
                self.put(b'"');
                self.text(self.at + 4, text.len());
                self.put(b'"');
                self.texts += 1;
                self.at += 4 + size;
            }
            ElementType::Int32 => self.number(&i32::from_le_bytes(*rest.first_chunk()?), 4),
            ElementType::Int64 => self.number(&i64::from_le_bytes(*rest.first_chunk()?), 8),
            ElementType::Double => {
                let number = f64::from_le_bytes(*rest.first_chunk()?);
                if !number.is_finite() {
                    return None;
                }
                self.number(&number, 8);
            }
            ElementType::Boolean => {
                match rest.first()? {
                    0 => self.add(b"false"),
                    1 => self.add(b"true"),
                    _ => return None,
                }
                self.at += 1;
            }
            ElementType::Null => self.add(b"null"),
            ElementType::EmbeddedDocument => self.container(end, false, depth)?,
            ElementType::Array => self.container(end, true, depth)?,
            _ => return None,
        }
        Some(())
    }

    /// A name, copied while its end is looked for.
    #[inline(always)]
    fn name(&mut self) -> Option<()> {
        self.put(b'"');
        loop {
            let (Some(word), Some(room)) =
                (self.bytes[self.at..].first_chunk::<8>(), self.out[self.written..].first_chunk_mut())
            else {
                let length = zero_at(&self.bytes[self.at..])?;
                self.text(self.at, length);
                self.at += length + 1;
                break;
            };
            *room = *word;
            match zero_at(word) {
                Some(length) => {
                    self.written += length;
                    self.at += length + 1;
                    break;
                }
                None => {
                    self.written += 8;
                    self.at += 8;
                }
            }
        }
        self.add(b"\":");
        self.texts += 1;
        Some(())
    }

    /// Copies so many bytes from there.
    #[inline(always)]
    fn text(&mut self, from: usize, length: usize) {
        const PIECE: usize = 16;
        if length <= SHORT {
            let mut done = 0;
            while let (true, Some(piece), Some(room)) = (
                done < length,
                self.bytes[from + done..].first_chunk::<PIECE>(),
                self.out[self.written + done..].first_chunk_mut(),
            ) {
                *room = *piece;
                done += PIECE;
            }
            if done >= length {
                self.written += length;
                return;
            }
        }
        self.out[self.written..self.written + length].copy_from_slice(&self.bytes[from..from + length]);
        self.written += length;
    }

    fn number(&mut self, number: &impl Serialize, size: usize) {
        self.add(digits(number, &mut [0; DIGITS]).as_bytes());
        self.at += size;
    }

    #[inline(always)]
    fn add(&mut self, text: &[u8]) {
        self.out[self.written..self.written + text.len()].copy_from_slice(text);
        self.written += text.len();
    }

    #[inline(always)]
    fn put(&mut self, byte: u8) {
        self.out[self.written] = byte;
        self.written += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::mongo::json::any_to_json;
    use mongodb::bson::{Bson, Document, doc};
    use proptest::prelude::*;

    /// JSON, or why there is none.
    type Written = Result<Vec<u8>, String>;

    /// What is written here, and what is written where every value is looked at.
    fn both_ways(bytes: &[u8]) -> Option<(Option<Vec<u8>>, Written)> {
        let document = RawDocument::from_bytes(bytes).ok()?;
        let mut room = b"from before".to_vec();
        let here = to_plain_json(document, &mut room).map(|written| room[..written].to_vec());
        let mut out = Vec::new();
        let there = any_to_json(document, &mut out).map(|()| out);
        Some((here, there))
    }

    fn is_plain(document: Document) -> bool {
        let (here, there) = both_ways(&document.to_vec().unwrap()).unwrap();
        assert!(here.is_none() || here == there.ok());
        here.is_some()
    }

    #[test]
    fn what_is_common_is_plain() {
        assert!(is_plain(doc! {}));
        assert!(is_plain(
            doc! {"a": [1, "é", [], {}, Bson::Null, 1.5], "": {"b": true, "": "\u{7f}"}, "n": 1_i64 << 60}
        ));
        for length in [0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 300, 5000] {
            assert!(is_plain(doc! {"x".repeat(length): "y".repeat(length), "z": false}));
        }
        let nulls = |count: usize| doc! {"": vec![Bson::Null; count], "last": Bson::Null};
        assert!(is_plain(nulls(5000)) && !is_plain(nulls(50_000)));
        let nested = |levels: usize| (1..levels).fold(doc! {"a": 1}, |inner, _| doc! {"a": inner});
        assert!(is_plain(nested(100)) && !is_plain(nested(101)));
    }

    #[test]
    fn what_is_not_is_looked_at_more_closely() {
        for text in ["\"", "\\", "a\nb", "\u{1}", "two \" \" quotes"] {
            assert!(!is_plain(doc! {"a": text}) && !is_plain(doc! {text: 1}) && !is_plain(doc! {"a": [{"b": text}]}));
            assert!(!is_plain(doc! {"a": "long ".repeat(2000) + text}));
        }
        for value in [Bson::MinKey, f64::NAN.into(), mongodb::bson::DateTime::from_millis(0).into()] {
            assert!(!is_plain(doc! {"a": value}));
        }
    }

    fn value() -> impl Strategy<Value = Bson> {
        let one = prop_oneof![
            4 => "[a-z é]{0,40}".prop_map(Bson::from),
            1 => any::<String>().prop_map(Bson::from),
            1 => any::<i32>().prop_map(Bson::from),
            1 => any::<i64>().prop_map(Bson::from),
            1 => any::<f64>().prop_map(Bson::from),
            1 => any::<bool>().prop_map(Bson::from),
            1 => Just(Bson::Null),
        ];
        one.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Bson::from),
                proptest::collection::vec(("[a-z_]{0,20}", inner), 0..6)
                    .prop_map(|fields| fields.into_iter().collect::<Document>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn is_the_same_both_ways_damaged_or_not(value in value(), at in any::<usize>(), byte in any::<u8>()) {
            let mut bytes = doc! {"payload": value, "after": 1}.to_vec().unwrap();
            let (here, there) = both_ways(&bytes).unwrap();
            prop_assert!(here.is_none() || here == there.ok());
            let count = bytes.len();
            bytes[at % count] = byte;
            if let Some((Some(here), there)) = both_ways(&bytes) && std::str::from_utf8(&here).is_ok() {
                prop_assert_eq!(Ok(here), there);
            }
        }
    }
}
