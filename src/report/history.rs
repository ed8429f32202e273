//! What earlier reports said: the figures and checks that the newest is compared with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::report::json::FORMAT;

/// So many reports before this one make a trend.
const MOST: usize = 30;

/// An earlier report, as far as it is compared with.
pub(super) struct Earlier {
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    /// The value of each headline figure, as it was written.
    pub(super) figures: BTreeMap<String, String>,
    /// How many rows each check found; `None` where it did not run. A report of an earlier day, written later, tells of
    /// later checks: it has none here.
    pub(super) failures: BTreeMap<String, Option<u64>>,
}

/// Everything that is known of earlier reports.
#[derive(Default)]
pub(super) struct History {
    /// Oldest first.
    pub(super) reports: Vec<Earlier>,
    /// Which reports are left out, and why.
    pub(super) notes: Vec<String>,
}

impl History {
    /// The report that changes are told against: the last that tells figures which were not old.
    pub(super) fn last(&self) -> Option<&Earlier> {
        self.reports.iter().rev().find(|report| !report.figures.is_empty())
    }
}

#[derive(Deserialize)]
struct Document {
    project: String,
    date: String,
    #[serde(default)]
    as_of: Option<String>,
    #[serde(default)]
    data_until: Option<String>,
    #[serde(default)]
    headline: Vec<Figure>,
    checks: Checks,
}

#[derive(Deserialize)]
struct Figure {
    figure: String,
    value: Option<serde_json::Value>,
    #[serde(default)]
    stale: Option<String>,
}

#[derive(Deserialize)]
struct Checks {
    results: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    failures: Option<u64>,
}

/// The reports of a project in `reports/<day>/` on days before `date`, at most [`MOST`].
pub(super) fn history(reports: &Path, project: &str, date: &str) -> History {
    let folders = fs::read_dir(reports).into_iter().flatten().flatten();
    let mut dates: Vec<String> = folders
        .filter_map(|folder| folder.file_name().into_string().ok())
        .filter(|name| name.as_str() < date && name.parse::<jiff::civil::Date>().is_ok())
        .filter(|name| reports.join(name).join("quality_report.json").is_file())
        .collect();
    dates.sort();
    let mut history = History::default();
    for date in dates.split_off(dates.len().saturating_sub(MOST)) {
        match read(&reports.join(&date).join("quality_report.json"), project, &date) {
            Ok(earlier) => history.reports.extend(earlier),
            Err(reason) => history.notes.push(format!("the report of {date} is left out of every trend: {reason}")),
        }
    }
    history
}

/// Whether the report in a folder was made when its day was the last that there was data of. What cannot be read may be
/// such a report.
pub(super) fn is_of_its_day(folder: &Path) -> bool {
    let Ok(text) = fs::read(folder.join("quality_report.json")) else { return false };
    let document: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    ["as_of", "data_until"].iter().all(|key| document.get(key).is_none_or(serde_json::Value::is_null))
}

/// `None` for a day without data: it says nothing that the day before it has not said.
fn read(path: &Path, project: &str, date: &str) -> Result<Option<Earlier>, String> {
    let text = fs::read(path).map_err(|error| format!("it cannot be read ({error})"))?;
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| format!("it is damaged ({error})"))?;
    // The format first: what another one says under these keys is anybody's guess.
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format != Some(u64::from(FORMAT)) {
        let format = format.map_or("none".to_string(), |format| format.to_string());
        return Err(format!("its format is {format}, and {FORMAT} is read"));
    }
    let document: Document = serde_json::from_value(value).map_err(|error| format!("it is damaged ({error})"))?;
    if document.project != project || document.date != date {
        return Err(format!("it is on `{}`, {}", document.project, document.date));
    }
    if document.data_until.is_some() {
        return Ok(None);
    }
    let figure = |figure: Figure| {
        if figure.stale.is_some() {
            return None;
        }
        let value = match figure.value? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        Some((figure.figure, value))
    };
    let checks = if document.as_of.is_none() { document.checks.results } else { Vec::new() };
    Ok(Some(Earlier {
        date: document.date,
        figures: document.headline.into_iter().filter_map(figure).collect(),
        failures: checks.into_iter().map(|check| (check.name, check.failures)).collect(),
    }))
}
