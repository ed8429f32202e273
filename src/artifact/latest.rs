//! `target/latest_results.json`: how each node ended when it last ran, whichever run that was. `run_results.json` forgets
//! with every run what was not part of it.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;

use crate::artifact::LastResult;
use crate::artifact::last_run;
use crate::artifact::replace::replace;
use crate::artifact::run_results::status;
use crate::artifact::time;
use crate::error::AtPath;
use crate::error::Result;
use crate::name::NodeId;
use crate::plan::RunRecord;
use crate::project::Project;

/// How a node ended when it last ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    pub result: LastResult,
    pub verb: String,
    /// When the run began.
    pub at: Timestamp,
}

/// Puts what came of a run's nodes in the place of what was known of them, and forgets nodes that are gone.
///
/// # Errors
/// When the file cannot be written.
pub fn write_latest(project: &Project, record: &RunRecord) -> Result<()> {
    let path = path(project);
    let folder = path.parent().unwrap_or(&project.root);
    std::fs::create_dir_all(folder).at_path("make the folder", folder)?;
    // What another process puts there meanwhile must not be lost. Where a folder cannot be locked, this is as good as without.
    let _lock = std::fs::File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    let mut all = kept(project);
    for outcome in &record.outcomes {
        let result = LastResult {
            id: outcome.id.clone(),
            status: outcome.status,
            message: outcome.message.clone(),
            failures: outcome.failures,
        };
        all.insert(outcome.id.clone(), Latest { result, verb: record.verb.clone(), at: record.started_at });
    }
    all.retain(|id, _| project.nodes.contains_key(id) || project.unit_tests.iter().any(|test| test.id() == *id));
    let results: serde_json::Map<_, _> = all
        .values()
        .map(|Latest { result, verb, at }| {
            let said = json!({
                "status": result.status.as_str(), "message": result.message, "failures": result.failures,
                "verb": verb, "started_at": time(*at),
            });
            (result.id.as_str().to_string(), said)
        })
        .collect();
    replace(&path, json!({ "results": results }).to_string().as_bytes())
}

/// How each node ended when it last ran, as far as that is known.
///
/// # Errors
/// When `run_results.json`, which may be of another program, is none.
pub fn latest(project: &Project) -> Result<IndexMap<NodeId, Latest>> {
    let mut all = kept(project);
    if let Some(run) = last_run(project)? {
        for result in run.results {
            if all.get(&result.id).is_none_or(|known| known.at < run.started_at) {
                let id = result.id.clone();
                all.insert(id, Latest { result, verb: run.verb.clone(), at: run.started_at });
            }
        }
    }
    Ok(all)
}

/// What the file says. It can be made anew, so one that cannot be read says nothing.
fn kept(project: &Project) -> IndexMap<NodeId, Latest> {
    let text = std::fs::read_to_string(path(project)).unwrap_or_default();
    let document: Json = serde_json::from_str(&text).unwrap_or_default();
    let read = |(id, said): (&String, &Json)| {
        let id = NodeId::from(id.clone());
        let text = |name: &str| said[name].as_str();
        let result = LastResult {
            id: id.clone(),
            status: status(text("status")?)?,
            message: text("message")?.to_string(),
            failures: said["failures"].as_u64(),
        };
        Some((id, Latest { result, verb: text("verb")?.to_string(), at: text("started_at")?.parse().ok()? }))
    };
    document["results"].as_object().into_iter().flatten().filter_map(read).collect()
}

fn path(project: &Project) -> std::path::PathBuf {
    project.root.join(&project.target_path).join("latest_results.json")
}
