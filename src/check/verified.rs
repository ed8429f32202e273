//! The proof that what is to be published was checked. Only this module can make one.

use indexmap::IndexMap;
use indexmap::IndexSet;

use crate::error::Error;
use crate::error::Result;
use crate::graph::Graph;
use crate::name::NodeId;
use crate::name::Relation;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::project::Materialization;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Severity;
use crate::project::Strategy;
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
    /// Descriptions of columns, by their names.
    pub columns: IndexMap<String, String>,
    /// Columns that a `not_null` of severity error guards in every row.
    pub required: Vec<String>,
    /// Whether rows are only ever added, so that a change of one is a correction.
    pub is_append_only: bool,
    /// All settings of the model.
    pub config: NodeConfig,
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

/// Looks whether everything that is to be published (`meta.publish`) was built and checked in this run. `readers` is what
/// they see where it was not, if there are any.
///
/// # Errors
/// The reasons why nothing may be published, as an error about the data.
pub fn verify(
    project: &Project,
    scanned: &Scanned,
    graph: &Graph,
    record: &RunRecord,
    readers: Option<&str>,
) -> Result<Verified> {
    let tables = publishable(project, scanned);
    // Files and tables have no schema to tell them apart.
    if let Some(pair) = tables.windows(2).find(|pair| pair[0].name.eq_ignore_ascii_case(&pair[1].name)) {
        let [one, other] = [&pair[0], &pair[1]];
        return Err(Error::call(format!("`{}` and `{}` would both be published as `{}`", one.id, other.id, one.name))
            .help("give one of them another `alias`"));
    }
    let mut stands_on: IndexSet<NodeId> = IndexSet::new();
    for table in &tables {
        stands_on.insert(table.id.clone());
        stands_on.extend(graph.ancestors(&table.id, None));
    }
    let faults = faults(project, scanned, graph, record, &stands_on);
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(3);
        let mut named = faults.into_iter().take(3).collect::<Vec<_>>().join("; ");
        if more > 0 {
            named.push_str(&format!("; and {more} more"));
        }
        return Err(Error::data("nothing was published").because(named).help(format!(
            "mend it and run `cp build` again{}",
            readers.map(|it| format!("; {it}")).unwrap_or_default()
        )));
    }
    Ok(Verified { tables, invocation_id: record.invocation_id.clone() })
}

/// Everything that is to be published (`meta.publish`), by name; nothing is said of whether it was checked.
pub fn publishable(project: &Project, scanned: &Scanned) -> Vec<Publishable> {
    let mut tables = Vec::new();
    for (id, scan) in &scanned.nodes {
        let node = &project.nodes[id];
        let publish = scan.config.meta("publish").and_then(serde_json::Value::as_bool).unwrap_or(false);
        if let (true, Some(relation), NodeKind::Model | NodeKind::Seed) = (publish, &scan.relation, node.kind) {
            tables.push(Publishable {
                id: id.clone(),
                name: relation.name.clone(),
                relation: relation.clone(),
                key: scan.config.key(),
                description: node.description.clone(),
                columns: node.columns.values().map(|it| (it.name.clone(), it.description.clone())).collect(),
                required: required(project, scanned, id),
                is_append_only: is_append_only(&scan.config),
                config: scan.config.clone(),
            });
        }
    }
    tables.sort_by_key(|table| (table.name.to_lowercase(), table.name.clone()));
    tables
}

/// Columns of a model of which a test promises that no row is without: of severity error, of all rows, with no failure
/// forgiven.
fn required(project: &Project, scanned: &Scanned, model: &NodeId) -> Vec<String> {
    let guarded = |(id, scan): (&NodeId, &crate::render::Scan)| {
        let test = project.nodes[id].generic.as_ref()?;
        let is_unconditional =
            ["where", "limit", "error_if", "fail_calc"].iter().all(|name| scan.config.get(name).is_none());
        let is_promise = test.name == "not_null" && test.on == *model && is_unconditional;
        (is_promise && scan.config.severity() == Severity::Error).then(|| test.column.clone())?
    };
    scanned.nodes.iter().filter_map(guarded).collect()
}

fn is_append_only(config: &NodeConfig) -> bool {
    config.materialization() == Ok(Materialization::Incremental) && config.strategy() == Ok(Strategy::Append)
}

/// Why nothing may be published: the causes first, what was only skipped because of them not at all.
fn faults(
    project: &Project,
    scanned: &Scanned,
    graph: &Graph,
    record: &RunRecord,
    stands_on: &IndexSet<NodeId>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut skipped = Vec::new();
    for (id, scan) in &scanned.nodes {
        let name = &project.nodes[id].name;
        let status = record.of(id).map(|outcome| outcome.status);
        if project.nodes[id].kind != NodeKind::Test {
            match status {
                Some(Status::Error) if stands_on.contains(id) => faults.push(format!("`{name}` could not be built")),
                Some(Status::Skipped) if stands_on.contains(id) => skipped.push(format!("`{name}` was not built")),
                _ => {}
            }
            continue;
        }
        if scan.config.severity() != Severity::Error {
            continue;
        }
        let tested = graph.parents(id);
        let guards = tested.is_empty() || tested.iter().any(|parent| stands_on.contains(parent));
        match status {
            Some(Status::Pass | Status::Warn) => {}
            // Whatever it is on: a promise of the pipeline that does not hold leaves nothing to trust.
            Some(Status::Fail) => faults.push(format!("check `{name}` failed")),
            Some(Status::Error) => faults.push(format!("check `{name}` could not be run")),
            Some(_) if guards => skipped.push(format!("check `{name}` was not run")),
            None if guards => skipped.push(format!("check `{name}` was not run")),
            _ => {}
        }
    }
    if faults.is_empty() { skipped } else { faults }
}

#[cfg(test)]
impl Publishable {
    /// A table of a warehouse in memory, without settings.
    pub(crate) fn for_test(name: &str) -> Self {
        Self {
            id: NodeId::new("model", "shop", name),
            name: name.to_string(),
            relation: Relation::new("memory", "main", name),
            key: Vec::new(),
            description: String::new(),
            columns: IndexMap::new(),
            required: Vec::new(),
            is_append_only: false,
            config: NodeConfig::default(),
        }
    }
}

#[cfg(test)]
impl Verified {
    /// A proof of nothing, for tests of those who ask for one.
    pub(crate) fn for_test(tables: Vec<Publishable>, invocation_id: &str) -> Self {
        Self { tables, invocation_id: invocation_id.to_string() }
    }
}
