//! The report for a program: the same content under stable keys; numbers as numbers, decimals as text.

use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;

use crate::engine::Table;
use crate::engine::Value;
use crate::progress::Status;
use crate::report::checks::Check;
use crate::report::gather::Page;
use crate::report::gather::Run;
use crate::report::gather::count;
use crate::report::gather::not_run;
use crate::report::headline::Better;
use crate::report::headline::Figure;
use crate::report::phrase;
use crate::report::section::Body;
use crate::report::section::Section;

/// Raised when a key changes its meaning or goes.
pub(super) const FORMAT: u32 = 1;

/// The whole report.
pub(super) fn json(page: &Page) -> String {
    let events = page.events.map(|events| {
        json!({
            "delivered": events.delivered,
            "stored": events.stored,
            "duplicates": events.duplicates,
            "conflicts": events.conflicts,
            "set_aside": events.set_aside,
            "adds_up": events.missing() == 0,
        })
    });
    let troubles: Vec<_> = page
        .troubles
        .iter()
        .map(|it| json!({"kind": it.kind, "name": it.name, "status": it.status.as_str(), "message": it.message}))
        .collect();
    let state = phrase::state(page);
    let document = json!({
        "format": FORMAT,
        "project": page.project,
        "date": page.date,
        "as_of": page.as_of,
        "data_until": page.data_until,
        "outdated": page.outdated,
        "state": {"level": state.level, "told": state.told},
        "verdict": page.verdict,
        "notes": page.notes,
        "compared_with": page.compared_with,
        "headline": page.headline.iter().map(figure).collect::<Vec<_>>(),
        "events": events,
        "not_built": troubles,
        "checks": {
            "passed": count(&page.checks, Status::Pass),
            "warned": count(&page.checks, Status::Warn),
            "failed": count(&page.checks, Status::Fail),
            "errors": count(&page.checks, Status::Error),
            "skipped": count(&page.checks, Status::Skipped),
            "not_run": not_run(&page.checks),
            "results": page.checks.iter().map(check).collect::<Vec<_>>(),
        },
        "sections": page.sections.iter().map(section).collect::<Vec<_>>(),
        "run": run(&page.run),
    });
    format!("{document:#}\n")
}

fn figure(figure: &Figure) -> Json {
    json!({
        "figure": figure.name,
        "value": figure.value.to_json(),
        "unit": figure.unit.as_str(),
        "better": figure.better.map(Better::as_str),
        "since": figure.since,
        "stale": figure.stale,
        "before": figure.before,
        "change": figure.change(),
    })
}

fn check(check: &Check) -> Json {
    json!({
        "name": check.name,
        "status": check.word(),
        "severity": check.severity(),
        "failures": check.failures,
        "message": check.message,
        "description": check.description,
        "help": check.help,
        "limits": check.limits.iter().map(|(name, limit)| (name.clone(), json!(limit))).collect::<Json>(),
        "trend": check.trend.iter().map(|it| json!({"date": it.date, "failures": it.failures})).collect::<Vec<_>>(),
        "sample": check.sample.as_ref().map(objects),
        "sql": check.sql,
    })
}

fn section(section: &Section) -> Json {
    let mut object = json!({
        "name": section.name,
        "title": section.title,
        "description": section.description,
        "stale": section.stale,
        "as_of": section.as_of,
        "notes": section.notes,
        "charts": section.charts.iter().map(|it| json!({"title": it.title, "says": it.told()})).collect::<Vec<_>>(),
    });
    let said = match &section.body {
        Body::NotBuilt => json!({"status": "not built"}),
        Body::Unreadable(message) => json!({"status": "unreadable", "message": message}),
        Body::Rows { table, more } => rows(table, *more),
    };
    if let (Json::Object(object), Json::Object(said)) = (&mut object, said) {
        object.extend(said);
    }
    object
}

fn rows(table: &Table, more: bool) -> Json {
    let columns: Vec<_> =
        table.columns.iter().map(|column| json!({"name": column.name, "type": column.data_type})).collect();
    json!({
        "status": "built",
        "columns": columns,
        "rows": objects(table),
        "more": more,
    })
}

fn objects(table: &Table) -> Json {
    let row = |values: &Vec<Value>| {
        let fields = table.columns.iter().zip(values).map(|(column, value)| (column.name.clone(), value.to_json()));
        Json::Object(fields.collect())
    };
    table.rows.iter().map(row).collect()
}

fn run(run: &Run) -> Json {
    let time = |at: Timestamp| format!("{at:.6}");
    json!({
        "invocation_id": run.of.as_ref().map(|of| &of.invocation_id),
        "verb": run.of.as_ref().map(|of| &of.verb),
        "started_at": run.of.as_ref().map(|of| time(of.started_at)),
        "took_seconds": run.of.as_ref().map(|of| of.took_seconds),
        "generated_at": time(run.generated_at),
    })
}
