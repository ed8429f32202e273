//! `--select` and `--exclude`: dbt's syntax, with its rule that tests come along with what they test.

use std::collections::HashSet;

use indexmap::IndexSet;

use crate::error::Diagnostic;
use crate::error::Result;
use crate::error::suggestion;
use crate::graph::Graph;
use crate::graph::State;
use crate::graph::criterion::Criterion;
use crate::graph::criterion::Method;
use crate::graph::method;
use crate::graph::method::Member;
use crate::name::NodeId;
use crate::project::NodeKind;
use crate::project::Project;
use crate::render::Scanned;

/// What was selected.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Nodes and sources, in the graph's order.
    pub ids: IndexSet<NodeId>,
    /// Warnings about criteria that mean nothing, with what they may have meant.
    pub unmatched: Vec<Diagnostic>,
}

/// What `select` means without what `exclude` means; no `select` at all is everything.
///
/// Words, whether of one text or of several, add up; a comma keeps what both sides mean. A test is selected with any
/// of its parents, and by itself. `state` is what `state:` compares with.
///
/// # Errors
/// When a criterion cannot be read, or asks for what is not there yet.
pub fn select(
    project: &Project,
    scanned: &Scanned,
    graph: &Graph,
    select: &[String],
    exclude: &[String],
    state: Option<&State>,
) -> Result<Selection> {
    let members = method::members(project, scanned);
    let mut selector = Selector { project, scanned, graph, state, members, unmatched: Vec::new() };
    let chosen = match select {
        [] => graph.order().iter().collect(),
        select => selector.union("--select", select)?,
    };
    let dropped = selector.union("--exclude", exclude)?;
    let ids = graph.order().iter().filter(|id| chosen.contains(id) && !dropped.contains(id)).cloned().collect();
    Ok(Selection { ids, unmatched: selector.unmatched })
}

struct Selector<'a> {
    project: &'a Project,
    scanned: &'a Scanned,
    graph: &'a Graph,
    state: Option<&'a State>,
    members: Vec<(&'a NodeId, Member<'a>)>,
    unmatched: Vec<Diagnostic>,
}

impl<'a> Selector<'a> {
    fn union(&mut self, flag: &str, texts: &[String]) -> Result<HashSet<&'a NodeId>> {
        let mut union = HashSet::new();
        for word in texts.iter().flat_map(|text| text.split_whitespace()) {
            union.extend(self.intersection(flag, word)?);
        }
        if !texts.is_empty() && texts.iter().all(|text| text.trim().is_empty()) {
            self.unmatched.push(Diagnostic::warning(format!("`{flag}` names nothing"), None));
        }
        Ok(union)
    }

    fn intersection(&mut self, flag: &str, word: &str) -> Result<HashSet<&'a NodeId>> {
        let criteria =
            word.split(',').filter(|part| !part.is_empty()).map(Criterion::parse).collect::<Result<Vec<_>>>()?;
        let mut common: Option<HashSet<&NodeId>> = None;
        let mut all_mean_something = true;
        for criterion in &criteria {
            let meant = self.criterion(criterion)?;
            if meant.is_empty() {
                all_mean_something = false;
                self.tell_unmatched(flag, criterion);
            }
            common = Some(match common {
                Some(common) => common.intersection(&meant).copied().collect(),
                None => meant,
            });
        }
        let common = common.unwrap_or_default();
        if common.is_empty() && all_mean_something {
            let message = format!("`{flag} {word}` matches nothing");
            let help = "a comma keeps only what both sides mean; a space adds them up".to_string();
            self.unmatched.push(Diagnostic::warning(message, None).help(help));
        }
        Ok(common)
    }

    /// What a criterion means: the nodes themselves, those around them that it asks for, and the tests on all of them.
    fn criterion(&self, criterion: &Criterion) -> Result<HashSet<&'a NodeId>> {
        method::check(criterion, self.state)?;
        let graph = self.graph;
        let meant: Vec<&NodeId> = self
            .members
            .iter()
            .filter(|(_, member)| method::means(criterion, self.project, self.state, *member))
            .map(|(id, _)| *id)
            .collect();
        let mut selected: IndexSet<NodeId> = meant.iter().map(|id| (*id).clone()).collect();
        if criterion.childrens_parents {
            let mut below = graph.reach(meant.iter().copied(), None, Graph::children);
            below.extend(selected.iter().cloned());
            selected.extend(graph.reach(below.iter(), None, Graph::parents));
            selected.extend(below);
        }
        if let Some(depth) = criterion.parents {
            selected.extend(graph.reach(meant.iter().copied(), depth, Graph::parents));
        }
        if let Some(depth) = criterion.children {
            selected.extend(graph.reach(meant.iter().copied(), depth, Graph::children));
        }
        let is_test = |id: &NodeId| self.project.nodes.get(id).is_some_and(|node| node.kind == NodeKind::Test);
        let tests: Vec<NodeId> =
            selected.iter().flat_map(|id| graph.children(id)).filter(|id| is_test(id)).cloned().collect();
        selected.extend(tests);
        // The members' own ids, which outlive this call.
        Ok(self.members.iter().map(|(id, _)| *id).filter(|id| selected.contains(*id)).collect())
    }

    fn tell_unmatched(&mut self, flag: &str, criterion: &Criterion) {
        let value = criterion.value.as_str();
        let disabled = self.project.nodes.values().find(|node| {
            criterion.method == Method::Fqn && node.name == value && !self.scanned.nodes.contains_key(&node.id)
        });
        let help = match disabled {
            Some(node) => Some(format!("{} `{}` is disabled", node.kind.as_str(), node.name)),
            None => {
                let candidates = method::candidates(criterion, self.project, &self.members);
                suggestion(value, candidates.iter().map(String::as_str))
            }
        };
        let fault = Diagnostic::warning(format!("`{flag} {}` matches nothing", criterion.raw), None).help(help);
        self.unmatched.push(fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Aspect;
    use crate::graph::dag::tests::project_of;
    use crate::name::Relation;
    use crate::project::{GenericTest, NodeConfig};
    use serde_json::json;

    /// raw.events -> stg_a -> fact -> mart; rates -> fact; tests on stg_a, on fact and mart, and on the source.
    fn shop() -> (Project, Scanned) {
        let (mut project, mut scanned) = project_of(&[
            "model staging/stg_a: source.shop.raw.events",
            "model staging/stg_b:",
            "seed rates:",
            "model marts/fact: stg_a seed.shop.rates",
            "model marts/daily/mart: fact stg_b",
            "model off:",
            "test unique_stg_a: stg_a",
            "test sums: fact mart",
            "test source_unique: source.shop.raw.events",
        ]);
        let file = project.nodes[0].file.clone();
        let place = crate::error::Place::new("models/s.yml", "", 0..0);
        for table in ["events", "log"] {
            let id = NodeId::new("source", "shop", &format!("raw.{table}"));
            let source = crate::project::Source {
                id: id.clone(),
                source_name: "raw".to_string(),
                name: table.to_string(),
                database: None,
                schema: "raw".to_string(),
                identifier: table.to_string(),
                fqn: vec!["shop".to_string(), "raw".to_string(), table.to_string()],
                description: String::new(),
                source_description: String::new(),
                columns: indexmap::IndexMap::new(),
                config: NodeConfig::new([("tags".to_string(), json!("landing"))]),
                file: file.clone(),
                declared: place.clone(),
            };
            project.sources.insert(id.clone(), source);
            scanned.sources.insert(id, Relation::new("w", "raw", table));
        }
        scanned.nodes.shift_remove("model.shop.off");
        let test = project.nodes.get_mut("test.shop.unique_stg_a").unwrap();
        let on = NodeId::new("model", "shop", "stg_a");
        let arguments = indexmap::IndexMap::new();
        test.generic =
            Some(GenericTest { name: "unique".to_string(), on, column: None, column_place: None, arguments, place });
        let settings = [
            ("materialized", json!("table")),
            ("tags", json!(["nightly"])),
            ("meta", json!({"publish": true, "to": ["a", "b"]})),
        ];
        let settings = settings.map(|(name, value)| (name.to_string(), value));
        scanned.nodes.get_mut("model.shop.fact").unwrap().config = NodeConfig::new(settings);
        (project, scanned)
    }

    fn told(chosen: &str, excluded: &str) -> String {
        let (project, scanned) = shop();
        let graph = Graph::new(&project, &scanned).unwrap();
        let texts =
            |text: &str| text.split('|').filter(|text| !text.is_empty()).map(str::to_string).collect::<Vec<_>>();
        let state = State::new([
            (NodeId::new("model", "shop", "stg_a"), vec![Aspect::Body]),
            (NodeId::new("model", "shop", "fact"), vec![Aspect::Macros]),
            (NodeId::new("model", "shop", "mart"), Vec::new()),
        ]);
        match select(&project, &scanned, &graph, &texts(chosen), &texts(excluded), Some(&state)) {
            Err(error) => format!("{error} ({})", error.help_text().unwrap_or_default()),
            Ok(selection) => {
                let name = |id: &NodeId| id.as_str().trim_start_matches(|c| c != '.').replace(".shop.", "");
                let mut told: Vec<String> = selection.ids.iter().map(name).collect();
                told.extend(
                    selection.unmatched.iter().map(|it| format!("{it} ({})", it.help.clone().unwrap_or_default())),
                );
                told.join(" ")
            }
        }
    }

    #[test]
    fn selects_as_dbt_does() {
        let all = "raw.events raw.log stg_a stg_b rates fact mart unique_stg_a sums source_unique";
        let cases = [
            ("", "", all),
            ("stg_a", "", "stg_a unique_stg_a"),
            ("staging", "", "stg_a stg_b unique_stg_a"),
            ("shop.staging.stg_a", "", "stg_a unique_stg_a"),
            ("staging.*", "", "stg_a stg_b unique_stg_a"),
            ("stg_?", "", "stg_a stg_b unique_stg_a"),
            ("ft_?", "", "`--select ft_?` matches nothing ()"),
            ("*stg_?", "", "stg_a stg_b unique_stg_a"),
            ("mart*", "", "fact mart sums"),
            ("+fact", "", "raw.events stg_a rates fact unique_stg_a sums source_unique"),
            ("1+fact", "", "stg_a rates fact unique_stg_a sums"),
            ("stg_a+1", "", "stg_a fact unique_stg_a sums"),
            ("stg_a+", "", "stg_a fact mart unique_stg_a sums"),
            ("@rates", "", "raw.events stg_a stg_b rates fact mart unique_stg_a sums source_unique"),
            ("tag:night*", "", "fact sums"),
            ("tag:landing", "", "raw.events raw.log source_unique"),
            ("tag:nighty", "", "`--select tag:nighty` matches nothing (did you mean `nightly`?)"),
            ("path:models/marts", "", "fact mart sums"),
            ("models/marts/*.sql", "", "fact sums"),
            ("file:stg_b.sql", "", "stg_b"),
            ("fact.sql", "", "fact sums"),
            ("source:raw", "", "raw.events raw.log source_unique"),
            ("source:raw.events+1", "", "raw.events stg_a unique_stg_a source_unique"),
            ("source:*", "", "raw.events raw.log source_unique"),
            ("config.materialized:table", "", "fact sums"),
            ("config.materialized:view", "", "stg_a stg_b mart unique_stg_a sums"),
            ("config.meta.publish:true", "", "fact sums"),
            ("config.meta.to:b", "", "fact sums"),
            ("resource_type:seed", "", "rates"),
            ("package:this,resource_type:source", "", "raw.events raw.log source_unique"),
            ("test_type:singular", "", "sums source_unique"),
            ("test_name:unique", "", "unique_stg_a"),
            ("sums", "", "sums"),
            ("stg_b|rates", "", "stg_b rates"),
            ("stg_b rates", "", "stg_b rates"),
            ("staging,+fact", "", "stg_a unique_stg_a"),
            (
                "staging,rates",
                "",
                "`--select staging,rates` matches nothing (a comma keeps only what both sides mean; a space adds them up)",
            ),
            ("marts", "mart", "fact"),
            ("", "source:* marts staging", "rates"),
            ("off", "", "`--select off` matches nothing (model `off` is disabled)"),
            ("stg_b fcat", "", "stg_b `--select fcat` matches nothing (did you mean `fact`?)"),
            ("exposure:x", "", "`--select exposure:x` matches nothing ()"),
            ("resource_type:modle", "", "cannot read the selection `resource_type:modle` (did you mean `model`?)"),
            ("state:modified.body", "", "stg_a unique_stg_a"),
            ("state:old,state:modified", "", "stg_a fact unique_stg_a sums"),
            ("state:unmodified", "", "mart sums"),
            ("1+state:unmodified", "", "stg_b fact mart sums"),
            ("state:new,resource_type:model", "", "stg_b unique_stg_a sums"),
            ("state:modifed", "", "cannot read the selection `state:modifed` (did you mean `modified`?)"),
            ("state:modified.bdy", "", "cannot read the selection `state:modified.bdy` (did you mean `body`?)"),
            (" ", "", "`--select` names nothing ()"),
        ];
        let wrong: Vec<String> = cases
            .iter()
            .map(|(chosen, excluded, expected)| (chosen, excluded, expected, told(chosen, excluded)))
            .filter(|(_, _, expected, told)| told != *expected)
            .map(|(chosen, excluded, expected, told)| format!("{chosen} without {excluded}\n  {told}\n  {expected}"))
            .collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}
