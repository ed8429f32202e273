//! How tables are laid out.

use serde_json::json;

use super::*;
use crate::support::bigquery::Act;
use crate::support::bigquery::Proxy;
use crate::support::is_thorough;

#[test]
fn tables_are_laid_out_as_the_models_say() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    let sales = server.table(&dataset, "sales");
    assert_eq!(sales["description"], "Every sale.");
    assert_eq!(sales["timePartitioning"], json!({"type": "DAY", "field": "sold_at"}));
    assert_eq!(sales["clustering"], json!({"fields": ["shop"]}));
    assert!(sales["labels"]["cp_run"].is_string(), "{sales}");
    let field = |name: &str| {
        let fields = sales["schema"]["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["name"] == name).unwrap();
        format!("{} {}", field["type"].as_str().unwrap(), field["mode"].as_str().unwrap_or("NULLABLE"))
    };
    assert_eq!(field("id"), "INTEGER REQUIRED");
    assert_eq!(field("amount"), "NUMERIC NULLABLE");
    assert_eq!(field("sold_at"), "TIMESTAMP NULLABLE");
    assert_eq!(field("shop"), "STRING NULLABLE");
}

#[test]
fn a_column_more_is_added_and_one_less_stops() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    project.edit("models/totals.sql", "count(*) as sales", "count(*) as sales, max(sold_at) as last_at");
    project.cp(["build"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
    let head = server.rows(&dataset, "SELECT id FROM cp_head");
    project.edit("models/totals.sql", "count(*) as sales, ", "");
    let output = project.cp(["build"]).status(2);
    assert!(output.stderr.contains("it has a column `sales` that the model has no more"), "{output}");
    assert!(
        output.stderr.contains(&format!("ALTER TABLE `test-project.{dataset}.totals` DROP COLUMN `sales`")),
        "{output}"
    );
    assert_eq!(server.rows(&dataset, "SELECT id FROM cp_head"), head);
}

#[test]
fn a_type_that_becomes_wider_is_changed_and_another_stops() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    let kind = || {
        let totals = server.table(&dataset, "totals");
        let fields = totals["schema"]["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == "sales").unwrap()["type"].as_str().unwrap().to_string()
    };
    assert_eq!(kind(), "INTEGER");
    project.edit("models/totals.sql", "count(*) as sales", "count(*)::decimal(18, 2) as sales");
    project.cp(["run"]).success();
    let rehearsed = project.cp(["publish", "--dry-run"]).success();
    assert!(
        rehearsed.stdout.contains("-- table `totals`: column `sales` becomes NUMERIC, from INT64\n"),
        "{rehearsed}"
    );
    assert_eq!(kind(), "INTEGER");
    project.cp(["publish"]).success();
    assert_eq!(kind(), "NUMERIC");
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
    project.edit("models/totals.sql", "count(*)::decimal(18, 2) as sales", "count(*)::varchar as sales");
    let output = project.cp(["build"]).status(2);
    output.assert("publish_narrower");
    // What it advises does it.
    server.execute(&format!("ALTER TABLE `{dataset}.totals` DROP COLUMN `sales`"));
    project.cp(["publish", "--full-refresh"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
    assert_eq!(kind(), "STRING");
}

#[test]
fn columns_in_another_order_or_spelling_send_nothing() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    project.edit(
        "models/totals.sql",
        "shop, count(*) as sales, sum(amount) as amount",
        "sum(amount) as AMOUNT, shop, count(*) as sales",
    );
    project.edit("models/sales.sql", "id, shop,", "shop as Shop, id,").edit(
        "models/sales.sql",
        "as sold_at",
        "as Sold_At",
    );
    let output = project.cp(["build"]).success();
    assert!(output.stdout.contains("unchanged"), "{output}");
    assert_eq!(server.rows(&dataset, "SELECT COUNT(*) FROM cp_publications")[0][0].as_deref(), Some("1"));
    project.cp(["verify"]).success();
}

#[test]
fn what_an_attempt_that_broke_off_left_is_told_with_what_clears_it() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    // Tables are made when all rows are there, and the transaction does not get there.
    let proxy = Proxy::start(server.host(), |asked| {
        if asked.method == "POST" && asked.path.ends_with("/jobs") { Act::Drop } else { Act::Pass }
    });
    project.publishing_to(&proxy.host(), &dataset);
    project.cp(["build"]).env("CP_BQ_PATIENCE", "1").status(2);
    assert!(server.tables(&dataset).contains(&"sales".to_string()), "{:?}", server.tables(&dataset));
    project.publishing_to(&server.host(), &dataset);
    project.edit("models/sales.sql", "select id, shop, amount", "select id, shop, amount::varchar as amount");
    project.edit("models/totals.sql", "sum(amount)", "sum(amount::decimal(18, 2))");
    let output = project.cp(["build"]).status(2);
    let drop = format!("DROP TABLE `test-project.{dataset}.sales`");
    assert!(output.stderr.contains("nothing was ever published to it, and it is empty"), "{output}");
    assert!(output.stderr.contains(&drop), "{output}");
    server.execute(&drop);
    project.cp(["publish"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
}

#[test]
fn what_an_attempt_that_broke_off_made_wider_may_stay_so() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    server.execute(&format!("ALTER TABLE `{dataset}.totals` ALTER COLUMN sales SET DATA TYPE NUMERIC"));
    project.edit("seeds/given.csv", "3,b,10.00", "3,b,11.00\n4,b,1.00");
    project.cp(["build"]).success();
    assert_equal(&project, server, &dataset, &["sales", "totals"]);
    project.cp(["verify"]).success();
}

#[test]
fn names_that_stand_for_something_else_are_refused() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.edit(
        "models/_models.yml",
        "meta: {publish: true, key: [shop]}",
        "alias: cp_Head\n      meta: {publish: true, key: [shop]}",
    );
    project.cp(["build"]).status(2).assert("publish_reserved_name");
    project.edit("models/_models.yml", "alias: cp_Head", "schema: other\n      alias: sales");
    project.cp(["build"]).status(2).assert("publish_same_name");
    project.edit("models/_models.yml", "schema: other\n      alias: sales", "tags: []");
    server.call(
        "POST",
        "/datasets",
        Some(json!({"datasetReference": {"datasetId": *dataset, "projectId": "test-project"}})),
    );
    server.execute(&format!("CREATE VIEW `{dataset}.totals` AS SELECT 1 AS shop"));
    let output = project.cp(["build"]).status(2);
    assert!(output.stderr.contains(&format!("`{dataset}.totals` in BigQuery is no table but a view")), "{output}");
}
