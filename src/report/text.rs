//! The report for a person: a page of at most a hundred columns, what is wrong on top.

use crate::engine::Table;
use crate::progress::Status;
use crate::report::gather::Events;
use crate::report::gather::Page;
use crate::report::gather::count;
use crate::report::layout::Grid;
use crate::report::layout::WIDTH;
use crate::report::layout::hanging;
use crate::report::layout::wrap;
use crate::report::layout::wrap_sql;
use crate::report::number::Style;
use crate::report::number::is_number;
use crate::report::number::shown;
use crate::report::number::style;
use crate::report::number::thousands;
use crate::report::queries::queries;
use crate::report::section::Body;
use crate::report::section::Section;

/// Longer tables are cut; the JSON beside it has all rows.
const MOST_ROWS: usize = 60;

/// Under a heading.
const INDENT: &str = "  ";

/// The width of the word that stands before a line.
const LABEL: usize = 9;

/// The whole page.
pub(super) fn text(page: &Page) -> String {
    let mut lines = headline(page);
    lines.extend(attention(page));
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
    let said = [
        ("verdict", page.verdict.as_str()),
        ("checks", &tally(page)),
        ("events", &events),
        ("run", &run),
        ("written", &written),
    ];
    let lines = said.iter().flat_map(|(label, value)| labelled(label, value, WIDTH));
    heading(&title).into_iter().chain(lines).collect()
}

fn tally(page: &Page) -> String {
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

fn events(events: &Events) -> String {
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

/// Failures and warnings, with where to look.
fn attention(page: &Page) -> Vec<String> {
    let width = WIDTH - INDENT.len();
    let mut lines = Vec::new();
    for trouble in &page.troubles {
        let said = format!("{} `{}`: {}", trouble.kind, trouble.name, trouble.message);
        lines.extend(labelled(trouble.status.as_str(), &said, width));
    }
    for check in page.checks.iter().filter(|check| check.is_notable() && check.status != Status::Skipped) {
        let found = match check.failures {
            Some(1) => "1 row".to_string(),
            Some(failures) => format!("{} rows", thousands(&failures.to_string())),
            None => check.message.clone(),
        };
        lines.extend(labelled(check.status.as_str(), &format!("{}: {found}", check.name), width));
        if !check.description.is_empty() {
            lines.extend(labelled("", &check.description, width));
        }
        lines.push(format!("{:LABEL$}rows: {}", "", check.sql));
    }
    if lines.is_empty() {
        return Vec::new();
    }
    let heading = heading("What needs attention");
    std::iter::once(String::new()).chain(heading).chain(set_in(INDENT, lines)).collect()
}

fn set_in(indent: &str, lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let set = |line: String| if line.is_empty() { line } else { format!("{indent}{line}") };
    lines.into_iter().map(set).collect()
}

fn body(section: &Section) -> Vec<String> {
    let mut lines = wrap(&section.description, WIDTH);
    lines.retain(|line| !line.is_empty());
    if let Some(stale) = &section.stale {
        lines.extend(wrap(&format!("The numbers below may be old: `{}` was {stale}.", section.name), WIDTH));
    }
    lines.push(String::new());
    match &section.body {
        Body::NotBuilt => {
            lines.push(format!("{INDENT}not built: `cp build --select +{}` makes it", section.name));
        }
        Body::Unreadable(message) => {
            lines.extend(set_in(INDENT, wrap(&format!("could not be read: {message}"), WIDTH - 2)));
        }
        Body::Rows { table, .. } if table.rows.is_empty() => lines.push(format!("{INDENT}nothing to report")),
        Body::Rows { table, more } => lines.extend(set_in(INDENT, rows(section, table, *more))),
    }
    lines
}

fn rows(section: &Section, table: &Table, more: bool) -> Vec<String> {
    let (telling, nothing) = telling_rows(table);
    let mut lines = Vec::new();
    if !telling.is_empty() {
        lines.extend(grid(table, &telling[..telling.len().min(MOST_ROWS)]).lines(WIDTH - INDENT.len()));
    }
    if telling.len() > MOST_ROWS || more {
        let count = thousands(&(telling.len() - telling.len().min(MOST_ROWS)).to_string());
        let all = if more { "not all of them are read here".to_string() } else { format!("{count} more rows") };
        lines.push(format!("... {all}: `cp show --select {} --limit -1`", section.name));
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

/// Positions of the rows that say something, and the names of groups (of the first column) that are empty throughout.
fn telling_rows(table: &Table) -> (Vec<usize>, Vec<String>) {
    let all = (0..table.rows.len()).collect();
    let Some(column) = table.position("rows").filter(|column| *column > 0) else { return (all, Vec::new()) };
    let is_zero = |row: &usize| table.rows[*row][column].as_integer() == Some(0);
    let mut nothing: Vec<String> = Vec::new();
    let mut telling = Vec::new();
    let mut start = 0;
    // Rows of a group follow each other where the first column leads the order; where not, each is its own group.
    while start < table.rows.len() {
        let group = &table.rows[start][0];
        let end = start + table.rows[start..].iter().take_while(|row| row[0] == *group).count().max(1);
        let rows: Vec<_> = (start..end).collect();
        if rows.iter().all(is_zero) {
            nothing.push(shown(group, Style::Plain));
        } else {
            telling.extend(rows);
        }
        start = end;
    }
    (telling, nothing)
}

fn grid(table: &Table, rows: &[usize]) -> Grid {
    let columns: Vec<_> = (0..table.columns.len()).filter(|column| table.columns[*column].name != "query").collect();
    let right = |column: usize| {
        let mut values = rows.iter().map(|row| &table.rows[*row][column]).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(is_number)
    };
    let cell = |row: usize, column: usize| {
        // The first column leads: what is like the row above is left blank.
        let above = rows.iter().take_while(|held| **held != row).last();
        if column == 0
            && columns.len() > 1
            && above.is_some_and(|above| *above + 1 == row && table.rows[*above][0] == table.rows[row][0])
        {
            return String::new();
        }
        shown(&table.rows[row][column], style(&table.columns[column].name))
    };
    Grid {
        columns: columns.iter().map(|column| (table.columns[*column].name.clone(), right(*column))).collect(),
        rows: rows.iter().map(|row| columns.iter().map(|column| cell(*row, *column)).collect()).collect(),
    }
}

fn checks(page: &Page) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(heading("All checks"));
    if page.checks.is_empty() {
        lines.push(format!("{INDENT}none were run; `cp test` runs them"));
        return lines;
    }
    let failures = |count: Option<u64>| count.map_or("-".to_string(), |count| thousands(&count.to_string()));
    let grid = Grid {
        columns: [("status", false), ("check", false), ("rows", true), ("severity", false)]
            .map(|(name, right)| (name.to_string(), right))
            .to_vec(),
        rows: page
            .checks
            .iter()
            .map(|check| {
                let severity = check.severity().to_string();
                vec![check.status.as_str().to_string(), check.name.clone(), failures(check.failures), severity]
            })
            .collect(),
    };
    lines.extend(set_in(INDENT, grid.lines(WIDTH - INDENT.len())));
    lines
}
