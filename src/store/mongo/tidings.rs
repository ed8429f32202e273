//! What a change stream tells: new events, readings and markers of our own, and what nobody may do to a system of record.

use jiff::Timestamp;
use mongodb::bson::Bson;
use mongodb::bson::Document;
use mongodb::bson::RawDocument;
use mongodb::bson::oid::ObjectId;

use crate::store::Sink;
use crate::store::mongo::EVENTS;
use crate::store::mongo::LOG;
use crate::store::mongo::MARKERS;
use crate::store::mongo::door::Door;
use crate::store::mongo::gather::Decoded;
use crate::store::mongo::gather::Gathered;

/// A change to what is ours alone.
pub(super) enum Ours {
    Reading(Document),
    Marker(ObjectId),
}

/// What came by the stream besides new events.
#[derive(Default)]
pub(super) struct Tidings {
    changed: u64,
    deleted: u64,
    dropped: Vec<String>,
    /// When the first of the new events was written.
    pub(super) written_from: Option<Timestamp>,
}

impl Tidings {
    /// Tells of what nobody may do to a system of record; whether all is well.
    pub(super) fn tell(&self, sink: &dyn Sink) -> bool {
        for what in &self.dropped {
            sink.warn(format!(
                "MongoDB tells that another client changed the raw store itself ({what}); all is compared"
            ));
        }
        if self.changed + self.deleted > 0 {
            sink.warn(format!(
                "stored events were changed ({}) or deleted ({}) in MongoDB by another client; all is compared",
                self.changed, self.deleted
            ));
        }
        self.dropped.is_empty() && self.changed + self.deleted == 0
    }

    /// Takes a change; what is ours alone is returned.
    pub(super) fn take(&mut self, door: &Door, change: &RawDocument, decoded: &mut Decoded) -> Option<Ours> {
        let operation = change.get_str("operationType").unwrap_or_default();
        let collection = change.get_document("ns").and_then(|namespace| namespace.get_str("coll")).unwrap_or_default();
        let document = change.get_document("fullDocument");
        let becomes = change.get_document("to").and_then(|namespace| namespace.get_str("coll")).unwrap_or_default();
        match (operation, collection, document) {
            ("insert", EVENTS, Ok(document)) => {
                self.written_from = self.written_from.into_iter().chain(written_at(change)).min();
                decoded.add(door, document);
            }
            ("insert", LOG, Ok(document)) => return Document::try_from(document).ok().map(Ours::Reading),
            ("insert", MARKERS, Ok(document)) => return document.get_object_id("_id").ok().map(Ours::Marker),
            ("update" | "replace", EVENTS, _) => self.changed += 1,
            ("delete", EVENTS, _) => self.deleted += 1,
            ("rename", ..) if becomes == EVENTS => self.dropped.push(format!("rename of `{collection}` to `{EVENTS}`")),
            ("drop" | "rename", EVENTS | LOG, _) | ("dropDatabase" | "invalidate", ..) => {
                self.dropped.push(format!("{operation} {collection}").trim_end().to_string());
            }
            _ => {}
        }
        None
    }
}

/// When the server wrote a change: to the millisecond since 6.0, to the second before.
fn written_at(change: &RawDocument) -> Option<Timestamp> {
    if let Ok(wall) = change.get_datetime("wallTime") {
        return Timestamp::from_millisecond(wall.timestamp_millis()).ok();
    }
    match change.get("clusterTime").ok()??.try_into().ok()? {
        Bson::Timestamp(time) => Timestamp::from_second(i64::from(time.time)).ok(),
        _ => None,
    }
}

/// Whether a change is to a marker only.
pub(super) fn is_own_affair(change: &RawDocument) -> bool {
    change
        .get_document("ns")
        .and_then(|namespace| namespace.get_str("coll"))
        .is_ok_and(|collection| collection == MARKERS)
}
