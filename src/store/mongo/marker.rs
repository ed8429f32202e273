//! Markers: what a run writes at its start and waits for, to know that it has seen all that came before.

use std::time::Duration;

use mongodb::ClientSession;
use mongodb::bson::DateTime;
use mongodb::bson::Document;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;

use crate::error::Result;
use crate::store::mongo::MARKERS;
use crate::store::mongo::door::Door;
use crate::store::mongo::update;

/// Markers that came back are deleted at once; what a crash left is deleted after this long.
const MARKERS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// A session whose reads see what it wrote.
pub(super) fn session(door: &Door) -> Result<ClientSession> {
    door.wait("begin a session", door.client.start_session().causal_consistency(true))
}

/// Writes a marker.
pub(super) fn write(door: &Door, session: &mut ClientSession) -> Result<ObjectId> {
    let marker = ObjectId::new();
    let collection = door.database.collection::<Document>(MARKERS);
    let row = doc! { "_id": marker, "written_at": DateTime::now() };
    door.wait("write a marker", collection.insert_one(row).write_concern(update::durable()).session(session))?;
    Ok(marker)
}

/// Removes a marker that has come back, and those that nobody waits for any more.
pub(super) fn remove(door: &Door, marker: &ObjectId) -> Result<()> {
    door.wait("remove its marker", door.collection(MARKERS).delete_many(spent(marker))).map(|_| ())
}

fn spent(marker: &ObjectId) -> Document {
    let now = DateTime::now().timestamp_millis();
    let old = DateTime::from_millis(now - MARKERS_KEPT.as_millis() as i64);
    doc! { "$or": [{ "_id": marker }, { "written_at": { "$lt": old } }] }
}
