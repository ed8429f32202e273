//! Python's methods on texts, lists and dictionaries that the engine does not know.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

use crate::render::values::Dictionary;
use crate::render::values::List;
use crate::render::values::entries;
use crate::render::values::items;
use crate::render::values::named;
use crate::render::values::wrong;

/// Called by the engine for a method that a value does not have.
pub(super) fn call(state: &mut State, value: &Value, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let found = match value.kind() {
        ValueKind::String => text_method(value.as_str().unwrap_or_default(), method, arguments)?,
        ValueKind::Map => map_method(value, method, arguments)?,
        ValueKind::Seq | ValueKind::Iterable => list_method(value, method, arguments)?,
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UnknownMethod)),
        _ => None,
    };
    match found {
        Some(found) => Ok(found),
        None => pycompat::unknown_method_callback(state, value, method, arguments),
    }
}

/// A text in the middle (0), at the left (-1) or at the right (1) of a width.
pub(super) fn padded(text: &str, width: usize, fill: char, side: i8) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let left = match side {
        0 => missing / 2,
        1 => missing,
        _ => 0,
    };
    let blanks = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    format!("{}{text}{}", blanks(left), blanks(missing - left))
}

fn text_method(text: &str, method: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    let first = arguments.first().and_then(Value::as_str);
    let need = || first.ok_or_else(|| wrong(format!("`{method}` wants a text")));
    let width = || {
        let width = arguments.first().and_then(Value::as_usize).filter(|width| *width <= 1_000_000);
        width.ok_or_else(|| wrong(format!("`{method}` wants a width")))
    };
    let fill = arguments.get(1).and_then(Value::as_str).and_then(|fill| fill.chars().next()).unwrap_or(' ');
    Ok(Some(match method {
        "split" | "rsplit" | "splitlines" => return split(text, method, arguments).map(Some),
        "zfill" => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            Value::from(format!("{sign}{}", padded(digits, width()?.saturating_sub(sign.len()), '0', 1)))
        }
        "ljust" => Value::from(padded(text, width()?, fill, -1)),
        "rjust" => Value::from(padded(text, width()?, fill, 1)),
        "center" => Value::from(padded(text, width()?, fill, 0)),
        "removeprefix" => Value::from(text.strip_prefix(need()?).unwrap_or(text)),
        "removesuffix" => Value::from(text.strip_suffix(need()?).unwrap_or(text)),
        "partition" => match text.split_once(need()?) {
            Some((before, after)) => Value::from(Tuple::from([before, need()?, after].map(Value::from))),
            None => Value::from(Tuple::from([text, "", ""].map(Value::from))),
        },
        "rpartition" => match text.rsplit_once(need()?) {
            Some((before, after)) => Value::from(Tuple::from([before, need()?, after].map(Value::from))),
            None => Value::from(Tuple::from(["", "", text].map(Value::from))),
        },
        "index" => {
            let at =
                text.find(need()?).ok_or_else(|| wrong(format!("`{}` is not in `{text}`", need().unwrap_or(""))))?;
            Value::from(text[..at].chars().count())
        }
        "swapcase" => Value::from(
            text.chars()
                .flat_map(|letter| {
                    let swapped: Vec<char> = if letter.is_uppercase() {
                        letter.to_lowercase().collect()
                    } else {
                        letter.to_uppercase().collect()
                    };
                    swapped
                })
                .collect::<String>(),
        ),
        "casefold" => Value::from(text.to_lowercase()),
        "isdecimal" => Value::from(!text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit())),
        "isidentifier" => {
            let starts = text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
            Value::from(starts && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_'))
        }
        "expandtabs" => Value::from(text.replace('\t', "        ")),
        "encode" | "decode" | "__str__" => Value::from(text),
        _ => return Ok(None),
    }))
}

fn split(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let (positional, named_arguments) = crate::render::values::split(arguments);
    if method == "splitlines" {
        return Ok(List::of(text.lines().map(Value::from)));
    }
    let named = |name: &str| named_arguments.as_ref().and_then(|all| all.get::<Option<Value>>(name).ok().flatten());
    let separator = positional.first().cloned().or_else(|| named("sep")).filter(|value| !value.is_none());
    let most = positional.get(1).cloned().or_else(|| named("maxsplit")).and_then(|most| most.as_usize());
    let pieces = most.map_or(usize::MAX, |most| most.saturating_add(1));
    let found: Vec<String> = match (&separator, method) {
        (Some(separator), _) if separator.as_str().is_none_or(str::is_empty) => {
            return Err(wrong("`split` wants a separator that is not empty"));
        }
        (Some(separator), "split") => text.splitn(pieces, &separator.to_string()).map(str::to_string).collect(),
        (Some(separator), _) => {
            let mut found: Vec<_> = text.rsplitn(pieces, &separator.to_string()).map(str::to_string).collect();
            found.reverse();
            found
        }
        (None, _) => {
            let mut words: Vec<String> = Vec::new();
            let mut rest = text.trim_start();
            while !rest.is_empty() {
                let end = if words.len() + 1 == pieces { None } else { rest.find(char::is_whitespace) };
                let (word, more) = rest.split_at(end.unwrap_or(rest.len()));
                words.push(word.to_string());
                rest = more.trim_start();
            }
            words
        }
    };
    Ok(List::of(found.into_iter().map(Value::from)))
}

fn map_method(value: &Value, method: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(match (method, arguments.len()) {
        ("keys", 0) => List::of(entries(value)?.into_iter().map(|(key, _)| key)),
        ("values", 0) => List::of(entries(value)?.into_iter().map(|(_, value)| value)),
        ("items", 0) => List::of(entries(value)?.into_iter().map(Value::from)),
        ("copy", 0) => Dictionary::of(entries(value)?),
        ("update" | "pop" | "setdefault" | "clear", _) => {
            return Err(wrong(format!("`{method}` cannot change this dictionary: change a `copy()` of it")));
        }
        _ => return Ok(None),
    }))
}

fn list_method(value: &Value, method: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(match (method, arguments) {
        ("index", [item]) => {
            let at = items(value)?.iter().position(|candidate| candidate == item);
            Value::from(at.ok_or_else(|| wrong(format!("{} is not in the list", named(item))))?)
        }
        ("copy", []) => List::of(items(value)?),
        ("append" | "extend" | "insert" | "pop" | "remove" | "clear" | "sort" | "reverse", _) => {
            return Err(wrong(format!(
                "`{method}` cannot change this list: change a copy of it, as `… | list` makes one"
            )));
        }
        _ => return Ok(None),
    }))
}
