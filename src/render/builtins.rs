//! What every template can use and no rendering changes: functions, filters and tests that Jinja or dbt have and the
//! engine has not, or has otherwise.

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::{Kwargs, Object, Rest, Tuple, ValueKind};
use minijinja::{Environment, Error, State, Value};
use serde_json::Value as Json;

use crate::render::clock;
use crate::render::definitions::MISSING;
use crate::render::digest;
use crate::render::methods;
use crate::render::notation;
use crate::render::rewrite::ADD;
use crate::render::rewrite::DICTIONARY;
use crate::render::rewrite::LIST;
use crate::render::rewrite::MODULO;
use crate::render::rewrite::SUBTRACT;
use crate::render::values::Dictionary;
use crate::render::values::List;
use crate::render::values::entries;
use crate::render::values::from_json;
use crate::render::values::items;
use crate::render::values::named;
use crate::render::values::to_json;
use crate::render::values::wrong;

/// What stands for an argument that was not given, so that its default is used.
#[derive(Debug)]
pub(super) struct Missing;

impl Object for Missing {}

/// An engine with Jinja's rules and all of these.
pub(super) fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
    engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    engine.set_unknown_method_callback(methods::call);
    // Without it an undefined value cannot say what it was.
    engine.set_debug(true);
    add_functions(&mut engine);
    add_filters(&mut engine);
    engine.add_test(MISSING, |value: &Value| value.downcast_object_ref::<Missing>().is_some());
    engine.add_test("callable", is_callable);
    engine
}

fn add_functions(engine: &mut Environment<'static>) {
    engine.add_function(LIST, |values: &Value| items(values).map(List::of));
    engine.add_function(DICTIONARY, |values: &Value| entries(values).map(Dictionary::of));
    engine.add_function(MODULO, |a: &Value, b: &Value| modulo(a, b));
    engine.add_function(ADD, |a: &Value, b: &Value| sum(a, b, false));
    engine.add_function(SUBTRACT, |a: &Value, b: &Value| sum(a, b, true));
    engine.add_function("dict", |given: Option<&Value>, more: Kwargs| {
        let mut all = given.map(entries).transpose()?.unwrap_or_default();
        all.extend(entries(&Value::from(more))?);
        Ok::<_, Error>(Dictionary::of(all))
    });
    for name in ["set", "set_strict"] {
        engine.add_function(name, |values: &Value, default: Option<Value>| match (items(values), default) {
            (Ok(values), _) => Ok(List::of(distinct(values))),
            (Err(_), Some(default)) => Ok(default),
            (Err(error), None) => Err(error),
        });
    }
    for name in ["zip", "zip_strict"] {
        engine.add_function(name, |lists: Rest<Value>| zip(&lists));
    }
    engine.add_function("tojson", |value: &Value, default: Option<Value>, named: Kwargs| {
        let sorted = named.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
        let _ = default;
        Ok::<_, Error>(notation::json(&to_json(value), sorted))
    });
    engine.add_function("toyaml", |value: &Value, named: Kwargs| {
        let sorted = named.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
        Ok::<_, Error>(notation::yaml(&to_json(value), sorted))
    });
    engine.add_function("fromjson", |text: &str, default: Option<Value>| {
        match (serde_json::from_str::<Json>(text), default) {
            (Ok(json), _) => Ok(mutable(&json)),
            (Err(_), Some(default)) => Ok(default),
            (Err(error), None) => Err(wrong(format!("this is no JSON: {error}"))),
        }
    });
    engine.add_function("local_md5", |text: &str| digest::md5(text.as_bytes()));
}

/// JSON as lists and dictionaries that can be changed.
fn mutable(json: &Json) -> Value {
    match json {
        Json::Array(values) => List::of(values.iter().map(mutable)),
        Json::Object(fields) => {
            Dictionary::of(fields.iter().map(|(name, value)| (Value::from(name.as_str()), mutable(value))))
        }
        other => from_json(other),
    }
}

fn distinct(mut values: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()));
    values
}

fn zip(lists: &[Value]) -> Result<Value, Error> {
    let lists = lists.iter().map(items).collect::<Result<Vec<_>, _>>()?;
    let length = lists.iter().map(Vec::len).min().unwrap_or(0);
    let row = |at: usize| Value::from(Tuple::from(lists.iter().map(|list| list[at].clone()).collect::<Vec<_>>()));
    Ok(List::of((0..length).map(row)))
}

/// `%`: of a text its formatting, of numbers the remainder as Python has it.
fn modulo(a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(text) = a.as_str() {
        let mapping = text.contains("%(");
        let arguments = if b.is_tuple() { items(b)? } else { vec![b.clone()] };
        if mapping && !b.is_tuple() {
            return format(FormatStyle::Printf, text, std::slice::from_ref(b)).map(Value::from);
        }
        return format(FormatStyle::Printf, text, &arguments).map(Value::from);
    }
    match (whole(a), whole(b)) {
        (Some(_), Some(0)) => Err(wrong("cannot divide by 0")),
        (Some(a), Some(b)) => {
            let rest = a.checked_rem(b).unwrap_or(0);
            Ok(Value::from(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) if b != 0.0 => Ok(Value::from(a - b * (a / b).floor())),
            _ => Err(wrong(format!("cannot take {} modulo {}", named(a), named(b)))),
        },
    }
}

/// `+` and `-`.
fn sum(a: &Value, b: &Value, minus: bool) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        let result = if minus { a.checked_sub(b) } else { a.checked_add(b) };
        return result.map(Value::from).ok_or_else(|| wrong("this number is too large"));
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Ok(Value::from(if minus { a - b } else { a + b }));
    }
    if let Some(result) = clock::combined(a, b, minus) {
        return result;
    }
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if !minus {
        if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
            return Ok(Value::from([a, b].concat()));
        }
        if is_list(a) && is_list(b) {
            let all = items(a)?.into_iter().chain(items(b)?);
            return Ok(if a.is_tuple() { Value::from(Tuple::from(all.collect::<Vec<_>>())) } else { List::of(all) });
        }
    } else if is_list(a) && is_list(b) {
        // Python's sets, which are lists here.
        let others = items(b)?;
        return Ok(List::of(items(a)?.into_iter().filter(|item| !others.contains(item))));
    }
    if a.is_undefined() || b.is_undefined() {
        return Err(minijinja::ErrorKind::UndefinedError.into());
    }
    let (verb, word) = if minus { ("subtract", "from") } else { ("add", "to") };
    let error = wrong(format!("cannot {verb} {} {word} {}", named(b), named(a)));
    Err(error)
}

fn whole(value: &Value) -> Option<i64> {
    (value.is_integer() || value.kind() == ValueKind::Bool).then(|| i64::try_from(value.clone()).ok()).flatten()
}

fn number(value: &Value) -> Option<f64> {
    matches!(value.kind(), ValueKind::Number | ValueKind::Bool).then(|| f64::try_from(value.clone()).ok()).flatten()
}

fn add_filters(engine: &mut Environment<'static>) {
    engine.add_filter("int", |value: &Value, default: Option<Value>, base: Option<u32>| {
        to_whole(value, base.unwrap_or(10)).unwrap_or_else(|| default.unwrap_or(Value::from(0)))
    });
    engine.add_filter("float", |value: &Value, default: Option<Value>| {
        let parsed = number(value).or_else(|| value.as_str()?.trim().parse().ok());
        parsed.map(Value::from).unwrap_or_else(|| default.unwrap_or(Value::from(0.0)))
    });
    engine.add_filter("replace", |value: &Value, old: &Value, new: &Value, count: Option<usize>| {
        let (text, old, new) = (value.to_string(), old.to_string(), new.to_string());
        match count {
            Some(count) => text.replacen(&old, &new, count),
            None => text.replace(&old, &new),
        }
    });
    engine.add_filter("list", |value: &Value| items(value).map(List::of));
    engine.add_filter("sort", |state: &State, value: Value, named: Kwargs| {
        minijinja::filters::sort(state, value, named).and_then(|sorted| items(&sorted)).map(List::of)
    });
    engine.add_filter("tojson", |value: &Value, _indent: Option<usize>| {
        let text = notation::json(&to_json(value), true);
        text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027")
    });
    for name in ["as_text", "as_bool", "as_number", "as_native"] {
        engine.add_filter(name, |value: Value| value);
    }
    engine.add_filter("is_list", |value: &Value| matches!(value.kind(), ValueKind::Seq));
    engine.add_filter("wordcount", |text: &str| text.split_whitespace().count());
    engine.add_filter("center", |text: &str, width: Option<usize>| {
        methods::padded(text, width.unwrap_or(80).min(1_000_000), ' ', 0)
    });
    engine.add_filter(
        "truncate",
        |text: &str, length: Option<usize>, _killwords: Option<bool>, end: Option<String>| {
            let (length, end) = (length.unwrap_or(255), end.unwrap_or_else(|| "...".to_string()));
            if text.chars().count() <= length {
                return text.to_string();
            }
            let kept = length.saturating_sub(end.chars().count());
            text.chars().take(kept).collect::<String>() + &end
        },
    );
}

/// `int`: what Python's filter makes of a value, `None` for what is no number.
fn to_whole(value: &Value, base: u32) -> Option<Value> {
    if let Some(text) = value.as_str() {
        let text = text.trim().replace('_', "");
        let radix = base.clamp(2, 36);
        let digits = text.trim_start_matches("0x").trim_start_matches("0o").trim_start_matches("0b");
        let parsed = i64::from_str_radix(if radix == 10 { &text } else { digits }, radix).ok();
        return parsed.or_else(|| text.parse::<f64>().ok().map(|number| number as i64)).map(Value::from);
    }
    whole(value).or_else(|| number(value).map(|number| number as i64)).map(Value::from)
}

fn is_callable(value: &Value) -> bool {
    // The engine keeps no such flag; what can be called prints as one of these.
    let text = value.to_string();
    value.as_object().is_some() && (text.starts_with("<macro ") || text.starts_with("<function "))
}
