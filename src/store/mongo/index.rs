//! The unique index on `event_id`, on which it stands that no event is stored twice.

use mongodb::IndexModel;
use mongodb::bson::Bson;
use mongodb::bson::Document;
use mongodb::bson::doc;
use mongodb::error::ErrorKind;
use mongodb::options::IndexOptions;

use crate::error::Error;
use crate::error::Result;
use crate::store::mongo::CONFLICTS;
use crate::store::mongo::EVENTS;
use crate::store::mongo::LOG;
use crate::store::mongo::SET_ASIDE;
use crate::store::mongo::door::Door;
use crate::store::mongo::fault::DUPLICATE_KEY;
use crate::store::mongo::fault::UNAUTHORIZED;

const NAMESPACE_NOT_FOUND: i32 = 26;

/// How many doubled ids a message names.
const NAMED: i64 = 5;

/// Makes the unique index if it is missing.
pub(super) fn ensure(door: &Door) -> Result<()> {
    if unique(door)?.is_some() {
        return Ok(());
    }
    let options = IndexOptions::builder().unique(true).build();
    let model = IndexModel::builder().keys(doc! { "event_id": 1 }).options(options).build();
    let made = door.try_wait(door.collection(EVENTS).create_index(model).into_future());
    if let Err(error) = made {
        return Err(match error.kind.as_ref() {
            ErrorKind::Command(failed) if failed.code == DUPLICATE_KEY => doubled(door)?,
            ErrorKind::Command(failed) if failed.code == UNAUTHORIZED => {
                let database = door.database.name();
                Error::call(format!("the account may not make the unique index on `{database}.{EVENTS}.event_id`")).help(format!(
                    "grant it the role `readWrite` on `{database}`, or let another run `db.{EVENTS}.createIndex({{event_id: 1}}, {{unique: true}})` there"
                ))
            }
            _ => door.faults.explain("make the unique index on `event_id`", &error),
        });
    }
    Ok(())
}

/// Makes the indexes of the collections that are ours.
pub(super) fn ensure_own(door: &Door) -> Result<()> {
    for (collection, key) in [(LOG, "file"), (SET_ASIDE, "_id.reading"), (CONFLICTS, "_id.reading")] {
        let model = IndexModel::builder().keys(doc! { key: 1 }).build();
        door.wait("make its indexes", door.collection(collection).create_index(model))?;
    }
    Ok(())
}

/// What a person is told of the index.
pub(super) fn described(door: &Door) -> Result<String> {
    Ok(unique(door)?.map_or_else(
        || "none that is unique on `event_id`".to_string(),
        |name| format!("`{name}`, unique on `event_id`"),
    ))
}

/// The name of a unique index on `event_id` alone.
fn unique(door: &Door) -> Result<Option<String>> {
    let listed = door.try_wait(async {
        let mut cursor = door.collection(EVENTS).list_indexes().await?;
        let mut models = Vec::new();
        while cursor.advance().await? {
            models.push(cursor.deserialize_current()?);
        }
        Ok::<_, mongodb::error::Error>(models)
    });
    let models = match listed {
        Ok(models) => models,
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Command(failed) if failed.code == NAMESPACE_NOT_FOUND => Vec::new(),
            _ => return Err(door.faults.explain("read its indexes", &error)),
        },
    };
    let fits = |model: &IndexModel| {
        let is_plain = |options: &IndexOptions| {
            // A sparse or partial one does not hold for all documents.
            options.unique == Some(true) && options.sparse != Some(true) && options.partial_filter_expression.is_none()
        };
        model.keys.len() == 1 && model.keys.contains_key("event_id") && model.options.as_ref().is_some_and(is_plain)
    };
    let found = models.into_iter().find(fits);
    Ok(found.map(|model| model.options.and_then(|options| options.name).unwrap_or_else(|| "event_id_1".to_string())))
}

/// Names ids that several documents have.
fn doubled(door: &Door) -> Result<Error> {
    let pipeline = [
        doc! { "$group": { "_id": "$event_id", "documents": { "$sum": 1 } } },
        doc! { "$match": { "documents": { "$gt": 1 } } },
        doc! { "$sort": { "_id": 1 } },
        doc! { "$limit": NAMED + 1 },
    ];
    let rows: Vec<Document> = door.wait("look for doubled ids", async {
        let mut cursor = door.database.collection::<Document>(EVENTS).aggregate(pipeline).allow_disk_use(true).await?;
        let mut rows = Vec::new();
        while cursor.advance().await? {
            rows.push(cursor.deserialize_current()?);
        }
        Ok(rows)
    })?;
    let told = |row: &Document| {
        let times = row.get_i32("documents").map(i64::from).or_else(|_| row.get_i64("documents")).unwrap_or(2);
        match row.get("_id") {
            Some(Bson::String(id)) => format!("`{id}` ({times} documents)"),
            Some(Bson::Null) | None => format!("no id ({times} documents)"),
            Some(other) => format!("`{other}` ({times} documents)"),
        }
    };
    let shown: Vec<String> = rows.iter().take(NAMED as usize).map(told).collect();
    let more = if rows.len() as i64 > NAMED { " and more" } else { "" };
    let database = door.database.name();
    Ok(Error::data(format!("`event_id` is not unique in `{database}.{EVENTS}`: {}{more}", shown.join(", ")))
        .help("give every event its own id, or move the later documents aside; then run this again"))
}
