//! How tables are laid out.

use serde_json::json;

use super::*;

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
