//! `cp drift`: what producers have changed without a word, and the edits that take it in.

use serde_json::{Value as Json, json};

use crate::cli;
use crate::cli::arguments::DriftFlags;
use crate::config::OutputFormat;
use crate::error::Error;
use crate::error::Result;
use crate::flow::Applied;
use crate::flow::Drift;
use crate::flow::Finding;
use crate::project::Addition;
use crate::ui;
use crate::ui::Sign;

pub fn perform(flags: DriftFlags) -> Result<()> {
    let apply = flags.apply;
    let (house, console) = cli::open("drift", flags.project.flags())?;
    console.close();
    let drift = house.drift()?;
    let mut applied = if apply { house.take_in(&drift)? } else { Applied::default() };
    match house.settings.flags.output {
        OutputFormat::Json => ui::write_out(&format!("{}\n", as_json(&drift, &applied.written))),
        OutputFormat::Text => ui::write_out(&as_text(&drift, &applied.written)),
    }
    match (applied.written.len(), drift.proposals.len()) {
        (0, 0) if apply => ui::say("nothing is proposed with enough confidence, so nothing was written"),
        (0, 0) => {}
        (0, _) if !apply => ui::say("`cp drift --apply` writes what is proposed with enough confidence"),
        (0, _) => ui::say("nothing was written"),
        _ => ui::say("written; `cp build` reads anew what was rejected"),
    }
    for present in &applied.present {
        ui::say(&format!("`{}` is in `{}` already, and the warehouse is older", present.name, present.keys.join(": ")));
    }
    if let Some(stale) = &drift.stale {
        ui::say(&format!("{stale}; `cp build` brings it up to date"));
    }
    if let Some(last) = applied.refused.pop() {
        applied.refused.iter().for_each(ui::show_error);
        return Err(last);
    }
    // What was taken in is well as soon as it is built.
    match drift.faults() {
        count if count > 0 && applied.written.is_empty() && applied.present.is_empty() => {
            Err(Error::data(format!("{count} of the findings above mean that the data is not well")))
        }
        _ => Ok(()),
    }
}

fn as_text(drift: &Drift, additions: &[Addition]) -> String {
    let mut parts: Vec<String> = drift.findings.iter().filter(|it| !it.table.rows.is_empty()).map(section).collect();
    parts.extend(additions.iter().map(|addition| {
        let place = format!("{}:{}", addition.file.path.display(), addition.line);
        let before = addition.before.as_deref().map(|line| (Sign::Removed, line));
        let lines: Vec<_> = before.into_iter().chain([(Sign::Added, addition.after.as_str())]).collect();
        ui::changes(&place, "", &lines)
    }));
    if parts.is_empty() { "no drift\n".to_string() } else { parts.join("\n") }
}

/// A title, and the rows as columns, each with what is told of it below.
fn section(finding: &Finding) -> String {
    let table = &finding.table;
    let positions: Vec<_> = finding.show.iter().filter_map(|name| table.position(name)).collect();
    let header: Vec<_> = positions.iter().map(|at| table.columns[*at].name.as_str()).collect();
    let cells = table.rows.iter().map(|row| positions.iter().map(|at| row[*at].to_string()).collect());
    let columns = ui::columns(&header, &cells.collect::<Vec<Vec<_>>>(), &[]);
    let mut lines = columns.lines();
    let mut text = format!("{}\n", finding.title);
    let mut push = |line: &str| text.push_str(&format!("  {}\n", line.trim_end()));
    if !header.is_empty() {
        lines.next().into_iter().for_each(&mut push);
    }
    let tell = finding.tell.as_deref().and_then(|name| table.position(name));
    for row in &table.rows {
        lines.next().filter(|_| !header.is_empty()).into_iter().for_each(&mut push);
        tell.into_iter().for_each(|at| push(&format!("  {}", row[at])));
    }
    text
}

fn as_json(drift: &Drift, additions: &[Addition]) -> Json {
    let rows = |finding: &Finding| -> Json {
        let names = finding.table.columns.iter().map(|column| column.name.clone());
        let object = |row: &Vec<_>| -> Json {
            names.clone().zip(row.iter().map(crate::engine::Value::to_json)).collect::<serde_json::Map<_, _>>().into()
        };
        finding.table.rows.iter().map(object).collect()
    };
    let findings: serde_json::Map<_, _> =
        drift.findings.iter().map(|finding| (finding.model.clone(), rows(finding))).collect();
    let written: Vec<Json> = additions
        .iter()
        .map(|it| json!({"file": it.file.path, "line": it.line, "before": it.before, "after": it.after}))
        .collect();
    json!({"findings": findings, "written": written})
}
