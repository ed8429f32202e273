//! Golden snapshots, as somebody who edits SQL meets them.

use crate::support::Project;

/// `cp test` of these models, on a person's machine. (Without a warehouse and replays, so that only the snapshots are
/// looked at.)
fn test(project: &Project, models: &[&str]) -> crate::support::Call {
    project.cp(["test", "--quiet", "--replays", "0", "--select"].iter().chain(models)).env("CI", "")
}

fn is_pending(project: &Project, name: &str) -> bool {
    project.path(format!("snapshots/golden/{name}.snap.new")).exists()
}

#[test]
fn the_project_is_as_its_snapshots_say_whatever_its_data_is() {
    let project = Project::new();
    project.remove("data").file("seeds/fx_rates.csv", "date,currency,rate\n2023-01-01,USD,1\n");
    let output = project.cp(["test", "--replays", "0"]).env("CI", "0").status(2);
    output.assert("golden_equal");
    assert!(!is_pending(&project, "fx_rates"));
}

#[test]
fn an_edit_that_changes_a_number_is_told_and_waits_for_review() {
    let project = Project::new();
    project.edit("dbt_project.yml", "FAILED: failed", "FAILED: success");
    test(&project, &["fact_orders", "daily_revenue"]).status(1).assert("golden_number");
    assert!(is_pending(&project, "fact_orders"));
    project.cp(["review"]).success().assert("golden_review");
    project.cp(["review", "--select", "daily_revenue", "--reject"]).success();
    project.cp(["review", "--accept"]).success();
    assert!(!is_pending(&project, "fact_orders") && !is_pending(&project, "daily_revenue"));
    test(&project, &["fact_orders"]).status(2);
    test(&project, &["daily_revenue"]).status(1);
    // Whoever takes the edit back needs no review.
    project.edit("dbt_project.yml", "FAILED: success", "FAILED: failed");
    test(&project, &["daily_revenue"]).status(2);
    assert!(!is_pending(&project, "daily_revenue"));
}

#[test]
fn an_edit_of_the_layout_is_none() {
    let project = Project::new();
    let file = "models/marts/fact_refunds.sql";
    project.edit(file, "select", "select -- of all\n      ").edit(file, "from ", "from   ");
    let output = project.cp(["test", "--replays", "0", "--select", "fact_refunds"]).env("CI", "").status(2);
    assert!(output.stdout.contains("1 snapshot equal"), "{output}");
}

#[test]
fn a_column_more_is_told_as_such() {
    let project = Project::new();
    project.edit(
        "models/analytics/refund_rate.sql",
        "\nselect * from",
        "\nselect *, vendor || '!' as shout, null::varchar as nothing from",
    );
    test(&project, &["refund_rate"]).status(1).assert("golden_column");
}

#[test]
fn where_nobody_looks_nothing_is_written() {
    let project = Project::new();
    project.edit("dbt_project.yml", "FAILED: failed", "FAILED: success");
    for ci in ["true", "1", "yes"] {
        project.cp(["test", "--quiet", "--replays", "0", "--select", "fact_orders"]).env("CI", ci).status(1);
        assert!(!is_pending(&project, "fact_orders"));
    }
    test(&project, &["fact_orders"]).status(1);
    assert!(is_pending(&project, "fact_orders"));
}

#[test]
fn a_new_model_waits_and_one_that_is_gone_is_named() {
    let project = Project::new();
    project
        .file(
            "models/analytics/fresh.sql",
            "select vendor, count(*) as orders from {{ ref('fact_orders') }} group by vendor\n",
        )
        .remove("models/analytics/refund_rate.sql")
        .edit("models/analytics/_analytics.yml", "  - name: refund_rate", "  - name: fresh");
    let output = project.cp(["test", "--unreferenced"]).status(1);
    assert_eq!(output.stdout, "snapshots/golden/refund_rate.snap\n");
    let output = test(&project, &["fresh"]).status(1);
    assert!(output.stderr.contains("fresh  no snapshot yet; 3 rows, 2 columns"), "{output}");
    // What waits of a model that is gone meanwhile is named as well.
    project.file("snapshots/golden/gone.snap.new", project.read("snapshots/golden/fresh.snap.new"));
    let output = project.cp(["test", "--unreferenced"]).status(1);
    assert_eq!(output.stdout, "snapshots/golden/refund_rate.snap\nsnapshots/golden/gone.snap.new\n");
    project.remove("snapshots/golden/gone.snap.new");
    project.cp(["review", "--accept"]).success();
    test(&project, &["fresh"]).status(2);
    assert!(
        project
            .read("snapshots/golden/fresh.snap")
            .starts_with("---\nsource: models/analytics/fresh.sql\nexpression: fresh\n---\n")
    );
}

#[test]
fn a_snapshot_that_cannot_be_read_and_a_model_that_cannot_be_built_are_told() {
    let project = Project::new();
    project.file("snapshots/golden/dim_date.snap", "---\nsource: x\n---\nrows many\n");
    let output = test(&project, &["dim_date"]).status(2);
    assert!(output.stderr.contains("cannot read the snapshot"), "{output}");
    let project = Project::new();
    project.edit("models/analytics/refund_rate.sql", "\nselect * from", "\nselect *, 1 / nothing as x from");
    let output = test(&project, &["refund_rate"]).status(2);
    assert!(output.stderr.contains(" --> models/analytics/refund_rate.sql:"), "{output}");
}

#[test]
fn a_model_that_cannot_be_built_is_told_once_with_its_place_and_nothing_else_is_said_of_it() {
    let project = Project::new();
    project.edit("models/marts/fact_refunds.sql", "    amount_ngn,", "    amount_ngm,");
    project.cp(["test", "--quiet", "--select", "fact_refunds+"]).env("CI", "").status(2).assert("golden_unbuilt");
    // What only stands on it says where it is as well.
    let output = test(&project, &["refund_rate"]).status(2);
    assert!(output.stderr.contains(" --> models/marts/fact_refunds.sql:"), "{output}");
}

#[test]
fn what_waits_is_taken_only_while_the_project_is_the_one_that_made_it() {
    let project = Project::new();
    let golden = project.read("snapshots/golden/fact_orders.snap");
    project.edit("dbt_project.yml", "FAILED: failed", "FAILED: success");
    test(&project, &["fact_orders", "daily_revenue"]).status(1);
    project.edit("dbt_project.yml", "FAILED: success", "FAILED: failed");
    test(&project, &["dim_date"]).status(2);
    // The statement of `daily_revenue` never changed, only what it stands on did.
    project.cp(["review", "--accept"]).status(2).assert("golden_stale");
    project.cp(["review", "--accept", "--select", "daily_revenue"]).status(2);
    assert_eq!(project.read("snapshots/golden/fact_orders.snap"), golden);
    // An edit elsewhere, and the code back again, leave it valid.
    project.edit("dbt_project.yml", "FAILED: failed", "FAILED: success");
    project.edit("models/analytics/refund_rate.sql", "select * from", "select *, 1 as more from");
    project.cp(["review", "--accept", "--select", "fact_orders"]).success();
    assert!(!project.read("snapshots/golden/fact_orders.snap").contains("made_from"));
    project.edit("dbt_project.yml", "FAILED: success", "FAILED: failed");
    project.cp(["review", "--reject"]).success();
    assert!(!is_pending(&project, "daily_revenue"));
}

#[test]
fn a_sample_that_is_gone_is_told_and_no_warehouse_is_made() {
    let project = Project::new();
    project.cp(["test", "--select", "no_such_model"]).status(2);
    assert!(!project.path("data/warehouse.duckdb").exists());
    project.remove("snapshots/sample");
    let output =
        project.cp(["test", "--replays", "0", "--select", "dim_date", "--exclude", "resource_type:test"]).status(2);
    assert!(output.stderr.contains("there is nothing to build the snapshots from"), "{output}");
}

#[test]
fn what_is_said_to_be_volatile_is_not_looked_at() {
    let project = Project::empty();
    project
        .file("snapshots/sample/readme.md", "No events.\n")
        .file("models/clock.sql", "select 1 as id, uuid() as drawn\n")
        .file(
            "models/_clock.yml",
            "models:\n  - name: clock\n    config: {meta: {key: [id]}}\n    columns:\n      - name: drawn\n        meta: {volatile: true}\n",
        );
    test(&project, &["clock"]).status(1);
    project.cp(["review", "--accept"]).success();
    test(&project, &["clock"]).success();
    let snapshot = project.read("snapshots/golden/clock.snap");
    assert!(snapshot.contains("column drawn: UUID; masked") && snapshot.contains("\n1 | masked\n"), "{snapshot}");
    project.edit("models/_clock.yml", "volatile: true", "volatile: false");
    test(&project, &["clock"]).status(1);
}
