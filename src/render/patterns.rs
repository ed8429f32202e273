//! `modules.re`: regular expressions as templates know them from Python.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use regex::{Captures, Regex, RegexBuilder};

use crate::render::values::Dictionary;
use crate::render::values::List;
use crate::render::values::split;
use crate::render::values::wrong;

/// `modules.re`.
#[derive(Debug)]
pub(super) struct Patterns;

/// A compiled expression, and the flags that it was compiled with.
#[derive(Debug)]
struct Pattern(Regex, i64);

/// What an expression found: the groups, the whole at 0.
#[derive(Debug)]
struct Found {
    groups: Vec<Option<String>>,
    names: Vec<(String, usize)>,
    span: (usize, usize),
}

/// Flags as Python numbers them.
const IGNORECASE: i64 = 2;
const MULTILINE: i64 = 8;
const DOTALL: i64 = 16;
const VERBOSE: i64 = 64;

fn compile(pattern: &str, flags: i64) -> Result<Pattern, Error> {
    let built = RegexBuilder::new(pattern)
        .case_insensitive(flags & IGNORECASE != 0)
        .multi_line(flags & MULTILINE != 0)
        .dot_matches_new_line(flags & DOTALL != 0)
        .ignore_whitespace(flags & VERBOSE != 0)
        .build();
    built.map(|pattern| Pattern(pattern, flags)).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
        wrong(format!("`{pattern}` is no regular expression that can be used here: {reason}"))
    })
}

impl Found {
    fn of(pattern: &Regex, found: &Captures<'_>, text: &str) -> Value {
        let whole = found.get(0).map_or(0..0, |group| group.range());
        let letters = |end: usize| text[..end].chars().count();
        let named = pattern.capture_names().enumerate();
        Value::from_object(Self {
            groups: found.iter().map(|group| group.map(|group| group.as_str().to_string())).collect(),
            names: named.filter_map(|(at, name)| Some((name?.to_string(), at))).collect(),
            span: (letters(whole.start), letters(whole.end)),
        })
    }

    fn group(&self, at: usize) -> Option<Value> {
        self.groups.get(at).map(|group| group.clone().map_or(Value::from(()), Value::from))
    }
}

/// Python's `\1` and `\g<name>` as this engine's `${1}` and `${name}`.
fn replacement(text: &str) -> String {
    let text = text.replace('$', "$$");
    let mut made = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        made.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let digits = behind.len() - behind.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        if digits > 0 {
            made.push_str(&format!("${{{}}}", &behind[..digits]));
            rest = &behind[digits..];
        } else if let Some((name, after)) = behind.strip_prefix("g<").and_then(|named| named.split_once('>')) {
            made.push_str(&format!("${{{name}}}"));
            rest = after;
        } else {
            let escaped = behind.chars().next();
            made.push_str(match escaped {
                Some('n') => "\n",
                Some('t') => "\t",
                Some('\\') | None => "\\",
                Some(_) => "\\",
            });
            rest = match escaped {
                Some('n' | 't' | '\\') => &behind[1..],
                _ => behind,
            };
        }
    }
    made.push_str(rest);
    made
}

impl Pattern {
    fn run(&self, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let text = |at: usize| {
            arguments.get(at).map(Value::to_string).ok_or_else(|| wrong(format!("`{method}` wants a text")))
        };
        let pattern = &self.0;
        let found = |pattern: &Regex, text: &str| {
            pattern.captures(text).map_or(Value::from(()), |found| Found::of(pattern, &found, text))
        };
        Ok(match method {
            "search" => found(pattern, &text(0)?),
            "match" => found(&compile(&format!("\\A(?:{pattern})"), self.1)?.0, &text(0)?),
            "fullmatch" => found(&compile(&format!("\\A(?:{pattern})\\z"), self.1)?.0, &text(0)?),
            "sub" => {
                let (with, text) = (replacement(&text(0)?), text(1)?);
                let count = arguments.get(2).and_then(Value::as_usize).unwrap_or(0);
                Value::from(pattern.replacen(&text, count, with.as_str()).into_owned())
            }
            "split" => List::of(pattern.split(&text(0)?).map(Value::from)),
            "findall" => {
                let text = text(0)?;
                List::of(pattern.captures_iter(&text).map(|found| {
                    let group = |at: usize| Value::from(found.get(at).map_or("", |group| group.as_str()));
                    match found.len() {
                        1 => group(0),
                        2 => group(1),
                        many => Value::from(Tuple::from((1..many).map(group).collect::<Vec<_>>())),
                    }
                }))
            }
            "finditer" => {
                let text = text(0)?;
                List::of(pattern.captures_iter(&text).map(|found| Found::of(pattern, &found, &text)))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

impl Object for Patterns {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(Value::from(match key.as_str()? {
            "IGNORECASE" | "I" => IGNORECASE,
            "MULTILINE" | "M" => MULTILINE,
            "DOTALL" | "S" => DOTALL,
            "VERBOSE" | "X" => VERBOSE,
            _ => return None,
        }))
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let (positional, named) = split(arguments);
        let Some((pattern, rest)) = positional.split_first() else {
            return Err(wrong(format!("`modules.re.{method}` wants a regular expression")));
        };
        if method == "escape" {
            return Ok(Value::from(regex::escape(&pattern.to_string())));
        }
        let texts = match method {
            "compile" => 0,
            "sub" => 2,
            _ => 1,
        };
        let flags = named.and_then(|named| named.get::<i64>("flags").ok());
        let flags = flags.or_else(|| rest.get(texts).filter(|_| method != "sub").and_then(Value::as_i64)).unwrap_or(0);
        let compiled = compile(&pattern.to_string(), flags)?;
        if method == "compile" { Ok(Value::from_object(compiled)) } else { compiled.run(method, rest) }
    }
}

impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        self.run(method, split(arguments).0)
    }
}

impl Object for Found {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.group(key.as_usize()?)
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let named = |name: &str| self.names.iter().find(|(known, _)| known == name).map(|(_, at)| *at);
        Ok(match method {
            "group" => {
                let at = match arguments.first() {
                    None => Some(0),
                    Some(value) => value.as_usize().or_else(|| named(value.as_str()?)),
                };
                at.and_then(|at| self.group(at)).ok_or_else(|| wrong("there is no such group"))?
            }
            "groups" => {
                let groups: Vec<_> = (1..self.groups.len()).filter_map(|at| self.group(at)).collect();
                Value::from(Tuple::from(groups))
            }
            "groupdict" => Dictionary::of(
                self.names.iter().filter_map(|(name, at)| Some((Value::from(name.as_str()), self.group(*at)?))),
            ),
            "start" => Value::from(self.span.0),
            "end" => Value::from(self.span.1),
            "span" => Value::from((self.span.0, self.span.1)),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<re.Match object; match={:?}>", self.groups.first().cloned().flatten().unwrap_or_default())
    }
}
