//! Unit tests, as somebody who edits SQL meets them.

use crate::support::Project;

/// A project with a model of clicks in naira, and a unit test of it.
fn shop(unit_test: &str) -> Project {
    let project = Project::empty();
    project
        .file("seeds/rates.csv", "currency,rate\nNGN,1\nUSD,1500.5\n")
        .file(
            "models/clicks.sql",
            "select 1 as id, cast('web' as varchar) as channel, 'NGN' as currency, 2.5 as price\n",
        )
        .file(
            "models/twice.sql",
            "{{ config(materialized='ephemeral') }} select *, price * 2 as double from {{ ref('clicks') }}\n",
        )
        .file(
            "models/sales.sql",
            "{{ config(materialized='incremental') }}
select id, channel, cast(double * rate as decimal(18, 2)) as amount, '{{ var('mode', 'live') }}' as mode,
    '{{ label('x') }}' as label, '{{ env_var('SHOP_ENV', 'none') }}' as place
from {{ ref('twice') }} as clicks
left join {{ ref('rates') }} as rates on rates.currency = clicks.currency
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
",
        )
        .file("macros/label.sql", "{% macro label(of) %}{{ return('label of ' ~ of) }}{% endmacro %}\n")
        .file("models/sales.yml", unit_test);
    project
}

const GIVEN: &str = "    given:
      - input: ref('twice')
        rows:
          - {id: 1, channel: web, currency: USD, double: 2}
          - {id: 2, channel: shop, currency: EUR, double: 2}
      - input: ref('rates')
        format: csv
        rows: |
          currency,rate
          USD,1500.5
";

#[test]
fn the_project_passes_its_own() {
    let project = Project::new();
    project.remove("snapshots").remove("data");
    let replayed = "        replay: true\n";
    project.edit("models/marts/_events.yml", replayed, "").edit("models/marts/_orders.yml", replayed, "");
    let output = project.cp(["test"]).status(2);
    output.assert("unit_passed");
}

#[test]
fn what_is_expected_stands_beside_what_is_made() {
    let project = shop(&format!(
        "unit_tests:
  - name: sales_are_in_naira
    model: sales
{GIVEN}    expect:
      rows:
        - {{id: 1, channel: web, amount: 3001.00}}
        - {{id: 2, channel: web, amount: 0}}
        - {{id: 3, channel: fair, amount: null}}
"
    ));
    project.cp(["test"]).status(1).assert("unit_failed");
    let json = project.cp(["test", "--output", "json"]).status(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["unit_tests"][0]["model"], "sales");
    assert_eq!(json["unit_tests"][0]["verdict"], "differs");
    project.edit("models/sales.yml", "{id: 2, channel: web, amount: 0}", "{id: 2, channel: shop, amount: null}");
    project.edit("models/sales.yml", "        - {id: 3, channel: fair, amount: null}\n", "");
    let output = project.cp(["test"]).success();
    assert_eq!(output.stdout, "units  1 passed\n");
    assert!(!project.path("data").exists(), "no data is written");
    let written = std::fs::read_dir(project.path("target")).unwrap().map(|it| it.unwrap().file_name());
    let mut written: Vec<_> = written.collect();
    written.sort();
    assert_eq!(written, ["latest_results.json", "run_results.json"]);
}

#[test]
fn macros_variables_and_the_environment_can_be_otherwise() {
    let project = shop(&format!(
        "unit_tests:
  - name: as_in_an_increment
    model: sales
    overrides:
      macros: {{is_incremental: true, label: mine}}
      vars: {{mode: test}}
      env_vars: {{SHOP_ENV: bench}}
{GIVEN}      - input: this
        rows: [{{id: 1}}]
    expect:
      rows: [{{id: 2, mode: test, label: mine, place: bench}}]
  - name: as_in_a_full_build
    model: sales
{GIVEN}    expect:
      format: sql
      rows: select 1 as id, 'live' as mode, 'label of x' as label, 'none' as place union all select 2, 'live', 'label of x', 'none'
"
    ));
    project.cp(["test", "--select", "sales"]).success();
    assert_eq!(project.cp(["test", "--exclude", "clicks"]).success().stdout, "units  2 passed\n");
}

#[test]
fn rows_may_lie_in_files_and_what_nobody_gives_is_empty() {
    let project = shop(
        "unit_tests:
  - name: from_files
    model: sales
    given:
      - {input: ref('twice'), format: csv, fixture: some_clicks}
    expect: {format: sql, fixture: some_sales}
  - name: disabled
    model: sales
    config: {enabled: false}
    expect: {rows: [{id: 9}]}
",
    );
    project.file("tests/sql/fixtures/some_clicks.csv", "id, channel\n7, web\n8,\n").file(
        "tests/sql/fixtures/some_sales.sql",
        "select 7 as id, ' web' as channel, null::int as amount union all select 8, null, null\n",
    );
    assert_eq!(project.cp(["test"]).success().stdout, "units  1 passed\n");
    project.edit("tests/sql/fixtures/some_clicks.csv", "8,", "eight,");
    let output = project.cp(["test"]).status(2);
    assert!(output.stderr.contains("--> tests/sql/fixtures/some_clicks.csv:3:1"), "{output}");
}

#[test]
fn a_model_that_cannot_be_bound_fails_its_tests_and_those_of_what_is_made_of_it() {
    let project = shop(&format!("unit_tests:\n  - name: any\n    model: sales\n{GIVEN}    expect: {{rows: []}}\n"));
    project.edit("models/clicks.sql", "2.5 as price", "2.5 as prices");
    let output = project.cp(["test"]).status(2);
    assert!(output.stderr.contains("`twice` failed: Binder Error: Referenced column \"price\""), "{output}");
}

#[test]
fn a_test_is_begun_with_real_rows_and_nothing_expected() {
    let project = shop("");
    let output = project.cp(["test", "--scaffold", "sales"]).status(2);
    assert!(output.stderr.contains("run `cp build` first"), "{output}");
    project.edit("models/twice.sql", "'ephemeral'", "'view'");
    project.cp(["run"]).success();
    project.cp(["test", "--scaffold", "sales"]).success().assert("unit_scaffold");
    project.cp(["test", "--scaffold", "sale"]).status(2).assert("unit_scaffold_unknown");
    let begun = project.cp(["test", "--scaffold", "sales"]).success().stdout;
    project.file(
        "models/sales.yml",
        begun.replace("    # What", "    expect: {rows: [{id: 1, amount: 5.00}]}\n    # What"),
    );
    let output = project.cp(["test", "--select", "sales"]).success();
    assert_eq!(output.stdout, "units  1 passed\n");
}
