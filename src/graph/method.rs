//! Whether a criterion means a node or a source, apart from what stands around it in the graph.

use serde_json::Value as Json;

use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;
use crate::graph::criterion::Criterion;
use crate::graph::criterion::Method;
use crate::graph::pattern::matches;
use crate::graph::pattern::matches_path;
use crate::graph::state;
use crate::graph::state::State;
use crate::name::NodeId;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Source;
use crate::render::Scanned;

/// What may be selected: an enabled node or source, with its settings.
#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    Node(&'a Node, &'a NodeConfig),
    Source(&'a Source),
}

/// Kinds that dbt knows; a project of ours has only the first four.
const RESOURCE_TYPES: &[&str] = &[
    "model",
    "seed",
    "test",
    "source",
    "snapshot",
    "analysis",
    "exposure",
    "metric",
    "operation",
    "unit_test",
    "semantic_model",
    "saved_query",
];

/// All that may be selected.
pub(super) fn members<'a>(project: &'a Project, scanned: &'a Scanned) -> Vec<(&'a NodeId, Member<'a>)> {
    let sources = scanned.sources.keys().filter_map(|id| Some((id, Member::Source(project.sources.get(id)?))));
    let nodes =
        scanned.nodes.iter().filter_map(|(id, scan)| Some((id, Member::Node(project.nodes.get(id)?, &scan.config))));
    sources.chain(nodes).collect()
}

/// Complains of values that a method does not know.
///
/// # Errors
/// When `resource_type:`, `test_type:`, `source:` or `state:` is given what is none.
pub(super) fn check(criterion: &Criterion, state: Option<&State>) -> Result<()> {
    let fault =
        |wanted: String| Err(Error::call(format!("cannot read the selection `{}`", criterion.raw)).help(wanted));
    let value = criterion.value.as_str();
    match criterion.method {
        Method::State => state::check(&criterion.raw, value, state),
        Method::ResourceType if !RESOURCE_TYPES.contains(&value) => fault(
            suggestion(value, RESOURCE_TYPES.iter().copied())
                .unwrap_or_else(|| "kinds are `model`, `seed`, `test` and `source`".to_string()),
        ),
        Method::TestType if !["generic", "schema", "singular", "data", "unit"].contains(&value) => {
            fault("kinds of tests are `generic` and `singular`".to_string())
        }
        Method::Source if value.split('.').count() > 3 => {
            fault("write `source:name` or `source:name.table`".to_string())
        }
        _ => Ok(()),
    }
}

/// Whether the criterion's method and value mean the member.
pub(super) fn means(criterion: &Criterion, project: &Project, state: Option<&State>, member: Member<'_>) -> bool {
    let value = criterion.value.as_str();
    let config = match member {
        Member::Node(_, config) => config,
        Member::Source(source) => &source.config,
    };
    match (&criterion.method, member) {
        (Method::State, Member::Node(Node { id, .. }, _) | Member::Source(Source { id, .. })) => {
            state.is_some_and(|state| state.means(value, id))
        }
        (Method::Fqn, Member::Node(node, _)) => {
            names(value, &node.fqn) || names(value, &node.fqn[1.min(node.fqn.len())..])
        }
        (Method::Tag, _) => config.tags().iter().any(|tag| matches(value, tag)),
        (Method::Group, _) => config.text("group").is_some_and(|group| matches(value, group)),
        (Method::Access, Member::Node(node, _)) => {
            node.kind == NodeKind::Model && config.text("access").unwrap_or("protected") == value
        }
        (Method::Path, _) => {
            let root = project.root.to_string_lossy();
            let value = value.strip_prefix(&*root).unwrap_or(value);
            paths(member).iter().any(|path| matches_path(value, path))
        }
        (Method::File, _) => paths(member).first().is_some_and(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            matches(value, name) || matches(value, stem)
        }),
        (Method::Source, Member::Source(source)) => match *value.split('.').collect::<Vec<_>>() {
            [name] => matches(name, &source.source_name),
            [name, table] => matches(name, &source.source_name) && matches(table, &source.name),
            [package, name, table] => {
                matches(package, &project.name) && matches(name, &source.source_name) && matches(table, &source.name)
            }
            _ => false,
        },
        (Method::Config(path), _) => {
            setting(path, config, member).is_some_and(|setting| is_value(&setting, value, path))
        }
        (Method::ResourceType, Member::Node(node, _)) => node.kind.as_str() == value,
        (Method::ResourceType, Member::Source(_)) => value == "source",
        (Method::Package, _) => matches(value, &project.name) || value == "this",
        (Method::TestType, Member::Node(node, _)) => {
            node.kind == NodeKind::Test
                && match value {
                    "generic" | "schema" => node.generic.is_some(),
                    "singular" => node.generic.is_none(),
                    "data" => true,
                    _ => false,
                }
        }
        (Method::TestName, Member::Node(node, _)) => {
            node.generic.as_ref().is_some_and(|test| matches(value, &test.name))
        }
        _ => false,
    }
}

/// dbt's rule for names: the last part exactly, or the first parts one by one; from a part with a wildcard on, the
/// pattern is held against all that follows. Beyond dbt, a pattern without dots is held against the name alone too, so
/// that `fact_*` means what it says in any folder.
fn names(selector: &str, fqn: &[String]) -> bool {
    let is_name = |name: &String| name == selector || (!selector.contains('.') && matches(selector, name));
    if fqn.last().is_some_and(is_name) {
        return true;
    }
    let parts: Vec<&str> = fqn.iter().flat_map(|part| part.split('.')).collect();
    let wanted: Vec<&str> = selector.split('.').collect();
    if parts.len() < wanted.len() {
        return false;
    }
    for (index, part) in wanted.iter().enumerate() {
        if part.contains(['*', '?', '[', ']']) {
            return matches(&wanted[index..].join("."), &parts[index..].join("."));
        }
        if parts[index] != *part {
            return false;
        }
    }
    true
}

/// The member's own file, then the yml that describes it.
fn paths(member: Member<'_>) -> Vec<String> {
    let (file, yml) = match member {
        Member::Node(node, _) => (&node.file, node.declared.as_ref()),
        Member::Source(source) => (&source.file, None),
    };
    let own = file.path.to_string_lossy().replace('\\', "/");
    let beside = yml.map(|place| place.path.to_string_lossy().replace('\\', "/"));
    [Some(own), beside].into_iter().flatten().collect()
}

/// The setting at a path, with the defaults that people select by.
fn setting(path: &[String], config: &NodeConfig, member: Member<'_>) -> Option<Json> {
    let (first, below) = path.split_first()?;
    let default = match (first.as_str(), member) {
        ("enabled", _) => Some(Json::Bool(true)),
        ("materialized", Member::Node(node, _)) => Some(match node.kind {
            NodeKind::Model => "view".into(),
            kind => kind.as_str().into(),
        }),
        ("severity", Member::Node(node, _)) if node.kind == NodeKind::Test => Some("error".into()),
        _ => None,
    };
    let mut value = config.get(first).cloned().or(default)?;
    for part in below {
        value = match value {
            Json::Object(mut fields) => fields.remove(part)?,
            Json::Array(mut items) => items.get_mut(part.parse::<usize>().ok()?)?.take(),
            _ => return None,
        };
    }
    Some(value)
}

fn is_value(setting: &Json, wanted: &str, path: &[String]) -> bool {
    match setting {
        Json::Array(items) => items.iter().any(|item| is_value(item, wanted, path)),
        Json::String(text) if path == ["severity"] => text.eq_ignore_ascii_case(wanted),
        Json::String(text) => text == wanted,
        Json::Bool(flag) => wanted.eq_ignore_ascii_case(&flag.to_string()),
        Json::Number(number) => number.to_string() == wanted,
        Json::Null | Json::Object(_) => false,
    }
}

/// Values that the criterion's method could have been given, for suggestions.
pub(super) fn candidates(criterion: &Criterion, project: &Project, members: &[(&NodeId, Member<'_>)]) -> Vec<String> {
    let mut candidates = Vec::new();
    for (_, member) in members {
        match (&criterion.method, member) {
            (Method::Fqn, Member::Node(node, _)) => candidates.extend(node.fqn.iter().skip(1).cloned()),
            (Method::Tag, Member::Node(_, config)) => candidates.extend(config.tags()),
            (Method::Tag, Member::Source(source)) => candidates.extend(source.config.tags()),
            (Method::Source, Member::Source(source)) => {
                candidates.extend([source.source_name.clone(), format!("{}.{}", source.source_name, source.name)]);
            }
            (Method::Path | Method::File, member) => {
                for path in paths(*member) {
                    let name = path.rsplit('/').next().unwrap_or(&path).to_string();
                    let folder = path.rsplit_once('/').map(|(folder, _)| folder.to_string());
                    match criterion.method {
                        Method::File => candidates.push(name),
                        _ => candidates.extend(folder.into_iter().chain([path])),
                    }
                }
            }
            (Method::Package, _) => candidates.push(project.name.clone()),
            (Method::TestName, Member::Node(node, _)) => {
                candidates.extend(node.generic.iter().map(|test| test.name.clone()));
            }
            _ => {}
        }
    }
    candidates.sort();
    candidates.dedup();
    candidates
}
