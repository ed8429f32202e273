//! The plan: for every selected node what will be done and why, decided before anything runs.
//!
//! Besides its fingerprint every model has a *version*: a hash of the fingerprint and of its parents' versions, down
//! to what has landed from the raw store. A model whose stored version is the one it would get needs no work.

use indexmap::{IndexMap, IndexSet};
use sha2::{Digest, Sha256};

use crate::graph::Graph;
use crate::name::NodeId;
use crate::name::Relation;
use crate::plan::Fingerprint;
use crate::project::Materialization;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Severity;
use crate::render::Scanned;

/// Stands in a version before the run that it is of.
const SALTED: char = '@';

/// What a table in the warehouse was made from, as it was noted in the transaction that made it.
#[derive(Debug, Clone, Default)]
pub struct Built {
    pub nodes: IndexMap<NodeId, (Fingerprint, String)>,
    /// Tables and views that exist.
    pub relations: IndexMap<Relation, Existing>,
}

/// What stands in the warehouse under a node's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Table,
    View,
}

/// What will be done with a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Made whole.
    Full { reason: String },
    /// Only what new rows touch (a table or view: made again, its statement being unchanged).
    Update { reason: String },
    /// What it is made from is what it was made from.
    Unchanged,
    /// A test: run.
    Check,
    /// Ephemeral: part of its children's statements.
    Inline,
}

/// One node of the plan.
#[derive(Debug, Clone)]
pub struct Step {
    pub id: NodeId,
    pub action: Action,
    pub fingerprint: Fingerprint,
    /// What is there before the step; nothing else writes under this name while the plan runs.
    pub existing: Option<Existing>,
    /// What is noted when the step has succeeded.
    pub version: String,
    /// Steps of this plan that must have ended well before this one may begin.
    pub waits_for: Vec<NodeId>,
}

/// What will be done, parents first.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub steps: IndexMap<NodeId, Step>,
}

/// All that a plan is made from.
pub struct Inputs<'a> {
    pub project: &'a Project,
    pub scanned: &'a Scanned,
    pub graph: &'a Graph,
    pub fingerprints: &'a IndexMap<NodeId, Fingerprint>,
    pub built: &'a Built,
    /// What has landed in each source; a source that is missing here may change at any time.
    pub landed: &'a IndexMap<NodeId, String>,
    pub aim: Aim,
    /// Makes the version of what can change at any time.
    pub invocation_id: &'a str,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// To bring all up to date.
    Update,
    /// To make all anew.
    Rebuild,
    /// To see whether all is up to date: what can change at any time counts as it was when it was built.
    Inspect,
}

impl Plan {
    /// The plan for the nodes in `selected`.
    pub fn new(inputs: &Inputs<'_>, selected: &IndexSet<NodeId>) -> Self {
        let mut versions: IndexMap<NodeId, String> = IndexMap::new();
        let mut digests: IndexMap<NodeId, String> = IndexMap::new();
        // What may change at any time without a version of its own that tells.
        let mut restless: IndexSet<NodeId> = IndexSet::new();
        let mut plan = Self::default();
        for id in inputs.graph.order() {
            let Some(node) = inputs.project.nodes.get(id) else {
                match inputs.landed.get(id) {
                    Some(landed) => versions.insert(id.clone(), landed.clone()).is_some(),
                    None => restless.insert(id.clone()),
                };
                continue;
            };
            if !inputs.scanned.nodes.contains_key(id) {
                continue;
            }
            let is_selected = selected.contains(id);
            if node.kind == NodeKind::Test {
                if is_selected {
                    let step = Step { id: id.clone(), action: Action::Check, ..Step::empty(id) };
                    plan.steps.insert(id.clone(), step);
                }
                continue;
            }
            let ephemeral = is_ephemeral(inputs, id);
            if !is_selected && !ephemeral {
                // It stays as it was built, so that is what its children are built on.
                let stored = inputs.built.nodes.get(id);
                let version = stored.map_or(inputs.invocation_id, |(_, version)| version);
                versions.insert(id.clone(), version.to_string());
                digests.extend(stored.map(|(fingerprint, _)| (id.clone(), fingerprint.digest())));
                continue;
            }
            let fingerprint = fingerprint(inputs, id, &digests);
            let is_restless = is_restless(inputs, id, &restless);
            let version = match ephemeral && is_restless {
                // Nothing is noted of it: its children bear it.
                true => {
                    restless.insert(id.clone());
                    version(inputs, id, &fingerprint, &versions, None)
                }
                false => version(inputs, id, &fingerprint, &versions, is_restless.then(|| salt(inputs, id))),
            };
            digests.insert(id.clone(), fingerprint.digest());
            versions.insert(id.clone(), version.clone());
            if is_selected {
                let action = if ephemeral { Action::Inline } else { action(inputs, id, &fingerprint, &version) };
                plan.steps.insert(
                    id.clone(),
                    Step { action, fingerprint, version, existing: existing(inputs, id), ..Step::empty(id) },
                );
            }
        }
        plan.wait(inputs);
        plan
    }

    /// Fills in who waits for whom: a model for its parents (through parents that are not selected too) and for the
    /// tests of severity error on all that it is made of; a test for what it tests.
    fn wait(&mut self, inputs: &Inputs<'_>) {
        let mut above: IndexMap<&NodeId, IndexSet<&NodeId>> = IndexMap::new();
        for id in inputs.graph.order() {
            let mut ancestors = IndexSet::new();
            for parent in inputs.graph.parents(id) {
                ancestors.insert(parent);
                if let Some(further) = above.get(parent) {
                    ancestors.extend(further.iter().copied());
                }
            }
            above.insert(id, ancestors);
        }
        let gates: Vec<(NodeId, Vec<NodeId>)> = self
            .steps
            .values()
            .filter(|step| step.action == Action::Check && is_gate(inputs, &step.id))
            .map(|step| (step.id.clone(), inputs.graph.parents(&step.id).to_vec()))
            .filter(|(_, tested)| !tested.is_empty())
            .collect();
        let mut waits: IndexMap<NodeId, Vec<NodeId>> = IndexMap::new();
        for id in self.steps.keys() {
            let Some(ancestors) = above.get(id) else { continue };
            let mut all: Vec<NodeId> = ancestors
                .iter()
                .filter(|ancestor| self.steps.contains_key(**ancestor))
                .map(|id| (*id).clone())
                .collect();
            if self.steps[id].action != Action::Check {
                let gated = gates.iter().filter(|(_, tested)| tested.iter().all(|parent| ancestors.contains(parent)));
                all.extend(gated.map(|(test, _)| test.clone()));
            }
            waits.insert(id.clone(), all);
        }
        for (id, all) in waits {
            if let Some(step) = self.steps.get_mut(&id) {
                step.waits_for = all;
            }
        }
    }
}

impl Step {
    fn empty(id: &NodeId) -> Self {
        Self {
            id: id.clone(),
            action: Action::Inline,
            fingerprint: Fingerprint::default(),
            existing: None,
            version: String::new(),
            waits_for: Vec::new(),
        }
    }
}

fn is_ephemeral(inputs: &Inputs<'_>, id: &NodeId) -> bool {
    matches!(inputs.scanned.nodes[id].config.materialization(), Ok(Materialization::Ephemeral))
}

fn is_gate(inputs: &Inputs<'_>, test: &NodeId) -> bool {
    inputs.scanned.nodes.get(test).is_some_and(|scan| scan.config.severity() == Severity::Error)
}

/// What the node is made of, on top of its parents as they are when its turn comes.
fn fingerprint(inputs: &Inputs<'_>, id: &NodeId, digests: &IndexMap<NodeId, String>) -> Fingerprint {
    let mut fingerprint = inputs.fingerprints.get(id).cloned().unwrap_or_default();
    for parent in inputs.graph.parents(id) {
        if let Some(node) = inputs.project.nodes.get(parent) {
            fingerprint.over(&node.name, digests.get(parent).cloned());
        }
    }
    fingerprint
}

/// Whether it may change without anything that a version tells of: what a template asks, what a model without parents reads
/// (a file, the clock), and what stands on such a thing that is noted nowhere.
fn is_restless(inputs: &Inputs<'_>, id: &NodeId, restless: &IndexSet<NodeId>) -> bool {
    let parents = inputs.graph.parents(id);
    let is_seed = inputs.project.nodes[id].kind == NodeKind::Seed;
    inputs.scanned.nodes[id].introspects
        || (parents.is_empty() && !is_seed)
        || parents.iter().any(|parent| restless.contains(parent))
}

/// What makes the version of something restless: the run that builds it, or has built it.
fn salt<'a>(inputs: &Inputs<'a>, id: &NodeId) -> &'a str {
    let built = inputs.built.nodes.get(id).filter(|_| inputs.aim == Aim::Inspect);
    built.and_then(|(_, version)| Some(version.split_once(SALTED)?.1)).unwrap_or(inputs.invocation_id)
}

fn version(
    inputs: &Inputs<'_>,
    id: &NodeId,
    fingerprint: &Fingerprint,
    versions: &IndexMap<NodeId, String>,
    salt: Option<&str>,
) -> String {
    let mut hasher = Sha256::new();
    hasher.update(fingerprint.digest());
    for parent in inputs.graph.parents(id) {
        hasher.update(versions.get(parent).map_or("", String::as_str));
        hasher.update("\n");
    }
    let salt = salt.map_or(String::new(), |salt| format!("{SALTED}{salt}"));
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>() + &salt
}

fn existing(inputs: &Inputs<'_>, id: &NodeId) -> Option<Existing> {
    inputs.built.relations.get(inputs.scanned.nodes[id].relation.as_ref()?).copied()
}

fn action(inputs: &Inputs<'_>, id: &NodeId, fingerprint: &Fingerprint, version: &str) -> Action {
    let exists = existing(inputs, id).is_some();
    let full = |reason: &str| Action::Full { reason: reason.to_string() };
    // The model's own word, as in dbt: `false` protects a history that could not be made again.
    let own_word = inputs.scanned.nodes[id].config.flag("full_refresh");
    match inputs.built.nodes.get(id) {
        _ if !exists => full("new"),
        Some((_, stored)) if own_word == Some(false) && stored == version => Action::Unchanged,
        _ if own_word == Some(false) => Action::Update { reason: "new data".to_string() },
        Some((_, stored)) if inputs.aim == Aim::Inspect && own_word == Some(true) && stored == version => {
            Action::Unchanged
        }
        _ if own_word == Some(true) => full("`full_refresh` is set"),
        _ if inputs.aim == Aim::Rebuild => full("full refresh asked for"),
        None => full("not built by this tool before"),
        Some((before, _)) if fingerprint.digest() != before.digest() => {
            full(&fingerprint.changed_since(before).unwrap_or_else(|| "changed".to_string()))
        }
        Some((_, stored)) if stored == version => Action::Unchanged,
        Some(_) => Action::Update { reason: "new data".to_string() },
    }
}
