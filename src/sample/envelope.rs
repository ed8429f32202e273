//! A line of a live day: the envelope around a payload, and the lines that only look like one.

use crate::sample::draw::Draws;
use crate::sample::field::Field;
use crate::sample::field::write_object;
use crate::sample::json::Form;
use crate::sample::json::Json;
use crate::sample::json::Style;

/// What stands around a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope {
    pub(super) id: u64,
    pub(super) event_type: &'static str,
    /// Seconds since 1970; none is written where there is none.
    pub(super) event_time: Option<(i64, Form)>,
    /// None is written where there is none.
    pub(super) vendor: Option<&'static str>,
    /// Seconds since 1970.
    pub(super) ingested_at: i64,
}

/// Writes an event as one line, without its end.
pub(super) fn write_event(json: &mut Json, style: Style, envelope: &Envelope, fields: &[Field]) {
    json.clear(style);
    json.open(b'{');
    write_id(json, envelope);
    write_type(json, envelope);
    if let Some((at, form)) = envelope.event_time {
        json.key("event_time");
        json.time(at, form);
    }
    write_vendor(json, envelope);
    json.key("payload");
    write_object(json, fields);
    write_ingested(json, envelope);
    json.close(b'}');
}

fn write_id(json: &mut Json, envelope: &Envelope) {
    json.key("event_id");
    json.raw(b"\"");
    json.hexadecimal(envelope.id, 16);
    json.raw(b"\"");
}

fn write_type(json: &mut Json, envelope: &Envelope) {
    json.key("event_type");
    json.text(envelope.event_type);
}

fn write_vendor(json: &mut Json, envelope: &Envelope) {
    if let Some(vendor) = envelope.vendor {
        json.key("vendor");
        json.text(vendor);
    }
}

fn write_ingested(json: &mut Json, envelope: &Envelope) {
    json.key("ingested_at");
    json.time(envelope.ingested_at, Form::Zulu);
}

/// How many ways there are to break a line.
const BREAKS: u64 = 8;

/// Writes the `count`-th line that is no event: each way to break one in its turn.
pub(super) fn write_malformed(json: &mut Json, count: u64, envelope: &Envelope, fields: &[Field], draws: &mut Draws) {
    match count % BREAKS {
        0 => {
            write_event(json, Style::Dense, envelope, fields);
            let length = json.bytes().len() as u32;
            json.truncate((length / 4 + draws.below(length / 2)) as usize);
            // A cut in the middle of a letter would make the whole file unreadable to many a tool.
            while std::str::from_utf8(json.bytes()).is_err() {
                json.truncate(json.bytes().len() - 1);
            }
        }
        1 => {
            json.clear(Style::Dense);
            json.raw(b"upstream request timed out (504)");
        }
        2 => {
            json.clear(Style::Dense);
            json.open(b'[');
            json.element();
            json.text(envelope.event_type);
            json.element();
            write_object(json, fields);
            json.close(b']');
        }
        way => write_odd(json, way, envelope, fields),
    }
}

/// An object in which one part is missing or of the wrong kind.
fn write_odd(json: &mut Json, way: u64, envelope: &Envelope, fields: &[Field]) {
    json.clear(Style::Dense);
    json.open(b'{');
    write_id(json, envelope);
    if way != 3 {
        write_type(json, envelope);
    }
    json.key("event_time");
    if way == 4 {
        json.text("yesterday evening");
    } else {
        json.time(envelope.ingested_at, Form::Zulu);
    }
    write_vendor(json, envelope);
    json.key("payload");
    match way {
        5 => json.text("see attachment"),
        6 => json.null(),
        _ => write_object(json, fields),
    }
    if way == 7 {
        json.key("ingested_at");
        json.text("soon");
    } else {
        write_ingested(json, envelope);
    }
    json.close(b'}');
}
