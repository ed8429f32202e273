//! The last thing a verb says: what happened to the data, and where to look.

use serde_json::{Value as Json, json};

use crate::cli::golden;
use crate::config::OutputFormat;
use crate::error::Result;
use crate::flow::Changes;
use crate::flow::ComparedTable;
use crate::flow::Comparison;
use crate::flow::Done;
use crate::flow::House;
use crate::flow::Named;
use crate::flow::Published;
use crate::flow::PublishedTable;
use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::RunRecord;
use crate::progress::Status;
use crate::progress::grouped;
use crate::project::NodeKind;
use crate::ui;

/// Prints faults with their places, then the summary.
pub fn show(house: &House, done: &Done) {
    if let Some(record) = &done.record {
        for outcome in &record.outcomes {
            if let Some(diagnostic) = &outcome.diagnostic {
                ui::show_diagnostic(diagnostic);
            }
        }
    }
    golden::show(done);
    match house.settings.flags.output {
        OutputFormat::Json => ui::write_out(&format!("{}\n", as_json(house, done))),
        OutputFormat::Text if house.settings.flags.quiet => {}
        OutputFormat::Text => ui::write_out(&ui::columns(&[], &rows(house, done), &[])),
    }
}

fn rows(house: &House, done: &Done) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut add = |name: &str, text: String| rows.push(vec![name.to_string(), text]);
    if let Some(ingested) = &done.ingested {
        let total = ingested.totals();
        add(
            "events",
            format!(
                "{} delivered = {} stored + {} duplicates + {} conflicts + {} set aside",
                grouped(total.delivered),
                grouped(total.stored),
                grouped(total.duplicates),
                grouped(total.conflicts),
                grouped(total.set_aside)
            ),
        );
        let (read, unchanged) = (ingested.files.len() - ingested.unchanged(), ingested.unchanged());
        add("files", format!("{} read, {} unchanged", grouped(read as u64), grouped(unchanged as u64)));
    }
    if let Some(extracted) = &done.extracted {
        add(
            "landed",
            format!("{} new events, {} in the warehouse", grouped(extracted.events), grouped(extracted.events_in_all)),
        );
    }
    if let Some(comparison) = done.extracted.as_ref().and_then(|extracted| extracted.comparison.as_ref()) {
        comparison_rows(comparison).into_iter().for_each(|(name, text)| add(name, text));
    }
    compared_rows(&done.compared).into_iter().for_each(|(name, text)| add(&name, text));
    if let Some(record) = &done.record {
        let built = models(house, record);
        if !built.is_empty() {
            add("models", built);
        }
        let checks = checks(house, record);
        if !checks.is_empty() {
            add("checks", checks);
        }
    }
    let golden = golden::summary(&done.golden);
    if !golden.is_empty() {
        add("golden", golden);
    }
    if !done.units.is_empty() {
        add("units", golden::unit_tests(&done.units));
    }
    if let Some(replays) = &done.replays {
        add("replays", golden::replayed(replays));
    }
    for chunk in done.tables.chunks(3) {
        let cells: Vec<String> = chunk.iter().map(|(name, rows)| format!("{name} {}", grouped(*rows))).collect();
        add(if chunk.as_ptr() == done.tables.as_ptr() { "rows" } else { "" }, cells.join("   "));
    }
    match &done.published {
        Some(Ok(published)) if !published.tables.is_empty() => {
            let (name, text) = published_row(&house.destination(), published);
            add(name, text);
        }
        Some(_) => add("published", "nothing".to_string()),
        None => {}
    }
    if let Some(folder) = &done.report {
        add("report", format!("{}/quality_report.html", house.settings.layout.shown(folder)));
    }
    rows
}

/// What was published, or would be.
fn published_row(destination: &str, published: &Published) -> (&'static str, String) {
    let tables = format!("{} tables in {destination}", published.tables.len());
    let changed = published.tables.iter().filter(|table| table.changed).count();
    match (published.unchanged, published.is_rehearsal()) {
        (true, _) => ("published", format!("{tables}, unchanged")),
        (_, true) => ("dry run", format!("{tables}, {changed} would change{}", rows_changed(published))),
        (_, false) => {
            let (rows, withdrawn) = (rows_changed(published), published.withdrawn_told());
            ("published", format!("{tables}, {changed} changed{rows}{withdrawn}"))
        }
    }
}

/// How many rows travelled, where only those that have changed do.
fn rows_changed(published: &Published) -> String {
    let changes: Vec<_> = published.tables.iter().filter_map(|table| table.changes).collect();
    if changes.is_empty() {
        return String::new();
    }
    let sum = |of: fn(&Changes) -> u64| grouped(changes.iter().map(of).sum());
    format!(
        ": {} rows inserted, {} updated, {} deleted",
        sum(|changes| changes.inserted),
        sum(|changes| changes.updated),
        sum(|changes| changes.deleted)
    )
}

fn compared_rows(tables: &[ComparedTable]) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let equal = tables.iter().filter(|table| table.is_equal()).count();
    if !tables.is_empty() {
        rows.push((
            "published".to_string(),
            format!("{equal} of {} tables are in BigQuery as in the warehouse", tables.len()),
        ));
    }
    for table in tables.iter().filter(|table| !table.is_equal()) {
        let told: Vec<_> = table
            .differences
            .iter()
            .map(|it| format!("{} {} in the warehouse, {} published", it.name, it.warehouse, it.published))
            .collect();
        rows.push((
            table.name.clone(),
            if table.is_published { told.join("; ") } else { "is not published".to_string() },
        ));
    }
    rows
}

fn comparison_rows(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let Comparison { stored, buckets, differing, fetched, extra, changed, doubled, still_missing } = comparison;
    let named = |named: &Named| match named.is_empty() {
        true => "0".to_string(),
        false => format!("{}: {named}", grouped(named.count)),
    };
    let mut rows = vec![
        (
            "compared",
            format!(
                "{} events in the raw store, by {} buckets, {differing} of them differed",
                grouped(*stored),
                grouped(*buckets)
            ),
        ),
        ("missing", format!("{} in the warehouse, and landed now", grouped(*fetched))),
        ("extra", format!("{} in the warehouse only", named(extra))),
        ("changed", format!("{} with another payload in the raw store", named(changed))),
    ];
    if *still_missing > 0 {
        rows.push((
            "withheld",
            format!("{} missing still: the raw store tells of them and does not give them", grouped(*still_missing)),
        ));
    }
    if !doubled.is_empty() {
        rows.push(("doubled", format!("{} more than once in the raw store", named(doubled))));
    }
    rows.push(("verdict", if comparison.is_equal() { "both hold the same" } else { "they differ" }.to_string()));
    rows
}

fn models(house: &House, record: &RunRecord) -> String {
    let of = |kind: NodeKind, status: Status| {
        let is = |id| house.project.nodes.get(id).is_some_and(|node| node.kind == kind);
        record.outcomes.iter().filter(|outcome| outcome.status == status && is(&outcome.id)).count() as u64
    };
    let told = |(status, what): (Status, &str)| {
        let (models, seeds) = (of(NodeKind::Model, status), of(NodeKind::Seed, status));
        let of_seeds = format!("{} seed{}", grouped(seeds), if seeds == 1 { "" } else { "s" });
        match (models, seeds) {
            (0, 0) => None,
            (_, 0) => Some(format!("{} {what}", grouped(models))),
            (0, _) => Some(format!("{of_seeds} {what}")),
            _ => Some(format!("{} and {of_seeds} {what}", grouped(models))),
        }
    };
    let ends = [
        (Status::Success, "built"),
        (Status::Unchanged, "unchanged"),
        (Status::Error, "failed"),
        (Status::Skipped, "skipped"),
    ];
    ends.into_iter().filter_map(told).collect::<Vec<_>>().join(", ")
}

fn checks(house: &House, record: &RunRecord) -> String {
    let of_tests = |status: Status| {
        let is = |id| house.project.nodes.get(id).is_some_and(|node| node.kind == NodeKind::Test);
        record.outcomes.iter().filter(|outcome| outcome.status == status && is(&outcome.id)).count()
    };
    let parts = [
        (of_tests(Status::Pass), "passed"),
        (of_tests(Status::Warn), "warned"),
        (of_tests(Status::Fail), "failed"),
        (of_tests(Status::Error), "could not be run"),
        (of_tests(Status::Skipped), "skipped"),
    ];
    if parts.iter().all(|(count, _)| *count == 0) {
        return String::new();
    }
    joined(&parts, 3)
}

/// `3 built, 2 unchanged`: the first `always` parts whatever they count, the others where they count something.
fn joined(parts: &[(usize, &str)], always: usize) -> String {
    let shown = parts.iter().enumerate().filter(|(index, (count, _))| *index < always || *count > 0);
    shown.map(|(_, (count, what))| format!("{} {what}", grouped(*count as u64))).collect::<Vec<_>>().join(", ")
}

fn as_json(house: &House, done: &Done) -> Json {
    let mut object = serde_json::Map::new();
    object.insert("invocation_id".to_string(), json!(house.invocation_id));
    object.insert("seconds".to_string(), json!(house.elapsed().as_secs_f64()));
    object.insert("seconds_in_duckdb".to_string(), json!(crate::engine::time_in_duckdb().as_secs_f64()));
    if let Some(ingested) = &done.ingested {
        let total = ingested.totals();
        object.insert(
            "events".to_string(),
            json!({
                "delivered": total.delivered, "stored": total.stored, "duplicates": total.duplicates,
                "conflicts": total.conflicts, "set_aside": total.set_aside,
                "files_read": ingested.files.len() - ingested.unchanged(), "files_unchanged": ingested.unchanged(),
            }),
        );
    }
    if let Some(extracted) = &done.extracted {
        object.insert("landed".to_string(), json!({ "new": extracted.events, "total": extracted.events_in_all }));
        if let Some(comparison) = &extracted.comparison {
            let named = |named: &Named| json!({ "count": named.count, "first": named.first });
            object.insert(
                "comparison".to_string(),
                json!({
                    "stored": comparison.stored, "buckets": comparison.buckets, "differing": comparison.differing,
                    "fetched": comparison.fetched, "extra": named(&comparison.extra),
                    "changed": named(&comparison.changed), "doubled": named(&comparison.doubled),
                    "is_equal": comparison.is_equal(),
                }),
            );
        }
    }
    if let Some(record) = &done.record {
        let nodes: Vec<Json> = record
            .outcomes
            .iter()
            .map(|outcome| {
                json!({
                    "unique_id": outcome.id.as_str(), "status": outcome.status.as_str(), "message": outcome.message,
                    "reason": outcome.reason, "rows": outcome.rows, "failures": outcome.failures,
                })
            })
            .collect();
        object.insert("nodes".to_string(), json!(nodes));
    }
    object.extend(golden::as_json(done));
    if !done.tables.is_empty() {
        object
            .insert("tables".to_string(), done.tables.iter().map(|(name, rows)| (name.clone(), json!(rows))).collect());
    }
    match &done.published {
        Some(Ok(published)) => {
            object.insert("published".to_string(), published_json(&house.destination(), published));
        }
        Some(Err(error)) => {
            object.insert("published".to_string(), json!({ "error": error.to_string() }));
        }
        None => {}
    }
    if let Some(folder) = &done.report {
        object.insert("report".to_string(), json!(house.settings.layout.shown(folder)));
    }
    Json::Object(object)
}

fn published_json(destination: &str, published: &Published) -> Json {
    let table = |table: &PublishedTable| {
        let mut told = json!({ "name": table.name, "rows": table.rows, "changed": table.changed });
        if let Some(Changes { inserted, updated, deleted }) = table.changes {
            told["inserted"] = json!(inserted);
            told["updated"] = json!(updated);
            told["deleted"] = json!(deleted);
        }
        told
    };
    let tables: Vec<Json> = published.tables.iter().map(table).collect();
    let mut told = json!({
        "id": published.id, "destination": destination, "unchanged": published.unchanged, "tables": tables,
        "withdrawn": published.withdrawn,
    });
    if let Some(script) = &published.script {
        told["dry_run"] = json!(true);
        told["script"] = json!(script);
    }
    told
}

/// Prints a plan, as `--dry-run` shows it.
pub fn plan(house: &House, plan: &Plan) -> Result<()> {
    let line = |action: &Action| match action {
        Action::Full { reason } => ("build", reason.clone()),
        Action::Update { reason } => ("update", reason.clone()),
        Action::Unchanged => ("same", String::new()),
        Action::Check => ("check", String::new()),
        Action::Inline => ("inline", "part of its children".to_string()),
    };
    let steps = plan.steps.values().map(|step| (step, line(&step.action)));
    if house.settings.flags.output == OutputFormat::Json {
        let steps: Vec<Json> = steps
            .map(
                |(step, (action, reason))| json!({ "unique_id": step.id.as_str(), "action": action, "reason": reason }),
            )
            .collect();
        ui::write_out(&format!("{}\n", json!(steps)));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = steps
        .map(|(step, (action, reason))| vec![action.to_string(), house.project.nodes[&step.id].name.clone(), reason])
        .collect();
    ui::write_out(&ui::columns(&[], &rows, &[]));
    Ok(())
}
