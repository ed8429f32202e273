//! The report for a person: a page of at most a hundred columns, what is wrong on top.

use crate::engine::Table;
use crate::progress::Status;
use crate::report::checks::Check;
use crate::report::gather::Page;
use crate::report::headline::Figure;
use crate::report::layout::Grid;
use crate::report::layout::WIDTH;
use crate::report::layout::hanging;
use crate::report::layout::wrap;
use crate::report::layout::wrap_sql;
use crate::report::number::thousands;
use crate::report::phrase::change;
use crate::report::phrase::events;
use crate::report::phrase::found;
use crate::report::phrase::limits;
use crate::report::phrase::nothing;
use crate::report::phrase::old_figures;
use crate::report::phrase::state;
use crate::report::phrase::tally;
use crate::report::phrase::told;
use crate::report::phrase::whole_time;
use crate::report::queries::queries;
use crate::report::section::Body;
use crate::report::section::Section;
use crate::report::table::grid;
use crate::report::table::telling_rows;

/// Under a heading.
const INDENT: &str = "  ";

/// The width of the word that stands before a line.
const LABEL: usize = 9;

/// The whole page.
pub(super) fn text(page: &Page) -> String {
    let mut lines = headline(page);
    lines.extend(attention(page));
    lines.extend(figures(page));
    for (index, section) in page.sections.iter().enumerate() {
        lines.push(String::new());
        lines.extend(heading(&format!("{}. {}", index + 1, section.title)));
        lines.extend(body(section));
    }
    lines.extend(checks(page));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn heading(title: &str) -> [String; 2] {
    [title.to_string(), "=".repeat(title.chars().count().min(WIDTH))]
}

/// A short word, and beside it what it says, in lines of at most `width` characters.
fn labelled(label: &str, value: &str, width: usize) -> Vec<String> {
    let lines = wrap(value, width - LABEL).into_iter().enumerate();
    lines.map(|(index, line)| format!("{:<LABEL$}{line}", if index == 0 { label } else { "" })).collect()
}

fn headline(page: &Page) -> Vec<String> {
    let title = format!("Quality report: {}, {}", page.project, page.date);
    let events = page.events.as_ref().map_or("none were ingested yet".to_string(), events);
    let run = page.run.of.as_ref().map_or("none is known".to_string(), |run| {
        format!("`{}` {} of {:.0}, {:.1} s", run.verb, run.invocation_id, run.started_at, run.took_seconds)
    });
    let written = format!("{:.0}", page.run.generated_at);
    let state = state(page).told;
    let said = [
        ("state", state.as_str()),
        ("verdict", page.verdict.as_str()),
        ("checks", &tally(page)),
        ("events", &events),
        ("run", &run),
        ("written", &written),
    ];
    let notes = page.notes.iter().map(|note| ("note", note.as_str()));
    let lines: Vec<_> =
        said.into_iter().chain(notes).flat_map(|(label, value)| labelled(label, value, WIDTH)).collect();
    heading(&title).into_iter().chain(lines).collect()
}

/// Failures and warnings, with where to look.
fn attention(page: &Page) -> Vec<String> {
    let width = WIDTH - INDENT.len();
    let mut lines = Vec::new();
    for trouble in &page.troubles {
        let said = format!("{} `{}`: {}", trouble.kind, trouble.name, trouble.message);
        lines.extend(labelled(trouble.status.as_str(), &said, width));
    }
    for check in page.checks.iter().filter(|check| check.is_notable() && check.status != Status::Skipped) {
        let said = format!("{}: {}", check.name, found(check));
        lines.extend(labelled(check.status.as_str(), &said, width));
        if let Some(told) = told(check) {
            lines.extend(labelled("", told, width));
        }
        if !check.description.is_empty() {
            lines.extend(labelled("", &check.description, width));
        }
        if let Some(help) = &check.help {
            lines.extend(labelled("", &format!("help: {help}"), width));
        }
        if !check.limits.is_empty() {
            lines.extend(labelled("", &format!("limit: {}", limits(check)), width));
        }
        lines.push(format!("{:LABEL$}rows: {}", "", check.sql));
    }
    if lines.is_empty() {
        return Vec::new();
    }
    let heading = heading("What needs attention");
    std::iter::once(String::new()).chain(heading).chain(set_in(INDENT, lines)).collect()
}

/// The headline figures, with what they were.
fn figures(page: &Page) -> Vec<String> {
    if page.headline.is_empty() {
        return Vec::new();
    }
    let row = |figure: &Figure| {
        let exact = |digits: &str| figure.unit.exact(digits);
        let now = if figure.value.is_null() { "-".to_string() } else { exact(&figure.value.to_string()) };
        let before = figure.before.as_deref().map_or("-".to_string(), exact);
        vec![figure.name.clone(), now, before, change(figure).unwrap_or_else(|| "-".to_string())]
    };
    let before = page.compared_with.as_ref().map_or("before".to_string(), |date| format!("on {date}"));
    let columns =
        [("figure".to_string(), false), ("now".to_string(), true), (before, true), ("change".to_string(), true)];
    let grid = Grid { columns: columns.to_vec(), rows: page.headline.iter().map(row).collect() };
    let said = whole_time(page).into_iter().chain(old_figures(page)).flat_map(|said| wrap(&said, WIDTH));
    let lines = set_in(INDENT, grid.lines(WIDTH - INDENT.len()));
    std::iter::once(String::new()).chain(heading("Headline")).chain(said).chain(lines).collect()
}

fn set_in(indent: &str, lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let set = |line: String| if line.is_empty() { line } else { format!("{indent}{line}") };
    lines.into_iter().map(set).collect()
}

fn body(section: &Section) -> Vec<String> {
    let mut lines = wrap(&section.description, WIDTH);
    lines.retain(|line| !line.is_empty());
    if let Some(stale) = &section.stale {
        lines.extend(wrap(&format!("The numbers below may be old: `{}` {stale}.", section.name), WIDTH));
    }
    for note in &section.notes {
        lines.extend(wrap(note, WIDTH));
    }
    lines.push(String::new());
    match &section.body {
        Body::NotBuilt => {
            lines.push(format!("{INDENT}not built: `cp build --select +{}` makes it", section.name));
        }
        Body::Unreadable(message) => {
            lines.extend(set_in(INDENT, wrap(&format!("could not be read: {message}"), WIDTH - 2)));
        }
        Body::Rows { table, .. } if table.rows.is_empty() => lines.push(format!("{INDENT}{}", nothing(section))),
        Body::Rows { table, more } => lines.extend(set_in(INDENT, rows(section, table, *more))),
    }
    lines
}

fn rows(section: &Section, table: &Table, more: bool) -> Vec<String> {
    let (telling, nothing) = telling_rows(table);
    let mut lines = Vec::new();
    if !telling.is_empty() {
        lines.extend(grid(table, &telling[..telling.len().min(section.most_rows)]).lines(WIDTH - INDENT.len()));
    }
    if telling.len() > section.most_rows || more {
        let count = thousands(&(telling.len() - telling.len().min(section.most_rows)).to_string());
        let all = if more { "not all of them are read here".to_string() } else { format!("{count} more rows") };
        lines.push(format!("... {all}: `{}`", section.shown_by()));
    }
    if !nothing.is_empty() {
        let said = format!("none: {}", nothing.join("; "));
        lines.extend(hanging(&said, WIDTH - INDENT.len(), "      ", wrap));
    }
    let queries = queries(table, &telling);
    if !queries.is_empty() && !lines.is_empty() {
        lines.push(String::new());
    }
    for query in queries {
        let label = query.group.map_or("rows: ".to_string(), |group| format!("rows ({group}): "));
        let whole = format!("{label}{}", query.sql);
        if whole.chars().count() <= WIDTH - INDENT.len() {
            lines.push(whole);
        } else {
            lines.push(label.trim_end().to_string());
            lines.extend(set_in("    ", wrap_sql(&query.sql, WIDTH - 6)));
        }
    }
    lines
}

fn checks(page: &Page) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(heading("All checks"));
    if page.checks.is_empty() {
        lines.push(format!("{INDENT}the project has none"));
        return lines;
    }
    let failures = |count: Option<u64>| count.map_or("-".to_string(), |count| thousands(&count.to_string()));
    let headings = [("status", false), ("check", false), ("rows", true), ("before", true), ("severity", false)];
    let row = |check: &Check| {
        let before = check.trend.iter().rev().nth(1).map_or("-".to_string(), |before| failures(before.failures));
        let [status, name] = [check.word(), &check.name].map(str::to_string);
        vec![status, name, failures(check.failures), before, check.severity().to_string()]
    };
    let grid = Grid {
        columns: headings.map(|(name, right)| (name.to_string(), right)).to_vec(),
        rows: page.checks.iter().map(row).collect(),
    };
    lines.extend(set_in(INDENT, grid.lines(WIDTH - INDENT.len())));
    lines
}
