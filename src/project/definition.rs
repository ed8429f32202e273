//! `dbt_project.yml`.

use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::error::AtPath;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Error;
use crate::error::Result;
use crate::project::SourceFile;
use crate::project::config_block::ConfigTree;
use crate::project::keys;
use crate::project::keys::ConfigOf;
use crate::project::yaml;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// The file's name.
pub(super) const FILE: &str = "dbt_project.yml";

/// What `dbt_project.yml` says.
#[derive(Debug)]
pub(super) struct Definition {
    pub file: SourceFile,
    pub name: String,
    pub model_paths: Vec<PathBuf>,
    pub seed_paths: Vec<PathBuf>,
    pub test_paths: Vec<PathBuf>,
    pub macro_paths: Vec<PathBuf>,
    pub analysis_paths: Vec<PathBuf>,
    pub snapshot_paths: Vec<PathBuf>,
    /// `None` is everywhere.
    pub docs_paths: Option<Vec<PathBuf>>,
    pub target_path: PathBuf,
    pub clean_targets: Vec<PathBuf>,
    pub vars: IndexMap<String, Json>,
    pub models: ConfigTree,
    pub seeds: ConfigTree,
    pub tests: ConfigTree,
    pub sources: ConfigTree,
    pub on_run_start: Vec<String>,
    pub on_run_end: Vec<String>,
}

/// A file of the project as text; a byte order mark is kept, so that places stay true.
pub(super) fn read_file(root: &Path, path: &Path) -> Result<SourceFile> {
    let whole = root.join(path);
    let bytes = std::fs::read(&whole).at_path("read", &whole)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::call(format!("`{}` is not UTF-8 (line {line})", path.display())).help("save the file as UTF-8")
    })?;
    Ok(SourceFile { path: path.to_path_buf(), text: text.into() })
}

/// The file's YAML, as it was written.
pub(super) fn read_yaml(root: &Path) -> Result<(SourceFile, Yaml)> {
    let file = read_file(root, Path::new(FILE))?;
    let node = yaml::parse(&file).map_err(|fault| *fault)?;
    if !matches!(node.value, Value::Map(_)) {
        return Err(Diagnostic::error(
            format!("`{FILE}` is {}, not a mapping", node.kind()),
            crate::project::yml_file::place(&file, 0..0),
        )
        .into());
    }
    Ok((file, node))
}

/// Whether a text of `dbt_project.yml` is rendered later or never: hooks, variables, the query's comment.
pub(super) fn renders_late(path: &[&str]) -> bool {
    let first = path.first().copied().unwrap_or_default();
    ["on-run-start", "on-run-end", "query-comment", "vars"].contains(&first)
        || path
            .iter()
            .any(|key| ["pre-hook", "post-hook", "pre_hook", "post_hook"].contains(&key.trim_start_matches('+')))
}

/// What the rendered file says.
pub(super) fn read(file: SourceFile, node: &Yaml, faults: &mut Diagnostics) -> Definition {
    let mut yml = YmlFile { source: &file, faults };
    let yml = &mut yml;
    yml.check_keys(node, keys::PROJECT, "`dbt_project.yml`");
    let name = project_name(yml, node);
    if let Some(version) = yml.text(node, "config-version").filter(|version| version != "2") {
        let span = node.get("config-version").map_or(0..0, |value| value.span.clone());
        yml.fault(&span, format!("`config-version` is `{version}`, and only 2 is known"), None);
    }
    let target_path = PathBuf::from(yml.text(node, "target-path").unwrap_or_else(|| "target".to_string()));
    let clean_targets = match node.get("clean-targets") {
        Some(_) => paths(yml, node, "clean-targets", ""),
        None => vec![target_path.clone()],
    };
    let tree = |yml: &mut YmlFile<'_>, name: &str, of| {
        let root = node.get(name).cloned().unwrap_or(Yaml { value: Value::Null, span: 0..0 });
        let tree = ConfigTree { root, of };
        tree.check(yml, name);
        tree
    };
    let tests = match (node.get("tests"), node.get("data_tests")) {
        (Some(old), Some(_)) => {
            yml.fault(
                &old.span,
                "both `tests` and `data_tests` are given",
                "`tests` is the older name: keep `data_tests`".to_string(),
            );
            "data_tests"
        }
        (Some(_), None) => "tests",
        _ => "data_tests",
    };
    Definition {
        model_paths: paths(yml, node, "model-paths", "models"),
        seed_paths: paths(yml, node, "seed-paths", "seeds"),
        test_paths: paths(yml, node, "test-paths", "tests"),
        macro_paths: paths(yml, node, "macro-paths", "macros"),
        analysis_paths: paths(yml, node, "analysis-paths", "analyses"),
        snapshot_paths: paths(yml, node, "snapshot-paths", "snapshots"),
        docs_paths: node.get("docs-paths").map(|_| paths(yml, node, "docs-paths", "")),
        target_path,
        clean_targets,
        vars: vars(yml, node, &name),
        models: tree(yml, "models", ConfigOf::Model),
        seeds: tree(yml, "seeds", ConfigOf::Seed),
        tests: tree(yml, tests, ConfigOf::Test),
        sources: tree(yml, "sources", ConfigOf::Source),
        on_run_start: yml.texts(node, "on-run-start").into_iter().map(|(text, _)| text).collect(),
        on_run_end: yml.texts(node, "on-run-end").into_iter().map(|(text, _)| text).collect(),
        name,
        file: file.clone(),
    }
}

fn project_name(yml: &mut YmlFile<'_>, node: &Yaml) -> String {
    let Some((name, span)) = yml.name(node, "`dbt_project.yml`") else { return String::new() };
    let fits = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_numeric());
    if !fits {
        yml.fault(
            &span,
            format!("the project's name `{name}` is no identifier"),
            "use letters, digits and `_`".to_string(),
        );
    } else if name == "dbt" {
        yml.fault(&span, "a project cannot be named `dbt`", "that is what the built-in macros are called".to_string());
    }
    name
}

/// Folders by key, relative to the project and inside it.
fn paths(yml: &mut YmlFile<'_>, node: &Yaml, key: &str, default: &str) -> Vec<PathBuf> {
    if node.get(key).is_none() {
        return vec![PathBuf::from(default)];
    }
    let mut paths = Vec::new();
    for (text, span) in yml.texts(node, key) {
        let path: PathBuf = Path::new(&text).components().filter(|part| *part != Component::CurDir).collect();
        if path.components().all(|part| matches!(part, Component::Normal(_))) {
            paths.push(path);
        } else {
            yml.fault(&span, format!("`{key}` names `{text}`, which is not inside the project"), None);
        }
    }
    paths
}

/// `vars:`, those under the project's own name over the others.
fn vars(yml: &mut YmlFile<'_>, node: &Yaml, project: &str) -> IndexMap<String, Json> {
    let mut vars = IndexMap::new();
    let Some(block) = node.get("vars").filter(|block| yml.is_map(block, "`vars`")) else { return vars };
    for entry in block.entries().iter().filter(|entry| entry.key != project) {
        vars.insert(entry.key.clone(), entry.value.to_json());
    }
    if let Some(own) = block.get(project).filter(|own| yml.is_map(own, "the project's own `vars`")) {
        vars.extend(own.entries().iter().map(|entry| (entry.key.clone(), entry.value.to_json())));
    }
    vars
}

/// `--vars`, a mapping in YAML or JSON.
///
/// # Errors
/// When it is no mapping.
pub fn command_line_vars(text: Option<&str>) -> Result<IndexMap<String, Json>> {
    let Some(text) = text else { return Ok(IndexMap::new()) };
    let example = "write a mapping, as in `--vars '{late_payment_days: 3}'`";
    let file = SourceFile { path: "--vars".into(), text: text.into() };
    let node = yaml::parse(&file)
        .map_err(|fault| Error::call(format!("cannot read `--vars`: {}", fault.message)).help(example))?;
    match node.value {
        Value::Map(entries) => Ok(entries.into_iter().map(|entry| (entry.key, entry.value.to_json())).collect()),
        Value::Null => Ok(IndexMap::new()),
        _ => Err(Error::call(format!("`--vars` is {}, not a mapping", node.kind())).help(example)),
    }
}
