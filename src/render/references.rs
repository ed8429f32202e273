//! `ref` and `source`: names of nodes, resolved; what a file refers to is noted with its place.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use crate::error::Diagnostic;
use crate::error::Place;
use crate::error::suggestion;
use crate::name::NodeId;
use crate::project::NodeKind;
use crate::render::Reference;
use crate::render::fault::told;
use crate::render::relations::RelationValue;
use crate::render::rendering::Names;
use crate::render::rendering::Rendering;
use crate::render::rendering::Target;
use crate::render::values::named;
use crate::render::values::split;
use crate::render::values::wrong;

/// How an ephemeral model's common table expression is called, as dbt calls it.
pub fn cte_name(model: &str) -> String {
    format!("__dbt__cte__{model}")
}

/// `ref('name')`, `ref('project', 'name')`, with `version=`.
pub(super) fn reference(rendering: &Rendering, arguments: &[Value]) -> Result<Value, Error> {
    let (positional, options) = split(arguments);
    let texts = names("ref", positional)?;
    let (package, name) = match texts.as_slice() {
        [name] => (None, name.clone()),
        [package, name] => (Some(package.clone()), name.clone()),
        _ => return Err(wrong(format!("`ref` takes one name or a project and a name, not {} arguments", texts.len()))),
    };
    let version = ["version", "v"].iter().find_map(|key| options.as_ref()?.get::<Option<Value>>(key).ok().flatten());
    let shared = &rendering.shared;
    let versioned = version.map(|version| format!("{name}_v{version}"));
    let known = versioned.as_ref().and_then(|name| shared.refs.get(name)).or_else(|| shared.refs.get(&name));
    let known = known.filter(|_| package.as_ref().is_none_or(|package| *package == shared.project.name));
    match known {
        Some(id) => resolved(rendering, id, false, &texts),
        None => {
            let help = match &package {
                Some(package) if *package != shared.project.name => suggestion(package, [shared.project.name.as_str()])
                    .or(Some("packages are not installed here".to_string())),
                _ => suggestion(&name, shared.refs.keys().map(String::as_str)),
            };
            unknown(rendering, false, &texts, format!("`{}`", texts.join(".")), help)
        }
    }
}

/// `source('source', 'table')`.
pub(super) fn source(rendering: &Rendering, arguments: &[Value]) -> Result<Value, Error> {
    let texts = names("source", split(arguments).0)?;
    let [group, table] = texts.as_slice() else {
        return Err(wrong(format!("`source` takes a source and a table, not {} arguments", texts.len())));
    };
    let sources = &rendering.shared.sources;
    match sources.get(&(group.clone(), table.clone())) {
        Some(id) => resolved(rendering, id, true, &texts),
        None => {
            let tables: Vec<&str> =
                sources.keys().filter(|(known, _)| known == group).map(|(_, table)| table.as_str()).collect();
            let help = if tables.is_empty() {
                suggestion(group, sources.keys().map(|(group, _)| group.as_str()))
            } else {
                suggestion(table, tables)
            };
            unknown(rendering, true, &texts, format!("source `{}`", texts.join(".")), help)
        }
    }
}

/// The arguments of a call that is right.
fn example(verb: &str) -> &'static str {
    if verb == "source" { "'shop', 'orders'" } else { "'orders'" }
}

fn names(verb: &str, arguments: &[Value]) -> Result<Vec<String>, Error> {
    let text = |value: &Value| match value.kind() {
        ValueKind::String => Ok(value.to_string()),
        // Most often a name without quotes, which Jinja takes for a variable.
        ValueKind::Undefined => {
            let help = format!("put names in quotes, as in `{{{{ {verb}({}) }}}}`", example(verb));
            Err(told(format!("`{verb}` is given a name that is not defined"), Some(help)))
        }
        _ => Err(wrong(format!("`{verb}` wants names, not {}", named(value)))),
    };
    arguments.iter().map(text).collect()
}

fn resolved(rendering: &Rendering, id: &NodeId, is_source: bool, texts: &[String]) -> Result<Value, Error> {
    let shared = &rendering.shared;
    let target = match &rendering.names {
        Names::Provisional => {
            let mut noted = rendering.noted();
            if !noted.references.iter().any(|reference| reference.id == *id) {
                let place = place(rendering, is_source, texts);
                noted.references.push(Reference { id: id.clone(), place });
            }
            drop(noted);
            shared.provisional(id)
        }
        Names::Known(known) => known.get(id).cloned().ok_or_else(|| unforeseen(rendering, id, is_source, texts))?,
        Names::All(known) => {
            known.get(id).cloned().ok_or_else(|| told(format!("`{}` is disabled", texts.join(".")), None))?
        }
    };
    Ok(value(rendering, id, target))
}

/// A node's or source's relation as a template sees it; an ephemeral one is noted.
fn value(rendering: &Rendering, id: &NodeId, target: Target) -> Value {
    if !target.ephemeral {
        return Value::from_object(RelationValue::new(rendering.shared.dialect(), target.relation));
    }
    let name = rendering.shared.project.nodes.get(id).map_or("", |node| node.name.as_str());
    let mut noted = rendering.noted();
    if !noted.ephemeral.contains(id) {
        noted.ephemeral.push(id.clone());
    }
    Value::from_object(RelationValue::ephemeral(rendering.shared.dialect(), target.relation, cte_name(name)))
}

/// Found at run time alone: the order in which models are built could not know of it.
fn unforeseen(rendering: &Rendering, id: &NodeId, is_source: bool, texts: &[String]) -> Error {
    let call = format!("{}('{}')", if is_source { "source" } else { "ref" }, texts.join("', '"));
    if rendering.shared.project.nodes.get(id).is_some_and(|node| !node.config.enabled()) {
        return told(format!("`{}` is disabled", texts.join(".")), None);
    }
    told(
        format!("`{}` is referred to only when this runs, so the order of building cannot respect it", texts.join(".")),
        Some(format!("say it where it is always read: `-- depends_on: {{{{ {call} }}}}`")),
    )
}

fn unknown(
    rendering: &Rendering,
    is_source: bool,
    texts: &[String],
    what: String,
    help: Option<String>,
) -> Result<Value, Error> {
    let subject = rendering.subject.node.as_ref().and_then(|id| rendering.shared.project.nodes.get(id));
    let message = match subject {
        Some(node) => format!("{} `{}` refers to {what}, which does not exist", node.kind.as_str(), node.name),
        None => format!("{what} does not exist"),
    };
    match literal(rendering, is_source, texts) {
        // The file says it: noted, so that one run names all of them.
        Some(place) if rendering.is_scan() => {
            rendering.noted().faults.push(Diagnostic::error(message, place).help(help));
            let nowhere = rendering.shared.relation_named(&texts[texts.len() - 1]);
            Ok(Value::from_object(RelationValue::new(rendering.shared.dialect(), nowhere)))
        }
        _ => Err(told(message, help)),
    }
}

/// Where the node's file says it: the name's own place, else the file's beginning.
fn place(rendering: &Rendering, is_source: bool, texts: &[String]) -> Place {
    literal(rendering, is_source, texts).unwrap_or_else(|| {
        let node = rendering.subject.node.as_ref().and_then(|id| rendering.shared.project.nodes.get(id));
        match node {
            Some(node) => match &node.generic {
                Some(generic) => generic.place.clone(),
                None => Place::new(node.file.path.clone(), node.file.text.clone(), 0..0),
            },
            None => Place::new("", "", 0..0),
        }
    })
}

/// The place of the name where the node's file gives it as a literal.
fn literal(rendering: &Rendering, is_source: bool, texts: &[String]) -> Option<Place> {
    let id = rendering.subject.node.as_ref()?;
    let node = rendering.shared.project.nodes.get(id)?;
    if let Some(generic) = &node.generic {
        return in_yml(&generic.place, texts.last()?);
    }
    let calls = &rendering.shared.nodes.get(id)?.mentions.calls;
    let call = calls.iter().find(|call| call.source == is_source && call.arguments == texts)?;
    Some(Place::new(node.file.path.clone(), node.file.text.clone(), call.span.clone()))
}

/// A name in quotes behind the place where a yml declares a test.
fn in_yml(declared: &Place, name: &str) -> Option<Place> {
    let from = declared.span.start.min(declared.text.len());
    let behind = declared.text.get(from..)?;
    let found = ["'", "\""].iter().filter_map(|quote| behind.find(&format!("{quote}{name}{quote}"))).min()?;
    let start = from + found;
    Some(Place { span: start..start + name.len() + 2, ..declared.clone() })
}

/// Whether `ref` can name a node of this kind.
pub(super) fn can_be_referred_to(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Model | NodeKind::Seed)
}
