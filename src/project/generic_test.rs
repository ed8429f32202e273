//! Tests that a yml declares, in all of dbt's spellings.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::dialect::Dialect;
use crate::error::Result;
use crate::name::NodeId;
use crate::project::GenericTest;
use crate::project::Node;
use crate::project::NodeConfig;
use crate::project::NodeKind;
use crate::project::config_block::ConfigTree;
use crate::project::config_block::read_config;
use crate::project::config_block::read_setting;
use crate::project::expand::expand_all;
use crate::project::files::Found;
use crate::project::keys;
use crate::project::keys::ConfigOf;
use crate::project::test_name;
use crate::project::yaml::Entry;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// What a test is declared on.
pub(super) struct Tested<'a> {
    pub id: &'a NodeId,
    /// The model's or seed's name; for a source the table's.
    pub name: &'a str,
    /// The source's name, where it is a source's table.
    pub source: Option<&'a str>,
    pub enabled: bool,
}

/// The column that a test is declared on.
pub(super) struct TestedColumn<'a> {
    pub name: &'a str,
    pub quoted: bool,
    pub tags: &'a [String],
    /// Of its name.
    pub span: &'a Range<usize>,
}

/// What every test of a project needs to know.
pub(super) struct TestsOf<'a> {
    pub project: &'a str,
    /// `data_tests:` of `dbt_project.yml`.
    pub tree: &'a ConfigTree,
    /// Where the yml lies.
    pub found: &'a Found,
    /// Renders a text that holds Jinja.
    pub expand: &'a dyn Fn(&str) -> Result<String>,
    /// Whose quotes columns are put in.
    pub dialect: Dialect,
}

/// A test as it is written, taken apart.
#[derive(Default)]
struct Written {
    namespace: Option<String>,
    test: String,
    arguments: Vec<(String, Json)>,
    column: Option<String>,
    column_span: Option<Range<usize>>,
    name: Option<String>,
    description: String,
    config: NodeConfig,
    span: Range<usize>,
}

/// Reads one entry of `data_tests`; `None` where it is faulty, which is noted.
pub(super) fn read(
    yml: &mut YmlFile<'_>,
    node: &Yaml,
    of: &TestsOf<'_>,
    tested: &Tested<'_>,
    column: Option<&TestedColumn<'_>>,
) -> Option<Node> {
    let mut node = node.clone();
    expand_settings(yml, &mut node, of.expand);
    let mut written = take_apart(yml, &node, of.project)?;
    if let Some(column) = column {
        written.column = Some(if column.quoted { of.dialect.quote(column.name) } else { column.name.to_string() });
        written.column_span = Some(column.span.clone());
    }
    // The column counts among the arguments for names and ids, as it does when the test is called.
    let mut all = written.arguments.clone();
    all.extend(written.column.iter().map(|column| ("column_name".to_string(), Json::String(column.clone()))));
    let (long, short) = match &written.name {
        Some(name) => (name.clone(), name.clone()),
        None => {
            let namespace = written.namespace.iter().map(|name| format!("{name}_"));
            let source = tested.source.map(|_| "source_".to_string());
            let test_type: String = namespace.chain(source).chain([written.test.clone()]).collect();
            let on = tested.source.map_or(tested.name.to_string(), |source| format!("{source}_{}", tested.name));
            test_name::names(&test_type, &on, &all)
        }
    };
    let model = match tested.source {
        Some(source) => format!("{{{{ get_where_subquery(source('{source}', '{}')) }}}}", tested.name),
        None => format!("{{{{ get_where_subquery(ref('{}')) }}}}", tested.name),
    };
    let hash = test_name::hash(&long, written.namespace.as_deref(), &written.test, &model, &all);
    let fqn = of.found.fqn(of.project, &long);
    let tags = column.map_or(&[][..], |column| column.tags);
    Some(Node {
        id: NodeId::from(format!("test.{}.{long}.{hash}", of.project)),
        kind: NodeKind::Test,
        config: config(&written.config, of.tree, &fqn, tags, tested.enabled, (&long, &short)),
        name: long,
        file: yml.source.clone(),
        fqn,
        description: written.description,
        columns: IndexMap::new(),
        declared: Some(yml.place(&written.span)),
        generic: Some(GenericTest {
            name: written.test,
            on: tested.id.clone(),
            column: written.column,
            column_place: written.column_span.map(|span| yml.place(&span)),
            arguments: written.arguments.into_iter().collect(),
            place: yml.place(&written.span),
        }),
    })
}

fn config(
    own: &NodeConfig,
    tree: &ConfigTree,
    fqn: &[String],
    tags: &[String],
    enabled: bool,
    (long, short): (&str, &str),
) -> NodeConfig {
    let mut config = NodeConfig::new([("materialized".to_string(), json!("test"))]);
    tree.config_of(fqn, &mut config);
    config.merge(own);
    if !tags.is_empty() {
        config.set("tags", json!(tags));
    }
    if long != short && config.get("alias").is_none() {
        config.set("alias", json!(short));
    }
    if !enabled {
        config.set("enabled", json!(false));
    }
    config
}

/// Renders the test's settings now; its arguments are rendered when it is called.
fn expand_settings(yml: &mut YmlFile<'_>, node: &mut Yaml, expand: &dyn Fn(&str) -> Result<String>) {
    let level = if node.get("test_name").is_some() { 1 } else { 2 };
    let is_argument = |path: &[&str]| {
        let key = path.get(level - 1).copied().unwrap_or_default();
        path.len() == level && key != "config" && !keys::TEST_CONFIG.contains(&key)
    };
    expand_all(node, yml.source, yml.faults, expand, &is_argument);
}

fn take_apart(yml: &mut YmlFile<'_>, node: &Yaml, project: &str) -> Option<Written> {
    let (full_name, span, arguments): (String, Range<usize>, &[Entry]) = match &node.value {
        Value::Text(name) => (name.clone(), node.span.clone(), &[]),
        Value::Map(entries) if node.get("test_name").is_some() => {
            let span = node.get("test_name").map_or(node.span.clone(), |name| name.span.clone());
            (yml.text(node, "test_name")?, span, entries)
        }
        Value::Map(entries) if entries.len() == 1 => {
            let only = &entries[0];
            if !only.value.is_null() && !yml.is_map(&only.value, &format!("what follows `{}`", only.key)) {
                return None;
            }
            (only.key.clone(), only.key_span.clone(), only.value.entries())
        }
        Value::Map(entries) => {
            let name = entries.first().map_or("it", |entry| &entry.key);
            let help = format!("indent what belongs to `{name}` deeper than it, and begin every test with `- `");
            let message = format!("a test has {} keys where one name is wanted", entries.len());
            yml.fault(&node.span, message, help);
            return None;
        }
        _ => {
            yml.fault(&node.span, format!("a test is {}, not a name or a mapping", node.kind()), None);
            return None;
        }
    };
    let mut written = Written { span: span.clone(), ..Written::default() };
    (written.namespace, written.test) = test_of(yml, &full_name, &span, project)?;
    for entry in arguments {
        read_argument(yml, entry, &mut written);
    }
    Some(written)
}

/// `package.test` or `test`: the package, and the test.
fn test_of(
    yml: &mut YmlFile<'_>,
    full_name: &str,
    span: &Range<usize>,
    project: &str,
) -> Option<(Option<String>, String)> {
    let (namespace, test) = match full_name.split_once('.') {
        Some((namespace, test)) => (Some(namespace), test),
        None => (None, full_name),
    };
    let is_name = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !is_name(test) || !namespace.is_none_or(is_name) {
        yml.fault(span, format!("`{full_name}` is no name of a test"), None);
        return None;
    }
    if let Some(namespace) = namespace.filter(|namespace| *namespace != project && *namespace != "dbt") {
        let help = format!("packages are not installed here: write the test into `macros/` and call it `{test}`");
        yml.fault(span, format!("the test `{full_name}` is of the package `{namespace}`, which is not here"), help);
        return None;
    }
    Some((namespace.map(str::to_string), test.to_string()))
}

fn read_argument(yml: &mut YmlFile<'_>, entry: &Entry, written: &mut Written) {
    let value = &entry.value;
    match entry.key.as_str() {
        "test_name" => {}
        "name" => match value.text() {
            Some(name) if name.contains(' ') => {
                yml.fault(&value.span, format!("the name `{name}` of a test holds a space"), "write `_`".to_string());
            }
            Some(name) if !name.is_empty() => written.name = Some(name.to_string()),
            _ => yml.fault(&value.span, format!("the `name` of a test is {}, not a text", value.kind()), None),
        },
        "description" => written.description = value.text().unwrap_or_default().to_string(),
        "config" => {
            // What stands both here and beside the arguments is an error in dbt; here the config wins.
            read_config(yml, value, ConfigOf::Test, &mut written.config);
        }
        "arguments" => {
            if yml.is_map(value, "`arguments`") {
                value.entries().iter().for_each(|entry| put_argument(yml, entry, written));
            }
        }
        key if keys::TEST_CONFIG.contains(&key) => {
            if written.config.get(key).is_none() {
                read_setting(yml, entry, key, ConfigOf::Test, &mut written.config);
            }
        }
        _ => put_argument(yml, entry, written),
    }
}

fn put_argument(yml: &mut YmlFile<'_>, entry: &Entry, written: &mut Written) {
    match entry.key.as_str() {
        "model" => {
            let help = "a test gets the model that it is declared on".to_string();
            yml.fault(&entry.key_span, "`model` is no argument to give", help);
        }
        "column_name" => match entry.value.text() {
            Some(column) => {
                written.column = Some(column.to_string());
                written.column_span = Some(entry.value.span.clone());
            }
            None => yml.fault(&entry.value.span, format!("`column_name` is {}, not a text", entry.value.kind()), None),
        },
        key if written.arguments.iter().any(|(known, _)| known == key) => {
            yml.fault(&entry.key_span, format!("the argument `{key}` is given twice"), None);
        }
        key => written.arguments.push((key.to_string(), entry.value.to_json())),
    }
}
