//! What is said of a model in a line, the same on every page.

use crate::diff::Counts;
use crate::diff::Model;
use crate::diff::Report;
use crate::diff::Rows;
use crate::diff::Standing;
use crate::diff::value::percent;
use crate::diff::value::spaced;
use crate::progress::grouped;

/// Names that are told one by one; of more only how many there are.
const TOLD: usize = 6;

/// Sums that a summary tells.
const SUMS: usize = 2;

/// What was compared with what, on which events.
pub(super) fn sides(report: &Report) -> String {
    let events = counted(report.events, "event");
    format!("{} → working tree, on the {events} of {}", report.base.shown(), report.events_from)
}

/// How many models stand how, as numbers and words; those of which there are none are left out.
pub(super) fn scores(counts: &Counts) -> Vec<(usize, &'static str)> {
    let all = [
        (counts.failed, "not built"),
        (counts.changed, "data changed"),
        (counts.added, "added"),
        (counts.removed, "removed"),
        (counts.code, "code changed, data equal"),
        (counts.layout, "layout only"),
        (counts.downstream, "downstream, data equal"),
        (counts.unchanged, "unchanged"),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).collect()
}

/// The scores in one line.
pub(super) fn scoreboard(counts: &Counts) -> String {
    let scores: Vec<_> =
        scores(counts).into_iter().map(|(count, what)| format!("{} {what}", grouped(count as u64))).collect();
    scores.join(" · ")
}

/// The verdict on all of it.
pub(super) fn verdict(report: &Report) -> String {
    match (report.published.len(), report.is_equal()) {
        (0, true) if report.models.is_empty() => "nothing changed".to_string(),
        (0, true) => "no number changed".to_string(),
        (0, false) => "no published table changed".to_string(),
        (count, _) => format!("{} changed", counted(count as u64, "published table")),
    }
}

/// What became of a model's data, with the first sums that are otherwise.
pub(super) fn summary(model: &Model) -> String {
    let rows = model.rows.as_ref().filter(|_| model.standing == Standing::Changed);
    let sums = rows.into_iter().flat_map(|rows| &rows.sums);
    let sums = sums.filter_map(|sum| Some(format!(", {} {}", sum.column, percent(&sum.before, &sum.after)?)));
    headline(model) + &sums.take(SUMS).collect::<String>()
}

/// What became of a model's data, and of its publication.
pub(super) fn headline(model: &Model) -> String {
    match &model.publication {
        Some(publication) => format!("{publication}; {}", data(model)),
        None => data(model),
    }
}

fn data(model: &Model) -> String {
    let rows = model.rows.clone().unwrap_or_default();
    match model.standing {
        Standing::Failed => match (&model.failed_before, &model.failed_after) {
            (Some(_), Some(_)) => "cannot be built on either side".to_string(),
            (Some(_), None) => "could not be built at the base, and can be now".to_string(),
            _ => "cannot be built in the working tree".to_string(),
        },
        Standing::Added => {
            let (after, columns) = (rows.after.unwrap_or(0), rows.columns_added.len() as u64);
            format!("new: {}, {}", counted(after, "row"), counted(columns, "column"))
        }
        Standing::Removed => format!("gone; it had {}", counted(rows.before.unwrap_or(0), "row")),
        Standing::Changed => changed(&rows),
        Standing::Code => "data equal".to_string(),
        Standing::Layout => "layout or comments only".to_string(),
        Standing::Downstream | Standing::Unchanged => "data equal".to_string(),
    }
}

fn changed(rows: &Rows) -> String {
    let mut told = Vec::new();
    let columns = [(&rows.columns_added, "added"), (&rows.columns_removed, "removed")];
    for (names, what) in columns.into_iter().filter(|(names, _)| !names.is_empty()) {
        told.push(format!("{} {what}", listed("column", names)));
    }
    if !rows.columns_retyped.is_empty() {
        let names: Vec<_> = rows.columns_retyped.iter().map(|column| column.name.clone()).collect();
        told.push(format!("{} of another type", listed("column", &names)));
    }
    if rows.is_reordered {
        told.push("columns in another order".to_string());
    }
    if rows.changed > 0 {
        let of = grouped(rows.after.unwrap_or(0));
        told.push(format!("{} of {of} rows changed", grouped(rows.changed)));
    }
    for (count, what) in [(rows.added, "added"), (rows.removed, "removed")] {
        if count > 0 {
            told.push(format!("{} {what}", counted(count, "row")));
        }
    }
    if told.is_empty() {
        told.extend(rows.sums.iter().take(1).map(|sum| format!("sum of {} changed", sum.column)));
    }
    told.join(", ")
}

/// Where the change comes from: the model's own code, or a model that it depends on.
pub(super) fn origin(model: &Model) -> String {
    let own = match model.standing {
        Standing::Added => "new".to_string(),
        Standing::Removed => "removed".to_string(),
        Standing::Layout => "layout".to_string(),
        _ if !model.reasons.is_empty() => format!("{} changed", model.reasons.join(", ")),
        _ => String::new(),
    };
    match (own.is_empty(), model.upstream.is_empty()) {
        (true, false) => format!("downstream of {}", some(&model.upstream)),
        _ => own,
    }
}

/// What lies downstream, published tables first.
pub(super) fn downstream(model: &Model) -> Option<String> {
    let published: Vec<_> = model.downstream.iter().filter(|it| it.is_published).map(|it| it.name.clone()).collect();
    let others: Vec<_> = model.downstream.iter().filter(|it| !it.is_published).map(|it| it.name.clone()).collect();
    match (published.is_empty(), others.is_empty()) {
        (true, true) => None,
        (true, false) => Some(some(&others)),
        (false, true) => Some(format!("{} (published)", published.join(", "))),
        (false, false) => Some(format!("{} (published); {}", published.join(", "), some(&others))),
    }
}

/// A sum before and after.
pub(super) fn sums(before: &str, after: &str) -> String {
    let share = percent(before, after).map_or(String::new(), |share| format!(" ({share})"));
    format!("{} → {}{share}", spaced(before), spaced(after))
}

/// Some of the names, and how many more there are.
pub(super) fn some(names: &[String]) -> String {
    match names.len() <= TOLD {
        true => names.join(", "),
        false => format!("{} and {} more", names[..TOLD - 1].join(", "), names.len() + 1 - TOLD),
    }
}

/// `1 row`, `2,000 rows`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn listed(noun: &str, names: &[String]) -> String {
    format!("{noun}{} {}", if names.len() == 1 { "" } else { "s" }, some(names))
}
