//! One process at a time reads files into a store: two that read one file at once could not tell who stored what.
//!
//! The lease is a document that its holder renews. After a crash it runs out by itself; on the machine of the holder it is
//! seen at once that the process is gone.

use std::time::Duration;
use std::time::Instant;

use mongodb::Collection;
use mongodb::bson::DateTime;
use mongodb::bson::Document;
use mongodb::bson::doc;
use mongodb::error::ErrorKind;
use mongodb::error::WriteFailure;
use mongodb::options::ReturnDocument;

use crate::config::Process;
use crate::error::Error;
use crate::error::Result;
use crate::store::mongo::STORE;
use crate::store::mongo::door::Door;
use crate::store::mongo::fault::DUPLICATE_KEY;
use crate::store::mongo::update;

const ID: &str = "writer";

/// How long a lease holds without being renewed, and how often it is.
const HOLDS: Duration = Duration::from_secs(20);
const RENEWED: Duration = Duration::from_secs(5);

/// How long another holder is waited for.
const PATIENCE: Duration = Duration::from_secs(40);

/// The right to read files into the store.
pub(super) struct Lease {
    owner: String,
    renewal: tokio::task::JoinHandle<()>,
}

impl Lease {
    /// Waits for the lease.
    pub(super) fn acquire(door: &Door) -> Result<Self> {
        let owner = uuid::Uuid::new_v4().to_string();
        let collection = door.database.collection::<Document>(STORE);
        let process = Process::own();
        let started = Instant::now();
        loop {
            let taken = door.wait("take its turn to write", take(&collection, &owner, &process))?;
            if taken {
                break;
            }
            let holder = door.wait("see whose turn it is", collection.find_one(doc! { "_id": ID }))?;
            if let Some(holder) = &holder
                && is_gone(holder)
            {
                give_back(door, holder.get_str("owner").unwrap_or_default())?;
                continue;
            }
            if started.elapsed() > PATIENCE {
                let who = holder.and_then(|holder| {
                    Some(format!("process {} on {}", holder.get_i64("process").ok()?, holder.get_str("machine").ok()?))
                });
                return Err(Error::call(format!("another `cp` is reading files into the {}", door.described))
                    .because(who.unwrap_or_else(|| "it does not say who it is".to_string()))
                    .help("wait until it is done"));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        let (renewed, name) = (collection.clone(), owner.clone());
        let renewal = door.spawn(async move {
            loop {
                tokio::time::sleep(RENEWED).await;
                // One that fails is made up for by the next.
                let _ = renew(&renewed, &name).await;
            }
        });
        Ok(Self { owner, renewal })
    }

    /// The next number of the log. Only the holder gets one: who was asleep for so long that another took the lease must
    /// not tell what it read, for the other has taken it into account.
    pub(super) fn next_number(&self, door: &Door) -> Result<i64> {
        let own = doc! { "_id": ID, "owner": &self.owner };
        let found = door.insist("write its log", |_| {
            let collection = door.database.collection::<Document>(STORE);
            let next = collection.find_one_and_update(own.clone(), doc! { "$inc": { "readings": 1_i64 } });
            let next = next.return_document(ReturnDocument::After).write_concern(update::durable());
            door.try_wait(next.into_future())
        })?;
        found.and_then(|found| found.get_i64("readings").ok()).ok_or_else(|| taken_over(door))
    }

    /// Whether the lease is still held.
    ///
    /// # Errors
    /// When it is another's.
    pub(super) fn require(&self, door: &Door) -> Result<()> {
        let own = doc! { "_id": ID, "owner": &self.owner };
        let found = door.insist("see whose turn it is", |_| {
            door.try_wait(door.collection(STORE).find_one(own.clone()).into_future())
        })?;
        found.map(|_| ()).ok_or_else(|| taken_over(door))
    }

    pub(super) fn release(self, door: &Door) {
        self.renewal.abort();
        // If this fails, the lease runs out.
        let _ = give_back(door, &self.owner);
    }
}

fn taken_over(door: &Door) -> Error {
    Error::call(format!("another `cp` took over reading files into the {}", door.described))
        .because("this one did not answer for too long")
        .help("nothing is lost; run it again")
}

/// Ends a turn; the document stays, for it counts the readings.
fn give_back(door: &Door, owner: &str) -> Result<()> {
    let over = doc! { "$set": { "until": DateTime::from_millis(0) }, "$unset": { "owner": "" } };
    door.wait("end its turn", door.collection(STORE).update_one(doc! { "_id": ID, "owner": owner }, over)).map(|_| ())
}

/// Takes the lease if it is free, or has run out by the server's own clock.
async fn take(collection: &Collection<Document>, owner: &str, process: &Process) -> mongodb::error::Result<bool> {
    let now = server_time(collection).await?;
    let free = doc! { "_id": ID, "until": { "$lt": now } };
    let taken = doc! { "$set": {
        "owner": owner, "until": later(now), "process": i64::from(process.id), "machine": &process.machine,
        "started": &process.started,
    } };
    match collection.update_one(free, taken).upsert(true).await {
        Ok(_) => Ok(true),
        Err(error) if is_doubled(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn renew(collection: &Collection<Document>, owner: &str) -> mongodb::error::Result<()> {
    let until = later(server_time(collection).await?);
    collection.update_one(doc! { "_id": ID, "owner": owner }, doc! { "$set": { "until": until } }).await?;
    Ok(())
}

async fn server_time(collection: &Collection<Document>) -> mongodb::error::Result<DateTime> {
    let hello = collection.client().database(&collection.namespace().db).run_command(doc! { "hello": 1 }).await?;
    Ok(hello.get_datetime("localTime").copied().unwrap_or_else(|_| DateTime::now()))
}

fn later(now: DateTime) -> DateTime {
    DateTime::from_millis(now.timestamp_millis().saturating_add(HOLDS.as_millis() as i64))
}

fn is_doubled(error: &mongodb::error::Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(failed)) => failed.code == DUPLICATE_KEY,
        ErrorKind::Command(failed) => failed.code == DUPLICATE_KEY,
        _ => false,
    }
}

/// Whether the holder ran on this machine and runs no more.
fn is_gone(holder: &Document) -> bool {
    let (Ok(id), Ok(machine), Ok(started)) =
        (holder.get_i64("process"), holder.get_str("machine"), holder.get_str("started"))
    else {
        return false;
    };
    let Ok(id) = u32::try_from(id) else { return false };
    Process { id, machine: machine.to_string(), started: started.to_string() }.is_gone()
}
