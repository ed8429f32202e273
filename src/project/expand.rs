//! Jinja in yml texts: rendered where dbt renders it, by a function that is handed in.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::ProfileValues;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Result;
use crate::project::SourceFile;
use crate::project::scalar::resolve;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::place;

/// What a text of a yml may name.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What `var` finds: the command line's, and beneath them the project's once they are read.
    pub vars: &'a IndexMap<String, Json>,
    /// What `target` is; `None` while `profiles.yml` is read.
    pub target: Option<&'a ProfileValues>,
}

/// Renders one text that holds Jinja.
pub type Expand<'a> = dyn Fn(&str, Known<'_>) -> Result<String> + 'a;

/// Whether a text needs rendering at all.
pub(super) fn has_jinja(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Renders every text below `node`, but not what lies under a key that `skip` names, given all keys down to it.
///
/// As in dbt, a text that is Jinja as a whole may become a truth value or a number.
pub(super) fn expand_all(
    node: &mut Yaml,
    file: &SourceFile,
    faults: &mut Diagnostics,
    expand: &dyn Fn(&str) -> Result<String>,
    skip: &dyn Fn(&[&str]) -> bool,
) {
    descend(
        node,
        &mut Vec::new(),
        &mut |text, span| match expand(text) {
            Ok(expanded) => Some(expanded),
            Err(error) => {
                let help = error.help_text().map(str::to_string).or_else(|| error.diagnostics().first()?.help.clone());
                faults.push(Diagnostic::error(error.to_string(), place(file, span)).help(help));
                None
            }
        },
        skip,
    );
}

fn descend<'y>(
    node: &'y mut Yaml,
    path: &mut Vec<&'y str>,
    render: &mut dyn FnMut(&str, std::ops::Range<usize>) -> Option<String>,
    skip: &dyn Fn(&[&str]) -> bool,
) {
    if let Some(expanded) = text_with_jinja(node).and_then(|text| render(text, node.span.clone())) {
        let whole =
            text_with_jinja(node).is_some_and(|text| text.trim().starts_with("{{") && text.trim().ends_with("}}"));
        node.value = match resolve(&expanded) {
            // An empty text is a text.
            value @ (Value::Bool(_) | Value::Number(..)) if whole => value,
            _ => Value::Text(expanded),
        };
    }
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| descend(item, path, render, skip)),
        Value::Map(entries) => {
            for entry in entries {
                path.push(&entry.key);
                if !skip(path) {
                    descend(&mut entry.value, path, render, skip);
                }
                path.pop();
            }
        }
        _ => {}
    }
}

fn text_with_jinja(node: &Yaml) -> Option<&str> {
    match &node.value {
        Value::Text(text) if has_jinja(text) => Some(text),
        _ => None,
    }
}
