//! `target/run_results.json`, dbt's schema v6: what came of each node of the last run; and reading it again.

use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;

use crate::artifact::after;
use crate::artifact::replace::replace;
use crate::artifact::time;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::plan::Outcome;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::project::Project;

/// Writes `run_results.json`.
///
/// # Errors
/// When the file cannot be written.
pub fn write_run_results(project: &Project, record: &RunRecord) -> Result<()> {
    let mut arguments = record.arguments.as_object().cloned().unwrap_or_default();
    arguments.insert("which".to_string(), json!(record.verb));
    let ended = after(record.started_at, record.took);
    let document = json!({
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "dbt_version": super::DBT_VERSION,
            "generated_at": time(ended),
            "invocation_id": record.invocation_id,
            "invocation_started_at": time(record.started_at),
            "env": {"CP_VERSION": env!("CARGO_PKG_VERSION")},
        },
        "results": record.outcomes.iter().map(result).collect::<Vec<_>>(),
        "elapsed_time": record.took.as_secs_f64(),
        "args": arguments,
    });
    replace(&project.root.join(&project.target_path).join("run_results.json"), document.to_string().as_bytes())
}

fn result(outcome: &Outcome) -> Json {
    let ended = after(outcome.started_at, outcome.took);
    let timing = match outcome.status {
        Status::Skipped => json!([]),
        _ => json!([
            {"name": "compile", "started_at": time(outcome.started_at), "completed_at": time(outcome.started_at)},
            {"name": "execute", "started_at": time(outcome.started_at), "completed_at": time(ended)},
        ]),
    };
    let mut response = serde_json::Map::new();
    if !matches!(outcome.status, Status::Error | Status::Skipped) {
        response.insert("_message".to_string(), json!("OK"));
        if let Some(rows) = outcome.rows {
            response.insert("rows_affected".to_string(), json!(rows));
        }
    }
    json!({
        "status": outcome.status.as_str(),
        "timing": timing,
        "thread_id": format!("Thread-{} (worker)", outcome.worker),
        "execution_time": outcome.took.as_secs_f64(),
        "adapter_response": response,
        "message": if outcome.message.is_empty() { Json::Null } else { json!(outcome.message) },
        "failures": outcome.failures,
        "unique_id": outcome.id.as_str(),
        "compiled": outcome.compiled.is_some(),
        "compiled_code": outcome.compiled,
        "relation_name": outcome.relation.as_ref().map(ToString::to_string),
        "batch_results": null,
    })
}

/// A run as `run_results.json` remembers it.
#[derive(Debug, Clone, PartialEq)]
pub struct LastRun {
    pub invocation_id: String,
    pub verb: String,
    /// When it began; where the file does not say, when it ended.
    pub started_at: Timestamp,
    /// Seconds.
    pub took: f64,
    pub results: Vec<LastResult>,
}

/// How one node ended in it.
#[derive(Debug, Clone, PartialEq)]
pub struct LastResult {
    pub id: NodeId,
    pub status: Status,
    pub message: String,
    pub failures: Option<u64>,
}

impl LastResult {
    /// Of a node that the run left out.
    pub fn none(id: &NodeId) -> Self {
        Self { id: id.clone(), status: Status::Skipped, message: "not run".to_string(), failures: None }
    }
}

/// The run that `run_results.json` tells of; `None` where there is no such file.
///
/// # Errors
/// When the file cannot be read, or is none of this kind.
pub fn last_run(project: &Project) -> Result<Option<LastRun>> {
    let path = project.root.join(&project.target_path).join("run_results.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::call(format!("cannot read `{}`", path.display())).because(error)),
    };
    let document: Json = serde_json::from_str(&text).unwrap_or_default();
    parse(&document).map(Some).ok_or_else(|| {
        Error::call(format!("`{}` does not hold the results of a run", path.display()))
            .help("remove it, or run `cp build` to have it written anew")
    })
}

fn parse(document: &Json) -> Option<LastRun> {
    let metadata = document.get("metadata")?;
    let text = |name: &str| metadata.get(name).and_then(Json::as_str);
    let results = document.get("results")?.as_array()?.iter().filter_map(|result| {
        Some(LastResult {
            id: NodeId::from(result.get("unique_id")?.as_str()?.to_string()),
            status: status(result.get("status")?.as_str()?)?,
            message: result.get("message").and_then(Json::as_str).unwrap_or_default().to_string(),
            failures: result.get("failures").and_then(Json::as_u64),
        })
    });
    Some(LastRun {
        invocation_id: text("invocation_id")?.to_string(),
        verb: document.pointer("/args/which").and_then(Json::as_str).unwrap_or("run").to_string(),
        started_at: text("invocation_started_at").or_else(|| text("generated_at"))?.parse().ok()?,
        took: document.get("elapsed_time").and_then(Json::as_f64).unwrap_or_default(),
        results: results.collect(),
    })
}

pub(super) fn status(word: &str) -> Option<Status> {
    use Status::{Error, Fail, Pass, Skipped, Success, Unchanged, Warn};
    [Success, Pass, Warn, Fail, Error, Skipped, Unchanged].into_iter().find(|status| status.as_str() == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::example;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let project = example::project(folder.path());
        assert_eq!(last_run(&project).unwrap(), None);
        let record = example::record();
        write_run_results(&project, &record).unwrap();
        let last = last_run(&project).unwrap().unwrap();
        assert_eq!((last.verb.as_str(), last.started_at), ("build", record.started_at));
        let expected: Vec<_> = record
            .outcomes
            .iter()
            .map(|outcome| LastResult {
                id: outcome.id.clone(),
                status: outcome.status,
                message: outcome.message.clone(),
                failures: outcome.failures,
            })
            .collect();
        assert_eq!(last.results, expected);
        std::fs::write(folder.path().join("target/run_results.json"), "{\"metadata\": 1}").unwrap();
        assert!(last_run(&project).unwrap_err().to_string().contains("does not hold the results of a run"));
    }
}
