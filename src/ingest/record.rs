//! A record's text → an event, or the reason why it is none.
//!
//! An envelope's `event_id` and `vendor` are texts; a number stands for its own digits, and null, an empty text or
//! anything else for none. Other keys of an envelope than the contract's are no part of the event and are not kept.
//! An envelope that says one of its keys twice is set aside. A payload that does is stored as it came: its hash and id
//! are made over every member, the doubled ones too, so two payloads that differ in any of them are two; what counts
//! of a doubled key in a model is the first, which is what DuckDB's JSON functions take.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::event::RawEvent;
use crate::event::UNKNOWN_VENDOR;
use crate::event::canonical_json;
use crate::event::derived_id;
use crate::event::parse_time;
use crate::event::sha256;
use crate::ingest::FileRule;
use crate::ingest::split::Fault;
use crate::ingest::split::KEPT;
use crate::ingest::split::trimmed;
use crate::store::Unreadable;
use crate::store::What;

/// The keys of an envelope, each as it is written.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    event_time: Option<&'a RawValue>,
    #[serde(borrow)]
    vendor: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    ingested_at: Option<&'a RawValue>,
}

/// Reads one record. `now` is when an event is first stored that does not carry its own time of that.
pub(super) fn read(bytes: &[u8], fault: Option<&Fault>, rule: &FileRule, now: Timestamp) -> What {
    let read = match fault {
        Some(fault) => Err(fault.reason()),
        None => event(bytes, rule, now),
    };
    match read {
        Ok(event) => What::Event(event),
        Err(reason) => What::Unreadable(Unreadable { reason, content: content(bytes) }),
    }
}

fn event(bytes: &[u8], rule: &FileRule, now: Timestamp) -> Result<RawEvent, String> {
    let text = std::str::from_utf8(trimmed(bytes))
        .map_err(|error| format!("is not UTF-8 (byte {} of it)", error.valid_up_to() + 1))?;
    if !text.starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(&error))?;
        return Err("is no object".to_string());
    }
    match &rule.event_type {
        Some(event_type) => {
            let payload = serde_json::from_str::<&RawValue>(text).map_err(|error| not_json(&error))?;
            let plain = Plain { event_type: event_type.clone(), ingested_at: now, ..Plain::default() };
            plain.with(payload.get())
        }
        None => enveloped(text, now),
    }
}

fn enveloped(text: &str, now: Timestamp) -> Result<RawEvent, String> {
    let envelope = serde_json::from_str::<Envelope<'_>>(text).map_err(|error| not_json(&error))?;
    let event_type = match envelope.event_type.map(RawValue::get) {
        Some(raw) if raw.starts_with('"') => said(raw).map_err(|reason| format!("`event_type` {reason}"))?,
        _ => None,
    };
    let event_type = event_type.ok_or("has no `event_type`")?;
    let payload = envelope.payload.map_or("", RawValue::get);
    if !payload.starts_with('{') {
        return Err(if payload.is_empty() { "has no `payload`" } else { "`payload` is no object" }.to_string());
    }
    let plain = Plain {
        event_id: text_or_number(envelope.event_id, "event_id")?,
        event_type,
        event_time: time(envelope.event_time, "event_time")?,
        vendor: text_or_number(envelope.vendor, "vendor")?,
        ingested_at: time(envelope.ingested_at, "ingested_at")?.unwrap_or(now),
    };
    plain.with(payload)
}

/// An event without its payload.
#[derive(Default)]
struct Plain {
    event_id: Option<String>,
    event_type: String,
    event_time: Option<Timestamp>,
    vendor: Option<String>,
    ingested_at: Timestamp,
}

impl Plain {
    fn with(self, payload: &str) -> Result<RawEvent, String> {
        let canonical = canonical_json(payload).map_err(|reason| reason.to_string())?;
        let vendor = self.vendor.unwrap_or_else(|| UNKNOWN_VENDOR.to_string());
        Ok(RawEvent {
            event_id: self.event_id.unwrap_or_else(|| derived_id(&self.event_type, &vendor, &canonical)),
            payload_sha256: sha256(canonical.as_bytes()),
            payload: payload.to_string(),
            event_type: self.event_type,
            event_time: self.event_time,
            ingested_at: self.ingested_at,
            vendor,
        })
    }
}

/// What a JSON text says; `None` where it is empty or all space.
fn said(raw: &str) -> Result<Option<String>, String> {
    let inner = &raw[1..raw.len() - 1];
    let text = if inner.contains('\\') {
        serde_json::from_str(raw).map_err(|_| crate::event::NotCanonical::LoneSurrogate.to_string())?
    } else {
        inner.to_string()
    };
    Ok((!text.trim().is_empty()).then_some(text))
}

fn text_or_number(raw: Option<&RawValue>, key: &str) -> Result<Option<String>, String> {
    let Some(raw) = raw.map(RawValue::get) else { return Ok(None) };
    match raw.as_bytes().first() {
        Some(b'"') => said(raw).map_err(|reason| format!("`{key}` {reason}")),
        Some(b'-' | b'0'..=b'9') => Ok(Some(raw.to_string())),
        _ => Ok(None),
    }
}

fn time(raw: Option<&RawValue>, key: &str) -> Result<Option<Timestamp>, String> {
    let Some(raw) = raw.map(RawValue::get) else { return Ok(None) };
    let text = match raw.as_bytes().first() {
        Some(b'"') => match said(raw) {
            Ok(None) => return Ok(None),
            Ok(Some(text)) => Cow::Owned(text),
            Err(_) => Cow::Borrowed(""),
        },
        _ => Cow::Borrowed(raw),
    };
    parse_time(&text).map(Some).ok_or_else(|| format!("`{key}` cannot be read as a time"))
}

fn not_json(error: &serde_json::Error) -> String {
    let message = error.to_string();
    // The line within the record is of no use to anyone; the place of the record is told beside it.
    let message = message.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        serde_json::error::Category::Data => format!("is no envelope: {message}"),
        _ => format!("is not JSON: {message}"),
    }
}

/// The text as it is kept: what is no UTF-8 in it escaped, and of a very long one the beginning.
fn content(bytes: &[u8]) -> String {
    let mut content = String::new();
    for chunk in bytes[..bytes.len().min(KEPT)].utf8_chunks() {
        content.push_str(chunk.valid());
        for byte in chunk.invalid() {
            content.push_str(&format!("\\x{byte:02X}"));
        }
    }
    if bytes.len() > KEPT {
        content.push_str(&format!("… ({} bytes in all)", bytes.len()));
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use proptest::prelude::*;
    use serde_json::json;

    fn rule(format: &str, event_type: Option<&str>) -> FileRule {
        let mut entry = json!({"path": "x", "format": format});
        if let Some(event_type) = event_type {
            entry["event_type"] = json!(event_type);
        }
        crate::ingest::rule::parse(&entry, &|_| Place::new("x.yml", "", 0..0)).unwrap()
    }

    fn enveloped(text: &str) -> Result<RawEvent, String> {
        event(text.as_bytes(), &rule("envelope_lines", None), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn reads_an_envelope_and_keeps_the_payload_as_written() {
        let text = "\u{feff}{\"event_id\":\"a\\u0041\",\"event_type\":\"t\",\"event_time\":1736930628,\"vendor\":null, \"more\":[1],
            \"payload\": {\"b\" : 1.50,\n\"a\":2} ,\"ingested_at\":\"2025-01-15T10:00:48Z\"}\r";
        let event = enveloped(text).unwrap();
        assert_eq!((event.event_id.as_str(), event.vendor.as_str()), ("aA", "unknown"));
        assert_eq!(event.event_time.unwrap().to_string(), "2025-01-15T08:43:48Z");
        assert_eq!(event.payload, "{\"b\" : 1.50,\n\"a\":2}");
        assert_eq!(event.payload_sha256, sha256(br#"{"a":2,"b":1.5}"#));
        let bare = enveloped(r#"{"event_type":"t","event_id":"","event_time":"","payload":{}}"#).unwrap();
        assert_eq!(bare.event_id, sha256(b"t\nunknown\n{}"));
        assert_eq!((bare.event_time, bare.ingested_at), (None, Timestamp::UNIX_EPOCH));
        let number = enveloped(r#"{"event_type":"t","event_id":12,"vendor":7,"payload":{}}"#).unwrap();
        assert_eq!((number.event_id.as_str(), number.vendor.as_str()), ("12", "7"));
    }

    #[test]
    fn says_why_a_record_is_no_event() {
        for (text, reason) in [
            ("{", "is not JSON: EOF while parsing an object"),
            ("[1]", "is no object"),
            ("12", "is no object"),
            ("nonsense", "is not JSON: expected ident"),
            (r#"{"event_type":"t","event_type":"u"}"#, "is no envelope: duplicate field `event_type`"),
            (r#"{"payload":{}}"#, "has no `event_type`"),
            (r#"{"event_type":" ","payload":{}}"#, "has no `event_type`"),
            (r#"{"event_type":7,"payload":{}}"#, "has no `event_type`"),
            (r#"{"event_type":"t"}"#, "has no `payload`"),
            (r#"{"event_type":"t","payload":"{}"}"#, "`payload` is no object"),
            (r#"{"event_type":"t","payload":{},"event_time":"soon"}"#, "`event_time` cannot be read as a time"),
            (r#"{"event_type":"t","payload":{},"event_time":true}"#, "`event_time` cannot be read as a time"),
            (r#"{"event_type":"t","payload":{},"ingested_at":12}"#, "`ingested_at` cannot be read as a time"),
            (
                r#"{"event_type":"t","payload":{"a":"\ud800"}}"#,
                "holds text that is not Unicode (half a surrogate pair)",
            ),
            (
                r#"{"event_type":"\ud800","payload":{}}"#,
                "`event_type` holds text that is not Unicode (half a surrogate pair)",
            ),
        ] {
            assert_eq!(enveloped(text).unwrap_err(), reason, "{text}");
        }
        let broken = [b"{\"event_type\":\"".as_slice(), &[0xff, 0, b'"', b'}']].concat();
        match read(&broken, None, &rule("envelope_lines", None), Timestamp::UNIX_EPOCH) {
            What::Unreadable(unreadable) => {
                assert_eq!(unreadable.reason, "is not UTF-8 (byte 16 of it)");
                assert_eq!(unreadable.content, "{\"event_type\":\"\\xFF\0\"}");
            }
            What::Event(event) => panic!("{event:?}"),
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, None, &rule("envelope_lines", None), Timestamp::UNIX_EPOCH);
            let _ = read(&bytes, None, &rule("json_array", Some("t")), Timestamp::UNIX_EPOCH);
        }
    }
}
