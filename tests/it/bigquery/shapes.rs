//! Tables of unusual shape: lists and structs, and more partitions than BigQuery lets one statement change.

use super::*;
use crate::support::is_thorough;

/// A project of one table, `odd`.
pub fn odd<'server>(server: &'server BigQuery, select: &str, settings: &str) -> (Project, Dataset<'server>) {
    let (project, dataset) = (Project::empty(), server.fresh_dataset());
    project.file("models/odd.sql", select).file("seeds/one.csv", "n\n1\n").file(
        "models/_models.yml",
        format!("models:\n  - name: odd\n    config: {{materialized: table, {settings}meta: {{publish: true, key: [id]}}}}\n"),
    );
    project.publishing_to(&server.host(), &dataset);
    (project, dataset)
}

/// Rows as BigQuery tells them.
fn told<const N: usize>(rows: &[[Option<&str>; N]]) -> Vec<Row> {
    rows.iter().map(|row| row.map(|cell| cell.map(str::to_string)).to_vec()).collect()
}

const NESTED: &str =
    "select 1 as id, ['a', 'b'] as tags, {'city': 'Lagos', 'at': timestamp '2025-01-01 10:00:00.5'} as place,
    [{'sku': 's1', 'price': 1.50::decimal(18, 2), 'notes': ['n']}, {'sku': null, 'price': 2, 'notes': []}] as lines
union all select 2, [], {'city': null, 'at': null}, []
union all select 3, null, null, null
";

#[test]
fn lists_and_structs_arrive_as_they_are() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = odd(server, NESTED, "");
    project.cp(["build"]).success();
    let read = |sql: &str| server.rows(&dataset, sql);
    let all = "SELECT id, tags, place, lines FROM odd ORDER BY id";
    let one = [
        Some("1"),
        Some(r#"[{"v":"a"},{"v":"b"}]"#),
        Some(r#"{"f":[{"v":"Lagos"},{"v":"1735725600500000"}]}"#),
        Some(r#"[{"v":{"f":[{"v":"s1"},{"v":"1.5"},{"v":[{"v":"n"}]}]}},{"v":{"f":[{"v":null},{"v":"2"},{"v":[]}]}}]"#),
    ];
    let two = [Some("2"), Some("[]"), Some(r#"{"f":[{"v":null},{"v":null}]}"#), Some("[]")];
    // BigQuery has no list that is null.
    let three = [Some("3"), Some("[]"), None, Some("[]")];
    assert_eq!(read(all), told(&[one, two, three]));
    project.edit("models/odd.sql", "'s1'", "'s2'").edit("models/odd.sql", "select 2, []", "select 2, ['c']");
    let output = project.cp(["build"]).success();
    assert!(output.stdout.contains("0 rows inserted, 2 updated, 0 deleted"), "{output}");
    assert_eq!(read("SELECT tags[OFFSET(0)] FROM odd WHERE id = 2"), told(&[[Some("c")]]));
    assert_eq!(read("SELECT line.sku FROM odd, UNNEST(lines) AS line WHERE line.price = 1.5"), told(&[[Some("s2")]]));
    project.cp(["verify"]).success();
}

#[test]
fn a_list_that_bigquery_could_not_hold_is_refused() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = odd(server, "select 1 as id, {'tags': ['a', null]} as inner", "");
    project.cp(["build", "--threads", "1"]).status(1).assert("publish_list_with_null");
    project.file("models/odd.sql", "select 1 as id, {'a b': 1} as inner");
    project.cp(["build", "--threads", "1"]).status(2).assert("publish_field_name");
    project.file("models/odd.sql", "select 1 as id, [[1]] as inner");
    project.cp(["build", "--threads", "1"]).status(2).assert("publish_list_of_lists");
    assert!(server.tables(&dataset).is_empty(), "{:?}", server.tables(&dataset));
}

const DAYS: &str =
    "select id, date '2000-01-01' + id::integer as day, 1 as amount from range(9000) numbers(id), {{ ref('one') }}";

#[test]
fn more_partitions_than_one_statement_may_change() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = odd(server, DAYS, "partition_by: {field: day, data_type: date}, ");
    project.cp(["build"]).success();
    let sums = || server.rows(&dataset, "SELECT COUNT(*), SUM(amount), MIN(day), MAX(day) FROM odd").remove(0);
    assert_eq!(vec![sums()], told(&[[Some("9000"), Some("9000"), Some("2000-01-01"), Some("2024-08-21")]]));
    // Every row changes, and one moves from the first day to the last, or goes, or has no day.
    project.edit("models/odd.sql", "1 as amount", "2 as amount").edit(
        "models/odd.sql",
        "range(9000)",
        "range(1, 9001)",
    );
    project.edit(
        "models/odd.sql",
        "select id, date '2000-01-01' + id::integer",
        "select id, case id when 7 then null when 8 then date '2024-08-21' else date '2000-01-01' + id::integer end",
    );
    let output = project.cp(["build"]).success();
    assert!(output.stdout.contains("1 rows inserted, 8,999 updated, 1 deleted"), "{output}");
    assert_eq!(vec![sums()], told(&[[Some("9000"), Some("18000"), Some("2000-01-02"), Some("2024-08-22")]]));
    assert_eq!(server.rows(&dataset, "SELECT COUNT(*) FROM odd WHERE day IS NULL"), told(&[[Some("1")]]));
    project.cp(["publish", "--full-refresh"]).success();
    project.cp(["verify"]).success();
    project.edit("models/odd.sql", "range(1, 9001)", "range(1, 10010)");
    project.cp(["build"]).status(2).assert("publish_too_many_partitions");
}
