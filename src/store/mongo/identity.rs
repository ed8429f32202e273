//! What the store says of itself, in one document: who it is, and whose place it has taken.

use mongodb::bson::doc;

use crate::error::Error;
use crate::error::Result;
use crate::store::mongo::STORE;
use crate::store::mongo::door::Door;
use crate::store::mongo::update::durable;

/// The layout of the collections that are ours; a store with a higher number was made by a newer `cp`.
const FORMAT: i32 = 1;

const ID: &str = "identity";

/// Who the store is.
pub(super) struct Identity {
    pub(super) id: String,
    /// Stores whose events it holds all of.
    pub(super) taken_over: Vec<String>,
}

impl Identity {
    pub(super) fn read_or_make(door: &Door) -> Result<Self> {
        let doing = "write to `cp_store`";
        let collection = door.database.collection::<mongodb::bson::Document>(STORE);
        let find = || door.wait("read `cp_store`", collection.find_one(doc! { "_id": ID }));
        let found = match find()? {
            Some(found) => Some(found),
            None => {
                // Two that do this at once make one identity: the document's id is unique.
                let made = doc! {
                    "identity": uuid::Uuid::new_v4().to_string(),
                    "format": FORMAT,
                    "made_at": mongodb::bson::DateTime::now(),
                    "made_by": concat!("cp ", env!("CARGO_PKG_VERSION")),
                };
                let update = doc! { "$setOnInsert": made };
                let made = door.insist(doing, |_| {
                    door.try_wait(
                        collection
                            .update_one(doc! { "_id": ID }, update.clone())
                            .upsert(true)
                            .write_concern(durable())
                            .into_future(),
                    )
                });
                match (made, find()?) {
                    (_, Some(found)) => Some(found),
                    (made, None) => made.map(|_| None)?,
                }
            }
        };
        let unreadable = || Error::call(format!("the {} does not say which store it is", door.described));
        let found = found.ok_or_else(unreadable)?;
        if found.get_i32("format").is_ok_and(|format| format > FORMAT) {
            return Err(Error::call(format!("a newer `cp` made the {}", door.described)).help("upgrade `cp`"));
        }
        let taken_over = found.get_array("taken_over").map_or_else(
            |_| Vec::new(),
            |taken| taken.iter().filter_map(|id| id.as_str().map(str::to_string)).collect(),
        );
        Ok(Self { id: found.get_str("identity").map_err(|_| unreadable())?.to_string(), taken_over })
    }

    /// Notes that all of another store's events are here.
    pub(super) fn take_over(&mut self, door: &Door, identity: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "taken_over": identity } };
        door.insist("note what was taken over", |_| {
            let collection = door.collection(STORE);
            door.try_wait(
                collection.update_one(doc! { "_id": ID }, update.clone()).write_concern(durable()).into_future(),
            )
        })?;
        self.taken_over.push(identity.to_string());
        Ok(())
    }
}
