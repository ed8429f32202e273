//! `target/runs/`: one small file a run, so that runs can be compared after the fact.

use serde_json::Value as Json;
use serde_json::json;

use crate::artifact::replace::replace;
use crate::artifact::time;
use crate::error::AtPath;
use crate::error::Result;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::project::Project;

/// How many runs are remembered.
const KEPT: usize = 50;

/// Writes what a run did as `target/runs/<start>-<invocation>.json` and forgets the oldest above the last fifty.
///
/// `data` says what happened to the data (events stored, rows of each fact, what was published); it is kept as given.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_run_record(project: &Project, record: &RunRecord, data: &Json) -> Result<()> {
    use Status::{Error, Fail, Pass, Skipped, Success, Unchanged, Warn};
    let folder = project.root.join(&project.target_path).join("runs");
    let counts: serde_json::Map<_, _> = [Success, Unchanged, Pass, Warn, Fail, Error, Skipped]
        .into_iter()
        .map(|status| (status.as_str().to_string(), json!(record.count(status))))
        .collect();
    let told = |status| matches!(status, Warn | Fail | Error);
    let notable: Vec<_> = record
        .outcomes
        .iter()
        .filter(|outcome| told(outcome.status))
        .map(|outcome| {
            json!({
                "id": outcome.id.as_str(),
                "status": outcome.status.as_str(),
                "failures": outcome.failures,
                "message": outcome.message,
            })
        })
        .collect();
    let document = json!({
        "invocation_id": record.invocation_id,
        "verb": record.verb,
        "arguments": record.arguments,
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": time(record.started_at),
        "took_seconds": record.took.as_secs_f64(),
        "counts": counts,
        "notable": notable,
        "data": data,
    });
    // Basic form, so that names sort by time and hold no character that a file system minds.
    let start: String = time(record.started_at).chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    let path = folder.join(format!("{start}-{}.json", record.invocation_id));
    replace(&path, document.to_string().as_bytes())?;
    forget_oldest(&folder)
}

fn forget_oldest(folder: &std::path::Path) -> Result<()> {
    let mut records: Vec<_> = std::fs::read_dir(folder)
        .at_path("read", folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    records.sort();
    let surplus = records.len().saturating_sub(KEPT);
    for path in &records[..surplus] {
        // Another run may have forgotten it at the same moment.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}
