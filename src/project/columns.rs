//! Columns that a yml describes, with the tests on them.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::project::ColumnSpec;
use crate::project::Node;
use crate::project::generic_test;
use crate::project::generic_test::Tested;
use crate::project::generic_test::TestedColumn;
use crate::project::generic_test::TestsOf;
use crate::project::keys;
use crate::project::properties::Texts;
use crate::project::yaml::Value;
use crate::project::yaml::Yaml;
use crate::project::yml_file::YmlFile;

/// Reads `columns` and all tests of an entry: its columns' in their order, then its own.
pub(super) fn read(
    yml: &mut YmlFile<'_>,
    entry: &Yaml,
    of: &TestsOf<'_>,
    tested: &Tested<'_>,
    texts: &Texts<'_>,
    tests: &mut Vec<Node>,
) -> IndexMap<String, ColumnSpec> {
    let quote_columns = yml.flag(entry, "quote_columns").unwrap_or(false);
    let mut columns: IndexMap<String, ColumnSpec> = IndexMap::new();
    let mut places = HashMap::new();
    for node in yml.list(entry, "columns") {
        let Some((name, span)) = yml.name(node, "a column") else { continue };
        yml.check_keys(node, keys::COLUMN, &format!("column `{name}`"));
        if let Some(first) = places.insert(name.to_lowercase(), span.clone()) {
            let (line, _) = yml.place(&first).line_column();
            yml.fault(
                &span,
                format!("column `{name}` of `{}` is described twice", tested.name),
                format!("the first is on line {line}"),
            );
            continue;
        }
        let quoted = yml.flag(node, "quote").unwrap_or(quote_columns);
        let column = ColumnSpec {
            description: texts.describe(yml, node),
            data_type: yml.text(node, "data_type"),
            meta: meta(yml, node),
            tags: tags(yml, node),
            name: name.clone(),
        };
        yml.list(node, "constraints");
        let span = node.get("name").map_or_else(|| node.span.clone(), |name| name.span.clone());
        let on = TestedColumn { name: &name, quoted, tags: &column.tags, span: &span };
        for test in declared(yml, node) {
            tests.extend(generic_test::read(yml, test, of, tested, Some(&on)));
        }
        columns.insert(name, column);
    }
    for test in declared(yml, entry) {
        tests.extend(generic_test::read(yml, test, of, tested, None));
    }
    columns
}

/// `data_tests`, or `tests` as it was called before.
fn declared<'y>(yml: &mut YmlFile<'_>, node: &'y Yaml) -> &'y [Yaml] {
    if let (Some(old), Some(_)) = (node.get("tests"), node.get("data_tests")) {
        yml.fault(
            &old.span,
            "both `tests` and `data_tests` are given",
            "`tests` is the older name: keep `data_tests`".to_string(),
        );
    }
    let key = if node.get("data_tests").is_some() { "data_tests" } else { "tests" };
    yml.list(node, key)
}

/// The column's `meta`, with that of its `config` over it.
fn meta(yml: &mut YmlFile<'_>, node: &Yaml) -> IndexMap<String, Json> {
    let mut meta = IndexMap::new();
    for holder in [Some(node), node.get("config")].into_iter().flatten() {
        let Some(block) = holder.get("meta").filter(|block| yml.is_map(block, "`meta`")) else { continue };
        meta.extend(block.entries().iter().map(|entry| (entry.key.clone(), entry.value.to_json())));
    }
    meta
}

/// The column's tags, with those of its `config`.
fn tags(yml: &mut YmlFile<'_>, node: &Yaml) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for (tag, _) in yml.texts(node, "tags") {
        tags.push(tag);
    }
    if let Some(config) = node.get("config") {
        if matches!(config.value, Value::Map(_)) {
            yml.check_keys(config, &["meta", "tags"], "the config of a column");
            for (tag, _) in yml.texts(config, "tags") {
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
        } else {
            yml.is_map(config, "`config`");
        }
    }
    tags
}
