//! What every format says in the same words.

use crate::progress::Status;
use crate::report::checks::Check;
use crate::report::gather::Events;
use crate::report::gather::Page;
use crate::report::gather::count;
use crate::report::gather::not_run;
use crate::report::headline::Figure;
use crate::report::number::thousands;
use crate::report::section::Section;

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
        .chain([(not_run(&page.checks), "not run")])
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", thousands(&count.to_string())))
        .collect();
    if said.is_empty() { "the project has none".to_string() } else { said.join(", ") }
}

/// The whole report in a word and a colour.
pub(super) struct State {
    /// `good`, `warned`, `bad`, or `unknown` where nobody looked.
    pub(super) level: &'static str,
    /// The colour for those who see none.
    pub(super) sign: &'static str,
    pub(super) told: String,
}

/// Green only where every check was run, on what the project would build now, and found nothing.
pub(super) fn state(page: &Page) -> State {
    let number = |status| count(&page.checks, status);
    let (skipped, broken): (Vec<_>, Vec<_>) = page.troubles.iter().partition(|it| it.status == Status::Skipped);
    let bad = number(Status::Fail) + number(Status::Error) + broken.len();
    let unrun = not_run(&page.checks) + number(Status::Skipped);
    let skipped = number(Status::Skipped) + skipped.len();
    let (level, sign, told) = if page.events.is_some_and(|events| events.missing() != 0) {
        ("bad", "✕", "Events are missing".to_string())
    } else if bad > 0 {
        let more = if skipped > 0 { format!(", {} skipped", grouped(skipped)) } else { String::new() };
        ("bad", "✕", format!("Not well: {}{more}", counted(bad, "failure")))
    } else if page.events.is_some_and(|events| events.delivered == 0) {
        ("unknown", "?", "There is no data yet".to_string())
    } else if let Some(outdated) = &page.outdated {
        ("unknown", "?", format!("Not checked: {outdated}"))
    } else if page.checks.is_empty() {
        ("unknown", "?", "Not checked: the project has no checks".to_string())
    } else if unrun > 0 {
        let of = grouped(page.checks.len());
        ("unknown", "?", format!("Not checked: {} of {of} checks did not run", grouped(unrun)))
    } else if number(Status::Warn) > 0 {
        ("warned", "!", format!("Usable, with {}", counted(number(Status::Warn), "warning")))
    } else {
        ("good", "✓", "All is well".to_string())
    };
    State { level, sign, told }
}

fn grouped(number: usize) -> String {
    thousands(&number.to_string())
}

fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
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

/// What the headline's figures are of, where all say the same.
pub(super) fn whole_time(page: &Page) -> Option<String> {
    let since = page.headline.first()?.since.as_ref()?;
    let is_same = page.headline.iter().all(|figure| figure.since.as_ref() == Some(since));
    is_same.then(|| format!("Each figure is of all days since {since}."))
}

/// Why the headline's figures may be old.
pub(super) fn old_figures(page: &Page) -> Option<String> {
    let stale = page.headline.iter().find_map(|figure| figure.stale.as_ref())?;
    Some(format!("These figures may be old: their model {stale}."))
}

/// What a section without rows says. A model need not hold what it would have told on an earlier day.
pub(super) fn nothing(section: &Section) -> String {
    match &section.as_of {
        Some(day) => format!("not known for {day}: it holds nothing up to then"),
        None => "nothing to report".to_string(),
    }
}

/// What a check allows, as its settings and the variables that its description names say.
pub(super) fn limits(check: &Check) -> String {
    check.limits.iter().map(|(name, limit)| format!("{name} {limit}")).collect::<Vec<_>>().join(", ")
}

/// How a figure changed, with its sign; `None` where nothing is known to compare with.
pub(super) fn change(figure: &Figure) -> Option<String> {
    if figure.stale.is_some() {
        return Some("unknown".to_string());
    }
    let change = figure.change()?;
    let number: f64 = change.parse().ok()?;
    let sign = if number > 0.0 { "+" } else { "" };
    Some(match figure.unit.as_str() {
        _ if number == 0.0 => "unchanged".to_string(),
        "share" => format!("{sign}{} points", crate::report::number::points(number)),
        _ => format!("{sign}{}", figure.unit.short(number)),
    })
}
