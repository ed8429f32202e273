//! Generic tests: a macro's call put together from what the yml says.

use std::sync::Arc;

use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};
use serde_json::Value as Json;

use crate::error::suggestion;
use crate::project::GenericTest;
use crate::project::Node;
use crate::render::fault::told;
use crate::render::mentions::Mentions;
use crate::render::references;
use crate::render::rendering::Rendering;
use crate::render::tokens::tokens;
use crate::render::values::entries;
use crate::render::values::from_json;
use crate::render::values::split;

/// The macro that runs a generic test.
pub(super) fn macro_name(test: &GenericTest) -> String {
    format!("test_{}", test.name)
}

/// The names that its rendering comes by, as far as they are known before.
pub(super) fn mentions(test: &GenericTest) -> Mentions {
    let mut mentions = Mentions::default();
    mentions.names.insert(macro_name(test));
    mentions.names.insert("get_where_subquery".to_string());
    mentions
}

/// The template of a generic test: one call, with the arguments that are Jinja evaluated.
pub(super) fn template(test: &GenericTest) -> String {
    let evaluated: Vec<String> = test
        .arguments
        .iter()
        .enumerate()
        .filter_map(|(at, (_, value))| Some(format!("__cp_argument_{at}={}", expression(value)?)))
        .collect();
    format!("{{{{ __cp_test({}) }}}}", evaluated.join(", "))
}

/// An argument's Jinja: `ref('x')` and the like, `{{ … }}`, lists and dictionaries of them. `None` for what is plain.
fn expression(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if is_call(text) => Some(format!("({})", text.trim())),
        Json::String(text) if text.contains("{{") || text.contains("{%") => Some(templated(text)),
        Json::Array(values) if values.iter().any(|value| expression(value).is_some()) => {
            let values: Vec<String> =
                values.iter().map(|value| expression(value).unwrap_or_else(|| literal(value))).collect();
            Some(format!("[{}]", values.join(", ")))
        }
        Json::Object(fields) if fields.values().any(|value| expression(value).is_some()) => {
            let field = |(name, value): (&String, &Json)| {
                format!(
                    "{}: {}",
                    literal(&Json::from(name.as_str())),
                    expression(value).unwrap_or_else(|| literal(value))
                )
            };
            Some(format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", ")))
        }
        _ => None,
    }
}

/// dbt's rule for texts that it evaluates without braces.
fn is_call(text: &str) -> bool {
    let text = text.trim();
    let called = ["env_var", "ref", "var", "source", "doc"]
        .iter()
        .any(|name| text.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('(')));
    called && text.ends_with(')')
}

/// A text with Jinja in it, as one expression: a lone `{{ … }}` keeps its value's type, anything else is put together.
fn templated(text: &str) -> String {
    let Ok(lexemes) = tokens(text) else { return literal(&Json::from(text)) };
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut start = None;
    for lexeme in &lexemes {
        match lexeme.token {
            minijinja::machinery::Token::VariableStart => {
                pieces.push(literal(&Json::from(&text[from..lexeme.span.start])));
                start = Some(lexeme.span.end);
            }
            minijinja::machinery::Token::VariableEnd => {
                pieces.extend(start.take().map(|start| format!("({})", text[start..lexeme.span.start].trim())));
                from = lexeme.span.end;
            }
            // Statements are beyond an expression; such a text stays as it is.
            minijinja::machinery::Token::BlockStart => return literal(&Json::from(text)),
            _ => {}
        }
    }
    pieces.push(literal(&Json::from(text.get(from..).unwrap_or_default())));
    pieces.retain(|piece| piece != "''");
    pieces.join(" ~ ")
}

/// A value as Jinja writes it.
fn literal(value: &Json) -> String {
    match value {
        Json::Null => "none".to_string(),
        Json::String(text) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r"))
        }
        Json::Array(values) => format!("[{}]", values.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| {
                format!("{}: {}", literal(&Json::from(name.as_str())), literal(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// `__cp_test`: the test's macro, with the model, the column and the other arguments.
pub(super) fn call(rendering: &Arc<Rendering>, state: &mut State<'_, '_>, evaluated: &[Value]) -> Result<Value, Error> {
    let shared = &rendering.shared;
    let node = rendering.subject.node.as_ref().and_then(|id| shared.project.nodes.get(id));
    let Some((node, test)) = node.and_then(|node| Some((node, node.generic.as_ref()?))) else {
        return Err(told("this is no generic test", None));
    };
    let found = shared.library.find(&macro_name(test)).ok_or_else(|| unknown(rendering, test))?.clone();
    let mut arguments = vec![("model".to_string(), tested(rendering, state, node, test)?)];
    arguments.extend(test.column.as_ref().map(|column| ("column_name".to_string(), Value::from(column.as_str()))));
    let evaluated = split(evaluated).1.map(|named| entries(&Value::from(named))).transpose()?.unwrap_or_default();
    for (at, (name, value)) in test.arguments.iter().enumerate() {
        let place = format!("__cp_argument_{at}");
        let found = evaluated.iter().find(|(name, _)| name.as_str() == Some(&place)).map(|(_, value)| value.clone());
        arguments.push((name.clone(), found.unwrap_or_else(|| from_json(value))));
    }
    rendering.callable(&found).call(state, &[Kwargs::from_iter(arguments).into()])
}

/// What is tested: the relation, or a subquery of it where there is a `where`.
fn tested(rendering: &Arc<Rendering>, state: &mut State<'_, '_>, _: &Node, test: &GenericTest) -> Result<Value, Error> {
    let shared = &rendering.shared;
    let relation = match shared.project.sources.get(&test.on) {
        Some(source) => references::source(
            rendering,
            &[Value::from(source.source_name.as_str()), Value::from(source.name.as_str())],
        )?,
        None => {
            let name = shared.project.nodes.get(&test.on).map_or(test.on.as_str(), |node| node.name.as_str());
            references::reference(rendering, &[Value::from(name)])?
        }
    };
    let own = shared.library.own("get_where_subquery").or(shared.library.dispatch("get_where_subquery").ok());
    let overridden = own.is_some_and(|found| !found.is_builtin());
    if !overridden && rendering.setting("where").is_none() {
        return Ok(relation);
    }
    let subquery =
        shared.library.find("get_where_subquery").ok_or_else(|| told("no macro `get_where_subquery`", None))?;
    rendering.callable(subquery).call(state, &[relation])
}

fn unknown(rendering: &Rendering, test: &GenericTest) -> Error {
    let library = &rendering.shared.library;
    let names: Vec<&str> = library.names().filter_map(|name| name.strip_prefix("test_")).collect();
    let help = suggestion(&test.name, names.iter().copied())
        .unwrap_or_else(|| format!("define it in a file of `macros/`: `{{% test {}(model) %}}`", test.name));
    told(format!("there is no generic test `{}`", test.name), Some(help))
}
