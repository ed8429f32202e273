//! The models written for BigQuery itself: `cp compile --target bigquery` needs no warehouse and no connection, says nothing
//! that only DuckDB knows, and what it says makes the rows that DuckDB makes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use commercepulse::{
    config::Flags,
    error::{Error, Result},
    flow::House,
    name::Relation,
    project::NodeKind,
    render::{Introspect, Mode, Rows},
};

use crate::support::Project;

/// Words of DuckDB's SQL that BigQuery does not have, and forms that mean something else there.
const ONLY_DUCKDB: &[&str] = &[
    "::",
    "->",
    " exclude (",
    "try_cast(",
    " varchar",
    " bigint",
    " decimal(",
    " hugeint",
    "varchar[]",
    "lambda ",
    "list_",
    "struct_",
    "array_slice(",
    "json_extract",
    "json_structure(",
    "json_tree(",
    "json_array_length(",
    "regexp_full_match(",
    "generate_series(",
    "generate_subscripts(",
    "date_diff('",
    "date_trunc('",
    "dayname(",
    "monthname(",
    "median(",
    "make_timestamp(",
    "to_minutes(",
    "strptime(",
    "strftime(",
    "arg_max(",
    "arg_min(",
    "arbitrary(",
    "filter (",
    "group by all",
    "order by all",
    " as rows,",
    " as json",
    "read_csv(",
    "now()",
    "rtrim(",
];

/// The project with its SQL written for BigQuery, once for all tests that only look.
fn written() -> &'static Project {
    static WRITTEN: OnceLock<Project> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let project = Project::new();
        project.cp(["compile", "--target", "bigquery"]).success();
        assert!(!project.path("data/warehouse.duckdb").exists());
        project
    })
}

/// What was written into a folder of `target`: texts by the path of the model.
fn files(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => drop(found.insert(path.clone(), fs::read_to_string(&path).unwrap())),
        }
    }
}

#[test]
fn statements_are_those_of_bigquery() {
    for name in
        ["staging/base/base_payments", "intermediate/int_payments", "marts/fact_orders", "quality/quality_rejected"]
    {
        let text = written().read(&format!("target/run/commercepulse/models/{name}.sql"));
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("bigquery_{}", name.rsplit('/').next().unwrap()), text));
    }
}

#[test]
fn no_sql_says_what_only_duckdb_knows() {
    let mut texts = BTreeMap::new();
    for folder in ["compiled", "run"] {
        files(&written().path("target").join(folder), &mut texts);
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(path, text)| (path.display().to_string(), text)).collect();
    texts.extend(increments());
    assert!(texts.len() > 300, "{}", texts.len());
    let mut faults = Vec::new();
    for (path, text) in &texts {
        let code = code_of(text);
        let found = ONLY_DUCKDB.iter().filter(|word| code.contains(**word));
        faults.extend(found.map(|word| format!("{path}: `{word}`")));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// SQL in lower case without comments, and with nothing between its quotes.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' | '`' => {
                let bytes = rest.as_bytes();
                let mut at = 1;
                while bytes[at] != first as u8 {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                assert_ne!(bytes.get(at + 1), Some(&(first as u8)), "two quotes are no escape: {rest:.80}");
                code.push_str(if first == '"' { "\"\"" } else { "''" });
                at + 1
            }
            _ => {
                code.extend(first.to_lowercase());
                first.len_utf8()
            }
        };
        rest = &rest[end..];
    }
    code
}

/// The SQL of every incremental model as an increment would run it.
fn increments() -> Vec<(String, String)> {
    struct Empty;
    impl Introspect for Empty {
        fn kind_of(&self, _: &Relation) -> Result<Option<&'static str>> {
            Ok(Some("table"))
        }
        fn columns_of(&self, _: &Relation) -> Result<Vec<(String, String)>> {
            Err(Error::call("no model asks for columns"))
        }
        fn query(&self, _: &str) -> Result<Rows> {
            Err(Error::call("no model asks for rows"))
        }
        fn say(&self, _: &str) {}
    }
    let root = Some(written().root().to_path_buf());
    let house =
        House::open("compile", Flags { project_dir: root, target: Some("bigquery".to_string()), ..Flags::default() })
            .unwrap();
    let models = house.project.nodes.values().filter(|node| node.kind == NodeKind::Model);
    let models = models.filter(|node| house.scanned.nodes[&node.id].config.text("materialized") == Some("incremental"));
    let mode = Mode { execute: true, incremental: true };
    models
        .map(|node| {
            let compiled = house.renderer.compile(&house.scanned, &node.id, &Empty, mode).unwrap();
            (format!("increment of {}", node.name), [vec![compiled.sql], compiled.post_hooks].concat().join(";\n"))
        })
        .collect()
}

#[test]
fn verbs_that_run_models_refuse() {
    let project = Project::empty();
    project.file("models/one.sql", "select 1 as id\n").edit(
        "profiles.yml",
        "  outputs:\n",
        "  outputs:\n    there: {type: bigquery, method: oauth, project: a-b, dataset: shop, location: EU}\n",
    );
    for verb in ["run", "build", "test", "seed", "show", "publish", "extract", "report", "verify"] {
        let output = project.cp([verb, "--target", "there"]).status(2);
        assert!(output.stderr.contains("help: models run in DuckDB"), "{output}");
        assert!(output.stderr.contains("profiles.yml"), "{output}");
    }
    assert_eq!(project.cp(["ls", "--target", "there"]).success().stdout, "shop.one\n");
    project.cp(["compile", "--target", "there"]).success();
    let made = project.read("target/run/shop/models/one.sql");
    assert_eq!(made, "create or replace view `a-b`.`shop`.`one` as\nselect 1 as id;\n");
    project
        .file("models/one.sql", "select {% if execute %}{{ run_query('select 1').rows | length }}{% endif %} as id\n");
    let output = project.cp(["compile", "--target", "there"]).status(2);
    assert!(output.stderr.contains("BigQuery is not connected to"), "{output}");
}

#[test]
fn an_output_for_bigquery_has_the_keys_of_dbt() {
    let project = Project::empty();
    project.file("models/one.sql", "select 1 as id\n").edit(
        "profiles.yml",
        "  outputs:\n",
        "  outputs:\n    there: {type: bigquery, method: oath, projct: a-b, schema: shop, keyfile: k.json, threads: 0}\n",
    );
    let output = project.cp(["compile", "--target", "there"]).status(2);
    for line in [
        "unknown key `projct` in target `there`",
        "did you mean `project`?",
        "target `there` has the unknown method `oath`",
        "did you mean `oauth`?",
        "target `there` has no `project`",
        "`threads` is no number of threads",
    ] {
        assert!(output.stderr.contains(line), "`{line}` in {output}");
    }
    assert!(!output.stderr.contains("keyfile`"), "{output}");
}
