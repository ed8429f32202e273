//! What a run leaves in `target/`: compiled SQL, `manifest.json` and `run_results.json` in dbt's schemas, the latest
//! result of each node, run records.
//!
//! Tools that read dbt's artifacts read these: the manifest is schema v12, the run results are schema v6. Every file
//! appears whole or not at all, so a reader beside a running build never meets half of one.

mod compiled;
mod config;
#[cfg(test)]
pub(crate) mod example;
mod json;
mod latest;
mod macros;
mod manifest;
mod node;
mod replace;
mod run_record;
mod run_results;
mod state;

pub use compiled::{compiled_path, run_path, write_compiled, write_run_sql};
pub use latest::{Latest, latest, write_latest};
pub use manifest::write_manifest;
pub use replace::{replace, rewrite};
pub use run_record::write_run_record;
pub use run_results::{LastResult, LastRun, last_run, write_run_results};
pub use state::{Manifest, read_manifest};

use std::time::Duration;

use jiff::Timestamp;

/// The dbt whose schemas and behaviour the artifacts follow.
const DBT_VERSION: &str = "1.10.0";

/// A time as dbt writes it: UTC, six digits after the point.
fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// The time so much later; the same time where no calendar reaches that far.
fn after(start: Timestamp, took: Duration) -> Timestamp {
    start.checked_add(took).unwrap_or(start)
}
