//! The report as one page of HTML that needs nothing else: no script, no network; in light and dark, on a screen, a phone
//! and paper.

use serde_json::Value as Json;
use serde_json::json;

use crate::engine::Table;
use crate::error::Result;
use crate::page::Pages;
use crate::progress::Status;
use crate::report::chart::Chart;
use crate::report::chart::in_words;
use crate::report::chart::spark;
use crate::report::checks::Check;
use crate::report::gather::Events;
use crate::report::gather::Page;
use crate::report::gather::count;
use crate::report::gather::not_run;
use crate::report::headline::Figure;
use crate::report::layout::Grid;
use crate::report::number::Unit;
use crate::report::number::thousands;
use crate::report::phrase;
use crate::report::queries::queries;
use crate::report::section::Body;
use crate::report::section::Section;
use crate::report::table::grid;
use crate::report::table::telling_rows;

const PAGE: &str = include_str!("page.html");

/// Rows of a table that stand open; the others are folded.
const OPEN_ROWS: usize = 12;

/// Warnings that stand open; the others are folded.
const AT_A_GLANCE: usize = 6;

/// Rows that a page holds of one section at all.
const MOST_ROWS: usize = 1000;

/// In pixels, of a chart on a screen and on a phone.
const WIDE: u32 = 880;
const NARROW: u32 = 380;

/// The report as a page.
///
/// # Errors
/// A fault in the page itself.
pub(super) fn html(page: &Page) -> Result<String> {
    Pages::of(&[("page.html", PAGE)])?.page("page.html", facts(page))
}

fn facts(page: &Page) -> Json {
    let (charted, plain): (Vec<_>, Vec<_>) = page.sections.iter().partition(|section| !section.charts.is_empty());
    let (mut declared, others): (Vec<_>, Vec<_>) =
        page.checks.iter().partition(|check| check.is_declared || check.is_notable());
    declared.sort_by_key(|check| (!check.is_notable(), !check.is_declared, check.description.is_empty()));
    let mut attention: Vec<_> =
        page.checks.iter().filter(|check| check.is_notable() && check.status != Status::Skipped).collect();
    // What somebody took the trouble to explain first.
    attention.sort_by_key(|check| (check.status == Status::Warn, check.description.is_empty(), !check.is_declared));
    let state = phrase::state(page);
    json!({
        "project": page.project,
        "date": page.date,
        "day": in_full(&page.date),
        "level": state.level,
        "sign": state.sign,
        "word": state.told,
        "verdict": in_code(&page.verdict),
        "tally": phrase::tally(page),
        "notes": page.notes,
        "events": page.events.as_ref().map(events),
        "scores": scores(page),
        "troubles": page.troubles.iter().map(|it| json!({
            "kind": it.kind, "name": it.name, "status": it.status.as_str(), "message": it.message,
        })).collect::<Vec<_>>(),
        "at_a_glance": AT_A_GLANCE.max(page.checks.iter().filter(|check| check.status.is_bad()).count()),
        "attention": attention.into_iter().map(check).collect::<Vec<_>>(),
        "compared_with": page.compared_with.as_deref().map(in_full),
        "whole_time": phrase::whole_time(page),
        "old_figures": phrase::old_figures(page),
        "headline": page.headline.iter().map(figure).collect::<Vec<_>>(),
        "charted": charted.into_iter().map(section).collect::<Vec<_>>(),
        "sections": plain.into_iter().map(section).collect::<Vec<_>>(),
        "declared": declared.into_iter().map(check).collect::<Vec<_>>(),
        "others": others.into_iter().map(check).collect::<Vec<_>>(),
        "run": page.run.of.as_ref().map(|run| json!({
            "verb": run.verb,
            "id": run.invocation_id,
            "started": format!("{:.0}", run.started_at),
            "took": format!("{:.1}", run.took_seconds),
        })),
        "written": format!("{:.0}", page.run.generated_at),
    })
}

fn events(events: &Events) -> Json {
    let parts = [
        ("stored", events.stored),
        ("duplicates", events.duplicates),
        ("conflicts", events.conflicts),
        ("set aside", events.set_aside),
    ];
    json!({
        "delivered": thousands(&events.delivered.to_string()),
        "parts": parts.map(|(name, number)| (name, thousands(&number.to_string()))),
        "said": phrase::events(events),
        "missing": events.missing(),
    })
}

fn scores(page: &Page) -> Json {
    let scores = [
        (Status::Error, "errors"),
        (Status::Fail, "failed"),
        (Status::Warn, "warned"),
        (Status::Skipped, "skipped"),
        (Status::Pass, "passed"),
    ];
    let score = |(status, word): (Status, &str)| json!({"status": status.as_str(), "word": word, "count": count(&page.checks, status)});
    let left_out = json!({"status": "not-run", "word": "not run", "count": not_run(&page.checks)});
    scores.into_iter().map(score).chain([left_out]).collect()
}

/// `2025-01-15` as `15 January 2025`.
fn in_full(date: &str) -> String {
    date.parse::<jiff::civil::Date>().map_or(date.to_string(), |date| date.strftime("%-d %B %Y").to_string())
}

fn figure(figure: &Figure) -> Json {
    let digits = figure.value.to_string();
    let change = phrase::change(figure);
    let exact = figure.unit.exact(&digits);
    let short = match digits.parse() {
        Ok(_) if figure.unit == Unit::Share => exact.clone(),
        Ok(number) => figure.unit.short(number),
        Err(_) => "unknown".to_string(),
    };
    let direction = match figure.change().as_deref() {
        Some("0") | None => "",
        Some(change) if change.starts_with('-') => "▼",
        Some(_) => "▲",
    };
    json!({
        "name": figure.name,
        "value": digits,
        "short": short,
        "unit": figure.unit.name(),
        "exact": (exact != short).then_some(exact),
        "change": change,
        "direction": direction,
        "news": match figure.is_good_news() {
            Some(true) => "good",
            Some(false) => "bad",
            None => "",
        },
    })
}

fn section(section: &Section) -> Json {
    let mut facts = json!({
        "id": section.name.replace(['.', ' '], "-"),
        "name": section.name,
        "title": section.title,
        "description": section.description,
        "stale": section.stale,
        "notes": section.notes,
        "as_of": section.as_of.as_deref().map(in_full),
        "charts": section.charts.iter().enumerate().map(|(index, it)| chart(section, index, it)).collect::<Vec<_>>(),
        "is_wide": section.charts.iter().any(Chart::is_wide),
    });
    match &section.body {
        Body::NotBuilt => facts["missing"] = json!(format!("cp build --select +{}", section.name)),
        Body::Unreadable(message) => facts["unreadable"] = json!(message),
        Body::Rows { table: rows, more } => {
            let (telling, nothing) = telling_rows(rows);
            let shown = &telling[..telling.len().min(MOST_ROWS)];
            let open = if shown.len() <= OPEN_ROWS + 4 { shown.len() } else { OPEN_ROWS };
            facts["all"] = table(&grid(rows, shown));
            facts["open"] = table(&grid(rows, &shown[..open]));
            facts["folded"] = table(&grid(rows, &shown[open..]));
            facts["count"] = json!(shown.len());
            facts["empty"] = json!(rows.rows.is_empty().then(|| phrase::nothing(section)));
            facts["more"] = json!((*more || telling.len() > shown.len()).then(|| section.shown_by()));
            facts["nothing"] = json!(nothing);
            let queries = queries(rows, &telling);
            facts["queries"] = queries.into_iter().map(|it| json!({"group": it.group, "sql": it.sql})).collect();
        }
    }
    facts
}

fn chart(section: &Section, index: usize, chart: &Chart) -> Json {
    let widths = if chart.is_wide() { vec![("wide", WIDE), ("narrow", NARROW)] } else { vec![("only", NARROW)] };
    let drawn: Result<Vec<_>, String> = widths
        .into_iter()
        .map(|(class, width)| {
            let drawing = chart.draw(width)?;
            let id = format!("{}-{index}-{class}", section.name.replace(['.', ' '], "-"));
            Ok(json!({"class": class, "id": id, "width": drawing.width, "height": drawing.height,
                "inside": drawing.inside}))
        })
        .collect();
    json!({
        "title": chart.title,
        "says": chart.told(),
        "series": chart.series.iter().map(|series| &series.name).collect::<Vec<_>>(),
        "kind": if chart.is_line() { "line" } else { "bar" },
        "fault": drawn.as_ref().err(),
        "drawn": drawn.unwrap_or_default(),
    })
}

fn table(grid: &Grid) -> Json {
    let columns: Vec<_> = grid
        .columns
        .iter()
        .map(|(name, right)| json!({"name": name, "title": in_words(name), "right": right, "flag": name.starts_with("is_")}))
        .collect();
    json!({"columns": columns, "rows": grid.rows})
}

fn check(check: &Check) -> Json {
    let failures = |count: Option<u64>| count.map_or("did not run".to_string(), |count| thousands(&count.to_string()));
    let trend: Vec<_> = check.trend.iter().map(|it| format!("{}: {}", it.date, failures(it.failures))).collect();
    let values: Vec<_> = check.trend.iter().filter_map(|it| it.failures).map(|number| number as f64).collect();
    let line = if values.len() > 1 && values.iter().any(|value| *value > 0.0) { spark(&values).ok() } else { None };
    json!({
        "name": check.name,
        "title": check.title,
        "status": check.word(),
        "severity": check.severity(),
        "found": phrase::found(check),
        "failures": failures(check.failures),
        "limits": check.limits.iter().map(|(name, limit)| (in_words(name), limit)).collect::<Vec<_>>(),
        "told": phrase::told(check).map(in_code),
        "help": check.help.as_deref().map(in_code),
        "description": in_code(&check.description),
        "trend": trend,
        "before": check.trend.iter().rev().nth(1).map(|it| failures(it.failures)),
        "spark": line.map(|it| json!({"width": it.width, "height": it.height, "inside": it.inside})),
        "sql": check.sql,
        "query": check.query.as_deref().map(str::trim),
        "sample": check.sample.as_ref().map(sample),
        "is_notable": check.is_notable(),
        "is_declared": check.is_declared,
    })
}

/// Text between back-ticks apart, as `(text, is code)`.
fn in_code(text: &str) -> Vec<(&str, bool)> {
    text.split('`').enumerate().map(|(index, part)| (part, index % 2 == 1)).collect()
}

fn sample(sample: &Table) -> Json {
    let rows: Vec<usize> = (0..sample.rows.len()).collect();
    // Every row stands for itself: nothing is left blank because the row above says it.
    let rows = rows.iter().flat_map(|row| grid(sample, &[*row]).rows).collect();
    table(&Grid { columns: grid(sample, &[]).columns, rows })
}
