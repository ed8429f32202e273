//! The house rules, as tests: who may import whom, which module owns which foreign crate, how long things may be, and
//! that every file, model and dependency says what it is for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Lines of code a Rust file may hold, unit tests aside.
const MAX_FILE: usize = 400;
const MAX_FUNCTION: usize = 70;
const MAX_MODEL: usize = 100;
const MAX_README: usize = 200;

/// Top-level modules, upstream first; each may import only those it names.
/// A module can only name modules above it, so the order is the proof that there is no cycle.
const HOUSE: &[(&str, &str)] = &[
    ("error", ""),
    ("name", "error"),
    ("event", "error name"),
    ("progress", "name"),
    ("page", "error"),
    ("dialect", "name"),
    ("config", "error name dialect"),
    ("engine", "error name config"),
    ("project", "error name dialect config"),
    ("store", "error name event config engine"),
    ("sample", "error event progress"),
    ("ingest", "error name event progress config project store"),
    ("extract", "error name event progress config engine store"),
    ("render", "error name dialect config project"),
    ("graph", "error name project render"),
    ("lineage", "error name engine"),
    ("plan", "error name progress project render graph"),
    ("run", "error name progress dialect config engine project render plan"),
    ("rebuild", "error name progress config engine project store ingest extract render graph plan run"),
    ("artifact", "error name progress dialect config project render graph plan"),
    ("check", "error name progress config engine project render graph plan run rebuild artifact"),
    ("publish", "error name progress config engine project check"),
    ("diff", "error name progress page engine project ingest render plan run rebuild check"),
    ("docs", "error name progress page engine project render graph lineage artifact check publish"),
    ("explain", "error name event progress engine project store extract render graph rebuild run check diff"),
    ("drift", "error name engine project render artifact"),
    ("report", "error name progress page engine project render ingest extract plan artifact publish"),
    (
        "flow",
        "error name progress dialect config engine project store sample ingest extract render graph plan run rebuild check artifact publish diff docs drift explain report",
    ),
    ("ui", "error name progress engine"),
    ("cli", "error name progress config engine project sample graph plan run flow report ui"),
];

/// Foreign names and the only paths that may say them.
const OWNED: &[(&str, &[&str])] = &[
    ("mongodb::", &["store/mongo"]),
    ("duckdb::", &["engine/"]),
    ("gcp_bigquery_client::", &["publish/bigquery"]),
    ("reqwest::", &["publish/bigquery"]),
    ("minijinja::", &["render/", "page.rs"]),
    ("plotters::", &["report/chart/draw"]),
    ("pulldown_cmark::", &["docs/"]),
    ("rustix::", &["docs/folder"]),
    ("hyper::", &["docs/serve"]),
    ("hyper_util::", &["docs/serve"]),
    ("clap::", &["cli/"]),
    ("anstream::", &["ui/"]),
    ("println!", &["ui/"]),
    ("env::var", &["config/"]),
    ("async fn", &["store/mongo", "publish/bigquery"]),
];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];

/// What every rule finds; told together.
type Faults = Vec<String>;

#[track_caller]
fn assert_none(faults: Faults) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn house_is_in_order() {
    let mut above = BTreeSet::new();
    for (module, imports) in HOUSE {
        for import in imports.split_whitespace() {
            assert!(above.contains(import), "`{module}` imports `{import}`, which is not above it");
        }
        above.insert(*module);
    }
}

#[test]
fn the_map_names_every_module() {
    let text = read("src/lib.rs");
    let modules: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known: BTreeSet<_> = HOUSE.iter().map(|(module, _)| *module).collect();
    assert_eq!(modules, known, "`HOUSE` and `src/lib.rs` name different modules");
    let map: String = text.lines().filter(|line| line.starts_with("//!")).collect();
    let unnamed = modules.iter().filter(|module| !map.contains(&format!("`{module}`")));
    assert_none(unnamed.map(|module| format!("src/lib.rs: the map does not name `{module}`")).collect());
}

#[test]
fn sources_are_tidy() {
    let house: BTreeMap<_, BTreeSet<_>> =
        HOUSE.iter().map(|(module, imports)| (*module, imports.split_whitespace().collect())).collect();
    let mut faults = Faults::new();
    for (path, text) in files("src", "rs") {
        let module = path.split(['/', '.']).next().unwrap();
        // Unit tests may be long and may print, whether they end a file or fill one.
        let code = if path.ends_with("/tests.rs") { "" } else { text.split("#[cfg(test)]").next().unwrap() };
        check_shape(&format!("src/{path}"), &text, code, &mut faults);
        for (index, line) in code.lines().enumerate() {
            let at = format!("src/{path}:{}", index + 1);
            let line = line.split("//").next().unwrap();
            for (word, homes) in OWNED {
                if line.contains(word) && !homes.iter().any(|home| path.starts_with(home)) {
                    faults.push(format!("{at}: `{word}` belongs in {homes:?}"));
                }
            }
            let Some(allowed) = house.get(module) else { continue };
            for import in imports(line) {
                if import.is_empty() {
                    faults.push(format!("{at}: write one `use crate::…` path a line, no braces"));
                }
                if import != module && house.contains_key(import) && !allowed.contains(import) {
                    faults.push(format!("{at}: `{module}` may not import `{import}`"));
                }
            }
        }
    }
    for folder in ["tests", "benches"] {
        for (path, text) in files(folder, "rs") {
            check_shape(&format!("{folder}/{path}"), &text, &text, &mut faults);
        }
    }
    assert_none(faults);
}

/// What holds for every Rust file: its name, its first line, its length, and the length of its functions.
fn check_shape(path: &str, text: &str, code: &str, faults: &mut Faults) {
    if path.split(['/', '.', '_']).any(|word| EMPTY_NAMES.contains(&word)) {
        faults.push(format!("{path}: name it after what it does"));
    }
    if !text.starts_with("//!") {
        faults.push(format!("{path}:1: say what this file is for, with `//!`"));
    }
    if code.lines().count() > MAX_FILE {
        faults.push(format!("{path}: over {MAX_FILE} lines; split it by noun"));
    }
    let mut open: Option<(usize, usize)> = None;
    for (index, line) in code.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match open {
            // rustfmt puts a function's last brace below its first letter.
            Some((start, at)) if indent == at && line.trim() == "}" => {
                if index - start >= MAX_FUNCTION {
                    faults.push(format!("{path}:{}: a function of over {MAX_FUNCTION} lines", start + 1));
                }
                open = None;
            }
            None if begins_function(line) && !line.trim_end().ends_with(['}', ';']) => open = Some((index, indent)),
            _ => {}
        }
    }
}

fn begins_function(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_before = |word: &&str| word.starts_with("pub") || ["const", "unsafe", "extern", "\"C\""].contains(word);
    words.find(|word| !is_before(word)) == Some("fn")
}

/// Names that follow `crate::` in `line`. One path per `use`, so no braces.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
}

#[test]
fn dependencies_say_why() {
    let mut faults = Faults::new();
    let mut section = String::new();
    for (index, line) in read("Cargo.toml").lines().enumerate() {
        if line.starts_with('[') {
            section = line.to_string();
        } else if section.ends_with("dependencies]") && line.contains('=') && !line.contains('#') {
            faults.push(format!("Cargo.toml:{}: say after `#` what it is for", index + 1));
        }
    }
    assert_none(faults);
}

#[test]
fn models_are_tidy() {
    let described: String = files("models", "yml").into_iter().map(|(_, text)| text).collect();
    let described: BTreeSet<_> =
        described.lines().filter_map(|line| line.trim().strip_prefix("- name:")).map(str::trim).collect();
    let mut faults = Faults::new();
    for (path, text) in files("models", "sql") {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".sql");
        let last = text.trim_end().lines().last().unwrap_or_default();
        if text.lines().count() > MAX_MODEL {
            faults.push(format!("models/{path}: over {MAX_MODEL} lines; split it"));
        }
        if !last.starts_with("select * from ") || last.split_whitespace().count() != 4 {
            faults.push(format!("models/{path}: the last line is to be `select * from <the last cte>`"));
        }
        if !described.contains(name) {
            faults.push(format!("models/{path}: no yml describes `{name}`"));
        }
    }
    assert_none(faults);
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= MAX_README, "README.md: {lines} lines, and {MAX_README} are allowed");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("cannot read `{path}`: {error}"))
}

/// Every file below a folder of the repository with this extension: its path inside the folder, and its text.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|has| has == extension) {
                let inside = path.strip_prefix(root().join(folder)).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((inside, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
