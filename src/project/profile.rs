//! `profiles.yml`: which DuckDB file the project builds and how, or which BigQuery its models are written for.

use std::path::{Path, PathBuf};

use crate::config::Environment;
use crate::config::Flags;
use crate::config::ProfileValues;
use crate::dialect::Dialect;
use crate::error::AtPath;
use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;
use crate::project::SourceFile;
use crate::project::bigquery_output;
use crate::project::definition::read_file;
use crate::project::expand::expand_all;
use crate::project::yaml;
use crate::project::yaml::Entry;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// Keys of a duckdb output: those that mean something here, and those that are harmless.
const OUTPUT: &[&str] = &[
    "type",
    "path",
    "schema",
    "threads",
    "settings",
    "config_options",
    "extensions",
    "database",
    "external_root",
    "disable_transactions",
    "keep_open",
    "retries",
];
/// Keys of a duckdb output that models may rely on and that cannot be had here.
const MISSING: &[&str] = &[
    "attach",
    "secrets",
    "plugins",
    "filesystems",
    "remote",
    "module_paths",
    "use_credential_provider",
    "is_ducklake",
];
/// What the engine brings along.
const EXTENSIONS: &[&str] = &["json", "parquet", "icu", "core_functions", "autocomplete"];

/// Reads the profile that the project names, and its target.
///
/// # Errors
/// When there is no such file, profile or target, or it is for a database that nothing can be written for.
pub(super) fn load(
    root: &Path,
    flags: &Flags,
    environment: &Environment,
    profile: &str,
    expand: &dyn Fn(&str) -> Result<String>,
    faults: &mut Diagnostics,
) -> Result<ProfileValues> {
    let file = find(root, flags, environment)?;
    let node = yaml::parse(&file).map_err(|fault| *fault)?;
    let shown = file.path.display().to_string();
    let Some(block) = node.get(profile) else {
        let help = suggestion(profile, node.entries().iter().map(|entry| entry.key.as_str()))
            .unwrap_or_else(|| format!("add a profile `{profile}`, or change `profile:` in `dbt_project.yml`"));
        return Err(Error::call(format!("`{shown}` has no profile `{profile}`")).help(help));
    };
    let mut own = Diagnostics::default();
    let values = read_profile(&file, profile, block.clone(), flags, environment, expand, &mut own);
    faults.extend(own.into_result()?);
    values
}

fn find(root: &Path, flags: &Flags, environment: &Environment) -> Result<SourceFile> {
    let named = match (&flags.profiles_dir, environment.get("DBT_PROFILES_DIR")) {
        (Some(folder), _) => Some((folder.clone(), "--profiles-dir")),
        (None, Some(folder)) => Some((PathBuf::from(folder), "DBT_PROFILES_DIR")),
        (None, None) => None,
    };
    if let Some((folder, by)) = named {
        let path = std::path::absolute(folder.join("profiles.yml")).at_path("find", &folder)?;
        if !path.is_file() {
            return Err(Error::call(format!("no `profiles.yml` in `{}`", folder.display()))
                .help(format!("`{by}` names the folder that holds it")));
        }
        let inside = path.strip_prefix(root).map(Path::to_path_buf);
        return read_file(root, &inside.unwrap_or(path));
    }
    if root.join("profiles.yml").is_file() {
        return read_file(root, Path::new("profiles.yml"));
    }
    let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE"));
    match home.map(|home| Path::new(home).join(".dbt").join("profiles.yml")).filter(|path| path.is_file()) {
        Some(path) => read_file(root, &path),
        None => Err(Error::call("no `profiles.yml` in the project folder or in `~/.dbt`")
            .help("name the folder that holds it with `--profiles-dir`")),
    }
}

fn read_profile(
    file: &SourceFile,
    profile: &str,
    mut block: Yaml,
    flags: &Flags,
    environment: &Environment,
    expand: &dyn Fn(&str) -> Result<String>,
    faults: &mut Diagnostics,
) -> Result<ProfileValues> {
    // Only the chosen output is rendered: another one may want variables that nobody set.
    expand_all(&mut block, file, faults, expand, &|path| path == ["outputs"]);
    let mut yml = YmlFile { source: file, faults };
    let what = format!("the profile `{profile}`");
    yml.is_map(&block, &what);
    yml.check_keys(&block, &["target", "outputs", "config"], &what);
    let default = yml.text(&block, "target").unwrap_or_else(|| "default".to_string());
    let target = flags.target.as_deref().or(environment.get("DBT_TARGET")).unwrap_or(&default).to_string();
    let no_outputs = Yaml { value: Value::Null, span: block.span.clone() };
    let outputs = block.get("outputs").unwrap_or(&no_outputs);
    yml.is_map(outputs, &format!("`outputs` of {what}"));
    let Some(output) = outputs.get(&target) else {
        let names: Vec<&str> = outputs.entries().iter().map(|entry| entry.key.as_str()).collect();
        let help = suggestion(&target, names.iter().copied()).unwrap_or_else(|| match names.is_empty() {
            true => "add one under `outputs`".to_string(),
            false => format!("it has `{}`", names.join("`, `")),
        });
        let span = block.get("outputs").map_or(block.span.start..block.span.start, |outputs| outputs.span.clone());
        return Err(Diagnostic::error(format!("{what} has no target `{target}`"), yml.place(&span)).help(help).into());
    };
    let mut output = output.clone();
    expand_all(&mut output, file, faults, expand, &|_| false);
    read_output(&mut YmlFile { source: file, faults }, profile, target, &output)
}

fn read_output(yml: &mut YmlFile<'_>, profile: &str, target: String, output: &Yaml) -> Result<ProfileValues> {
    let what = format!("target `{target}`");
    let kind = if yml.is_map(output, &what) { yml.text(output, "type") } else { None };
    let Some(dialect) = kind.as_deref().and_then(Dialect::parse) else {
        let span = output.get("type").map_or(output.span.clone(), |kind| kind.span.clone());
        let message = match kind {
            Some(kind) => format!("{what} is of type `{kind}`, and only `duckdb` can be built"),
            None => format!("{what} has no `type`"),
        };
        return Err(Diagnostic::error(message, yml.place(&span))
            .help("choose a target with `type: duckdb`, by `--target` or in `profiles.yml`".to_string())
            .into());
    };
    if dialect == Dialect::BigQuery {
        return Ok(bigquery_output::read(yml, profile, target, output));
    }
    let known: Vec<&str> = OUTPUT.iter().chain(MISSING).copied().collect();
    yml.check_keys(output, &known, &what);
    for entry in output.entries().iter().filter(|entry| MISSING.contains(&entry.key.as_str()) && asks(entry)) {
        yml.fault(&entry.key_span, format!("{what} asks for `{}`, which cannot be had here", entry.key), None);
    }
    let path = yml.text(output, "path").unwrap_or_else(|| ":memory:".to_string());
    if ["md:", "motherduck:", "ducklake:"].iter().any(|scheme| path.starts_with(scheme)) {
        let span = output.get("path").map_or(0..0, |path| path.span.clone());
        yml.fault(&span, format!("{what} names `{path}`, which is no file"), None);
    }
    check_extensions(yml, output);
    let mut settings = read_settings(yml, output, "config_options");
    settings.extend(read_settings(yml, output, "settings"));
    Ok(ProfileValues {
        profile: profile.to_string(),
        path,
        schema: yml.text(output, "schema").unwrap_or_else(|| "main".to_string()),
        threads: read_threads(yml, output),
        settings,
        target,
        dialect,
        database: None,
    })
}

fn asks(entry: &Entry) -> bool {
    match &entry.value.value {
        Value::Null | Value::Bool(false) => false,
        Value::List(items) => !items.is_empty(),
        _ => true,
    }
}

fn check_extensions(yml: &mut YmlFile<'_>, output: &Yaml) {
    for item in yml.list(output, "extensions") {
        let name = item.text().or_else(|| item.get("name")?.text()).unwrap_or_default();
        if !EXTENSIONS.contains(&name) {
            let help = format!("built in are `{}`", EXTENSIONS.join("`, `"));
            yml.warn(&item.span, format!("the extension `{name}` is not loaded"), help);
        }
    }
}

fn read_settings(yml: &mut YmlFile<'_>, output: &Yaml, key: &str) -> Vec<(String, String)> {
    let Some(block) = output.get(key).filter(|block| yml.is_map(block, &format!("`{key}`"))) else { return Vec::new() };
    let mut settings = Vec::new();
    for entry in block.entries() {
        match &entry.value.value {
            Value::Bool(flag) => settings.push((entry.key.clone(), flag.to_string())),
            Value::Text(text) | Value::Number(_, text) => settings.push((entry.key.clone(), text.clone())),
            _ => yml.fault(&entry.value.span, format!("`{}` is {}, not a text", entry.key, entry.value.kind()), None),
        }
    }
    settings
}

pub(super) fn read_threads(yml: &mut YmlFile<'_>, output: &Yaml) -> Option<usize> {
    let value = output.get("threads").filter(|value| !value.is_null())?;
    let threads = value.text().and_then(|text| text.parse().ok()).filter(|threads| *threads > 0);
    if threads.is_none() {
        yml.fault(&value.span, "`threads` is no number of threads", "name 1 or more".to_string());
    }
    threads
}
