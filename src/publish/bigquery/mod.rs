//! Publishing to BigQuery: only what has changed travels, and all tables change together.
//!
//! ```text
//! ledger (what is published?) → comparison (which rows differ?) → load jobs into staging tables
//!   → one transaction: head, every table, ledger → memory of what is published
//! ```
//!
//! Whatever breaks off before the transaction leaves readers what they had, and the next run finds the jobs that are done;
//! whatever breaks off after it is found in the ledger. Staging tables go with the publication, and expire by themselves
//! where that was cut short.
//!
//! The driver is asynchronous and the rest of the tool is not: [`Door`] is where they meet. Only this folder speaks to
//! BigQuery.

mod alike;
mod candidate;
mod changes;
mod credentials;
mod door;
mod fault;
mod jobs;
mod layout;
mod ledger;
mod partitions;
mod publisher;
mod retry;
mod script;
mod settings;
mod shape;
mod tables;
mod types;
mod upload;
mod verify;

pub use verify::{ComparedTable, Measure, verify};

use std::time::Duration;

use crate::check::Verified;
use crate::config::BigQuerySettings;
use crate::engine::Engine;
use crate::error::Error;
use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::publish::How;
use crate::publish::Published;

use door::Door;
use publisher::Publisher;

/// How long a person waits to be told how things stand.
const LOOK: Duration = Duration::from_secs(15);

/// How often a publication that another one forestalled is begun anew.
const ATTEMPTS: usize = 5;

/// Publishes all tables, or none.
///
/// # Errors
/// When BigQuery cannot be reached or refuses something, when a table there cannot be brought into shape without loss, or
/// when it holds other rows than were published; then nothing has changed for readers.
pub fn publish(
    engine: &Engine,
    verified: &Verified,
    settings: &BigQuerySettings,
    how: &How,
    observe: &dyn Observe,
) -> Result<Published> {
    let mut door = Door::open(settings)?;
    let session = engine.session()?;
    let database = session.database()?;
    for _ in 0..ATTEMPTS {
        let published = session
            .transaction(|session| Publisher::new(&mut door, session, &database, verified, how)?.publish(observe))?;
        match published {
            Some(published) => return Ok(published),
            None => observe.on(Progress::Warning {
                text: "another publication came first; what has changed since is looked for again".to_string(),
            }),
        }
    }
    Err(Error::call(format!("other publications to `{}` came first {ATTEMPTS} times", door.place()))
        .help("is somebody else publishing there all the time?")
        .passing())
}

/// What a column of one of DuckDB's types is in BigQuery.
///
/// # Errors
/// A phrase, where BigQuery has nothing for it.
pub fn type_of(duckdb: &str) -> std::result::Result<String, String> {
    Ok(types::sent(duckdb)?.ddl())
}

/// Where the dataset is, and what was published last, as names and values.
///
/// # Errors
/// When BigQuery cannot be asked.
pub fn standing(settings: &BigQuerySettings) -> Result<Vec<(&'static str, String)>> {
    let (patience, deadline) = (settings.patience.min(LOOK), settings.deadline.min(LOOK));
    let mut door = Door::open(&BigQuerySettings { patience, deadline, ..settings.clone() })?;
    if !door.has_dataset()? {
        return Ok(vec![("dataset", "not made yet".to_string())]);
    }
    let last = ledger::last(&door)?.map(|last| {
        let at = jiff::Timestamp::from_millisecond(last.at).unwrap_or_default();
        format!("{} of {}, at {at:.0}", last.id, counted(last.count()))
    });
    Ok(vec![
        ("dataset", format!("in {}", door.location.as_deref().unwrap_or("BigQuery's own location"))),
        ("last publication", last.unwrap_or_else(|| "none".to_string())),
    ])
}

fn counted(tables: usize) -> String {
    format!("{tables} table{}", if tables == 1 { "" } else { "s" })
}
