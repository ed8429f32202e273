//! The elements of a BSON document, one after the other.
//!
//! The driver's own iterator takes 60 ns for an element in a build for development, and a million events have thirty
//! million elements. So the common types are read here, where they are well formed; from the first element on that is of
//! another type or is damaged, the driver's iterator takes over, and the errors are its own.

use mongodb::bson::DateTime;
use mongodb::bson::RawDocument;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::{RawBsonRef, RawIter};
use mongodb::bson::spec::ElementType;

/// What an element holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held<'a> {
    /// A text. Nobody has looked whether it is UTF-8: one look at all that is made of a document costs less than one at
    /// each of its texts.
    Text(&'a [u8]),
    /// The elements of an array; their names are their numbers.
    Array(&'a RawDocument),
    /// Anything else, never one of the above.
    Value(RawBsonRef<'a>),
}

/// Reads a document from its beginning to its end, or to where it is damaged.
pub(super) struct Elements<'a> {
    document: &'a RawDocument,
    /// Where the next element begins, and how many came before it.
    at: usize,
    passed: usize,
    /// Who reads on, once it is no longer done here.
    slow: Option<RawIter<'a>>,
}

impl<'a> Elements<'a> {
    pub(super) fn of(document: &'a RawDocument) -> Self {
        Self { document, at: 4, passed: 0, slow: None }
    }

    /// The next element's name, which may be no UTF-8, and what it holds.
    ///
    /// # Errors
    /// A phrase, when it is damaged; then nothing comes after it.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<Option<(&'a [u8], Held<'a>)>, String> {
        if self.slow.is_none() {
            if self.at + 1 == self.document.as_bytes().len() {
                return Ok(None);
            }
            if let Some(found) = self.quick() {
                self.passed += 1;
                return Ok(Some(found));
            }
        }
        self.slow().map_err(damaged)
    }

    /// An element of a common type that is well formed.
    #[inline(always)]
    fn quick(&mut self) -> Option<(&'a [u8], Held<'a>)> {
        let bytes = self.document.as_bytes();
        let kind = ElementType::from(*bytes.get(self.at)?)?;
        let named = bytes.get(self.at + 1..)?;
        let length = zero_at(named)?;
        let name = &named[..length];
        // The last byte is the document's own end.
        let rest = &named[length + 1..named.len().max(length + 2) - 1];
        let (value, size) = match kind {
            ElementType::String => {
                let text = rest.get(4..4 + length_at(rest)?)?;
                let (0, text) = text.split_last()? else { return None };
                self.at += length + 2 + text.len() + 5;
                return Some((name, Held::Text(text)));
            }
            ElementType::Int32 => (RawBsonRef::Int32(i32::from_le_bytes(*rest.first_chunk()?)), 4),
            ElementType::Int64 => (RawBsonRef::Int64(i64::from_le_bytes(*rest.first_chunk()?)), 8),
            ElementType::Double => (RawBsonRef::Double(f64::from_le_bytes(*rest.first_chunk()?)), 8),
            ElementType::Boolean => (RawBsonRef::Boolean(boolean(*rest.first()?)?), 1),
            ElementType::Null => (RawBsonRef::Null, 0),
            ElementType::DateTime => {
                (RawBsonRef::DateTime(DateTime::from_millis(i64::from_le_bytes(*rest.first_chunk()?))), 8)
            }
            ElementType::ObjectId => (RawBsonRef::ObjectId(ObjectId::from_bytes(*rest.first_chunk()?)), 12),
            ElementType::EmbeddedDocument | ElementType::Array => {
                let size = length_at(rest)?;
                let document = RawDocument::from_bytes(rest.get(..size)?).ok()?;
                self.at += length + 2 + size;
                let is_array = kind == ElementType::Array;
                return Some((name, if is_array { Held::Array(document) } else { Held::Value(document.into()) }));
            }
            _ => return None,
        };
        self.at += length + 2 + size;
        Some((name, Held::Value(value)))
    }

    fn slow(&mut self) -> Result<Option<(&'a [u8], Held<'a>)>, mongodb::bson::error::Error> {
        let elements = match &mut self.slow {
            Some(elements) => elements,
            None => {
                let mut elements = self.document.iter_elements();
                for _ in 0..self.passed {
                    elements.next().transpose()?;
                }
                self.slow.insert(elements)
            }
        };
        let Some(element) = elements.next().transpose()? else { return Ok(None) };
        let held = match element.value()? {
            RawBsonRef::Array(array) => Held::Array(RawDocument::from_bytes(array.as_bytes())?),
            RawBsonRef::String(text) => Held::Text(text.as_bytes()),
            value => Held::Value(value),
        };
        Ok(Some((element.key().as_str().as_bytes(), held)))
    }
}

/// What is said of a document that cannot be read to its end.
pub(super) fn damaged(error: impl std::fmt::Display) -> String {
    format!("is damaged BSON: {error}")
}

/// Bytes of a document as text.
///
/// # Errors
/// A phrase, when they are no UTF-8.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(damaged)
}

/// Where the first zero byte is, found eight bytes at a time: names are short, and most of what is read is names.
#[inline(always)]
pub(super) fn zero_at(bytes: &[u8]) -> Option<usize> {
    const LOWEST: u64 = u64::from_le_bytes([1; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that this leaves is the highest one of the first byte that is zero.
        let zeros = word.wrapping_sub(LOWEST) & !word & (LOWEST << 7);
        if zeros != 0 {
            return Some(8 * index + zeros.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == 0).map(|at| 8 * words.len() + at)
}

/// The length that stands at the beginning.
#[inline(always)]
pub(super) fn length_at(bytes: &[u8]) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(*bytes.first_chunk()?)).ok()
}

fn boolean(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::raw::cstr;
    use mongodb::bson::spec::BinarySubtype;
    use mongodb::bson::{Bson, doc};
    use proptest::prelude::*;

    /// Every type, so that the driver has to take over somewhere.
    fn document() -> Vec<u8> {
        let document = doc! {
            "s": "text", "i": 1, "l": 1_i64 << 40, "d": 1.5, "t": true, "n": Bson::Null, "a": [1, "é", [], {}],
            "o": {"x": {"": 1}}, "at": DateTime::from_millis(5), "id": ObjectId::from_bytes([7; 12]), "min": Bson::MinKey,
            "code": Bson::JavaScriptCode("f".to_string()), "after": "the driver", "last": [Bson::MaxKey, 2],
            "scoped": mongodb::bson::JavaScriptCodeWithScope { code: "f".to_string(), scope: doc! {"x": 1} },
            "like": mongodb::bson::Regex { pattern: cstr!("^a").into(), options: cstr!("i").into() },
            "bytes": mongodb::bson::Binary { subtype: BinarySubtype::BinaryOld, bytes: vec![1, 2, 3] },
            "clock": mongodb::bson::Timestamp { time: 1, increment: 2 },
            "exact": "1.5".parse::<mongodb::bson::Decimal128>().unwrap(), "symbol": Bson::Symbol("s".to_string()),
        };
        document.to_vec().unwrap()
    }

    fn here(document: &RawDocument) -> Vec<String> {
        let (mut elements, mut found) = (Elements::of(document), Vec::new());
        let mut next = || {
            let Some((name, held)) = elements.next()? else { return Ok(None) };
            let name = text_of(name)?;
            Ok(Some(match held {
                Held::Array(array) => format!("{name} {:?}", array.as_bytes()),
                Held::Text(text) => format!("{name} {:?}", RawBsonRef::String(text_of(text)?)),
                Held::Value(value) => format!("{name} {value:?}"),
            }))
        };
        loop {
            match next() {
                Ok(Some(element)) => found.push(element),
                Ok(None) => return found,
                Err(error) => {
                    found.push(cause(error));
                    return found;
                }
            }
        }
    }

    fn by_the_driver(document: &RawDocument) -> Vec<String> {
        let mut found = Vec::new();
        for element in document.iter() {
            match element {
                Ok((name, RawBsonRef::Array(array))) => found.push(format!("{name} {:?}", array.as_bytes())),
                Ok((name, value)) => found.push(format!("{name} {value:?}")),
                Err(error) => {
                    found.push(cause(damaged(error)));
                    break;
                }
            }
        }
        found
    }

    /// An error, in the same words whoever finds that a text is none.
    fn cause(error: String) -> String {
        if error.to_lowercase().contains("utf-8") { "is no UTF-8".to_string() } else { error }
    }

    #[test]
    fn reads_what_the_driver_reads() {
        let bytes = document();
        let document = RawDocument::from_bytes(&bytes).unwrap();
        assert_eq!(here(document).len(), 20);
        assert_eq!(here(document), by_the_driver(document));
    }

    proptest! {
        #[test]
        fn reads_a_damaged_document_as_the_driver_does(at in 4_usize..600, byte in any::<u8>()) {
            let mut bytes = document();
            let last = bytes.len() - 1;
            bytes[at % last.max(5)] = byte;
            if let Ok(document) = RawDocument::from_bytes(&bytes) {
                prop_assert_eq!(here(document), by_the_driver(document));
            }
        }
    }
}
