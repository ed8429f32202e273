//! Selection by state, and deferral: what has changed since a manifest, and the tables of another run in place of own ones.

use crate::support::Project;

/// Three models on a seed, and a macro, a variable and a test beside them; built, with its manifest kept in `before/`.
fn shop() -> Project {
    let project = Project::empty();
    project
        .file(
            "dbt_project.yml",
            "name: shop\nversion: \"1.0.0\"\nprofile: shop\ntest-paths: [\"tests/sql\"]\nvars: {least: 1}\n",
        )
        .file("profiles.yml", PROFILES)
        .file("seeds/letters.csv", "letter,count\na,1\nb,2\n")
        .file("macros/shout.sql", "{% macro shout(column) %}upper({{ column }}){% endmacro %}\n")
        .file("models/base.sql", "{{ config(materialized='table') }} select letter, count from {{ ref('letters') }} where count >= {{ var('least') }}\n")
        .file("models/loud.sql", "select {{ shout('letter') }} as letter, count from {{ ref('base') }}\n")
        .file("models/total.sql", "select sum(count) as total from {{ ref('loud') }}\n")
        .file(
            "models/shop.yml",
            "models:\n  - name: total\n    columns:\n      - {name: total, data_tests: [not_null]}\n",
        );
    project.cp(["build"]).success();
    std::fs::create_dir(project.path("before")).unwrap();
    std::fs::rename(project.path("target/manifest.json"), project.path("before/manifest.json")).unwrap();
    project
}

/// Two targets in one file, and one in a file of its own.
const PROFILES: &str = "shop:
  target: local
  outputs:
    local: {type: duckdb, path: data/warehouse.duckdb, schema: main}
    mine: {type: duckdb, path: data/warehouse.duckdb, schema: mine}
    apart: {type: duckdb, path: data/apart.duckdb, schema: main}
";

fn ls(project: &Project, select: &str) -> String {
    project.cp(["ls", "--state", "before", "--select", select]).success().stdout
}

#[test]
fn what_changed_since_a_manifest_is_selected() {
    let project = shop();
    assert_eq!(ls(&project, "state:modified"), "");
    assert_eq!(
        ls(&project, "state:unmodified,resource_type:model"),
        "shop.base\nshop.loud\nshop.total\nshop.not_null_total_total\n"
    );

    project.edit("models/loud.sql", "count", "count + 0 as count").file("models/fresh.sql", "select 1 as id\n");
    assert_eq!(ls(&project, "state:modified"), "shop.fresh\nshop.loud\n");
    assert_eq!(ls(&project, "state:modified.body"), "shop.loud\n");
    assert_eq!(ls(&project, "state:new"), "shop.fresh\n");
    assert_eq!(ls(&project, "state:modified.body+"), "shop.loud\nshop.total\nshop.not_null_total_total\n");
    project.edit("models/loud.sql", "count + 0 as count", "count").remove("models/fresh.sql");

    project.edit("macros/shout.sql", "upper", "lower");
    assert_eq!(ls(&project, "state:modified"), "shop.loud\n");
    assert_eq!(ls(&project, "state:modified.macros"), "shop.loud\n");
    assert_eq!(ls(&project, "state:modified.body"), "");
    project.edit("macros/shout.sql", "lower", "upper");

    project.edit("dbt_project.yml", "least: 1", "least: 2");
    assert_eq!(ls(&project, "state:modified"), "shop.base\n");
    assert_eq!(ls(&project, "state:modified.vars+1"), "shop.base\nshop.loud\n");
    project.edit("dbt_project.yml", "least: 2", "least: 1");

    project.edit(
        "models/shop.yml",
        "  - name: total\n",
        "  - name: total\n    config: {materialized: table, tags: [x], alias: sum}\n",
    );
    assert_eq!(ls(&project, "state:modified.configs"), "shop.total\nshop.not_null_total_total\n");
    assert_eq!(
        ls(&project, "state:modified.relation,resource_type:model,test_type:generic"),
        "shop.not_null_total_total\n"
    );
    project.edit("models/shop.yml", "materialized: table, ", "").edit("models/shop.yml", ", alias: sum", "");
    assert_eq!(ls(&project, "state:modified"), "", "tags build nothing");

    project.edit("seeds/letters.csv", "b,2", "b,3");
    assert_eq!(ls(&project, "state:modified"), "shop.letters\n");
    let by_environment = project.cp(["ls", "--select", "state:modified"]).env("DBT_STATE", "before").success();
    assert_eq!(by_environment.stdout, "shop.letters\n");
}

#[test]
fn a_manifest_that_cannot_be_compared_with_is_told() {
    let project = shop();
    project.cp(["ls", "--select", "state:modified"]).status(2).assert("state_none");
    project.cp(["ls", "--state", "nowhere", "--select", "state:modified"]).status(2).assert("state_missing");
    project.file("broken/manifest.json", "{}");
    project.cp(["ls", "--state", "broken"]).status(2).assert("state_broken");
    project.file("other/manifest.json", r#"{"metadata": {"project_name": "bakery"}, "nodes": {}}"#);
    project.cp(["ls", "--state", "other"]).status(2).assert("state_of_another_project");
    project.cp(["ls", "--state", "before", "--select", "state:modifed"]).status(2).assert("state_typo");
    project.cp(["run", "--defer"]).status(2).assert("state_defer_to_nothing");
}

#[test]
fn what_is_not_built_here_is_read_from_another_schema() {
    let project = shop();
    let compiled = |arguments: &[&str]| {
        let words = ["compile", "--target", "mine", "--select", "total", "--state", "before"];
        project.cp(words.iter().chain(arguments)).success().stdout
    };
    assert!(compiled(&[]).contains(r#""warehouse"."mine"."loud""#));
    assert!(compiled(&["--defer"]).contains(r#""warehouse"."main"."loud""#));
    let run = |select: &str| {
        project.cp(["run", "--target", "mine", "--select", select, "--defer", "--state", "before"]).success();
    };
    run("total");
    assert_eq!(project.count("warehouse.mine.total"), 1);
    // What is built here is read here, unless the other run is favored.
    run("loud");
    assert!(compiled(&["--defer"]).contains(r#""warehouse"."mine"."loud""#));
    assert!(compiled(&["--favor-state"]).contains(r#""warehouse"."main"."loud""#));
    let manifest = project.read("target/manifest.json");
    assert!(
        manifest.contains(r#""relation_name":"\"warehouse\".\"mine\".\"base\"""#),
        "the manifest tells of own places"
    );
}

#[test]
fn what_is_not_built_here_is_read_from_another_file() {
    let project = shop();
    let call =
        |verb: &str| project.cp([verb, "--target", "apart", "--select", "total", "--defer", "--state", "before"]);
    call("run").success();
    call("test").success();
    let shown = call("show").arg("--output").arg("json").success().stdout;
    assert_eq!(shown.replace(char::is_whitespace, ""), r#"[{"total":3}]"#);
    // A copy beside the manifest comes before the file that the manifest names. It has the name of this warehouse.
    std::fs::rename(project.path("data/warehouse.duckdb"), project.path("before/warehouse.duckdb")).unwrap();
    let own = |select: &[&str]| project.cp(["run", "--defer", "--state", "before", "--select"].iter().chain(select));
    own(&["total"]).status(2).assert("state_view_elsewhere");
    own(&["base+"]).success();
    assert_eq!(project.count("total"), 1);
    assert!(!project.read("target/compiled/shop/models/base.sql").contains(r#""warehouse"."main"."letters""#));
    std::fs::remove_file(project.path("before/warehouse.duckdb")).unwrap();
    std::fs::remove_file(project.path("data/warehouse.duckdb")).unwrap();
    call("run").arg("--favor-state").status(2).assert("state_no_file");
}

/// A manifest that dbt-core 1.10 wrote of such a project, as far as it is compared.
#[test]
fn a_manifest_of_dbt_is_compared_as_far_as_it_tells() {
    let project = shop();
    let mut manifest: serde_json::Value = serde_json::from_str(&project.read("before/manifest.json")).unwrap();
    manifest["metadata"]["env"] = serde_json::json!({});
    for (_, node) in manifest["nodes"].as_object_mut().unwrap() {
        node["config"]["adapter_setting"] = serde_json::Value::Null;
    }
    project.file("before/manifest.json", manifest.to_string());
    assert_eq!(ls(&project, "state:modified"), "");
    project.edit("dbt_project.yml", "least: 1", "least: 2").edit("models/total.sql", "sum(count)", "sum(count) + 1");
    assert_eq!(ls(&project, "state:modified"), "shop.total\nshop.not_null_total_total\n");
}
