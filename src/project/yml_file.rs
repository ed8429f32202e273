//! A yml file while it is read: its faults with their places, and the shapes that values must have.

use std::ops::Range;

use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Place;
use crate::error::suggestion;
use crate::project::SourceFile;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;

/// Bytes of a file as a place in it.
pub(super) fn place(file: &SourceFile, span: Range<usize>) -> Place {
    let end = file.text.len();
    // A caret under many lines tells less than one under the first.
    let first_line = file.text.get(span.clone()).map_or(0, |text| text.lines().next().unwrap_or_default().len());
    let start = span.start.min(end);
    Place::new(file.path.clone(), file.text.clone(), start..(start + first_line).min(end))
}

/// A file and where its faults go. What is wrong is noted and left out, so that one reading names all faults.
pub(super) struct YmlFile<'a> {
    pub source: &'a SourceFile,
    pub faults: &'a mut Diagnostics,
}

impl<'a> YmlFile<'a> {
    pub fn place(&self, span: &Range<usize>) -> Place {
        place(self.source, span.clone())
    }

    pub fn fault(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.faults.push(Diagnostic::error(message, self.place(span)).help(help));
    }

    pub fn warn(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.faults.push(Diagnostic::warning(message, self.place(span)).help(help));
    }

    /// Whether `node` is a mapping; nothing counts as an empty one.
    pub fn is_map(&mut self, node: &Yaml, what: &str) -> bool {
        match node.value {
            Value::Map(_) => true,
            Value::Null => false,
            _ => {
                self.fault(&node.span, format!("{what} is {}, not a mapping", node.kind()), None);
                false
            }
        }
    }

    /// Complains of every key of a mapping that is not among `known`.
    pub fn check_keys(&mut self, node: &Yaml, known: &[&str], what: &str) {
        for entry in node.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let help = suggestion(&entry.key, known.iter().copied())
                .unwrap_or_else(|| "what is your own belongs under `config: {meta: …}`".to_string());
            self.fault(&entry.key_span, format!("unknown key `{}` in {what}", entry.key), help);
        }
    }

    /// A text (or a number, as written) by key.
    pub fn text(&mut self, node: &Yaml, key: &str) -> Option<String> {
        let value = node.get(key).filter(|value| !value.is_null())?;
        let text = value.text().map(str::to_string);
        if text.is_none() {
            self.fault(&value.span, format!("`{key}` is {}, not a text", value.kind()), None);
        }
        text
    }

    /// A truth value by key.
    pub fn flag(&mut self, node: &Yaml, key: &str) -> Option<bool> {
        let value = node.get(key)?;
        match value.value {
            Value::Bool(flag) => Some(flag),
            Value::Null => None,
            _ => {
                self.fault(&value.span, format!("`{key}` is {}, not `true` or `false`", value.kind()), None);
                None
            }
        }
    }

    /// A list by key; none where the key is absent.
    pub fn list<'y>(&mut self, node: &'y Yaml, key: &str) -> &'y [Yaml] {
        let Some(value) = node.get(key) else { return &[] };
        if !matches!(value.value, Value::List(_) | Value::Null) {
            let help = matches!(value.value, Value::Map(_)).then(|| "begin every item with `- `".to_string());
            self.fault(&value.span, format!("`{key}` is {}, not a list", value.kind()), help);
        }
        value.items()
    }

    /// One text or a list of them by key, each with its place.
    pub fn texts(&mut self, node: &Yaml, key: &str) -> Vec<(String, Range<usize>)> {
        let Some(value) = node.get(key) else { return Vec::new() };
        let items = match &value.value {
            Value::List(items) => items.as_slice(),
            Value::Null => &[],
            _ => std::slice::from_ref(value),
        };
        let mut texts = Vec::new();
        for item in items {
            match item.text() {
                Some(text) => texts.push((text.to_string(), item.span.clone())),
                None => self.fault(&item.span, format!("`{key}` holds {}, not a text", item.kind()), None),
            }
        }
        texts
    }

    /// The `name` that an entry of a list must have.
    pub fn name(&mut self, node: &Yaml, what: &str) -> Option<(String, Range<usize>)> {
        if node.is_null() || !self.is_map(node, what) {
            if node.is_null() {
                self.fault(&node.span, format!("{what} is empty"), None);
            }
            return None;
        }
        let Some(value) = node.get("name") else {
            self.fault(&node.span, format!("{what} has no `name`"), None);
            return None;
        };
        match self.text(node, "name") {
            Some(name) if !name.is_empty() => Some((name, value.span.clone())),
            Some(_) => {
                self.fault(&value.span, format!("the `name` of {what} is empty"), None);
                None
            }
            None if value.is_null() => {
                self.fault(&node.span, format!("the `name` of {what} is empty"), None);
                None
            }
            None => None,
        }
    }
}
