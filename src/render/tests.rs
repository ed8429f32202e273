//! Cases as files: each file of `cases/` is a small project; what it renders to stands in `snapshots/`.
//!
//! A case is sections that begin with `--- name`: files of the project by their paths, `--- vars` and `--- env` as JSON,
//! `--- sources` (`name.table`, one a line), `--- tests` (generic tests, one JSON object a line: `name`, `on`, `column`,
//! `arguments`, `config`), `--- answers` (JSON: SQL to its rows, the first one the columns), `--- configs` (JSON: what yml says of a node),
//! `--- options` (JSON: `incremental`, `full_refresh`). All nodes are scanned and compiled.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::config::Environment;
use crate::config::ProfileValues;
use crate::dialect::Dialect;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Place;
use crate::error::Result;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::GenericTest;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::Project;
use crate::project::Source;
use crate::project::SourceFile;
use crate::render::Introspect;
use crate::render::Mode;
use crate::render::Options;
use crate::render::Renderer;
use crate::render::Rows;
use crate::render::Scanned;

/// A case's sections, by name.
type Sections = IndexMap<String, String>;

fn sections(text: &str) -> Sections {
    let mut found = Sections::new();
    for part in text.split("\n--- ").map(|part| part.strip_prefix("--- ").unwrap_or(part)) {
        let (name, body) = part.split_once('\n').unwrap_or((part, ""));
        found.insert(name.trim().to_string(), body.to_string());
    }
    found
}

fn json_of(sections: &Sections, name: &str) -> Json {
    sections.get(name).map_or(json!({}), |text| serde_json::from_str(text).expect(name))
}

fn fields(value: &Json) -> IndexMap<String, Json> {
    value.as_object().map(|fields| fields.clone().into_iter().collect()).unwrap_or_default()
}

fn node(kind: NodeKind, path: &str, text: &str, config: NodeConfig) -> Node {
    let name = Path::new(path).file_stem().unwrap().to_str().unwrap().to_string();
    Node {
        id: NodeId::new(kind.as_str(), "shop", &name),
        kind,
        file: SourceFile { path: path.into(), text: text.into() },
        fqn: vec!["shop".into(), name.clone()],
        config,
        description: String::new(),
        columns: IndexMap::new(),
        declared: None,
        generic: None,
        name,
    }
}

fn project(root: &Path) -> Project {
    Project {
        root: root.into(),
        name: "shop".into(),
        target_path: "target".into(),
        clean_targets: Vec::new(),
        nodes: IndexMap::new(),
        sources: IndexMap::new(),
        unit_tests: Vec::new(),
        macros: Vec::new(),
        docs: IndexMap::new(),
        vars: IndexMap::new(),
        on_run_start: Vec::new(),
        on_run_end: Vec::new(),
        profile: ProfileValues { target: "local".into(), schema: "main".into(), ..ProfileValues::default() },
        warnings: Vec::new(),
    }
}

fn source(line: &str, file: &SourceFile) -> Source {
    let (group, name) = line.trim().split_once('.').unwrap();
    Source {
        id: NodeId::new("source", "shop", line.trim()),
        source_name: group.into(),
        name: name.into(),
        database: None,
        schema: group.into(),
        identifier: name.into(),
        fqn: vec![],
        description: String::new(),
        source_description: String::new(),
        columns: IndexMap::new(),
        config: NodeConfig::default(),
        file: file.clone(),
        declared: Place::new(file.path.clone(), file.text.clone(), 0..0),
    }
}

fn generic(line: &str, at: usize, file: &SourceFile) -> Node {
    let said: Json = serde_json::from_str(line).expect(line);
    let text = |name: &str| said[name].as_str().map(str::to_string);
    let name = format!("{}_{}_{at}", text("name").unwrap(), text("on").unwrap().replace('.', "_"));
    let config = NodeConfig::new(fields(&said["config"]));
    let start = file.text.find(line).unwrap();
    let place = Place::new(file.path.clone(), file.text.clone(), start..start + line.len());
    let on = text("on").unwrap();
    let kind = if on.contains('.') { "source" } else { "model" };
    Node {
        generic: Some(GenericTest {
            column_place: None,
            name: text("name").unwrap(),
            on: NodeId::new(kind, "shop", &on),
            column: text("column"),
            arguments: fields(&said["arguments"]),
            place,
        }),
        ..node(NodeKind::Test, &format!("{name}.yml"), &file.text, config)
    }
}

fn case_project(sections: &Sections) -> Project {
    let mut project = project(Path::new("/"));
    project.vars = fields(&json_of(sections, "vars"));
    let dialect = json_of(sections, "options")["dialect"].as_str().and_then(Dialect::parse);
    project.profile.dialect = dialect.unwrap_or_default();
    let configs = json_of(sections, "configs");
    for (path, text) in sections {
        let file = SourceFile { path: path.into(), text: text.as_str().into() };
        let kind = match path.split('/').next().unwrap() {
            "models" => NodeKind::Model,
            "tests" if path.contains('/') => NodeKind::Test,
            "seeds" => NodeKind::Seed,
            "macros" => {
                project.macros.push(file);
                continue;
            }
            "sources" => {
                let found = text.lines().filter(|line| !line.trim().is_empty()).map(|line| source(line, &file));
                project.sources.extend(found.map(|source| (source.id.clone(), source)));
                continue;
            }
            "tests" => {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                let found = lines.enumerate().map(|(at, line)| generic(line, at, &file));
                project.nodes.extend(found.map(|node| (node.id.clone(), node)));
                continue;
            }
            _ => continue,
        };
        let mut node = node(kind, path, text, NodeConfig::default());
        node.config = NodeConfig::new(fields(&configs[&node.name]));
        project.nodes.insert(node.id.clone(), node);
    }
    project
}

/// A database that gives the answers of the case.
#[derive(Default)]
struct Answers {
    rows: BTreeMap<String, Rows>,
    said: Mutex<Vec<String>>,
}

impl Introspect for Answers {
    fn kind_of(&self, relation: &Relation) -> Result<Option<&'static str>> {
        Ok((relation.name != "missing").then_some("table"))
    }

    fn columns_of(&self, relation: &Relation) -> Result<Vec<(String, String)>> {
        Ok(vec![("id".into(), "INTEGER".into()), (format!("{}_name", relation.name), "VARCHAR".into())])
    }

    fn query(&self, sql: &str) -> Result<Rows> {
        let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        self.rows.get(&words).cloned().ok_or_else(|| Error::data(format!("Binder Error: no answer for `{words}`")))
    }

    fn say(&self, text: &str) {
        self.said.lock().unwrap().push(text.to_string());
    }
}

fn answers(sections: &Sections) -> Answers {
    let rows = |value: &Json| {
        let mut lists = value.as_array().unwrap().iter().map(|row| row.as_array().unwrap().clone());
        let columns = lists.next().unwrap().iter().map(|name| name.as_str().unwrap().to_string()).collect();
        Rows { columns, rows: lists.collect() }
    };
    let said = fields(&json_of(sections, "answers"));
    Answers { rows: said.iter().map(|(sql, value)| (sql.clone(), rows(value))).collect(), said: Mutex::default() }
}

fn show_fault(out: &mut String, fault: &Diagnostic) {
    let _ = writeln!(out, "{:?}: {}", fault.level, fault.message);
    if let Some(place) = &fault.place {
        let under = place.text.get(place.span.clone()).unwrap_or("?");
        let _ = writeln!(out, "   --> {place} [{under}]");
    }
    for (name, text) in [("label", &fault.label), ("help", &fault.help)] {
        if let Some(text) = text {
            let _ = writeln!(out, "{name}: {text}");
        }
    }
}

fn show_error(out: &mut String, error: &Error) {
    if error.diagnostics().is_empty() {
        let _ = writeln!(out, "{:?}: {error} [{:?}]", error.kind(), error.help_text());
    }
    error.diagnostics().iter().for_each(|fault| show_fault(out, fault));
}

fn show_scan(out: &mut String, scanned: &Scanned, id: &NodeId) {
    let scan = &scanned.nodes[id];
    let config: Vec<String> = scan.config.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let references: Vec<String> =
        scan.references.iter().map(|reference| format!("{} @ {}", reference.id, reference.place)).collect();
    let macros: Vec<&str> = scan.macros.iter().map(String::as_str).filter(|id| !id.contains(".dbt.")).collect();
    let place = scan.relation.as_ref().map_or("nowhere".to_string(), Relation::to_string);
    let _ = writeln!(out, "at {place}{}", if scan.introspects { ", introspects" } else { "" });
    for (name, list) in
        [("config", config.join(", ")), ("refers to", references.join(", ")), ("calls", macros.join(", "))]
    {
        if !list.is_empty() {
            let _ = writeln!(out, "{name}: {list}");
        }
    }
}

fn rendered(text: &str) -> String {
    let sections = sections(text);
    let mut out = String::new();
    let said = json_of(&sections, "options");
    let flag = |name: &str| said[name].as_bool().unwrap_or(false);
    let options = Options {
        database: "warehouse".into(),
        full_refresh: flag("full_refresh"),
        invocation_id: "a-b-c".into(),
        started_at: "2024-02-29T12:30:00.25Z".parse().unwrap(),
        verb: "run".into(),
    };
    let environment = Environment::of([("REGION", "west"), ("DBT_ENV_SECRET_KEY", "hush")]);
    let project = Arc::new(case_project(&sections));
    let renderer = match Renderer::new(project.clone(), Arc::new(environment), options) {
        Ok(renderer) => renderer,
        Err(error) => {
            show_error(&mut out, &error);
            return out;
        }
    };
    let scanned = match renderer.scan() {
        Ok(scanned) => scanned,
        Err(error) => {
            show_error(&mut out, &error);
            return out;
        }
    };
    scanned.warnings.iter().for_each(|fault| show_fault(&mut out, fault));
    let answers = answers(&sections);
    let mode = Mode { execute: true, incremental: flag("incremental") };
    for id in scanned.nodes.keys() {
        let _ = writeln!(out, "=== {id}");
        show_scan(&mut out, &scanned, id);
        match renderer.compile(&scanned, id, &answers, mode) {
            Ok(compiled) => {
                let _ = writeln!(out, "---\n{}", compiled.sql.trim_end());
                for (name, hooks) in [("before", &compiled.pre_hooks), ("after", &compiled.post_hooks)] {
                    hooks.iter().for_each(|hook| {
                        let _ = writeln!(out, "{name}: {hook}");
                    });
                }
            }
            Err(error) => show_error(&mut out, &error),
        }
        answers.said.lock().unwrap().drain(..).for_each(|line| {
            let _ = writeln!(out, "said: {line}");
        });
    }
    if let Some(inline) = sections.get("inline") {
        match renderer.compile_text(&scanned, "inline", inline, &answers, None) {
            Ok(sql) => {
                let _ = writeln!(out, "=== inline\n{sql}");
            }
            Err(error) => show_error(&mut out, &error),
        }
    }
    out
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, rendered(&text));
        });
    }
}

#[test]
fn a_renderer_may_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Renderer>();
}

/// Pieces of templates: whatever they are put together to, there is a result or a fault in the file, and no panic.
const PIECES: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{%- ",
    " -%}",
    "{# ",
    " #}",
    "macro m(a, b=[1])",
    "endmacro",
    "test t(x)",
    "endtest",
    "if x",
    "endif",
    "for x in [1, 2]",
    "endfor",
    "set y = {'a': 1}",
    "do y.append(1)",
    "m(1, 2, c=3)",
    "ref('a')",
    "ref('b')",
    "source('x', 'y')",
    "config(materialized='view')",
    "return([1])",
    "var('v')",
    "'%s' % x",
    "1 % 0",
    "a.b.c",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "'",
    "\"",
    ",",
    "+",
    "-",
    "|",
    "~",
    "is none",
    "call m()",
    "endcall",
    "caller()",
    "raw",
    "endraw",
    "é",
    "\n",
    "x",
    "this",
    "model.name",
    "graph",
    "execute",
    "is_incremental()",
    "adapter.dispatch('m')()",
    "\\",
    "set z",
    "endset",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, ..Default::default() })]

    #[test]
    fn no_template_panics(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..14)) {
        let text: String = pieces.concat();
        for path in ["models/a.sql", "macros/a.sql"] {
            let shown = rendered(&format!("--- {path}\n{text}\n--- models/c.sql\n{{{{ m(1) if m is defined }}}}"));
            proptest::prop_assert!(!shown.contains("[?]"), "{}", shown);
        }
    }
}
