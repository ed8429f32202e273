//! The macros of a project's files, one by one, as the manifest lists them.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::json::Object;
use crate::artifact::node::slashed;
use crate::project::Project;
use crate::project::SourceFile;

/// Blocks that become macros, and what dbt puts before their names.
const BLOCKS: &[(&str, &str)] = &[("macro", ""), ("test", "test_"), ("data_test", "test_")];

/// What dbt says of a macro that no yml describes.
const DEFAULTS: &str = r#""description":"","meta":{},"docs":{"show":true,"node_color":null},"patch_path":null,"arguments":[],"supported_languages":null"#;

/// One macro.
pub(super) struct Macro<'a> {
    id: String,
    name: String,
    file: &'a SourceFile,
    sql: &'a str,
    /// Unique ids of macros of the project that its text names.
    calls: BTreeSet<String>,
}

impl<'a> Macro<'a> {
    /// Its whole text.
    pub(super) fn sql(&self) -> &'a str {
        self.sql
    }
}

/// All macros by unique id; of two with one name the later file's is kept.
pub(super) fn macros(project: &Project) -> BTreeMap<String, Macro<'_>> {
    let found: Vec<_> =
        project.macros.iter().flat_map(|file| blocks(file).map(move |(name, sql)| (file, name, sql))).collect();
    let id = |name: &str| format!("macro.{}.{name}", project.name);
    let names: BTreeSet<String> = found.iter().map(|(_, name, _)| name.clone()).collect();
    found
        .into_iter()
        .map(|(file, name, sql)| {
            let calls = words(sql).filter(|word| *word != name && names.contains(*word)).map(id).collect();
            (id(&name), Macro { id: id(&name), name, file, sql, calls })
        })
        .collect()
}

/// Writes the entry of one macro.
pub(super) fn entry(object: &mut Object<'_>, project: &Project, it: &Macro<'_>, created_at: &str) {
    let path = slashed(&it.file.path);
    object.text("name", &it.name);
    object.text("resource_type", "macro");
    object.text("package_name", &project.name);
    object.text("path", &path);
    object.text("original_file_path", &path);
    object.text("unique_id", &it.id);
    object.text("macro_sql", it.sql);
    object.object("depends_on", |depends_on| depends_on.texts("macros", &it.calls));
    object.raw("created_at", created_at);
    object.fields(DEFAULTS);
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
        assert_eq!(
            found[1],
            ("test_positive".to_string(), "{% test positive(model) %}select 1{% endtest %}".to_string())
        );
    }
}
