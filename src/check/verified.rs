//! The proof that what is to be published was checked. Only this module can make one.

use indexmap::IndexSet;

use crate::error::Error;
use crate::error::Result;
use crate::graph::Graph;
use crate::name::NodeId;
use crate::name::Relation;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Severity;
use crate::render::Scanned;

/// One table to publish.
#[derive(Debug, Clone)]
pub struct Publishable {
    pub id: NodeId,
    /// The published name: the relation's.
    pub name: String,
    pub relation: Relation,
    /// Columns that make a row unique and give the published order; may be empty.
    pub key: Vec<String>,
    pub description: String,
}

/// Tables whose every check of severity error, on them and on all that they are made of, has passed.
#[derive(Debug)]
pub struct Verified {
    tables: Vec<Publishable>,
    invocation_id: String,
}

impl Verified {
    /// The tables, by name.
    pub fn tables(&self) -> &[Publishable] {
        &self.tables
    }

    /// The run whose checks stand behind it.
    pub fn invocation_id(&self) -> &str {
        &self.invocation_id
    }
}

/// Looks whether everything that is to be published (`meta.publish`) was built and checked in this run.
///
/// # Errors
/// The reasons why nothing may be published, as an error about the data.
pub fn verify(project: &Project, scanned: &Scanned, graph: &Graph, record: &RunRecord) -> Result<Verified> {
    let mut tables = Vec::new();
    let mut stands_on: IndexSet<NodeId> = IndexSet::new();
    for (id, scan) in &scanned.nodes {
        let node = &project.nodes[id];
        let publish = scan.config.meta("publish").and_then(serde_json::Value::as_bool).unwrap_or(false);
        if let (true, Some(relation), NodeKind::Model | NodeKind::Seed) = (publish, &scan.relation, node.kind) {
            stands_on.insert(id.clone());
            stands_on.extend(graph.ancestors(id, None));
            let description = node.description.clone();
            let name = relation.name.clone();
            tables.push(Publishable {
                id: id.clone(),
                name,
                relation: relation.clone(),
                key: scan.config.key(),
                description,
            });
        }
    }
    let faults = faults(project, scanned, graph, record, &stands_on);
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(3);
        let mut named = faults.into_iter().take(3).collect::<Vec<_>>().join("; ");
        if more > 0 {
            named.push_str(&format!("; and {more} more"));
        }
        return Err(Error::data("nothing was published")
            .because(named)
            .help("mend it and run `cp build` again; readers still see the last publication"));
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Verified { tables, invocation_id: record.invocation_id.clone() })
}

fn faults(
    project: &Project,
    scanned: &Scanned,
    graph: &Graph,
    record: &RunRecord,
    stands_on: &IndexSet<NodeId>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, scan) in &scanned.nodes {
        let node = &project.nodes[id];
        let outcome = record.of(id);
        if node.kind != NodeKind::Test {
            if let (true, Some(outcome)) = (stands_on.contains(id), outcome) {
                if outcome.status.is_bad() {
                    faults.push(format!("`{}` was not built", node.name));
                }
            }
            continue;
        }
        let tested = graph.parents(id);
        let matters = tested.is_empty() || tested.iter().any(|parent| stands_on.contains(parent));
        if !matters || scan.config.severity() != Severity::Error {
            continue;
        }
        match outcome.map(|outcome| outcome.status) {
            Some(Status::Pass | Status::Warn) => {}
            Some(Status::Fail) => faults.push(format!("check `{}` failed", node.name)),
            Some(_) => faults.push(format!("check `{}` could not be run", node.name)),
            None => faults.push(format!("check `{}` was not run", node.name)),
        }
    }
    faults
}

#[cfg(test)]
impl Verified {
    /// A proof of nothing, for tests of those who ask for one.
    pub(crate) fn for_test(tables: Vec<Publishable>, invocation_id: &str) -> Self {
        Self { tables, invocation_id: invocation_id.to_string() }
    }
}
