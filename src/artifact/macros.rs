//! The macros of a project's files, one by one, as the manifest lists them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::project::Project;
use crate::project::SourceFile;

/// Blocks that become macros, and what dbt puts before their names.
const BLOCKS: &[(&str, &str)] = &[("macro", ""), ("test", "test_"), ("data_test", "test_")];

/// One macro, in dbt's shape.
#[derive(Serialize)]
pub(super) struct MacroEntry<'a> {
    name: String,
    resource_type: &'static str,
    package_name: &'a str,
    path: String,
    original_file_path: String,
    unique_id: String,
    macro_sql: &'a str,
    depends_on: MacroDependencies,
    description: &'static str,
    meta: BTreeMap<(), ()>,
    docs: MacroDocs,
    patch_path: Option<&'a str>,
    arguments: [(); 0],
    created_at: f64,
    supported_languages: Option<()>,
}

#[derive(Serialize)]
struct MacroDependencies {
    macros: BTreeSet<String>,
}

#[derive(Serialize)]
struct MacroDocs {
    show: bool,
    node_color: Option<()>,
}

/// All macros by unique id; of two with one name the later file's is kept.
pub(super) fn macros(project: &Project, created_at: f64) -> BTreeMap<String, MacroEntry<'_>> {
    let found: Vec<_> =
        project.macros.iter().flat_map(|file| blocks(file).map(move |(name, text)| (file, name, text))).collect();
    let id = |name: &str| format!("macro.{}.{name}", project.name);
    let names: BTreeSet<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
    let mut entries = BTreeMap::new();
    for (file, name, text) in &found {
        let called = words(text).filter(|word| names.contains(word) && word != name).map(id).collect();
        let path = super::node::slashed(&file.path);
        let entry = MacroEntry {
            name: name.clone(),
            resource_type: "macro",
            package_name: &project.name,
            path: path.clone(),
            original_file_path: path,
            unique_id: id(name),
            macro_sql: text,
            depends_on: MacroDependencies { macros: called },
            description: "",
            meta: BTreeMap::new(),
            docs: MacroDocs { show: true, node_color: None },
            patch_path: None,
            arguments: [],
            created_at,
            supported_languages: None,
        };
        entries.insert(id(name), entry);
    }
    entries
}

/// The blocks of a file: name with prefix, and the whole text from `{%` to the end of its end tag.
fn blocks(file: &SourceFile) -> impl Iterator<Item = (String, &str)> {
    let text: &str = &file.text;
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(offset) = text[at..].find("{%") {
            let start = at + offset;
            at = start + 2;
            let Some((word, rest)) = tag(&text[at..]) else { continue };
            let Some((block, prefix)) = BLOCKS.iter().find(|(block, _)| *block == word) else { continue };
            let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let end = end_of(text, at, block).unwrap_or(text.len());
            at = end;
            if !name.is_empty() {
                return Some((format!("{prefix}{name}"), &text[start..end]));
            }
        }
        None
    })
}

/// The first word of a tag, and what follows it; `inside` begins behind the `{%`.
fn tag(inside: &str) -> Option<(&str, &str)> {
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_start();
    let end = inside.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inside.len());
    (end > 0).then(|| inside.split_at(end))
}

/// Where the block's end tag ends.
fn end_of(text: &str, from: usize, block: &str) -> Option<usize> {
    let mut at = from;
    while let Some(offset) = text[at..].find("{%") {
        at += offset + 2;
        if tag(&text[at..]).is_some_and(|(word, _)| word.strip_prefix("end") == Some(block)) {
            return Some(at + text[at..].find("%}")? + 2);
        }
    }
    None
}

/// The identifiers of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_block_with_its_whole_text() {
        let text = "{# about #}\n{%- macro a(x) -%}{% if x %}{{ b() }}{% endif %}{%- endmacro -%}\n\
                    {% test positive(model) %}select 1{% endtest %}{% macro %}{% macro open() %} rest";
        let file = SourceFile { path: "macros/m.sql".into(), text: text.into() };
        let found: Vec<_> = blocks(&file).map(|(name, text)| (name, text.to_string())).collect();
        assert_eq!(found[0].0, "a");
        assert_eq!(found[0].1, "{%- macro a(x) -%}{% if x %}{{ b() }}{% endif %}{%- endmacro -%}");
        assert_eq!(found[1], ("test_positive".to_string(), "{% test positive(model) %}select 1{% endtest %}".to_string()));
    }
}
