//! YAML with the place of every node, read as dbt (PyYAML) reads it. The only file that knows the YAML crate.
//!
//! The parser gives events; the tree is built here, because what matters is ours to decide: YAML 1.1 words (`yes`,
//! `off`), a key that is given twice, `<<`, and limits that no file can exceed. Nothing here recurses on input except
//! over a tree whose depth is bounded.

use std::{collections::HashMap, ops::Range};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value as Json};

use crate::error::Diagnostic;
use crate::project::SourceFile;
use crate::project::scalar::resolve;
use crate::project::yml_file::place;

/// Deeper than any project file, and shallow enough for recursion.
const MAX_DEPTH: usize = 64;
/// Nodes that aliases may copy, all together: a few nested aliases could otherwise stand for billions.
const MAX_COPIED: usize = 100_000;

/// A fault is boxed, for it is much larger than what is read.
type Read<T> = Result<T, Box<Diagnostic>>;

/// A node and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Yaml {
    pub value: Value,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// With the number as it was written, for texts such as `1.10`.
    Number(Number, String),
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub value: Yaml,
}

impl Yaml {
    /// A mapping's value by key.
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// A mapping's entries; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A list's items; none for anything else.
    pub fn items(&self) -> &[Yaml] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// A text, or a number as it was written.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(_, text) => Some(text),
            _ => None,
        }
    }

    /// What kind of thing it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Number(..) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The same value without places.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Number(number, _) => Json::Number(number.clone()),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Yaml::to_json).collect()),
            Value::Map(entries) => Json::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    fn count(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Yaml::count).sum(),
            Value::Map(entries) => entries.iter().map(|entry| 1 + entry.value.count()).sum(),
            _ => 0,
        }
    }

    fn depth(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Yaml::depth).max().unwrap_or(0),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// Reads the one document of a file; an empty file is null.
///
/// # Errors
/// The first fault in the file's YAML, at its place.
pub(super) fn parse(file: &SourceFile) -> Read<Yaml> {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let mut tree = Tree {
        file,
        offsets: Offsets::of(&file.text, text),
        stack: Vec::new(),
        anchors: HashMap::new(),
        copied: 0,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => tree.on(event, span)?,
            Err(error) => {
                let start = tree.offsets.byte(error.marker().index());
                return Err(Box::new(syntax_error(file, start, error.info())));
            }
        }
    }
    Ok(tree.root.unwrap_or(Yaml { value: Value::Null, span: 0..0 }))
}

/// Places in characters, as the parser counts them, to places in bytes, as the rest of the house does.
struct Offsets {
    /// Bytes before the first character that the parser saw.
    skipped: usize,
    /// Empty where every character is one byte.
    bytes: Vec<usize>,
    end: usize,
}

impl Offsets {
    fn of(whole: &str, parsed: &str) -> Self {
        let bytes = if parsed.is_ascii() { Vec::new() } else { parsed.char_indices().map(|(byte, _)| byte).collect() };
        Self { skipped: whole.len() - parsed.len(), bytes, end: parsed.len() }
    }

    fn byte(&self, character: usize) -> usize {
        let byte =
            if self.bytes.is_empty() { character } else { self.bytes.get(character).copied().unwrap_or(self.end) };
        self.skipped + byte.min(self.end)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}

/// A collection whose end has not come yet.
struct Open {
    node: Yaml,
    anchor: usize,
    /// A mapping's key that waits for its value.
    key: Option<(String, Range<usize>, bool)>,
    /// Keys so far, to find one that is given twice.
    seen: HashMap<String, Range<usize>>,
    /// Values of `<<`, to be put beneath the mapping's own keys at its end.
    merged: Vec<Yaml>,
}

struct Tree<'a> {
    file: &'a SourceFile,
    offsets: Offsets,
    stack: Vec<Open>,
    anchors: HashMap<usize, Yaml>,
    copied: usize,
    root: Option<Yaml>,
}

impl Tree<'_> {
    fn on(&mut self, event: Event<'_>, span: Span) -> Read<()> {
        let span = self.offsets.range(span);
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                let fault = self.fault("a second document in one file", &span);
                Err(fault.help("put it into a file of its own".to_string()).into())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix.clone()));
                let plain = style == ScalarStyle::Plain;
                let value = match tag {
                    None if plain => resolve(&text),
                    None => Value::Text(text.into_owned()),
                    Some((true, kind)) if kind == "str" => Value::Text(text.into_owned()),
                    Some((true, kind)) if ["int", "float", "bool", "null"].contains(&kind.as_str()) => resolve(&text),
                    Some((_, kind)) => return Err(self.fault(format!("unknown YAML tag `{kind}`"), &span)),
                };
                self.put(Yaml { value, span }, anchor, plain)
            }
            Event::SequenceStart(anchor, _) => self.open(Value::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => self.open(Value::Map(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.fault("an alias inside its own anchor", &span));
                };
                self.copied += node.count();
                if self.copied > MAX_COPIED || self.stack.len() + node.depth() > MAX_DEPTH {
                    return Err(self.fault("aliases that stand for too much", &span));
                }
                self.put(Yaml { span, ..node }, 0, false)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, value: Value, anchor: usize, span: Range<usize>) -> Read<()> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.fault(format!("nested more than {MAX_DEPTH} levels deep"), &span));
        }
        let node = Yaml { value, span };
        self.stack.push(Open { node, anchor, key: None, seen: HashMap::new(), merged: Vec::new() });
        Ok(())
    }

    fn close(&mut self, end: &Range<usize>) -> Read<()> {
        let Some(mut open) = self.stack.pop() else { return Ok(()) };
        let whole = &self.file.text[open.node.span.start..end.end.max(open.node.span.start)];
        open.node.span.end = open.node.span.start + whole.trim_end().len();
        if let Value::Map(entries) = &mut open.node.value {
            for merged in &open.merged {
                for entry in merged.entries() {
                    if !open.seen.contains_key(&entry.key) {
                        open.seen.insert(entry.key.clone(), entry.key_span.clone());
                        entries.push(entry.clone());
                    }
                }
            }
        }
        self.put(open.node, open.anchor, false)
    }

    /// Adds a finished node to whatever it stands in.
    fn put(&mut self, node: Yaml, anchor: usize, plain: bool) -> Read<()> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                None => {
                    open.key = Some(key_of(self.file, &node, plain)?);
                }
                Some((_, _, true)) => open.merged.extend(merge_sources(self.file, node)?),
                Some((key, key_span, false)) => {
                    if let Some(first) = open.seen.insert(key.clone(), key_span.clone()) {
                        let (line, _) = place(self.file, first).line_column();
                        let message = format!("key `{key}` is given twice");
                        let help = format!("it is given first on line {line}; keep one of them");
                        return Err(Diagnostic::error(message, place(self.file, key_span)).help(help).into());
                    }
                    entries.push(Entry { key, key_span, value: node });
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn fault(&self, message: impl Into<String>, span: &Range<usize>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(message, place(self.file, span.clone())))
    }
}

/// A key's text, its place, and whether it is `<<`.
fn key_of(file: &SourceFile, node: &Yaml, plain: bool) -> Read<(String, Range<usize>, bool)> {
    let written = file.text.get(node.span.clone()).unwrap_or_default();
    let key = match &node.value {
        Value::Text(text) | Value::Number(_, text) => text.clone(),
        // As it is written: `on` and `null` are names here.
        Value::Bool(_) | Value::Null if !written.is_empty() => written.to_string(),
        Value::List(_) | Value::Map(_) => {
            return Err(Diagnostic::error("a key that is no text", place(file, node.span.clone()))
                .help("quote a text that begins with `{` or `[`, as in \"{{ env_var('NAME') }}\"".to_string())
                .into());
        }
        _ => return Err(Diagnostic::error("a key that is empty", place(file, node.span.clone())).into()),
    };
    let is_merge = plain && key == "<<";
    Ok((key, node.span.clone(), is_merge))
}

/// What `<<` names: a mapping or a list of them, the first of which wins.
fn merge_sources(file: &SourceFile, node: Yaml) -> Read<Vec<Yaml>> {
    let span = node.span.clone();
    let sources = match node.value {
        Value::Map(_) => vec![node],
        Value::List(items) => items,
        _ => Vec::new(),
    };
    match sources.iter().all(|source| matches!(source.value, Value::Map(_))) && !sources.is_empty() {
        true => Ok(sources),
        false => Err(Diagnostic::error("`<<` takes a mapping or a list of mappings", place(file, span)).into()),
    }
}

fn syntax_error(file: &SourceFile, start: usize, reason: &str) -> Diagnostic {
    let mut start = start.min(file.text.len());
    while !file.text.is_char_boundary(start) {
        start -= 1;
    }
    let line_start = file.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = file.text[line_start..].lines().next().unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let help = if indent.contains('\t') {
        Some("indent with spaces: YAML takes no tabs")
    } else if line.contains("{{") || line.contains("{%") {
        Some("quote a text that holds `{{`, as in \"{{ env_var('NAME') }}\"")
    } else if line.matches(": ").count() > 1 {
        Some("quote a text that holds `: `")
    } else {
        Some("a bracket, a quote or an indentation at or before this place does not fit")
    };
    let reason = lower_first(reason.trim_end_matches('.'));
    Diagnostic::error(format!("this is not YAML: {reason}"), place(file, start..start)).help(help.map(str::to_string))
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str) -> SourceFile {
        SourceFile { path: "a.yml".into(), text: text.into() }
    }

    fn json(text: &str) -> String {
        parse(&file(text)).map_or_else(|fault| format!("{fault} | {:?}", fault.help), |node| node.to_json().to_string())
    }

    #[test]
    fn reads_words_and_numbers_as_pyyaml_does() {
        let cases = [
            ("[yes, No, on, OFF, true, y, 'yes']", "[true,false,true,false,true,\"y\",\"yes\"]"),
            (
                "[1, 1_000, 0x1F, 017, 0b11, +5, 08, 1e3, 1.5e+3, .5, 1.]",
                "[1,1000,31,15,3,5,\"08\",\"1e3\",1500.0,0.5,1.0]",
            ),
            (
                "[2024-01-01, 1.10.2, ~, null, .inf, 99999999999999999999]",
                "[\"2024-01-01\",\"1.10.2\",null,null,\".inf\",\"99999999999999999999\"]",
            ),
            ("!!str 12", "\"12\""),
            ("", "null"),
        ];
        for (text, expected) in cases {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn merges_and_copies() {
        let text = "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nit:\n  <<: [*b, *o]\n  x: 9\nsame: *b\n";
        let expected = r#"{"base":{"x":1,"y":2},"other":{"y":3,"z":4},"it":{"x":9,"y":2,"z":4},"same":{"x":1,"y":2}}"#;
        assert_eq!(json(text), expected);
    }

    #[test]
    fn tells_what_is_wrong_and_where() {
        let cases = [
            ("a: 1\nb: 2\na: 3\n", "key `a` is given twice (a.yml:3:1)"),
            ("é: {b: 1, 'b': 3}\n", "key `b` is given twice (a.yml:1:11)"),
            ("a: 1\n---\nb: 2\n", "a second document in one file (a.yml:2:1)"),
            ("a: {{ env_var('X') }}\n", "a key that is no text (a.yml:1:5)"),
            ("a: *x\n", "this is not YAML: "),
            ("a:\n\t- b\n", "this is not YAML: "),
            ("a: !thing 1\n", "unknown YAML tag `thing` (a.yml:1:"),
            ("<<: 1\n", "`<<` takes a mapping or a list of mappings (a.yml:1:5)"),
        ];
        for (text, expected) in cases {
            let told = json(text);
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn bounds_what_a_file_can_ask_for() {
        assert!(json(&"[".repeat(100)).contains("nested more than 64"));
        assert!(json(&"- ".repeat(5000)).contains("nested more than 64"));
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_string();
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(json(&bomb).contains("too much"));
    }

    #[test]
    fn places_count_bytes_whatever_the_characters() {
        for text in ["é: ü\nname: x\n", "\u{feff}é: ü\r\nname: x\r\n", "# 😀\na: '😀'\nname: x"] {
            let file = file(text);
            let node = parse(&file).unwrap();
            let entry = node.entries().iter().find(|entry| entry.key == "name").unwrap();
            assert_eq!(&file.text[entry.key_span.clone()], "name", "{text:?}");
            assert_eq!(&file.text[entry.value.span.clone()], "x", "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\-:{}\\[\\],&*!|>'\"%@` \\t\\n\\r#?<a1é~.\u{feff}]{0,60}") {
            if let Ok(node) = parse(&file(&text)) {
                fn inside(node: &Yaml, text: &str) {
                    assert!(text.get(node.span.clone()).is_some());
                    node.items().iter().for_each(|item| inside(item, text));
                    node.entries().iter().for_each(|entry| inside(&entry.value, text));
                }
                inside(&node, &text);
            }
        }
    }
}
