//! BSON as JSON.
//!
//! Other clients write types that JSON does not have. A payload is read for its values, so a date becomes the text of
//! that time and a decimal becomes the number, both as a producer would have sent them; every other type becomes what
//! relaxed extended JSON (version 2) makes of it. A document that is shown to somebody is relaxed extended JSON
//! throughout, so that its types can be told.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use mongodb::bson::RawDocument;
use mongodb::bson::raw::{RawBinaryRef, RawBsonRef};
use serde::Serialize;

use crate::event::MAX_DEPTH;
use crate::event::NotCanonical;

use super::elements::{Elements, Held, damaged, text_of};
use super::plain::to_plain_json;

/// When BSON's dates begin to count.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Room for any number as JSON writes it.
pub(super) const DIGITS: usize = 32;

/// A number as JSON: a whole one by its digits, a double by the fewest that tell it from all others, and then with `.0`
/// or a power of ten, so that it stays a double.
pub(super) fn digits<'a>(number: &impl Serialize, room: &'a mut [u8; DIGITS]) -> &'a str {
    let mut rest = &mut room[..];
    let written = serde_json::to_writer(&mut rest, number).map_or(0, |()| DIGITS - rest.len());
    std::str::from_utf8(&room[..written]).unwrap_or_default()
}

/// A payload as compact JSON, written into `room`, whatever that held before.
///
/// # Errors
/// A phrase: it is damaged, or nested more than [`MAX_DEPTH`] levels deep.
pub(super) fn to_json<'a>(document: &RawDocument, room: &'a mut Vec<u8>) -> Result<&'a str, String> {
    let written = match to_plain_json(document, room) {
        Some(written) => written,
        None => {
            room.clear();
            any_to_json(document, room)?;
            room.len()
        }
    };
    text_of(&room[..written])
}

/// Adds any payload as compact JSON, which is UTF-8 as far as the texts are that it was made of.
///
/// # Errors
/// As those of [`to_json`].
pub(super) fn any_to_json(document: &RawDocument, out: &mut Vec<u8>) -> Result<(), String> {
    Writer { out, keeps_types: false }.object(document, 0)
}

/// A value as [`to_json`] writes it within a payload.
///
/// # Errors
/// As those of [`to_json`].
pub(super) fn value_to_json(held: Held<'_>) -> Result<String, String> {
    let mut out = Vec::new();
    Writer { out: &mut out, keeps_types: false }.held(held, 0)?;
    String::from_utf8(out).map_err(damaged)
}

/// A value as relaxed extended JSON, which tells the types of dates and decimals too; of a damaged one what comes before
/// the damage, and `…`.
pub(super) fn extended_json(held: Held<'_>) -> String {
    let mut out = Vec::new();
    let written = Writer { out: &mut out, keeps_types: true }.held(held, 0);
    let mut out = String::from_utf8_lossy(&out).into_owned();
    if written.is_err() {
        out.push('…');
    }
    out
}

/// The time of a BSON date as text, where it lies in the years 0 to 9999.
pub(super) fn date_text(milliseconds: i64) -> Option<String> {
    // Not a `Timestamp`: it ends a day before the last day of 9999, which many write for "never".
    let time = EPOCH.checked_add(SignedDuration::from_millis(milliseconds)).ok().filter(|time| time.year() >= 0)?;
    Some(if milliseconds % 1000 == 0 { format!("{time}Z") } else { format!("{time:.3}Z") })
}

/// Reads BSON and writes JSON as it goes.
struct Writer<'a> {
    /// UTF-8 as far as the texts are that it was made of.
    out: &'a mut Vec<u8>,
    /// Whether dates and decimals are written as such, not as the text and the number that they say.
    keeps_types: bool,
}

impl Writer<'_> {
    fn add(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    #[inline(always)]
    fn held(&mut self, held: Held<'_>, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(NotCanonical::TooDeep.to_string());
        }
        let value = match held {
            Held::Text(text) => return self.text(text),
            Held::Array(array) => return self.array(array, depth),
            Held::Value(value) => value,
        };
        match value {
            RawBsonRef::Int32(number) => self.add(digits(&number, &mut [0; DIGITS])),
            RawBsonRef::Int64(number) => self.add(digits(&number, &mut [0; DIGITS])),
            RawBsonRef::Double(number) => self.double(number),
            RawBsonRef::Boolean(says) => self.add(if says { "true" } else { "false" }),
            RawBsonRef::Null => self.add("null"),
            RawBsonRef::Document(document) => return self.object(document, depth),
            RawBsonRef::DateTime(date) => self.date(date.timestamp_millis()),
            RawBsonRef::Decimal128(decimal) => {
                let printed = decimal.to_string();
                let is_finite = printed.ends_with(|last: char| last.is_ascii_digit());
                if is_finite && !self.keeps_types {
                    self.add(&printed)
                } else {
                    self.wrapped("$numberDecimal", &printed)
                }
            }
            RawBsonRef::Binary(binary) => self.binary(binary),
            RawBsonRef::JavaScriptCodeWithScope(code) => {
                self.add("{\"$code\":");
                self.text(code.code.as_bytes())?;
                self.add(",\"$scope\":");
                self.object(code.scope, depth)?;
                self.out.push(b'}');
            }
            other => self.json(&other),
        }
        Ok(())
    }

    fn object(&mut self, document: &RawDocument, depth: usize) -> Result<(), String> {
        self.out.push(b'{');
        let mut elements = Elements::of(document);
        let mut is_first = true;
        while let Some((name, held)) = elements.next()? {
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.text(name)?;
            self.out.push(b':');
            self.held(held, depth + 1)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn array(&mut self, array: &RawDocument, depth: usize) -> Result<(), String> {
        self.out.push(b'[');
        let mut elements = Elements::of(array);
        let mut is_first = true;
        while let Some((_, held)) = elements.next()? {
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.held(held, depth + 1)?;
        }
        self.out.push(b']');
        Ok(())
    }

    #[inline(always)]
    fn text(&mut self, text: &[u8]) -> Result<(), String> {
        // Without a way out in the middle: so the compiler looks at many bytes at once.
        let has_escapes =
            text.iter().fold(false, |found, &byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
        if has_escapes {
            self.json(&text_of(text)?);
            return Ok(());
        }
        self.quoted(text);
        Ok(())
    }

    /// A text that has nothing to escape.
    #[inline(always)]
    fn quoted(&mut self, text: &[u8]) {
        self.out.reserve(text.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    /// What `serde_json` makes of it; of the types that only BSON has, extended JSON.
    fn json(&mut self, value: &impl Serialize) {
        self.add(&serde_json::to_string(value).unwrap_or_default());
    }

    fn wrapped(&mut self, name: &str, text: &str) {
        self.add("{\"");
        self.add(name);
        self.add("\":");
        self.quoted(text.as_bytes());
        self.out.push(b'}');
    }

    fn double(&mut self, number: f64) {
        if number.is_finite() {
            self.add(digits(&number, &mut [0; DIGITS]));
        } else if number.is_nan() {
            self.wrapped("$numberDouble", "NaN");
        } else {
            self.wrapped("$numberDouble", if number > 0.0 { "Infinity" } else { "-Infinity" });
        }
    }

    fn date(&mut self, milliseconds: i64) {
        // Extended JSON writes as a number what lies before the epoch.
        match date_text(milliseconds).filter(|_| milliseconds >= 0 || !self.keeps_types) {
            Some(text) if self.keeps_types => self.wrapped("$date", &text),
            Some(text) => self.quoted(text.as_bytes()),
            None => self.add(&format!("{{\"$date\":{{\"$numberLong\":\"{milliseconds}\"}}}}")),
        }
    }

    fn binary(&mut self, binary: RawBinaryRef<'_>) {
        let subtype = u8::from(binary.subtype);
        self.add("{\"$binary\":{\"base64\":\"");
        base64(binary.bytes, self.out);
        self.add(&format!("\",\"subType\":\"{subtype:02x}\"}}}}"));
    }
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            out.push(if place <= chunk.len() { LETTERS[bits >> (18 - 6 * place) & 63] } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson;
    use mongodb::bson::raw::cstr;
    use mongodb::bson::{Bson, rawdoc};

    fn printed(value: impl Into<Bson>) -> (String, String) {
        let document = bson::RawDocumentBuf::try_from(&bson::doc! {"a": value.into()}).unwrap();
        let json = to_json(&document, &mut Vec::new()).unwrap().to_string();
        (json, extended_json(Held::Value((&*document).into())))
    }

    #[test]
    fn prints_the_values_that_other_clients_write() {
        let date = |milliseconds| Bson::DateTime(bson::DateTime::from_millis(milliseconds));
        for (value, expected) in [
            (date(1_696_977_115_123), r#""2023-10-10T22:31:55.123Z""#),
            (date(1_696_977_115_500), r#""2023-10-10T22:31:55.500Z""#),
            (date(1_696_977_115_000), r#""2023-10-10T22:31:55Z""#),
            (date(-1), r#""1969-12-31T23:59:59.999Z""#),
            (date(253_402_300_799_999), r#""9999-12-31T23:59:59.999Z""#),
            (date(253_402_300_800_000), r#"{"$date":{"$numberLong":"253402300800000"}}"#),
            (date(i64::MIN), r#"{"$date":{"$numberLong":"-9223372036854775808"}}"#),
            (Bson::Decimal128("12.50".parse().unwrap()), "12.50"),
            (Bson::Decimal128("-1E+40".parse().unwrap()), "-1E+40"),
            (Bson::Decimal128("NaN".parse().unwrap()), r#"{"$numberDecimal":"NaN"}"#),
            (Bson::Decimal128("-Infinity".parse().unwrap()), r#"{"$numberDecimal":"-Infinity"}"#),
        ] {
            assert_eq!(printed(value).0, format!("{{\"a\":{expected}}}"));
        }
        let (json, extended) = printed(bson::bson!([date(0), date(-1), Bson::Decimal128("1.5".parse().unwrap())]));
        assert_eq!(json, r#"{"a":["1970-01-01T00:00:00Z","1969-12-31T23:59:59.999Z",1.5]}"#);
        let expected =
            r#"{"a":[{"$date":"1970-01-01T00:00:00Z"},{"$date":{"$numberLong":"-1"}},{"$numberDecimal":"1.5"}]}"#;
        assert_eq!(extended, expected);
    }

    #[test]
    fn prints_every_other_type_as_relaxed_extended_json() {
        let id = bson::oid::ObjectId::parse_str("65a4fbc8e4b0c1d2e3f40516").unwrap();
        let binary = |subtype, bytes: &[u8]| bson::Binary { subtype, bytes: bytes.to_vec() };
        let code = bson::JavaScriptCodeWithScope { code: "f".to_string(), scope: bson::doc! {"x": 1_i64} };
        let regex = bson::Regex { pattern: cstr!("^a\"").into(), options: cstr!("i").into() };
        for (value, expected) in [
            (Bson::ObjectId(id), r#"{"$oid":"65a4fbc8e4b0c1d2e3f40516"}"#),
            (Bson::Double(f64::NAN), r#"{"$numberDouble":"NaN"}"#),
            (Bson::Double(f64::INFINITY), r#"{"$numberDouble":"Infinity"}"#),
            (Bson::Double(f64::NEG_INFINITY), r#"{"$numberDouble":"-Infinity"}"#),
            (
                Bson::Binary(binary(bson::spec::BinarySubtype::Generic, b"ab")),
                r#"{"$binary":{"base64":"YWI=","subType":"00"}}"#,
            ),
            (
                Bson::Binary(binary(bson::spec::BinarySubtype::Uuid, &[255; 16])),
                r#"{"$binary":{"base64":"/////////////////////w==","subType":"04"}}"#,
            ),
            (Bson::Timestamp(bson::Timestamp { time: 5, increment: 6 }), r#"{"$timestamp":{"t":5,"i":6}}"#),
            (Bson::RegularExpression(regex), r#"{"$regularExpression":{"pattern":"^a\"","options":"i"}}"#),
            (Bson::JavaScriptCode("f()".to_string()), r#"{"$code":"f()"}"#),
            (Bson::JavaScriptCodeWithScope(code), r#"{"$code":"f","$scope":{"x":1}}"#),
            (Bson::Symbol("s".to_string()), r#"{"$symbol":"s"}"#),
            (Bson::MinKey, r#"{"$minKey":1}"#),
            (Bson::MaxKey, r#"{"$maxKey":1}"#),
            (Bson::Undefined, r#"{"$undefined":true}"#),
        ] {
            let expected = format!("{{\"a\":{expected}}}");
            assert_eq!(printed(value), (expected.clone(), expected));
        }
        let pointer =
            [b"\x1a\0\0\0\x0ca\0\x02\0\0\0b\0".as_slice(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], &[0]].concat();
        let mut room = b"from before".to_vec();
        let out = to_json(RawDocument::from_bytes(&pointer).unwrap(), &mut room);
        assert_eq!(out.unwrap(), r#"{"a":{"$dbPointer":{"$ref":"b","$id":{"$oid":"0102030405060708090a0b0c"}}}}"#);
    }

    #[test]
    fn every_length_of_binary_data_is_written_as_base64() {
        for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            let mut out = Vec::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn says_what_is_damaged_or_too_deep() {
        let nested = |levels: usize| (1..levels).fold(bson::RawDocumentBuf::new(), |inner, _| rawdoc! {"a": inner});
        let mut out = Vec::new();
        to_json(&nested(101), &mut out).unwrap();
        assert_eq!(to_json(&nested(102), &mut out).unwrap_err(), "is nested more than 100 levels deep");
        let mut bytes = rawdoc! {"a": "text", "b": 1}.into_bytes();
        bytes[7] = 0x55;
        let damaged = RawDocument::from_bytes(&bytes).unwrap();
        assert!(to_json(damaged, &mut out).unwrap_err().starts_with("is damaged BSON: "));
        bytes[7] = 5;
        bytes[11] = 0xff;
        let damaged = RawDocument::from_bytes(&bytes).unwrap();
        assert!(to_json(damaged, &mut out).unwrap_err().starts_with("is damaged BSON: "));
        assert_eq!(extended_json(Held::Value(damaged.into())), "{\"a\":\"\u{fffd}ext\",\"b\":1}");
        bytes[7] = 0x55;
        assert_eq!(extended_json(Held::Value(RawDocument::from_bytes(&bytes).unwrap().into())), "{…");
    }
}
