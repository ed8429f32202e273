//! The tests on a node, and how they ended when they last ran.

use serde_json::Value as Json;
use serde_json::json;

use super::Facts;
use super::entry::anchor;
use super::entry::url;
use super::prose;
use crate::artifact::LastResult;
use crate::name::NodeId;
use crate::progress::Status;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Severity;

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
    let mut found: Vec<_> = enabled(facts).map(|(id, node)| (rank(last(facts, id)), test(facts, id, node))).collect();
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

/// How a node ended in the last run; `None` where it was not part of it.
pub(super) fn last<'a>(facts: &'a Facts<'_>, id: &NodeId) -> Option<&'a LastResult> {
    facts.last_run.as_ref()?.results.iter().find(|result| result.id == *id)
}

/// What is said of a node that the last run tells nothing of.
pub(super) fn without_result(facts: &Facts<'_>) -> &'static str {
    if facts.last_run.is_some() { "not in the last run" } else { "no results yet" }
}

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
    let last = last(facts, id);
    let (class, word) = match last.map(|last| last.status) {
        None => ("unknown", without_result(facts)),
        Some(Status::Error) => ("fail", "could not run"),
        Some(Status::Fail) => ("fail", "failed"),
        Some(Status::Warn) => ("warn", "warned"),
        Some(Status::Skipped) => ("unknown", "skipped"),
        Some(_) => ("pass", "passed"),
    };
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
        "class": class,
        "word": word,
        "message": last.filter(|_| class != "pass").map(|last| last.message.clone()).unwrap_or_default(),
        "on": on,
        "file": node.file.path.to_string_lossy().replace('\\', "/"),
        "sql": sql.filter(|_| generic.is_none()).map(|sql| super::listing::html(sql)),
        "reads": facts.graph.parents(id).iter().map(|parent| super::entry::link(facts, parent)).collect::<Vec<_>>(),
    })
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
