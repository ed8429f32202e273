//! Unit tests that a yml declares, as dbt writes them: what is given, and what the model must make of it.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::error::Place;
use crate::error::suggestion;
use crate::name::NodeId;
use crate::project::Node;
use crate::project::NodeKind;
use crate::project::Source;
use crate::project::SourceFile;
use crate::project::config_block::read_config;
use crate::project::keys::ConfigOf;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;
use crate::project::yml_file::place;

/// A unit test.
#[derive(Debug, Clone)]
pub struct UnitTest {
    pub name: String,
    /// The model that it tests.
    pub model: NodeId,
    pub given: Vec<Input>,
    pub expect: Fixture,
    pub overrides: Overrides,
    /// Where the yml declares it.
    pub place: Place,
}

impl UnitTest {
    /// As dbt calls it: `unit_test.<project>.<model>.<name>`.
    pub fn id(&self) -> NodeId {
        let model = self.model.as_str();
        let model = model.strip_prefix("model.").unwrap_or(model);
        NodeId::from(format!("unit_test.{model}.{}", self.name))
    }
}

/// Rows that a model reads.
#[derive(Debug, Clone)]
pub struct Input {
    /// A model, a seed or a source; for `this` the model itself.
    pub id: NodeId,
    pub rows: Fixture,
    pub place: Place,
}

/// Rows as they are written.
#[derive(Debug, Clone)]
pub enum Fixture {
    /// Each row names its columns; what it does not name is NULL.
    Rows(Vec<Vec<FixtureCell>>),
    /// A query, and where it stands.
    Sql(String, Place),
}

/// One value of a row.
#[derive(Debug, Clone)]
pub struct FixtureCell {
    pub column: String,
    /// Where the column is named.
    pub named: Place,
    /// As a text, which is cast to the column's type; `None` is NULL.
    pub value: Option<String>,
    pub place: Place,
}

/// What is otherwise in a test than in the project.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// What calls of macros return, by their names.
    pub macros: IndexMap<String, Json>,
    pub vars: IndexMap<String, Json>,
    pub env_vars: IndexMap<String, String>,
}

impl Overrides {
    /// Whether the model is tested as an increment.
    pub fn is_incremental(&self) -> bool {
        self.macros.get("is_incremental") == Some(&Json::Bool(true))
    }

    /// Whether all is as in the project.
    pub fn is_empty(&self) -> bool {
        self.macros.is_empty() && self.vars.is_empty() && self.env_vars.is_empty()
    }
}

/// What the tests of a project may name.
pub(super) struct Names<'a> {
    pub project: &'a str,
    pub nodes: &'a IndexMap<NodeId, Node>,
    pub sources: &'a IndexMap<NodeId, Source>,
    /// Files in the folders `fixtures` of the test paths.
    pub fixtures: &'a [SourceFile],
}

const UNIT_TEST: &[&str] =
    &["name", "description", "model", "given", "expect", "overrides", "config", "meta", "versions"];
const INPUT: &[&str] = &["input", "rows", "format", "fixture"];
const EXPECT: &[&str] = &["rows", "format", "fixture"];
const OVERRIDES: &[&str] = &["macros", "vars", "env_vars"];

/// Reads one entry of `unit_tests`; `None` where it is faulty, which is noted, or disabled.
pub(super) fn read(yml: &mut YmlFile<'_>, entry: &Yaml, names: &Names<'_>) -> Option<UnitTest> {
    let (name, span) = yml.name(entry, "a unit test")?;
    let what = format!("unit test `{name}`");
    yml.check_keys(entry, UNIT_TEST, &what);
    let mut config = crate::project::NodeConfig::default();
    if let Some(block) = entry.get("config") {
        read_config(yml, block, ConfigOf::Test, &mut config);
    }
    let model = model_of(yml, entry, &what, names);
    let mut given = Vec::new();
    for item in yml.list(entry, "given") {
        if !yml.is_map(item, "an item of `given`") {
            continue;
        }
        yml.check_keys(item, INPUT, &format!("`given` of {what}"));
        let id = input(yml, item, &what, model.as_ref(), names);
        let rows = fixture(yml, item, "given", names);
        if let (Some(id), Some(rows)) = (id, rows) {
            let place = yml.place(&item.get("input").map_or(item.span.clone(), |input| input.span.clone()));
            given.push(Input { id, rows, place });
        }
    }
    let expect = match entry.get("expect") {
        Some(expect) if yml.is_map(expect, "`expect`") => {
            yml.check_keys(expect, EXPECT, &format!("`expect` of {what}"));
            fixture(yml, expect, "expect", names)
        }
        _ => {
            yml.fault(
                &span,
                format!("{what} expects nothing"),
                "write under `expect: {rows: …}` what the model must make of what is given".to_string(),
            );
            None
        }
    };
    let overrides = overrides(yml, entry, &what);
    let place = yml.place(&span);
    config.enabled().then_some(())?;
    Some(UnitTest { name, model: model?, given, expect: expect?, overrides, place })
}

fn model_of(yml: &mut YmlFile<'_>, entry: &Yaml, what: &str, names: &Names<'_>) -> Option<NodeId> {
    let Some(model) = yml.text(entry, "model") else {
        yml.fault(&entry.span, format!("{what} names no `model`"), None);
        return None;
    };
    let id = NodeId::new("model", names.project, &model);
    if names.nodes.contains_key(&id) {
        return Some(id);
    }
    let span = entry.get("model").map_or(entry.span.clone(), |value| value.span.clone());
    let models = names.nodes.values().filter(|node| node.kind == NodeKind::Model).map(|node| node.name.as_str());
    yml.fault(&span, format!("{what} is of model `{model}`, which does not exist"), suggestion(&model, models));
    None
}

/// What `ref('x')`, `source('a', 'b')` or `this` means.
fn input(yml: &mut YmlFile<'_>, item: &Yaml, what: &str, model: Option<&NodeId>, names: &Names<'_>) -> Option<NodeId> {
    let Some(text) = yml.text(item, "input") else {
        let help = "write `input: ref('…')`, `input: source('…', '…')` or `input: this`".to_string();
        yml.fault(&item.span, format!("an item of `given` of {what} names no `input`"), help);
        return None;
    };
    let span = item.get("input").map_or(item.span.clone(), |value| value.span.clone());
    let bare = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
    if bare == "this" {
        return model.cloned();
    }
    let call = bare.strip_suffix(')').and_then(|call| call.split_once('('));
    let arguments: Vec<&str> = call
        .map(|(_, arguments)| arguments.split(',').map(|it| it.trim().trim_matches(['\'', '"'])).collect())
        .unwrap_or_default();
    let (found, known): (Option<NodeId>, Vec<String>) = match (call.map(|(verb, _)| verb.trim()), arguments.as_slice())
    {
        (Some("ref"), [name] | [_, name]) => {
            let of = |kind: &str| NodeId::new(kind, names.project, name);
            let found = [of("model"), of("seed")].into_iter().find(|id| names.nodes.contains_key(id));
            let nodes = names.nodes.values().filter(|node| node.kind != NodeKind::Test);
            (found, nodes.map(|node| format!("ref('{}')", node.name)).collect())
        }
        (Some("source"), [group, table]) => {
            let found = names.sources.values().find(|it| it.source_name == *group && it.name == *table);
            let known = names.sources.values().map(|it| format!("source('{}', '{}')", it.source_name, it.name));
            (found.map(|source| source.id.clone()), known.collect())
        }
        _ => {
            let help = "write `ref('…')`, `source('…', '…')` or `this`".to_string();
            yml.fault(&span, format!("`{text}` is no input"), help);
            return None;
        }
    };
    if found.is_none() {
        let help = suggestion(bare, known.iter().map(String::as_str));
        yml.fault(&span, format!("{what} gives rows of `{text}`, which does not exist"), help);
    }
    found
}

/// The rows of one input, or those that are expected.
fn fixture(yml: &mut YmlFile<'_>, node: &Yaml, key: &str, names: &Names<'_>) -> Option<Fixture> {
    let format = yml.text(node, "format").unwrap_or_else(|| "dict".to_string());
    let span = |key: &str| node.get(key).map_or(node.span.clone(), |value| value.span.clone());
    if !["dict", "csv", "sql"].contains(&format.as_str()) {
        let help = "write `dict`, `csv` or `sql`".to_string();
        yml.fault(&span("format"), format!("`{format}` is no format of rows"), help);
        return None;
    }
    let text: (String, Option<SourceFile>, Place) = match (node.get("rows"), yml.text(node, "fixture")) {
        (Some(rows), None) if format == "dict" => return dict(yml, rows).map(Fixture::Rows),
        (None, Some(_)) if format == "dict" => {
            let help = "add `format: csv` or `format: sql`".to_string();
            yml.fault(&span("fixture"), "rows of format `dict` stand in the yml, not in a file", help);
            return None;
        }
        (Some(rows), None) => match &rows.value {
            Value::Text(text) => (text.clone(), None, yml.place(&rows.span)),
            _ => {
                let help = format!("write the {format} after `rows: |`, or take `format: {format}` away");
                yml.fault(&rows.span, format!("`rows` of format `{format}` are {}, not a text", rows.kind()), help);
                return None;
            }
        },
        (None, Some(name)) => {
            let is_it = |file: &&SourceFile| {
                file.path
                    .file_stem()
                    .is_some_and(|stem| stem.to_string_lossy() == name.trim_end_matches(&format!(".{format}")))
                    && file.path.extension().is_some_and(|extension| extension.to_string_lossy() == format)
            };
            let Some(file) = names.fixtures.iter().find(is_it) else {
                let stems = names.fixtures.iter().map(|file| stem(&file.path)).collect::<Vec<_>>();
                let help = suggestion(&name, stems.iter().map(String::as_str))
                    .or(Some("fixtures are files in a folder `fixtures` of the `test-paths`".to_string()));
                yml.fault(&span("fixture"), format!("there is no fixture `{name}.{format}`"), help);
                return None;
            };
            (file.text.to_string(), Some(file.clone()), place(file, 0..0))
        }
        (rows, _) => {
            let message = match rows {
                Some(_) => format!("an entry of `{key}` has both `rows` and a `fixture`"),
                None => format!("an entry of `{key}` has no `rows`"),
            };
            yml.fault(&node.span, message, "write `rows: []` where there are none".to_string());
            return None;
        }
    };
    match format.as_str() {
        "sql" => Some(Fixture::Sql(text.0, text.2)),
        _ => csv_rows(yml, &text.0, text.1.as_ref(), &text.2).map(Fixture::Rows),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn dict(yml: &mut YmlFile<'_>, rows: &Yaml) -> Option<Vec<Vec<FixtureCell>>> {
    if !matches!(rows.value, Value::List(_) | Value::Null) {
        let help = "begin every row with `- `; or say `format: csv` or `format: sql`".to_string();
        yml.fault(&rows.span, format!("`rows` are {}, not a list of mappings", rows.kind()), help);
        return None;
    }
    let mut all = Vec::new();
    for row in rows.items() {
        if !yml.is_map(row, "a row") {
            return None;
        }
        let cell = |entry: &crate::project::yaml::Entry| FixtureCell {
            column: entry.key.clone(),
            named: yml.place(&entry.key_span),
            value: match &entry.value.value {
                Value::Null => None,
                Value::Bool(flag) => Some(flag.to_string()),
                Value::List(_) | Value::Map(_) => Some(entry.value.to_json().to_string()),
                Value::Number(..) | Value::Text(_) => entry.value.text().map(str::to_string),
            },
            place: yml.place(&entry.value.span),
        };
        all.push(row.entries().iter().map(cell).collect());
    }
    Some(all)
}

/// CSV with a header; an empty field is NULL.
fn csv_rows(yml: &mut YmlFile<'_>, text: &str, file: Option<&SourceFile>, at: &Place) -> Option<Vec<Vec<FixtureCell>>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let fault = crate::error::Diagnostic::error(format!("rows that are no CSV: {error}"), at.clone());
                yml.faults.push(fault.help("every row has as many fields as the first line has names".to_string()));
                return None;
            }
        };
        let here = match (file, record.position()) {
            (Some(file), Some(position)) => {
                let from = position.byte() as usize;
                place(file, from..file.text.len())
            }
            _ => at.clone(),
        };
        let cell = |(name, value): (&str, &str)| FixtureCell {
            column: name.to_string(),
            named: here.clone(),
            value: (!value.is_empty()).then(|| value.to_string()),
            place: here.clone(),
        };
        all.push(headers.iter().zip(record.iter()).map(cell).collect());
    }
    Some(all)
}

fn overrides(yml: &mut YmlFile<'_>, entry: &Yaml, what: &str) -> Overrides {
    let mut overrides = Overrides::default();
    let Some(node) = entry.get("overrides").filter(|node| yml.is_map(node, "`overrides`")) else { return overrides };
    yml.check_keys(node, OVERRIDES, &format!("`overrides` of {what}"));
    let values = |yml: &mut YmlFile<'_>, key: &str| -> IndexMap<String, Json> {
        let Some(node) = node.get(key).filter(|node| yml.is_map(node, &format!("`{key}`"))) else {
            return IndexMap::new();
        };
        node.entries().iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
    };
    overrides.macros = values(yml, "macros");
    overrides.vars = values(yml, "vars");
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    overrides.env_vars = values(yml, "env_vars").iter().map(|(name, value)| (name.clone(), text(value))).collect();
    overrides
}
