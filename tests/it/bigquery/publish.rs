//! What arrives, and how much of it travels.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::support::is_thorough;
use crate::support::moments;

/// All tables that the project publishes.
pub const TABLES: &[&str] = &[
    "daily_revenue",
    "dim_customer",
    "dim_date",
    "dim_product",
    "fact_order_daily",
    "fact_order_items",
    "fact_orders",
    "fact_payments",
    "fact_refunds",
    "fact_shipments",
    "late_arrivals",
    "payment_delay",
    "payment_success",
    "refund_rate",
    "rejected_events",
    "top_products",
];

/// Rows that all load jobs have brought.
fn loaded(server: &BigQuery, dataset: &str) -> u64 {
    let rows = |job: &Value| job["statistics"]["load"]["outputRows"].as_str().map_or(0, |rows| rows.parse().unwrap());
    server.load_jobs(dataset).iter().map(rows).sum()
}

#[test]
fn the_sample_arrives_whole_and_then_only_what_a_day_changes() {
    // The emulator needs a minute for it; the small shop's tests tell the same of few rows.
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = (Project::new(), server.fresh_dataset());
    project.publishing_to(&server.host(), &dataset);
    let late =
        std::fs::read_dir(project.path("data/live_events")).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    let kept = project.path("kept");
    std::fs::rename(&late, &kept).unwrap();
    project.cp(["build"]).success();
    assert_equal(&project, server, &dataset, TABLES);
    let (jobs, first) = (server.load_jobs(&dataset).len(), loaded(server, &dataset));

    let again = project.cp(["build"]).success();
    assert!(again.stdout.contains("unchanged"), "{again}");
    assert_eq!(server.load_jobs(&dataset).len(), jobs, "a second publication uploads nothing");

    std::fs::rename(&kept, &late).unwrap();
    project.cp(["build"]).success();
    assert_equal(&project, server, &dataset, TABLES);
    let ledger = server.rows(&dataset, "SELECT tables FROM cp_publications AS p JOIN cp_head AS h ON h.id = p.id");
    let tables: Vec<Value> = serde_json::from_str(ledger[0][0].as_ref().unwrap()).unwrap();
    let told: u64 = tables
        .iter()
        .flat_map(|table| ["inserted", "updated", "deleted"].map(|name| table[name].as_u64().unwrap()))
        .sum();
    let second = loaded(server, &dataset) - first;
    assert_eq!(second, told, "only changed rows travel");
    assert!(second > 0 && second < first, "{second} of {first}");

    // A fresh clone knows nothing of it, and reads back what is there.
    let clone = Project::new();
    clone.publishing_to(&server.host(), &dataset);
    let before = loaded(server, &dataset);
    let output = clone.cp(["build"]).success();
    assert!(output.stdout.contains("unchanged"), "{output}");
    assert_eq!(loaded(server, &dataset), before);
    let verified = project.cp(["verify"]).success();
    assert!(verified.stdout.contains("16 of 16 tables are in BigQuery as in the warehouse"), "{verified}");
}

#[test]
fn a_failing_check_leaves_bigquery_untouched() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    let before = server.rows(&dataset, "SELECT id FROM cp_head");
    project.edit("seeds/given.csv", "3,b,10.00", "2,b,10.00");
    let output = project.cp(["build"]).status(1);
    assert!(output.stderr.contains("nothing was published: check `unique_sales_id` failed"), "{output}");
    assert_eq!(server.rows(&dataset, "SELECT id FROM cp_head"), before);
    project.edit("seeds/given.csv", "2,b,10.00", "3,b,11.00");
    project.cp(["build"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["run"]).success();
    project.cp(["publish", "--dry-run"]).success().assert("publish_dry_run_first");
    assert!(server.tables(&dataset).is_empty());
    project.cp(["build"]).success();
    project.edit("seeds/given.csv", "3,b,10.00", "4,b,1.00\n5,c,7.00").remove("models/totals.sql");
    project.edit("models/_models.yml", "name: totals", "name: sums");
    project.file("models/sums.sql", "select shop, sum(amount) as amount from {{ ref('sales') }} group by shop\n");
    project.cp(["run"]).success();
    let before = (server.rows(&dataset, "SELECT id FROM cp_head"), server.tables(&dataset));
    project.cp(["publish", "--dry-run"]).success().assert("publish_dry_run_change");
    let told = project.cp(["publish", "--dry-run", "--output", "json"]).success();
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["published"]["dry_run"], &told["published"]["tables"][0]["inserted"]), (&true.into(), &2.into()));
    assert_eq!((server.rows(&dataset, "SELECT id FROM cp_head"), server.tables(&dataset)), before);
    project.cp(["publish"]).success();
    assert_equal(&project, server, &dataset, &["sales", "sums"]);
}

#[test]
fn a_table_that_is_no_model_any_more_is_named_and_stays() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    let model = project.read("models/totals.sql");
    project.cp(["build"]).success();
    project.remove("models/totals.sql").edit(
        "models/_models.yml",
        "meta: {publish: true, key: [shop]}",
        "enabled: false",
    );
    for call in ["build", "build", "publish"] {
        let output = project.cp([call]).success();
        let told = format!("`{dataset}.totals` was published and is no model any more; it stays in BigQuery as it is");
        assert!(output.stderr.contains(&told), "{output}");
    }
    assert!(server.tables(&dataset).contains(&"totals".to_string()));
    // As a model again, it is brought up to date.
    project.edit("seeds/given.csv", "3,b,10.00", "3,b,11.00").file("models/totals.sql", model);
    project.edit("models/_models.yml", "enabled: false", "meta: {publish: true, key: [shop]}");
    let output = project.cp(["build"]).success();
    assert!(output.stdout.contains("0 rows inserted, 2 updated, 0 deleted"), "{output}");
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
    // Once it is dropped, nobody speaks of it.
    project.remove("models/totals.sql").edit(
        "models/_models.yml",
        "meta: {publish: true, key: [shop]}",
        "enabled: false",
    );
    project.cp(["build"]).success();
    server.execute(&format!("DROP TABLE `{dataset}.totals`"));
    let output = project.cp(["build"]).success();
    assert!(!output.stderr.contains("no model any more"), "{output}");
}

#[test]
fn two_publishers_at_once_both_leave_whole_tables() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    let (other, _) = shop(server);
    other.publishing_to(&server.host(), &dataset).edit("seeds/given.csv", "3,b,10.00", "3,b,12.00\n4,c,1.00");
    for round in 0..moments(Duration::ZERO).len().min(3) {
        project.edit("seeds/given.csv", "1,a,1.50", "1,a,1.50").edit(
            "seeds/given.csv",
            "2,a,",
            &format!("2,a,{}", round + 1),
        );
        std::thread::scope(|scope| {
            let calls = [&project, &other].map(|project| scope.spawn(|| project.cp(["build"]).run()));
            for output in calls.map(|call| call.join().unwrap()) {
                assert!(output.status == 0, "{output}");
            }
        });
        let winner = server.rows(&dataset, "SELECT COUNT(*) FROM sales")[0][0].clone();
        let last = if winner.as_deref() == Some("4") { &other } else { &project };
        assert_equal(last, server, &dataset, &["sales", "totals"]);
    }
}

#[test]
fn what_somebody_else_changed_is_told_and_written_anew() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    server.execute(&format!("DELETE FROM `{dataset}.sales` WHERE id = 2"));
    let verified = project.cp(["verify"]).status(1);
    assert!(verified.stdout.contains("rows 3 in the warehouse, 2 published"), "{verified}");
    project.edit("seeds/given.csv", "2,a,2.25", "2,a,2.50");
    let output = project.cp(["build"]).status(2);
    assert!(output.stderr.contains("BigQuery holds other rows than `cp` published"), "{output}");
    project.cp(["publish", "--full-refresh"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
    server.execute(&format!("DROP TABLE `{dataset}.totals`"));
    project.cp(["publish"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
}

#[test]
fn a_fresh_clone_reads_back_what_is_there_and_notices_what_is_more() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let ((project, dataset), (clone, _)) = (shop(server), shop(server));
    project.cp(["build"]).success();
    let before = loaded(server, &dataset);
    clone.publishing_to(&server.host(), &dataset);
    let output = clone.cp(["build"]).success();
    assert!(output.stdout.contains("unchanged"), "{output}");
    assert_eq!(loaded(server, &dataset), before);
    let (other, _) = shop(server);
    other.publishing_to(&server.host(), &dataset).edit("seeds/given.csv", "3,b,10.00", "3,b,11.00");
    let output = other.cp(["build"]).success();
    assert!(output.stdout.contains("0 rows inserted, 2 updated, 0 deleted"), "{output}");
    assert_eq!(loaded(server, &dataset), before + 2);
    assert_equal(&other, server, &dataset, &["sales", "totals"]);
    // A row that came twice has no key of its own.
    server.execute(&format!("INSERT INTO `{dataset}.sales` SELECT * FROM `{dataset}.sales` WHERE id = 1"));
    let output = clone.cp(["publish"]).status(2);
    assert!(output.stderr.contains("`sales` has 4 rows, and 3 were published"), "{output}");
    clone.cp(["publish", "--full-refresh"]).success();
    assert_equal(&clone, server, &dataset, &["sales", "totals"]);
}

#[test]
fn half_a_ledger_is_none() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    server.execute(&format!("DROP TABLE `{dataset}.cp_head`"));
    project.edit("seeds/given.csv", "3,b,10.00", "3,b,11.00");
    for call in [vec!["build"], vec!["publish", "--full-refresh"]] {
        let output = project.cp(call).status(2);
        assert!(
            output.stderr.contains("`cp_head` is gone") && output.stderr.contains("With both of its tables dropped"),
            "{output}"
        );
    }
    server.execute(&format!("DROP TABLE `{dataset}.cp_publications`"));
    project.cp(["publish", "--full-refresh"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
}

#[test]
fn what_reads_the_clock_is_published_as_it_was_built() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    let told = |name: &str| {
        format!("  - name: {name}\n    config: {{materialized: table, meta: {{publish: true, key: [id]}}}}\n")
    };
    project
        .file("models/clock.sql", "{{ config(materialized='ephemeral') }} select 1 as id, current_timestamp as at\n")
        .file("models/now.sql", "select * from {{ ref('clock') }}\n")
        .file("models/chance.sql", "select 1 as id, random() as x\n")
        .file("models/copy.sql", "{% set n = run_query('select 1') %} select id, x from {{ ref('chance') }}\n")
        .file("models/again.sql", "{{ config(full_refresh=true) }} select 1 as id from {{ ref('given') }} limit 1\n");
    let all: String = ["now", "chance", "copy", "again"].map(told).concat();
    project.edit("models/_models.yml", "models:\n", &format!("models:\n{all}"));
    project.cp(["run"]).success();
    project.cp(["publish"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals", "chance", "copy", "again"]);
    // What stands on it has to be built after it.
    project.cp(["run", "--select", "chance"]).success();
    let output = project.cp(["publish"]).status(1);
    assert!(output.stderr.contains("the warehouse is not what the project would build: `copy` (new data)"), "{output}");
    project.cp(["run", "--select", "copy"]).success();
    project.cp(["publish"]).success();
    assert_equal(&project, server, &dataset, &["chance", "copy"]);
    project.edit("models/now.sql", "select *", "select *, 2 as more");
    let output = project.cp(["publish"]).status(1);
    assert!(output.stderr.contains("the warehouse is not what the project would build: `now`"), "{output}");
}
