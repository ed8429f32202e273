//! Whole reports on a small warehouse.

use super::*;
use crate::artifact::example;
use crate::engine::Engine;

fn engine() -> Engine {
    let engine = Engine::in_memory().unwrap();
    let session = engine.session().unwrap();
    session
        .run(
            "create schema raw;
             create table raw.ingest_log as
                 select 1200 as delivered, 1100 as stored, 60 as duplicates, 5 as conflicts, 35 as set_aside;
             create view quality_completeness as
             select * from (values
                 ('orders without customer', 'vendor_b', 12345, 0.0345::decimal(18, 6), 1.50::decimal(18, 2), 1,
                  'select * from shop.orders where customer_id is null and coalesce(vendor, ''(none)'') = ''vendor_b'''),
                 ('orders without customer', 'vendor_a', 0, null, 0.00, 1,
                  'select * from shop.orders where customer_id is null and coalesce(vendor, ''(none)'') = ''vendor_a'''),
                 ('totals of zero', 'vendor_a', 0, 0, 0, 1, 'select 1'),
                 ('unreadable times', 'vendor_a', 7, 0.00001, 0, 1,
                  'select event_id, event_type, vendor, occurred_at from shop.int_event_outcomes where is_time_unreadable and occurred_at is null')
             ) rows(metric, vendor, rows, share, amount_ngn, _position, query);",
        )
        .unwrap();
    engine
}

fn report(engine: &Engine, folder: &Path, record: Option<&RunRecord>, date: Option<&str>) -> Written {
    let project = example::project(folder);
    let scanned = example::scanned(&project);
    let verdict = "nothing was published: check `nothing_lost` failed";
    let occasion = Occasion { record, verdict, date, ..Occasion::default() };
    write(&project, &scanned, &engine.session().unwrap(), &occasion, &folder.join("reports")).unwrap()
}

fn without_time(text: &str) -> String {
    let line = |line: &str| if line.starts_with("written  ") { "written  <now>".to_string() } else { line.to_string() };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_says_what_is_wrong_first() {
    let folder = tempfile::tempdir().unwrap();
    let written = report(&engine(), folder.path(), Some(&example::record()), Some("2024-01-31"));
    assert_eq!(written.folder, folder.path().join("reports/2024-01-31"));
    let page = std::fs::read_to_string(&written.files[2]).unwrap();
    assert!(page.contains("<b>Not well: 1 failure</b>") && page.contains("class=\"verdict bad\""), "{page}");
    let text = std::fs::read_to_string(&written.files[0]).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!(without_time(&text), @r"
    Quality report: shop, 2024-01-31
    ================================
    state    Not well: 1 failure
    verdict  nothing was published: check `nothing_lost` failed
    checks   1 failed, 1 warned
    events   1,200 delivered = 1,100 stored + 60 duplicates + 5 conflicts + 35 set aside
    run      `build` 0106902d-d966-4fa6-8783-26e76939d443 of 2023-11-14T22:13:20Z, 1.2 s
    written  <now>

    What needs attention
    ====================
      fail     nothing_lost: 3 rows
               rows: target/compiled/shop/tests/sql/nothing_lost.sql
      warn     unique_orders_id: 1 row
               rows: target/compiled/shop/models/orders.yml/unique_orders_id.sql

    1. Completeness
    ===============
    What the vendors left out.

      metric                   vendor      rows   share  amount_ngn
      -------------------------------------------------------------
      orders without customer  vendor_a       0       -        0.00
                               vendor_b  12,345   3.5 %        1.50
      unreadable times         vendor_a       7  <0.1 %        0.00
      none: totals of zero

      rows (orders without customer): select * from shop.orders where customer_id is null
      rows (unreadable times):
          select event_id, event_type, vendor, occurred_at from shop.int_event_outcomes where
          is_time_unreadable and occurred_at is null

    All checks
    ==========
      status  check             rows  before  severity
      ------------------------------------------------
      fail    nothing_lost         3       -  error
      warn    unique_orders_id     1       -  warn
    ");
}

#[test]
fn the_json_says_the_same_to_programs() {
    let folder = tempfile::tempdir().unwrap();
    let written = report(&engine(), folder.path(), Some(&example::record()), None);
    assert_eq!(written.folder.file_name().unwrap(), "2023-11-14", "the day of the run, where no model says another");
    let document: serde_json::Value = serde_json::from_slice(&std::fs::read(&written.files[1]).unwrap()).unwrap();
    let row = &document["sections"][0]["rows"][1];
    assert_eq!((&row["rows"], &row["share"]), (&serde_json::json!(12345), &serde_json::json!("0.034500")));
    assert_eq!(document["sections"][0]["columns"][3]["type"], "DECIMAL(18,6)");
    assert_eq!(document["events"]["adds_up"], true);
    assert_eq!(
        (&document["checks"]["failed"], &document["checks"]["results"][0]["name"]),
        (&1.into(), &"nothing_lost".into())
    );
}

#[test]
fn an_empty_warehouse_is_told_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let written = report(&Engine::in_memory().unwrap(), folder.path(), None, Some("2024-01-31"));
    let text = std::fs::read_to_string(&written.files[0]).unwrap();
    assert!(text.contains("none were ingested yet") && text.contains("  not built: `cp build"), "{text}");
    assert!(text.contains("state    Not checked: 2 of 2 checks did not run"), "{text}");
}

#[test]
fn without_a_record_the_last_run_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let project = example::project(folder.path());
    artifact::write_run_results(&project, &example::record()).unwrap();
    let engine = engine();
    let one = report(&engine, folder.path(), Some(&example::record()), Some("2024-01-31"));
    let one = without_time(&std::fs::read_to_string(&one.files[0]).unwrap());
    let two = report(&engine, folder.path(), None, Some("2024-01-31"));
    assert_eq!(one, without_time(&std::fs::read_to_string(&two.files[0]).unwrap()));
}

#[test]
fn a_date_is_a_date() {
    let engine = Engine::in_memory().unwrap();
    let session = engine.session().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let project = example::project(folder.path());
    for date in ["../../etc", "2024-13-01", "20240131", "2024-01-31T00:00"] {
        let occasion = Occasion { date: Some(date), ..Occasion::default() };
        let error = write(&project, &Scanned::default(), &session, &occasion, folder.path()).unwrap_err();
        assert_eq!((error.message(), error.exit_code()), (format!("`{date}` is no date").as_str(), 2));
    }
}
