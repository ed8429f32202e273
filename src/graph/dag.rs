//! Parents and children, an order that can be run, and cycles told as their path.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
};

use indexmap::{IndexMap, IndexSet};

use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Result;
use crate::name::NodeId;
use crate::project::Project;
use crate::render::Scanned;

#[derive(Debug, Clone, Default)]
struct Vertex {
    parents: Vec<NodeId>,
    children: Vec<NodeId>,
}

/// Enabled nodes and sources, and what refers to what. Free of cycles.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    vertices: IndexMap<NodeId, Vertex>,
    order: Vec<NodeId>,
}

impl Graph {
    /// The graph of what was scanned; a reference to what is disabled is none.
    ///
    /// # Errors
    /// When nodes refer to each other in a circle; every circle is told.
    pub fn new(project: &Project, scanned: &Scanned) -> Result<Self> {
        let mut vertices: IndexMap<NodeId, Vertex> = IndexMap::new();
        for id in scanned.sources.keys().chain(scanned.nodes.keys()) {
            vertices.insert(id.clone(), Vertex::default());
        }
        for (id, scan) in &scanned.nodes {
            let mut seen = HashSet::new();
            for reference in &scan.references {
                if !seen.insert(&reference.id) {
                    continue;
                }
                if let Some(parent) = vertices.get_mut(&reference.id) {
                    parent.children.push(id.clone());
                    vertices[id].parents.push(reference.id.clone());
                }
            }
        }
        let mut graph = Self { vertices, order: Vec::new() };
        let (order, stuck) = graph.sorted();
        if !stuck.is_empty() {
            let mut faults = Diagnostics::default();
            faults.extend(graph.cycles(stuck).iter().map(|cycle| tell_cycle(cycle, project, scanned)));
            faults.into_result()?;
        }
        graph.order = order;
        Ok(graph)
    }

    /// Sources and nodes such that parents come before children; among those that could come next, the project's order.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// Whether it is an enabled node or source.
    pub fn contains(&self, id: &NodeId) -> bool {
        self.vertices.contains_key(id)
    }

    /// What the node refers to, in the order of its text.
    pub fn parents(&self, id: &NodeId) -> &[NodeId] {
        self.vertices.get(id).map_or(&[], |vertex| &vertex.parents)
    }

    /// What refers to the node, tests included.
    pub fn children(&self, id: &NodeId) -> &[NodeId] {
        self.vertices.get(id).map_or(&[], |vertex| &vertex.children)
    }

    /// All that the node depends on, at most `depth` steps away (`None`: all), without itself; the nearest first.
    pub fn ancestors(&self, id: &NodeId, depth: Option<usize>) -> IndexSet<NodeId> {
        self.reach([id], depth, Self::parents)
    }

    /// All that depends on the node, at most `depth` steps away (`None`: all), without itself; the nearest first.
    pub fn descendants(&self, id: &NodeId, depth: Option<usize>) -> IndexSet<NodeId> {
        self.reach([id], depth, Self::children)
    }

    /// What lies at most `depth` steps from any of `from`, in one direction.
    pub(super) fn reach<'a>(
        &'a self,
        from: impl IntoIterator<Item = &'a NodeId>,
        depth: Option<usize>,
        next: fn(&'a Self, &NodeId) -> &'a [NodeId],
    ) -> IndexSet<NodeId> {
        let mut reached = IndexSet::new();
        let mut layer: Vec<&NodeId> = from.into_iter().collect();
        let mut steps = 0;
        while !layer.is_empty() && depth.is_none_or(|depth| steps < depth) {
            let mut beyond = Vec::new();
            for id in layer {
                for neighbour in next(self, id) {
                    if reached.insert(neighbour.clone()) {
                        beyond.push(neighbour);
                    }
                }
            }
            layer = beyond;
            steps += 1;
        }
        reached
    }

    /// The order, and what no order can hold: the nodes of cycles and all that depends on them.
    fn sorted(&self) -> (Vec<NodeId>, IndexSet<NodeId>) {
        let mut waiting: Vec<usize> = self.vertices.values().map(|vertex| vertex.parents.len()).collect();
        let ready = waiting.iter().enumerate().filter(|(_, parents)| **parents == 0);
        let mut ready: BinaryHeap<_> = ready.map(|(index, _)| Reverse(index)).collect();
        let mut order = Vec::with_capacity(self.vertices.len());
        while let Some(Reverse(index)) = ready.pop() {
            let Some((id, vertex)) = self.vertices.get_index(index) else { continue };
            order.push(id.clone());
            for child in vertex.children.iter().filter_map(|child| self.vertices.get_index_of(child)) {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    ready.push(Reverse(child));
                }
            }
        }
        let stuck = self.vertices.keys().enumerate().filter(|(index, _)| waiting[*index] > 0);
        (order, stuck.map(|(_, id)| id.clone()).collect())
    }

    /// Cycles that share no node, each as the path of its references. Every node of `stuck` has a parent there.
    fn cycles(&self, stuck: IndexSet<NodeId>) -> Vec<Vec<&NodeId>> {
        let mut cycles = Vec::new();
        // A node that was walked leads nowhere new: to a cycle that is told, or into the walk that told it.
        let mut walked: HashMap<&NodeId, usize> = HashMap::new();
        for (walk, start) in stuck.iter().enumerate() {
            let Some((mut here, _)) = self.vertices.get_key_value(start) else { continue };
            let mut path: Vec<&NodeId> = Vec::new();
            while !walked.contains_key(here) {
                walked.insert(here, walk);
                path.push(here);
                match self.parents(here).iter().find(|parent| stuck.contains(*parent)) {
                    Some(parent) => here = parent,
                    None => break,
                }
            }
            if walked.get(here) == Some(&walk)
                && let Some(start) = path.iter().position(|id| *id == here)
            {
                cycles.push(path.split_off(start));
            }
        }
        cycles
    }
}

/// A cycle as its path, at the reference that opens it; the other references are in the help.
fn tell_cycle(cycle: &[&NodeId], project: &Project, scanned: &Scanned) -> Diagnostic {
    let name = |id: &NodeId| project.nodes.get(id).map_or_else(|| id.to_string(), |node| node.name.clone());
    // Begins with the name that sorts first, wherever the walk came in.
    let first = (0..cycle.len()).min_by_key(|index| name(cycle[*index])).unwrap_or(0);
    let mut ring: Vec<&NodeId> = cycle.iter().cycle().skip(first).take(cycle.len()).copied().collect();
    ring.extend(ring.first().copied());
    let places: Vec<_> = ring
        .windows(2)
        .filter_map(|pair| {
            let references = &scanned.nodes.get(pair[0])?.references;
            references.iter().find(|reference| reference.id == *pair[1]).map(|reference| reference.place.clone())
        })
        .collect();
    let path: Vec<String> = ring.iter().map(|id| name(id)).collect();
    if let [itself, _] = path.as_slice() {
        return Diagnostic::error(format!("model `{itself}` refers to itself"), places.first().cloned())
            .help("an incremental model reads its own table as `{{ this }}`".to_string());
    }
    let others: Vec<String> = places.iter().skip(1).map(ToString::to_string).collect();
    Diagnostic::error(
        format!("models refer to each other in a cycle: `{}`", path.join(" -> ")),
        places.first().cloned(),
    )
    .help(format!("take one of these references away; the others are at {}", others.join(", ")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::Place;
    use crate::name::Relation;
    use crate::project::{Node, NodeConfig, NodeKind, SourceFile};
    use crate::render::{Reference, Scan};

    /// A node in a folder that refers to others, as in `model marts/fact: stg, source.shop.raw.events`.
    pub fn project_of(lines: &[&str]) -> (Project, Scanned) {
        let mut project = Project {
            root: "/shop".into(),
            name: "shop".to_string(),
            target_path: "target".into(),
            clean_targets: Vec::new(),
            nodes: IndexMap::new(),
            sources: IndexMap::new(),
            unit_tests: Vec::new(),
            macros: Vec::new(),
            docs: IndexMap::new(),
            vars: IndexMap::new(),
            on_run_start: Vec::new(),
            on_run_end: Vec::new(),
            profile: crate::config::ProfileValues::default(),
            warnings: Vec::new(),
        };
        let mut scanned = Scanned::default();
        for line in lines {
            let (head, parents) = line.split_once(':').unwrap();
            let (kind, path) = head.split_once(' ').unwrap();
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let (kind, word) = match kind {
                "model" => (NodeKind::Model, "model"),
                "seed" => (NodeKind::Seed, "seed"),
                _ => (NodeKind::Test, "test"),
            };
            let id = NodeId::new(word, "shop", name);
            let file = SourceFile { path: format!("{word}s/{path}.sql").into(), text: (*line).into() };
            let mut fqn = vec!["shop".to_string()];
            fqn.extend(folder.split('/').filter(|part| !part.is_empty()).map(str::to_string));
            fqn.push(name.to_string());
            let node = Node {
                id: id.clone(),
                kind,
                name: name.to_string(),
                fqn,
                config: NodeConfig::default(),
                description: String::new(),
                columns: IndexMap::new(),
                declared: None,
                generic: None,
                file: file.clone(),
            };
            let references = parents.split([',', ' ']).filter(|parent| !parent.is_empty()).map(|parent| {
                let at = line.rfind(parent).unwrap();
                let place = Place::new(file.path.clone(), file.text.clone(), at..at + parent.len());
                let id = match parent.split_once('.') {
                    Some(_) => NodeId::from(parent.to_string()),
                    None => NodeId::new("model", "shop", parent),
                };
                Reference { id, place }
            });
            let scan = Scan {
                config: NodeConfig::default(),
                references: references.collect(),
                macros: std::collections::BTreeSet::new(),
                introspects: false,
                relation: Some(Relation::new("w", "s", name)),
            };
            project.nodes.insert(id.clone(), node);
            scanned.nodes.insert(id, scan);
        }
        (project, scanned)
    }

    fn graph(lines: &[&str]) -> Result<Graph> {
        let (project, scanned) = project_of(lines);
        Graph::new(&project, &scanned)
    }

    fn names<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> Vec<&'a str> {
        ids.into_iter().map(|id| id.as_str().rsplit('.').next().unwrap()).collect()
    }

    #[test]
    fn parents_come_first_and_the_order_is_the_projects() {
        let graph = graph(&["model d: b c", "model b: a", "model c: a a", "model a:", "model e: gone"]).unwrap();
        assert_eq!(names(graph.order()), ["a", "b", "c", "d", "e"]);
        let id = |name| NodeId::new("model", "shop", name);
        assert_eq!(names(graph.children(&id("a"))), ["b", "c"]);
        assert_eq!(names(graph.parents(&id("c"))), ["a"]);
        assert_eq!(names(&graph.ancestors(&id("d"), Some(1))), ["b", "c"]);
        assert_eq!(names(&graph.ancestors(&id("d"), None)), ["b", "c", "a"]);
        assert_eq!(names(&graph.descendants(&id("a"), None)), ["b", "c", "d"]);
        assert!(graph.descendants(&id("gone"), None).is_empty());
    }

    #[test]
    fn cycles_are_told_with_their_path_and_places() {
        let error = graph(&[
            "model x: c",
            "model c: b",
            "model b: ok a",
            "model a: c",
            "model ok:",
            "model s: s",
            "model t: s",
        ])
        .unwrap_err();
        let told: Vec<String> =
            error.diagnostics().iter().map(|fault| format!("{fault} | {}", fault.help.clone().unwrap())).collect();
        assert_eq!(
            told,
            [
                "models refer to each other in a cycle: `a -> c -> b -> a` (models/a.sql:1:10) | take one of these references away; the others are at models/c.sql:1:10, models/b.sql:1:13",
                "model `s` refers to itself (models/s.sql:1:10) | an incremental model reads its own table as `{{ this }}`",
            ]
        );
    }
}
