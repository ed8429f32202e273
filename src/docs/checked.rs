//! The tests on a node, and how they ended when they last ran.

use serde_json::Value as Json;
use serde_json::json;

use super::Facts;
use super::entry::anchor;
use super::entry::url;
use super::prose;
use crate::artifact::LastResult;
use crate::artifact::Latest;
use crate::name::NodeId;
use crate::progress::Status;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Severity;
use crate::project::UnitTest;

/// The tests on a node: of one column, or of the whole.
pub(super) fn tests(facts: &Facts<'_>, on: &NodeId, column: Option<&str>) -> Vec<Json> {
    let is_on = |node: &Node| {
        node.generic.as_ref().is_some_and(|test| {
            test.on == *on
                && match (&test.column, column) {
                    (None, None) => true,
                    (Some(one), Some(other)) => unquoted(one).eq_ignore_ascii_case(other),
                    _ => false,
                }
        })
    };
    enabled(facts).filter(|(_, node)| is_on(node)).map(|(id, node)| test(facts, id, node)).collect()
}

/// The singular tests that read a node.
pub(super) fn singular_on(facts: &Facts<'_>, on: &NodeId) -> Vec<Json> {
    let reads = |id: &NodeId| facts.graph.parents(id).contains(on);
    let found = enabled(facts).filter(|(id, node)| node.generic.is_none() && reads(id));
    found.map(|(id, node)| test(facts, id, node)).collect()
}

/// All tests: what is not well first.
pub(super) fn all(facts: &Facts<'_>) -> Vec<Json> {
    let tests = enabled(facts).map(|(id, node)| (rank(last(facts, id)), test(facts, id, node)));
    let is_there = |test: &&UnitTest| facts.scanned.nodes.contains_key(&test.model);
    let units = facts.project.unit_tests.iter().filter(is_there);
    let units = units.map(|test| (rank(last(facts, &test.id())), unit(facts, test)));
    let mut found: Vec<_> = tests.chain(units).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, test)| test).collect()
}

/// How many of these tests ended how.
pub(super) fn counts<'t>(tests: impl Iterator<Item = &'t Json>) -> Json {
    let mut counts = [("fail", 0), ("warn", 0), ("unknown", 0), ("pass", 0)];
    for test in tests {
        let class = test["class"].as_str().unwrap_or_default();
        counts.iter_mut().filter(|(name, _)| *name == class).for_each(|(_, count)| *count += 1);
    }
    counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| json!({"class": class, "count": count}))
        .collect()
}

fn enabled<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = (&'a NodeId, &'a Node)> {
    let nodes = facts.scanned.nodes.keys().filter_map(|id| Some((id, facts.project.nodes.get(id)?)));
    nodes.filter(|(_, node)| node.kind == NodeKind::Test)
}

/// How a node ended when it last ran; `None` where it never did.
pub(super) fn last<'a>(facts: &'a Facts<'_>, id: &NodeId) -> Option<&'a LastResult> {
    facts.latest.get(id).map(|latest| &latest.result)
}

/// The run that a node's result is of, in a phrase, where that is not the last one.
pub(super) fn earlier(facts: &Facts<'_>, id: &NodeId) -> Option<String> {
    let is_last = |it: &&Latest| facts.last_run.as_ref().is_some_and(|run| run.started_at == it.at);
    let Latest { verb, at, .. } = facts.latest.get(id).filter(|it| !is_last(it))?;
    Some(format!("cp {verb}, {}", at.strftime("%Y-%m-%d %H:%M UTC")))
}

/// What is said of a node that never ran.
pub(super) const WITHOUT_RESULT: &str = "no result yet";

fn rank(last: Option<&LastResult>) -> u8 {
    match last.map(|last| last.status) {
        Some(Status::Error) => 0,
        Some(Status::Fail) => 1,
        Some(Status::Warn) => 2,
        Some(Status::Skipped) => 3,
        None => 4,
        Some(_) => 5,
    }
}

fn test(facts: &Facts<'_>, id: &NodeId, node: &Node) -> Json {
    let ended = ended(facts, id);
    let severity = facts.scanned.nodes[id].config.severity();
    let generic = node.generic.as_ref();
    let on = generic.map(|test| {
        let column = test.column.as_deref().map(unquoted);
        let place = column.map_or_else(|| "#tests".to_string(), |column| format!("#{}", anchor("column", column)));
        json!({"name": super::entry::name(facts, &test.on), "column": column, "url": format!("{}{place}", url(&test.on))})
    });
    let sql = facts.compiled.get(id).and_then(|sql| sql.as_ref().ok());
    json!({
        "name": node.name,
        "label": label(node),
        "anchor": anchor("test", &node.name),
        "description": prose::html(&node.description),
        "severity": if severity == Severity::Warn { "warn" } else { "error" },
        "class": ended["class"],
        "word": ended["word"],
        "message": ended["message"],
        "earlier": ended["earlier"],
        "on": on,
        "file": node.file.path.to_string_lossy().replace('\\', "/"),
        "sql": sql.filter(|_| generic.is_none()).map(|sql| super::listing::html(sql)),
        "reads": facts.graph.parents(id).iter().map(|parent| super::entry::link(facts, parent)).collect::<Vec<_>>(),
    })
}

/// The unit tests of a model.
pub(super) fn units(facts: &Facts<'_>, of: &NodeId) -> Vec<Json> {
    facts.project.unit_tests.iter().filter(|test| test.model == *of).map(|test| unit(facts, test)).collect()
}

fn unit(facts: &Facts<'_>, test: &UnitTest) -> Json {
    let mut told = ended(facts, &test.id());
    told["label"] = json!(test.name);
    told["anchor"] = json!(anchor("test", test.id().as_str()));
    told["is_unit"] = json!(true);
    told["place"] = json!(test.place.to_string());
    told["on"] = json!({"name": super::entry::name(facts, &test.model), "url": format!("{}#tests", url(&test.model))});
    told
}

/// How a test ended, in a word.
fn ended(facts: &Facts<'_>, id: &NodeId) -> Json {
    let last = last(facts, id);
    let (class, word) = match last.map(|last| last.status) {
        None => ("unknown", WITHOUT_RESULT),
        Some(Status::Error) => ("fail", "could not run"),
        Some(Status::Fail) => ("fail", "failed"),
        Some(Status::Warn) => ("warn", "warned"),
        Some(Status::Skipped) => ("unknown", "skipped"),
        Some(_) => ("pass", "passed"),
    };
    let message = last.filter(|_| class != "pass").map(|last| last.message.clone()).unwrap_or_default();
    json!({"class": class, "word": word, "message": message, "earlier": earlier(facts, id)})
}

/// A test as a reader says it: its name and what it was given.
fn label(node: &Node) -> String {
    let Some(test) = &node.generic else { return node.name.clone() };
    let arguments: Vec<String> = (test.arguments.iter())
        .map(|(name, value)| match value {
            Json::String(text) => format!("{name}: {text}"),
            Json::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
                let items = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_string));
                format!("{name}: {}", items.collect::<Vec<_>>().join(", "))
            }
            other => format!("{name}: {other}"),
        })
        .collect();
    if arguments.is_empty() { test.name.clone() } else { format!("{} ({})", test.name, arguments.join("; ")) }
}

/// A column's name without the quotes that a test writes it in.
fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}
