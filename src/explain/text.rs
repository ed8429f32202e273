//! The explanation for a terminal of 80 columns: the verdict, the events with what each changed, and the row.

use indexmap::IndexMap;

use crate::check::Mark;
use crate::diff::CellChange;
use crate::diff::Lines;
use crate::diff::Paragraph;
use crate::diff::beside;
use crate::diff::brief;
use crate::diff::shown;
use crate::engine::Value;
use crate::event::UNKNOWN_VENDOR;
use crate::explain::Effect;
use crate::explain::Explanation;
use crate::explain::Place;
use crate::explain::Step;
use crate::explain::Told;
use crate::progress::grouped;

/// Characters that are shown of a value; `--output json` has more.
const WIDEST: usize = 24;

/// Places that are told one by one.
const PLACES: usize = 5;

/// Values that a row need not say when it appears.
const EMPTY: [&str; 3] = ["NULL", "false", "0"];

/// The explanation, paragraph by paragraph.
pub fn text(explanation: &Explanation) -> Vec<Paragraph> {
    let mut all = vec![verdict(explanation)];
    all.extend(explanation.steps.iter().map(step));
    if let Some(row) = &explanation.row {
        let longest = row.iter().map(|cell| cell.column.chars().count()).max().unwrap_or(0);
        let line = |column: &str, value: &str| (Mark::Plain, format!("{column:longest$}  {value}"));
        let lines = row.iter().map(|cell| line(&cell.column, &value(&cell.value))).collect();
        let headline = format!("as {} makes it", explanation.file);
        all.push(Paragraph { name: "the row".to_string(), headline, lines });
    }
    all
}

fn verdict(told: &Explanation) -> Paragraph {
    let mut lines = Lines::default();
    let proof = &told.proof;
    let key: Vec<_> = told.key.iter().map(|cell| value(&cell.value)).collect();
    if let Some(grain) = &told.grain {
        lines.wrapped(Mark::Plain, "", &words(grain), " ");
    }
    let (headline, mark, proved) = proved(told);
    lines.wrapped(mark, "", &words(&proved), " ");
    if told.row.is_some() && proof.is_made {
        for change in &proof.different {
            let (is, made) = beside(&change.before, &change.after, WIDEST);
            lines.add(Mark::Changed, format!("{}: {is}, from these alone {made}", change.column));
        }
    }
    if !proof.is_equal && !told.stale.is_empty() {
        lines.wrapped(Mark::Changed, "not as the project would build it: ", &told.stale, ", ");
    }
    if !proof.is_equal && !told.other_sources.is_empty() {
        lines.wrapped(Mark::Plain, "not looked into: ", &told.other_sources, ", ");
    }
    if !told.not_built.is_empty() {
        let many = counted(told.not_built.len() as u64, "more event");
        let (have, are) = if told.not_built.len() == 1 { ("has", "is") } else { ("have", "are") };
        let shown: Vec<_> = told.not_built.iter().take(PLACES).map(String::as_str).collect();
        let rest = if told.not_built.len() > PLACES { ", …" } else { "" };
        let many = format!(
            "{many} with the key {have} landed and {are} not built yet; run `cp run`: {}{rest}",
            shown.join(", ")
        );
        lines.wrapped(Mark::Changed, "", &words(&many), " ");
    }
    for (count, what) in
        [(told.other_mentions, "not looked into"), (told.unrelated, "which nothing that the model is made of reads")]
    {
        if count > 0 {
            let many = format!("{} with the key, {what}", counted(count, "more event"));
            lines.wrapped(Mark::Plain, "", &words(&many), " ");
        }
    }
    if !told.nearest.is_empty() {
        lines.wrapped(Mark::Plain, "the nearest keys are ", &told.nearest, ", ");
    }
    places(&mut lines, "has the key and could not be read", &told.unread);
    Paragraph { name: format!("{} {}", told.model, key.join(",")), headline, lines: lines.0 }
}

/// What building the row from its events came to: in a few words, and in a sentence.
fn proved(told: &Explanation) -> (String, Mark, String) {
    let proof = &told.proof;
    let all = told.steps.iter().flat_map(|step| &step.events);
    let behind = all.filter(|event| event.is_behind).count() as u64;
    let with_seeds = |events: String| [events].into_iter().chain(told.seeds.clone()).collect::<Vec<_>>().join(" and ");
    let given = with_seeds(counted(proof.events, "event"));
    // Beside how many are behind it, all of them would be another number.
    let these = match proof.events.saturating_sub(behind) {
        0 => format!("{given} alone"),
        more => {
            let have = if more == 1 { "has" } else { "have" };
            format!("{} and {} more that only {have} the key", with_seeds("these".to_string()), grouped(more))
        }
    };
    let columns = counted(proof.columns, "column");
    let same = grouped(proof.columns - proof.different.len() as u64);
    match (&told.row, proof.is_equal) {
        (None, true) => {
            ("there is no such row".to_string(), Mark::Plain, format!("built from {given} alone, there is none either"))
        }
        (_, false) if !told.stale.is_empty() => (
            if told.row.is_some() { "not explained" } else { "there is no such row" }.to_string(),
            Mark::Changed,
            match (&told.row, proof.is_made) {
                (None, _) => format!("the warehouse is older than the project: built from {given} alone, there is one"),
                (_, false) => {
                    format!("the warehouse is older than the project: built from {given} alone, there is none")
                }
                (_, true) => format!(
                    "the warehouse is older than the project: built from {given} alone, {same} of its {columns} are the same"
                ),
            },
        ),
        (None, false) => (
            "there is no such row".to_string(),
            Mark::Changed,
            format!("built from {given} alone, there is one: what takes it away is not among them"),
        ),
        (Some(_), true) => (
            format!("{} behind it", counted(behind, "event")),
            Mark::Added,
            format!("proved: built from {these}, all of its {columns} are the same"),
        ),
        (Some(_), false) if !proof.is_made => (
            "not explained".to_string(),
            Mark::Removed,
            match proof.is_led {
                true => format!(
                    "built from {given} alone, there is no such row: its columns do not lead to the rows that it stands on \
                     (`meta: {{explain: {{by: [columns]}}}}` names others)"
                ),
                false => {
                    format!("built from {given} alone, there is no such row: it stands on all rows of its parents")
                }
            },
        ),
        (Some(_), false) => (
            format!("{} behind it, and others", counted(behind, "event")),
            Mark::Changed,
            format!(
                "built from {these}, {same} of its {columns} are the same; those that are not stand on other rows too:"
            ),
        ),
    }
}

fn step(step: &Step) -> Paragraph {
    let mut lines = Lines::default();
    let (name, headline) = match step.events.as_slice() {
        [event] => {
            one(&mut lines, event);
            // Nobody told it; the models may tell it from the payload.
            let vendor = if event.vendor == UNKNOWN_VENDOR { String::new() } else { format!(" of {}", event.vendor) };
            (time(event).to_string(), format!("{}{vendor}", event.event_type))
        }
        events => {
            let mut types: IndexMap<&str, u64> = IndexMap::new();
            events.iter().for_each(|event| *types.entry(event.event_type.as_str()).or_default() += 1);
            let types: Vec<_> = types.iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
            lines.wrapped(Mark::Plain, "", &types, ", ");
            let count = |is: fn(&Told) -> bool| events.iter().filter(|event| is(event)).count() as u64;
            for (count, what) in [
                (count(|event| !event.rejected.is_empty()), "rejected, at least in part"),
                (count(|event| !event.conflicts.is_empty()), "came again with another payload"),
            ] {
                if count > 0 {
                    lines.add(Mark::Plain, format!("{} {what}", grouped(count)));
                }
            }
            let span = [events.first(), events.last()].into_iter().flatten().map(time).collect::<Vec<_>>().join(" to ");
            (span, counted(events.len() as u64, "event"))
        }
    };
    changed(&mut lines, step);
    Paragraph { name, headline, lines: lines.0 }
}

/// What is said of one event.
fn one(lines: &mut Lines, event: &Told) {
    let mut about = vec![event.event_id.clone()];
    if let Some(arrived) = &event.arrived_at {
        let after = if event.is_out_of_order { ", after others that happened later" } else { "" };
        let late = match event.days_late {
            0 => String::new(),
            days => format!(", {} late", counted(days, "day")),
        };
        about.push(format!("arrived {arrived}{late}{after}"));
    }
    lines.wrapped(Mark::Plain, "", &about, ", ");
    if let Some(payload) = &event.payload {
        let mut fields = Vec::new();
        leaves(payload, String::new(), &mut fields);
        lines.wrapped(Mark::Plain, "payload: ", &fields, ", ");
    }
    for reason in &event.rejected {
        lines.wrapped(Mark::Removed, "rejected: ", &words(reason), " ");
    }
    places(lines, "came again with another payload, which was set aside", &event.conflicts);
}

/// The values in a payload, with the way to each.
fn leaves(value: &serde_json::Value, way: String, told: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, if way.is_empty() { name.clone() } else { format!("{way}.{name}") }, told);
            }
        }
        serde_json::Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                leaves(value, format!("{way}[{index}]"), told);
            }
        }
        value => told.push(format!("{way} {value}")),
    }
}

/// What became of the row.
fn changed(lines: &mut Lines, step: &Step) {
    let is_told = |value: &str| !EMPTY.contains(&value) && value.parse::<f64>() != Ok(0.0);
    let alone = |value: fn(&CellChange) -> &String| -> Vec<String> {
        let cells = step.changes.iter().filter(|change| is_told(value(change)));
        cells.map(|change| format!("{} {}", change.column, brief(value(change), WIDEST))).collect()
    };
    match step.effect {
        Effect::Appears => lines.wrapped(Mark::Added, "the row appears: ", &alone(|change| &change.after), ", "),
        Effect::Disappears => lines.add(Mark::Removed, "the row is gone".to_string()),
        Effect::Changes => {
            let cells = step.changes.iter().map(|change| {
                let (before, after) = beside(&change.before, &change.after, WIDEST);
                format!("{} {before} → {after}", change.column)
            });
            match step.changes.is_empty() {
                true => lines.add(Mark::Plain, "changes only columns that are told apart above".to_string()),
                false => lines.wrapped(Mark::Changed, "", &cells.collect::<Vec<_>>(), ", "),
            }
        }
        Effect::Nothing => {
            let is_behind = step.events.iter().any(|event| event.is_behind || !event.rejected.is_empty());
            let why = if is_behind { "" } else { ": it has the key, and no row upstream leads to it" };
            lines.add(Mark::Plain, format!("changes nothing{why}"));
        }
    }
}

fn places(lines: &mut Lines, what: &str, places: &[Place]) {
    for Place { file, line, reason } in places.iter().take(PLACES) {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        lines.wrapped(Mark::Changed, "", &words(&format!("{file}:{line} {what}{reason}")), " ");
    }
    if places.len() > PLACES {
        lines.add(Mark::Plain, format!("… {} more", grouped((places.len() - PLACES) as u64)));
    }
}

fn value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "NULL".to_string(),
        serde_json::Value::String(text) => shown(&Value::Text(text.clone())),
        other => shown(&Value::Other(other.to_string())),
    }
}

fn time(event: &Told) -> &str {
    event.happened_at.as_deref().unwrap_or("at an unknown time")
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_string).collect()
}

/// `1 event`, `2,000 events`.
fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}
