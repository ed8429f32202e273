//! What `cp verify` finds in BigQuery: by the values, not by what we ourselves have written beside them.

use super::*;
use crate::support::is_thorough;

/// Of every type that is published, but for bytes: the emulator cannot load them.
const ALL_TYPES: &str = "select id, id = 1 as flag, 1.10::double / id as share, (id / 3)::decimal(18, 2) as amount,
    12345678901234567890.5::decimal(38, 10) as much, 'ä~;' || id as note,
    date '2025-01-01' + id::integer as day, timestamp '2025-01-01 10:00:00.000001' as at, time '10:00:00.5' as hour,
    ['a;', id::varchar] as tags, {'city': null, 'parts': [{'n': id, 'x': 0.5::double}]} as place
from {{ ref('one') }}, range(1, 4) numbers(id)
union all by name select 9 as id
";

#[test]
fn equal_values_are_equal_whatever_their_type() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shapes::odd(server, ALL_TYPES, "");
    project.cp(["build"]).success();
    let verified = project.cp(["verify"]).success();
    assert!(verified.stdout.contains("1 of 1 tables are in BigQuery as in the warehouse"), "{verified}");
    let set = |assignment: &str| {
        let sql = format!("UPDATE `{dataset}.odd` SET {assignment} WHERE id = 2");
        server.execute(&sql);
    };
    let changes = [
        ("flag = NULL", "flag = FALSE"),
        ("share = share + 1e-15", "share = 0.55"),
        ("much = much + NUMERIC '0.000001'", "much = much - NUMERIC '0.000001'"),
        ("note = 'ä~:2'", "note = 'ä~;2'"),
        ("day = DATE '2025-01-04'", "day = DATE '2025-01-03'"),
        ("at = TIMESTAMP '2025-01-01 10:00:00.000002+00'", "at = TIMESTAMP '2025-01-01 10:00:00.000001+00'"),
    ];
    for (there, back) in &changes[..if is_thorough() { changes.len() } else { 1 }] {
        set(there);
        let verified = project.cp(["verify"]).status(1);
        assert!(verified.stdout.contains("hash of all values"), "{there}: {verified}");
        set(back);
    }
    project.cp(["verify"]).success();
    // The emulator sets no lists, so these change on this side.
    for (from, to) in [("['a;', id::varchar]", "['a;' || id::varchar]"), ("'x': 0.5", "'x': 0.25")] {
        project.edit("models/odd.sql", from, to).cp(["run"]).success();
        project.cp(["verify"]).status(1);
        project.edit("models/odd.sql", to, from);
    }
}

#[test]
fn what_was_changed_by_hand_is_told_by_value_key_and_column() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.cp(["build"]).success();
    let table = |name: &str| format!("`{dataset}.{name}`");
    server.execute(&format!("UPDATE {} SET amount = amount + 1 WHERE id = 2", table("sales")));
    server.execute(&format!("UPDATE {} SET shop = 'z' WHERE id = 3", table("sales")));
    server.execute(&format!("UPDATE {} SET _cp_row_key = 'damaged' WHERE shop = 'a'", table("totals")));
    project.edit("models/totals.sql", "count(*) as sales", "max(id) as last");
    project.cp(["run"]).success();
    project.cp(["verify"]).status(1).assert("verify_by_hand");
    // A table that never was `cp`'s.
    server.execute(&format!("DROP TABLE {}", table("totals")));
    server.execute(&format!("CREATE TABLE {} (shop STRING, amount STRING)", table("totals")));
    project.cp(["verify"]).status(1).assert("verify_of_another_table");
}

#[test]
fn sums_that_are_too_large_are_left_to_the_hash() {
    let Some(server) = BigQuery::shared() else { return };
    let select = "select id, 90000000000000000000::decimal(38, 18) as much from {{ ref('one') }}, range(3) numbers(id)";
    let (project, _) = shapes::odd(server, select, "");
    project.cp(["build"]).success();
    project.cp(["verify"]).success();
}

#[test]
fn equal_rows_do_not_hide_one_another() {
    let Some(server) = BigQuery::shared() else { return };
    let select =
        "select note, x::double as x from {{ ref('one') }}, (values ('a', 1), ('a', 1), ('b', 2)) given(note, x)";
    let (project, dataset) = shapes::odd(server, select, "");
    project.edit("models/_models.yml", ", key: [id]", "");
    project.cp(["build"]).success();
    project.cp(["verify"]).success();
    server.execute(&format!("UPDATE `{dataset}.odd` SET note = 'c', x = 7 WHERE note = 'a'"));
    let verified = project.cp(["verify"]).status(1);
    assert!(verified.stdout.contains("hash of all values"), "{verified}");
}
