//! What every format says in the same words.

use crate::progress::Status;
use crate::report::checks::Check;
use crate::report::gather::Events;
use crate::report::gather::Page;
use crate::report::gather::count;
use crate::report::headline::Figure;
use crate::report::number::thousands;

/// How many checks ended in which way.
pub(super) fn tally(page: &Page) -> String {
    let counts = [
        (Status::Error, "could not be run"),
        (Status::Fail, "failed"),
        (Status::Skipped, "skipped"),
        (Status::Warn, "warned"),
        (Status::Pass, "passed"),
    ];
    let said: Vec<_> = counts
        .into_iter()
        .map(|(status, word)| (count(&page.checks, status), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", thousands(&count.to_string())))
        .collect();
    if said.is_empty() { "none were run".to_string() } else { said.join(", ") }
}

/// What became of all deliveries, as a sum.
pub(super) fn events(events: &Events) -> String {
    let number = |number: i64| thousands(&number.to_string());
    let sum = format!(
        "{} delivered = {} stored + {} duplicates + {} conflicts + {} set aside",
        number(events.delivered),
        number(events.stored),
        number(events.duplicates),
        number(events.conflicts),
        number(events.set_aside),
    );
    match events.missing() {
        0 => sum,
        missing => format!("{sum}: this does not add up, {} are unaccounted for", number(missing)),
    }
}

/// How many rows a check found, or why it found none.
pub(super) fn found(check: &Check) -> String {
    match check.failures {
        Some(1) => "1 row".to_string(),
        Some(failures) => format!("{} rows", thousands(&failures.to_string())),
        None => check.message.clone(),
    }
}

/// What the rows themselves say, where the test names the column that says it.
pub(super) fn told(check: &Check) -> Option<&str> {
    check.failures.and_then(|_| check.message.split_once(": ")).map(|(_, told)| told)
}

/// What a check allows, as its settings and the variables that its description names say.
pub(super) fn limits(check: &Check) -> String {
    check.limits.iter().map(|(name, limit)| format!("{name} {limit}")).collect::<Vec<_>>().join(", ")
}

/// How a figure changed, with its sign; `None` where nothing is known to compare with.
pub(super) fn change(figure: &Figure) -> Option<String> {
    let change = figure.change()?;
    let number: f64 = change.parse().ok()?;
    let sign = if number > 0.0 { "+" } else { "" };
    Some(match figure.unit.as_str() {
        _ if number == 0.0 => "unchanged".to_string(),
        "share" => format!("{sign}{} points", crate::report::number::points(number)),
        _ => format!("{sign}{}", figure.unit.short(number)),
    })
}
