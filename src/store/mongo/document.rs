//! An event as a document of the collection `events_raw`, and back.
//!
//! Written are `event_id`, `event_type`, `vendor` and `payload_sha256` as texts, `event_time` (where there is one) and
//! `ingested_at` as dates, and the payload as an object, `payload`, or where BSON cannot hold it unchanged as text,
//! `payload_json`. A date holds milliseconds: what a time has beyond them stands beside it, in microseconds, as
//! `event_time_us` and `ingested_at_us`, which are left out where they would be 0.
//!
//! Read is whatever a client may have written, in the terms of an envelope of a file: what is no text but could be one
//! is taken as it prints, times may be texts and numbers, null is absent; what is missing in an event is derived as for
//! every event, and what makes an envelope unreadable makes a document so, in the same words. But for `ingested_at`: a
//! document is in the store already, and for a time of storage nobody knows it is not lost; see [`read`].

use std::borrow::Cow;

use jiff::Timestamp;
use mongodb::bson::DateTime;
use mongodb::bson::RawDocument;
use mongodb::bson::RawDocumentBuf;
use mongodb::bson::Uuid;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::{CStr, RawBinaryRef, RawBsonRef, cstr};
use mongodb::bson::spec::BinarySubtype;
use serde_json::value::RawValue;

use crate::event::RawEvent;
use crate::event::UNKNOWN_VENDOR;
use crate::event::canonical_json;
use crate::event::derived_id;
use crate::event::is_believed;
use crate::event::parse_time;
use crate::event::sha256;
use crate::store::EventRef;
use crate::store::Events;
use crate::store::Unreadable;

use super::elements::{Elements, Held, text_of};
use super::json::{date_text, extended_json, to_json, value_to_json};
use super::payload::to_bson;

/// How much is kept of a document that cannot be read: as much as of a line of a file.
const KEPT: usize = 1 << 20;

/// How much of an `_id` a message shows.
const SHOWN: usize = 200;

/// Doubles below this hold every whole number.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// The document of an event, without `_id`.
pub(super) fn to_document(event: &RawEvent) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("event_id"), event.event_id.as_str());
    document.append(cstr!("event_type"), event.event_type.as_str());
    if let Some(time) = event.event_time {
        append_time(&mut document, [cstr!("event_time"), cstr!("event_time_us")], time);
    }
    document.append(cstr!("vendor"), event.vendor.as_str());
    match to_bson(&event.payload) {
        Some(payload) => document.append(cstr!("payload"), &payload),
        None => document.append(cstr!("payload_json"), event.payload.as_str()),
    }
    document.append(cstr!("payload_sha256"), event.payload_sha256.as_str());
    append_time(&mut document, [cstr!("ingested_at"), cstr!("ingested_at_us")], event.ingested_at);
    document
}

fn append_time(document: &mut RawDocumentBuf, [date, beyond]: [&CStr; 2], time: Timestamp) {
    let microseconds = time.as_microsecond();
    document.append(date, DateTime::from_millis(microseconds.div_euclid(1000)));
    if let Ok(rest @ 1..) = i32::try_from(microseconds.rem_euclid(1000)) {
        document.append(beyond, rest);
    }
}

/// What was read of a document besides its event.
pub(super) struct Read {
    /// Its `_id`, where that is an ObjectId.
    pub(super) id: Option<ObjectId>,
    /// Whether the event's id does not stand in it as that text.
    pub(super) is_printed: bool,
}

/// Adds the event of a document to others. `room` is for use meanwhile.
///
/// A hash that the document carries is believed. Where `ingested_at` is missing or no time, the time in an `_id` that
/// is an ObjectId stands for it, else the event's own time.
///
/// # Errors
/// What cannot be read as an event, in the words of a file's envelope, with the document as extended JSON.
pub(super) fn read(document: &RawDocument, events: &mut Events, room: &mut Vec<u8>) -> Result<Read, Unreadable> {
    take(document, events, room).map_err(|reason| Unreadable { reason, content: content(document) })
}

/// The event's id and its payload's hash, from a document or a projection of the two; `None` where one of them has to be
/// computed from the whole document.
pub(super) fn identity_of(document: &RawDocument) -> Option<(String, String)> {
    let fields = Fields::of(document).ok()?;
    Some((printed(fields.event_id).ok()??.into_owned(), fields.hash()?.to_string()))
}

/// A document's `_id` as one would write it in `mongosh`, for messages.
pub(super) fn place_of(document: &RawDocument) -> String {
    let mut elements = Elements::of(document);
    while let Ok(Some((name, held))) = elements.next() {
        if name == b"_id" {
            let place = in_shell(held);
            let shown = beginning(&place, SHOWN);
            // A place tells one document from all others.
            return match shown.len() < place.len() {
                true => format!("{shown}… ({})", &sha256(place.as_bytes())[..16]),
                false => place,
            };
        }
    }
    "no `_id`".to_string()
}

fn in_shell(held: Held<'_>) -> String {
    let Held::Value(value) = held else { return extended_json(held) };
    let called = match value {
        RawBsonRef::ObjectId(id) => Some(format!("ObjectId(\"{id}\")")),
        RawBsonRef::Int64(number) if number.unsigned_abs() > WHOLE as u64 => Some(format!("Long(\"{number}\")")),
        RawBsonRef::Decimal128(number) => Some(format!("Decimal128(\"{number}\")")),
        RawBsonRef::DateTime(date) => date_text(date.timestamp_millis()).map(|text| format!("ISODate(\"{text}\")")),
        RawBsonRef::Binary(binary) => uuid(binary).map(|uuid| format!("UUID(\"{uuid}\")")),
        _ => None,
    };
    called.unwrap_or_else(|| extended_json(held))
}

/// The fields of a document, each as it is written; null is absent, and of a field that is there twice the first counts.
#[derive(Default)]
struct Fields<'a> {
    id: Option<Held<'a>>,
    event_id: Option<Held<'a>>,
    event_type: Option<Held<'a>>,
    event_time: Option<Held<'a>>,
    event_time_us: Option<Held<'a>>,
    vendor: Option<Held<'a>>,
    payload: Option<Held<'a>>,
    payload_json: Option<Held<'a>>,
    payload_sha256: Option<Held<'a>>,
    ingested_at: Option<Held<'a>>,
    ingested_at_us: Option<Held<'a>>,
}

impl<'a> Fields<'a> {
    fn of(document: &'a RawDocument) -> Result<Self, String> {
        let mut fields = Self::default();
        let mut elements = Elements::of(document);
        while let Some((name, held)) = elements.next()? {
            let field = match name {
                b"_id" => &mut fields.id,
                b"event_id" => &mut fields.event_id,
                b"event_type" => &mut fields.event_type,
                b"event_time" => &mut fields.event_time,
                b"event_time_us" => &mut fields.event_time_us,
                b"vendor" => &mut fields.vendor,
                b"payload" => &mut fields.payload,
                b"payload_json" => &mut fields.payload_json,
                b"payload_sha256" => &mut fields.payload_sha256,
                b"ingested_at" => &mut fields.ingested_at,
                b"ingested_at_us" => &mut fields.ingested_at_us,
                _ => continue,
            };
            if !matches!(held, Held::Value(RawBsonRef::Null | RawBsonRef::Undefined)) {
                field.get_or_insert(held);
            }
        }
        Ok(fields)
    }

    /// The payload as JSON text.
    fn payload<'b>(&self, room: &'b mut Vec<u8>) -> Result<&'b str, String>
    where
        'a: 'b,
    {
        match (self.payload, self.payload_json) {
            (Some(Held::Value(RawBsonRef::Document(payload))), _) => to_json(payload, room),
            (_, Some(Held::Text(text))) => object(text_of(text)?, "payload_json"),
            (_, Some(_)) => Err("`payload_json` is no object".to_string()),
            (Some(Held::Text(text)), None) => object(text_of(text)?, "payload"),
            (Some(_), None) => Err("`payload` is no object".to_string()),
            (None, None) => Err("has no `payload`".to_string()),
        }
    }

    /// The payload's hash where it has the form of one.
    fn hash(&self) -> Option<&'a str> {
        let Some(Held::Text(hash)) = self.payload_sha256 else { return None };
        // Without a way out in the middle, as the compiler likes it.
        let are_digits = |is, byte: &u8| is & (byte.is_ascii_digit() | matches!(byte, b'a'..=b'f'));
        let is_hash = hash.len() == 64 && hash.iter().fold(true, are_digits);
        std::str::from_utf8(hash).ok().filter(|_| is_hash)
    }

    fn event_time(&self) -> Result<Option<Timestamp>, String> {
        match self.event_time {
            None => Ok(None),
            Some(Held::Text(text)) if is_blank(text_of(text)?) => Ok(None),
            Some(held) => match time(held, self.event_time_us) {
                None => Err("`event_time` cannot be read as a time".to_string()),
                time => Ok(time),
            },
        }
    }

    fn ingested_at(&self) -> Option<Timestamp> {
        let stored = self.ingested_at.and_then(|held| time(held, self.ingested_at_us));
        stored.or_else(|| match self.id {
            Some(Held::Value(RawBsonRef::ObjectId(id))) => made_at(id),
            _ => None,
        })
    }
}

fn take(document: &RawDocument, events: &mut Events, room: &mut Vec<u8>) -> Result<Read, String> {
    let fields = Fields::of(document)?;
    let event_type = match fields.event_type {
        Some(Held::Text(text)) => Some(text_of(text)?).filter(|text| !is_blank(text)),
        _ => None,
    };
    let event_type = event_type.ok_or("has no `event_type`")?;
    let payload = fields.payload(room)?;
    let event_id = printed(fields.event_id)?;
    let event_time = fields.event_time()?;
    let vendor = printed(fields.vendor)?.unwrap_or(Cow::Borrowed(UNKNOWN_VENDOR));
    let ingested_at = fields.ingested_at().or(event_time).ok_or(
        "has no `ingested_at` that can be read as a time, and neither its `_id` nor `event_time` tells one either",
    )?;
    let (event_id, payload_sha256) = match (event_id, fields.hash()) {
        (Some(event_id), Some(hash)) => (event_id, Cow::Borrowed(hash)),
        (event_id, hash) => {
            let canonical = canonical_json(payload).map_err(|reason| reason.to_string())?;
            let hash = hash.map_or_else(|| sha256(canonical.as_bytes()).into(), Cow::Borrowed);
            (event_id.unwrap_or_else(|| derived_id(event_type, &vendor, &canonical).into()), hash)
        }
    };
    events.push(EventRef {
        event_id: &event_id,
        event_type,
        event_time,
        vendor: &vendor,
        payload,
        payload_sha256: &payload_sha256,
        ingested_at,
    });
    let id = match fields.id {
        Some(Held::Value(RawBsonRef::ObjectId(id))) => Some(id),
        _ => None,
    };
    // Of a blank one the id is computed, and others may have the same.
    let is_text = matches!(fields.event_id, Some(Held::Text(text)) if !is_blank(text_of(text)?));
    Ok(Read { id, is_printed: !is_text })
}

/// A text that must hold a JSON object, which stays as it is.
fn object<'a>(text: &'a str, key: &str) -> Result<&'a str, String> {
    let is_object = serde_json::from_str::<&RawValue>(text).is_ok_and(|value| value.get().starts_with('{'));
    if !is_object {
        return Err(format!("`{key}` is no object"));
    }
    canonical_json(text).map_err(|reason| reason.to_string())?;
    Ok(text)
}

/// Whether a text says nothing.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// A value as text; `None` where it is absent, or a text that is empty or all space.
fn printed(held: Option<Held<'_>>) -> Result<Option<Cow<'_, str>>, String> {
    let Some(held) = held else { return Ok(None) };
    let bare = match held {
        Held::Text(text) => return Ok(Some(text_of(text)?).filter(|text| !is_blank(text)).map(Cow::Borrowed)),
        Held::Value(RawBsonRef::Symbol(text)) => {
            return Ok(Some(text).filter(|text| !is_blank(text)).map(Cow::Borrowed));
        }
        Held::Value(RawBsonRef::ObjectId(id)) => Some(id.to_hex()),
        Held::Value(RawBsonRef::DateTime(date)) => date_text(date.timestamp_millis()),
        Held::Value(RawBsonRef::Binary(binary)) => uuid(binary).map(|uuid| uuid.to_string()),
        // JavaScript has no other numbers: its clients write a whole one beyond 32 bits as a double.
        Held::Value(RawBsonRef::Double(number)) if number.fract() == 0.0 && number.abs() < WHOLE => {
            Some((number as i64).to_string())
        }
        _ => None,
    };
    let text = match bare {
        Some(text) => text,
        None => value_to_json(held)?,
    };
    Ok(Some(Cow::Owned(text)))
}

/// A time that is believed: a date with what it has `beyond` milliseconds, or what [`parse_time`] reads.
fn time(held: Held<'_>, beyond: Option<Held<'_>>) -> Option<Timestamp> {
    let value = match held {
        Held::Text(text) => return text_of(text).ok().and_then(parse_time),
        Held::Array(_) => return None,
        Held::Value(value) => value,
    };
    match value {
        RawBsonRef::DateTime(date) => {
            let microseconds = match beyond {
                Some(Held::Value(RawBsonRef::Int32(rest @ 1..=999))) => i64::from(rest),
                _ => 0,
            };
            believed(date, microseconds)
        }
        RawBsonRef::Timestamp(at) => believed(DateTime::from_millis(i64::from(at.time) * 1000), 0),
        RawBsonRef::Symbol(text) => parse_time(text),
        RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Double(_) | RawBsonRef::Decimal128(_) => {
            parse_time(&value_to_json(held).ok()?)
        }
        _ => None,
    }
}

/// The time when an ObjectId was made.
fn made_at(id: ObjectId) -> Option<Timestamp> {
    believed(id.timestamp(), 0)
}

fn believed(date: DateTime, microseconds: i64) -> Option<Timestamp> {
    let microseconds = date.timestamp_millis().checked_mul(1000)?.checked_add(microseconds)?;
    Timestamp::from_microsecond(microseconds).ok().filter(|time| is_believed(*time))
}

fn uuid(binary: RawBinaryRef<'_>) -> Option<Uuid> {
    let bytes = <[u8; 16]>::try_from(binary.bytes).ok().filter(|_| binary.subtype == BinarySubtype::Uuid)?;
    Some(Uuid::from_bytes(bytes))
}

/// A document as it is kept where it cannot be read: extended JSON, of a very long one the beginning.
fn content(document: &RawDocument) -> String {
    let text = extended_json(Held::Value(document.into()));
    let kept = beginning(&text, KEPT);
    if kept.len() < text.len() { format!("{kept}… ({} bytes in all)", text.len()) } else { text }
}

/// At most so many bytes of the text, up to the end of a character.
fn beginning(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::{self, Bson, Document, doc};
    use proptest::prelude::*;

    const HASH: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn raw(document: &Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).unwrap()
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn date(text: &str) -> Bson {
        Bson::DateTime(DateTime::from_millis(time(text).as_millisecond()))
    }

    /// A document as this tool writes it.
    fn ours() -> Document {
        doc! {
            "_id": ObjectId::parse_str("65a4fbc8e4b0c1d2e3f40516").unwrap(), "event_id": "e1", "event_type": "t",
            "event_time": date("2025-01-15T08:00:00.123Z"), "vendor": "v", "payload": {}, "payload_sha256": HASH,
            "ingested_at": date("2025-01-15T10:00:00Z"),
        }
    }

    /// The one event of a document.
    fn read(document: &RawDocument) -> Result<RawEvent, Unreadable> {
        let mut events = Events::default();
        super::read(document, &mut events, &mut b"from before".to_vec())?;
        Ok(events.to_raw().remove(0))
    }

    /// Reads the document with one field changed.
    fn with(key: &str, value: impl Into<Bson>) -> Result<RawEvent, Unreadable> {
        let mut document = ours();
        document.insert(key, value.into());
        read(&raw(&document))
    }

    fn without(keys: &[&str]) -> Result<RawEvent, Unreadable> {
        let mut document = ours();
        for key in keys {
            document.remove(key);
        }
        read(&raw(&document))
    }

    #[test]
    fn writes_texts_dates_and_the_payload_as_an_object() {
        let mut event = RawEvent {
            event_id: "e1".to_string(),
            event_type: "t".to_string(),
            event_time: Some(time("2025-01-15T08:00:00.123Z")),
            vendor: "v".to_string(),
            payload: "{}".to_string(),
            payload_sha256: HASH.to_string(),
            ingested_at: time("2025-01-15T10:00:00Z"),
        };
        let mut expected = ours();
        expected.remove("_id");
        assert_eq!(Document::try_from(&*to_document(&event)).unwrap(), expected);
        event.event_time = None;
        event.ingested_at = time("2025-01-15T10:00:00.000999Z");
        event.payload = r#"{"a": 1.50}"#.to_string();
        expected.remove("event_time");
        expected.remove("payload");
        expected.insert("payload_json", r#"{"a": 1.50}"#);
        expected.insert("ingested_at_us", 999);
        assert_eq!(Document::try_from(&*to_document(&event)).unwrap(), expected);
    }

    #[test]
    fn takes_ids_and_vendors_of_any_type() {
        let id = ObjectId::parse_str("65a4fbc8e4b0c1d2e3f40516").unwrap();
        let uuid = Uuid::parse_str("936da01f-9abd-4d9d-80c7-02af85c822a8").unwrap();
        for (value, expected) in [
            (Bson::from(" a "), " a "),
            (id.into(), "65a4fbc8e4b0c1d2e3f40516"),
            (12.into(), "12"),
            ((1_i64 << 40).into(), "1099511627776"),
            (12_345_678_901.0.into(), "12345678901"),
            (1.5.into(), "1.5"),
            (Bson::Decimal128("12.50".parse().unwrap()), "12.50"),
            (uuid.into(), "936da01f-9abd-4d9d-80c7-02af85c822a8"),
            (date("2025-01-15T08:00:00Z"), "2025-01-15T08:00:00Z"),
            (true.into(), "true"),
            (bson::bson!({"a": [1]}), r#"{"a":[1]}"#),
        ] {
            assert_eq!(with("event_id", value.clone()).unwrap().event_id, expected);
            assert_eq!(with("vendor", value).unwrap().vendor, expected);
        }
        let derived = derived_id("t", "v", "{}");
        for value in [Bson::Null, Bson::Undefined, "".into(), "  ".into()] {
            assert_eq!(with("event_id", value.clone()).unwrap().event_id, derived);
            assert_eq!(with("vendor", value).unwrap().vendor, "unknown");
        }
        assert_eq!(without(&["event_id"]).unwrap().event_id, derived);
        assert_eq!(without(&["event_id", "vendor"]).unwrap().event_id, derived_id("t", "unknown", "{}"));
    }

    #[test]
    fn takes_times_of_any_type() {
        let at = time("2025-01-15T08:43:48Z");
        for value in [
            date("2025-01-15T08:43:48Z"),
            "2025-01-15 08:43:48".into(),
            1_736_930_628.into(),
            1_736_930_628_000_i64.into(),
            1_736_930_628_000.0.into(),
            Bson::Decimal128("1.736930628E+9".parse().unwrap()),
            Bson::Timestamp(bson::Timestamp { time: 1_736_930_628, increment: 1 }),
        ] {
            assert_eq!(with("event_time", value.clone()).unwrap().event_time, Some(at));
            assert_eq!(with("ingested_at", value).unwrap().ingested_at, at);
        }
        for value in [Bson::Null, Bson::Undefined, "".into()] {
            assert_eq!(with("event_time", value).unwrap().event_time, None);
        }
        assert_eq!(without(&["event_time"]).unwrap().event_time, None);
        let nearly = |value: Bson| with("event_time_us", value).unwrap().event_time.unwrap().to_string();
        assert_eq!(nearly(999.into()), "2025-01-15T08:00:00.123999Z");
        for value in [0.into(), 1000.into(), (-1).into(), "1".into()] {
            assert_eq!(nearly(value), "2025-01-15T08:00:00.123Z");
        }
        let mut alone = ours();
        alone.insert("event_time", "2025-01-15T08:00:00.5Z");
        alone.insert("event_time_us", 7);
        assert_eq!(read(&raw(&alone)).unwrap().event_time.unwrap().to_string(), "2025-01-15T08:00:00.5Z");
    }

    #[test]
    fn no_event_is_lost_for_its_time_of_storage() {
        let made = time("2024-01-15T09:32:56Z");
        for value in [Bson::Null, "soon".into(), true.into(), date("1999-12-31T23:59:59Z"), 12.into(), "".into()] {
            assert_eq!(with("ingested_at", value).unwrap().ingested_at, made);
        }
        assert_eq!(without(&["ingested_at"]).unwrap().ingested_at, made);
        let happened = without(&["event_time"]).unwrap().ingested_at;
        assert_eq!(happened, time("2025-01-15T10:00:00Z"));
        assert_eq!(without(&["ingested_at", "_id"]).unwrap().ingested_at, time("2025-01-15T08:00:00.123Z"));
        let mut document = ours();
        document.remove("ingested_at");
        document.insert("_id", ObjectId::from_bytes([0; 12]));
        assert_eq!(read(&raw(&document)).unwrap().ingested_at, time("2025-01-15T08:00:00.123Z"));
        let reason = without(&["ingested_at", "_id", "event_time"]).unwrap_err().reason;
        assert!(reason.starts_with("has no `ingested_at` that can be read"), "{reason}");
    }

    #[test]
    fn takes_payloads_of_other_clients() {
        let payload = |value: Bson| {
            let mut document = ours();
            document.insert("payload", value);
            document.remove("payload_sha256");
            read(&raw(&document)).map(|event| (event.payload, event.payload_sha256)).map_err(|error| error.reason)
        };
        let paid =
            bson::bson!({"paidAt": date("2025-01-15T08:00:00Z"), "amount": Bson::Decimal128("12.50".parse().unwrap())});
        let expected = r#"{"paidAt":"2025-01-15T08:00:00Z","amount":12.50}"#;
        let hash = sha256(br#"{"amount":12.5,"paidAt":"2025-01-15T08:00:00Z"}"#);
        assert_eq!(payload(paid), Ok((expected.to_string(), hash.clone())));
        assert_eq!(payload(expected.into()), Ok((expected.to_string(), hash)));
        for (value, reason) in [
            (Bson::Null, "has no `payload`"),
            (Bson::Undefined, "has no `payload`"),
            (1.into(), "`payload` is no object"),
            (bson::bson!([1]), "`payload` is no object"),
            ("[1]".into(), "`payload` is no object"),
            (r#"{"a":01}"#.into(), "`payload` is no object"),
            (r#"{"a":"\ud800"}"#.into(), "holds text that is not Unicode (half a surrogate pair)"),
        ] {
            assert_eq!(payload(value).unwrap_err(), reason);
        }
        assert_eq!(without(&["payload"]).unwrap_err().reason, "has no `payload`");
        for hash in ["", "44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A", "no hash"] {
            assert_eq!(with("payload_sha256", hash).unwrap().payload_sha256, HASH);
        }
        assert_eq!(with("payload_sha256", "0".repeat(64)).unwrap().payload_sha256, "0".repeat(64));
    }

    #[test]
    fn reads_back_a_payload_that_is_kept_as_text() {
        let kept = |value: Bson| {
            let mut document = ours();
            document.remove("payload");
            document.insert("payload_json", value);
            read(&raw(&document)).map(|event| event.payload).map_err(|error| error.reason)
        };
        assert_eq!(kept(r#"{"a": 1.50, "a": 2}"#.into()), Ok(r#"{"a": 1.50, "a": 2}"#.to_string()));
        for value in [Bson::from("[1]"), "{".into(), 1.into()] {
            assert_eq!(kept(value).unwrap_err(), "`payload_json` is no object");
        }
    }

    #[test]
    fn says_why_a_document_is_no_event() {
        for value in [Bson::Null, " ".into(), 7.into(), Bson::Symbol("t".to_string())] {
            assert_eq!(with("event_type", value).unwrap_err().reason, "has no `event_type`");
        }
        for value in [Bson::from("soon"), true.into(), bson::bson!([]), date("2100-01-01T00:00:00Z"), 12.into()] {
            assert_eq!(with("event_time", value).unwrap_err().reason, "`event_time` cannot be read as a time");
        }
        let unreadable = read(&raw(&doc! {"_id": 1_i64, "at": date("2025-01-15T08:00:00Z")})).unwrap_err();
        assert_eq!(unreadable.content, r#"{"_id":1,"at":{"$date":"2025-01-15T08:00:00Z"}}"#);
        let long = read(&raw(&doc! {"a": "é".repeat(KEPT)})).unwrap_err().content;
        assert!(long.starts_with(r#"{"a":"éé"#) && long.ends_with("é… (2097160 bytes in all)"));
        let mut damaged = raw(&ours()).into_bytes();
        damaged[4] = 0x55;
        let unreadable = read(RawDocument::from_bytes(&damaged).unwrap()).unwrap_err();
        assert!(unreadable.reason.starts_with("is damaged BSON: "));
        assert_eq!(unreadable.content, "{…");
    }

    #[test]
    fn tells_the_identity_only_where_it_is_written() {
        let identity = |document: Document| identity_of(&raw(&document));
        let told = Some(("e1".to_string(), HASH.to_string()));
        assert_eq!(identity(ours()), told);
        assert_eq!(identity(doc! {"payload_sha256": HASH, "event_id": "e1"}), told);
        assert_eq!(identity(doc! {"payload_sha256": HASH, "event_id": 7}).unwrap().0, "7");
        for document in [
            doc! {"payload_sha256": HASH},
            doc! {"payload_sha256": HASH, "event_id": ""},
            doc! {"payload_sha256": "short", "event_id": "e1"},
            doc! {"event_id": "e1"},
        ] {
            assert_eq!(identity(document), None);
        }
    }

    #[test]
    fn writes_an_id_as_the_shell_would() {
        let uuid = Uuid::parse_str("936da01f-9abd-4d9d-80c7-02af85c822a8").unwrap();
        for (id, expected) in [
            (ours().remove("_id").unwrap(), r#"ObjectId("65a4fbc8e4b0c1d2e3f40516")"#),
            ("a\"b".into(), r#""a\"b""#),
            (12_i64.into(), "12"),
            (i64::MIN.into(), r#"Long("-9223372036854775808")"#),
            (uuid.into(), r#"UUID("936da01f-9abd-4d9d-80c7-02af85c822a8")"#),
            (date("2025-01-15T08:00:00.5Z"), r#"ISODate("2025-01-15T08:00:00.500Z")"#),
            (Bson::Decimal128("1.50".parse().unwrap()), r#"Decimal128("1.50")"#),
            (bson::bson!({"a": 1}), r#"{"a":1}"#),
            (Bson::Null, "null"),
        ] {
            assert_eq!(place_of(&raw(&doc! {"x": 1, "_id": id})), expected);
        }
        assert_eq!(place_of(&raw(&doc! {})), "no `_id`");
        assert_eq!(place_of(&raw(&doc! {"_id": "é".repeat(500)})).chars().count(), 1 + 99 + 1 + 19);
    }

    fn payload() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            any::<String>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<u64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ];
        let value = leaf.prop_recursive(5, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                proptest::collection::btree_map("[$.]?[a-zé]{0,4}", inner, 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        });
        (value, 1_usize..95)
            .prop_map(|(value, levels)| format!("{}{value}{}", "{\"a\":".repeat(levels), "}".repeat(levels)))
    }

    prop_compose! {
        fn any_event()(
            event_id in ".{1,20}", event_type in "[a-z_]{1,20}", vendor in "[a-z]{1,9}", payload in payload(),
            event_time in proptest::option::of(946_684_800_000_000_i64..4_102_444_800_000_000),
            ingested_at in 946_684_800_000_000_i64..4_102_444_800_000_000,
        ) -> RawEvent {
            let payload_sha256 = sha256(canonical_json(&payload).unwrap().as_bytes());
            let event_id = format!("e{event_id}");
            let at = |microseconds| Timestamp::from_microsecond(microseconds).unwrap();
            let event_time = event_time.map(at);
            RawEvent { event_id, event_type, event_time, vendor, payload, payload_sha256, ingested_at: at(ingested_at) }
        }
    }

    proptest! {
        #[test]
        fn an_event_reads_back_as_it_was_written(event in any_event()) {
            let document = to_document(&event);
            prop_assert_eq!(&read(&document).unwrap(), &event);
            prop_assert_eq!(identity_of(&document), Some((event.event_id.clone(), event.payload_sha256.clone())));
            // Nor does the hash depend on being stored.
            let mut bare = Document::try_from(&*document).unwrap();
            bare.remove("payload_sha256");
            prop_assert_eq!(read(&raw(&bare)).unwrap(), event);
        }

        #[test]
        fn no_bytes_are_a_panic(at in 4_usize..400, byte in any::<u8>()) {
            let mut bytes = raw(&ours()).into_bytes();
            let last = bytes.len() - 1;
            bytes[at % last.max(5)] = byte;
            if let Ok(document) = RawDocument::from_bytes(&bytes) {
                let _ = (read(document), identity_of(document), place_of(document));
            }
        }
    }
}
