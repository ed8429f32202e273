//! The report as a comment on a pull request: a scoreboard first, details folded, never longer than a comment may be.

use crate::diff::Model;
use crate::diff::Report;
use crate::diff::Rows;
use crate::diff::Standing;
use crate::diff::phrase;
use crate::diff::value::beside;
use crate::diff::value::brief;
use crate::progress::grouped;

/// Characters that a comment on GitHub may have.
pub const LIMIT: usize = 65_536;

/// Kept for what is said of models that are left out.
const RESERVE: usize = 2_000;

/// Characters that are shown of a value; `--output json` has more.
const WIDEST: usize = 40;

/// Lines of the scoreboard.
const LINES: usize = 100;

/// The report, in at most `limit` characters.
pub fn markdown(report: &Report, limit: usize) -> String {
    let mut page = format!("### cp diff: {}\n\n{}\n\n", phrase::verdict(report), escaped(&phrase::sides(report)));
    page.push_str(&format!("**{}**\n", phrase::scoreboard(&report.counts)));
    for note in &report.notes {
        page.push_str(&format!("\n> {}\n", escaped(note)));
    }
    let told = report.told();
    page.push_str(&scoreboard(&told));
    let mut left_out = Vec::new();
    let mut length = page.chars().count();
    for model in &told {
        let details = details(model);
        let more = details.chars().count();
        if length + more + RESERVE > limit {
            left_out.push(model.name.clone());
            continue;
        }
        length += more;
        page.push_str(&details);
    }
    for (standing, what) in [(Standing::Layout, "layout only"), (Standing::Downstream, "downstream, data equal")] {
        let names: Vec<_> = report.standing(standing).map(name).collect();
        let folded =
            format!("\n<details><summary>{what}: {}</summary>\n\n{}\n\n</details>\n", names.len(), names.join(", "));
        let more = folded.chars().count();
        if !names.is_empty() && length + more + RESERVE <= limit {
            length += more;
            page.push_str(&folded);
        }
    }
    if !left_out.is_empty() {
        let names = escaped(&phrase::some(&left_out));
        page.push_str(&format!(
            "\nLeft out, for a comment has its limit: the details of {names}. `cp diff` shows them.\n"
        ));
    }
    page
}

fn scoreboard(models: &[&Model]) -> String {
    if models.is_empty() {
        return String::new();
    }
    let mut table =
        "\n| model | data | code | rows | added | removed | changed |\n|---|---|---|---:|---:|---:|---:|\n".to_string();
    for model in models.iter().take(LINES) {
        let rows = model.rows.clone().unwrap_or_default();
        let counted = |count: u64| if count == 0 { String::new() } else { grouped(count) };
        let side = |rows: Option<u64>| rows.map_or("none".to_string(), grouped);
        let size = match (rows.before == rows.after, model.rows.is_some()) {
            (_, false) => String::new(),
            (true, _) => side(rows.after),
            (false, _) => format!("{} → {}", side(rows.before), side(rows.after)),
        };
        table.push_str(&format!(
            "| {} | {} | {} | {size} | {} | {} | {} |\n",
            name(model),
            word(model.standing),
            escaped(&phrase::origin(model)),
            counted(rows.added),
            counted(rows.removed),
            counted(rows.changed),
        ));
    }
    if models.len() > LINES {
        table.push_str(&format!("\n… and {} models more\n", models.len() - LINES));
    }
    table
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Failed => "**not built**",
        Standing::Changed => "**changed**",
        Standing::Added => "added",
        Standing::Removed => "**removed**",
        _ => "equal",
    }
}

/// A published model is marked.
fn name(model: &Model) -> String {
    let published = if model.is_published { " (published)" } else { "" };
    format!("{}{published}", code(&model.name))
}

fn details(model: &Model) -> String {
    let mut text = format!("\n<details><summary>{}: {}</summary>\n\n", name(model), escaped(&phrase::summary(model)));
    let origin = phrase::origin(model);
    if !origin.is_empty() {
        text.push_str(&format!("{} in {}\n", escaped(&origin), code(&model.path)));
    }
    for (side, why) in [("at the base", &model.failed_before), ("in the working tree", &model.failed_after)] {
        if let Some(why) = why {
            text.push_str(&format!("\n{side}: {}\n", code(why)));
        }
    }
    if let Some(rows) = model.rows.as_ref().filter(|rows| rows.before.is_some() && rows.after.is_some()) {
        text.push_str(&columns(rows));
        text.push_str(&examples(rows));
    }
    if let Some(downstream) = phrase::downstream(model) {
        text.push_str(&format!("\ndownstream: {}\n", escaped(&downstream)));
    }
    text.push_str("\n</details>\n");
    text
}

/// Every column that is otherwise: in how many rows, and its sum.
fn columns(rows: &Rows) -> String {
    let mut lines = Vec::new();
    let sum = |name: &str| rows.sums.iter().find(|sum| sum.column == name);
    let told = |name: &str| sum(name).map_or(String::new(), |sum| phrase::sums(&sum.before, &sum.after));
    lines.extend(rows.columns_added.iter().map(|name| (name.clone(), "added".to_string(), String::new())));
    lines.extend(rows.columns_removed.iter().map(|name| (name.clone(), "removed".to_string(), String::new())));
    for it in &rows.columns_retyped {
        lines.push((it.name.clone(), format!("{} → {}", it.before, it.after), String::new()));
    }
    for it in &rows.columns_changed {
        lines.push((it.name.clone(), phrase::counted(it.rows, "row"), told(&it.name)));
    }
    let is_told = |name: &str| rows.columns_changed.iter().any(|column| column.name == name);
    for it in rows.sums.iter().filter(|sum| !is_told(&sum.column)) {
        lines.push((it.column.clone(), String::new(), told(&it.column)));
    }
    if lines.is_empty() {
        return String::new();
    }
    let line = |(name, what, sum): &(String, String, String)| {
        format!("| {} | {} | {} |\n", code(name), escaped(what), escaped(sum))
    };
    format!("\n| column | changed | sum |\n|---|---|---|\n{}", lines.iter().map(line).collect::<String>())
}

fn examples(rows: &Rows) -> String {
    let mut text = String::new();
    if !rows.examples_changed.is_empty() {
        text.push_str(&format!(
            "\n| {} | column | before | after |\n|---|---|---|---|\n",
            escaped(&rows.key.join(", "))
        ));
        for row in &rows.examples_changed {
            for (at, cell) in row.cells.iter().enumerate() {
                let key = if at == 0 { code(&briefly(&row.key)) } else { String::new() };
                let (before, after) = beside(&cell.before, &cell.after, WIDEST);
                text.push_str(&format!("| {key} | {} | {} | {} |\n", code(&cell.column), code(&before), code(&after)));
            }
        }
        let more = rows.changed.saturating_sub(rows.examples_changed.len() as u64);
        if more > 0 {
            text.push_str(&format!("\n… and {} more\n", phrase::counted(more, "changed row")));
        }
    }
    let alone = [(&rows.examples_added, rows.added, "added"), (&rows.examples_removed, rows.removed, "removed")];
    for (examples, count, what) in alone.into_iter().filter(|(_, count, _)| *count > 0) {
        let some: Vec<_> = examples.iter().map(|row| code(&briefly(row))).collect();
        let more = count.saturating_sub(some.len() as u64);
        let more = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
        text.push_str(&format!("\n{what}: {}{more}\n", some.join(" ")));
    }
    if let Some(why) = rows.without_key.as_ref().filter(|_| rows.added + rows.removed > 0) {
        text.push_str(&format!("\nrows were told apart by all of their columns: {}\n", escaped(why)));
    }
    text
}

/// A value or a name. In a code element GitHub sees neither mentions nor links.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// A text in which no character is markup, be it Markdown's or HTML's: what could be stands as a reference to itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // Inside a word it is none.
        let is_inside = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        match letter {
            letter if letter.is_control() => out.push('\u{fffd}'),
            '_' if is_inside => out.push('_'),
            '!' | '"' | '#' | '$' | '&' | '\'' | '*' | '<' | '>' | '@' | '[' | '\\' | ']' | '^' | '_' | '`' | '{'
            | '|' | '}' | '~' => out.push_str(&format!("&#{};", u32::from(letter))),
            letter => out.push(letter),
        }
        before = letter;
    }
    out
}

fn briefly(values: &[String]) -> String {
    values.iter().map(|value| brief(value, WIDEST)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Code, Counts, Revision, RowChange};

    #[test]
    fn a_page_is_never_longer_than_a_comment_may_be() {
        let change = RowChange { key: vec!["k".repeat(99)], cells: Vec::new() };
        let model = |at: usize| Model {
            name: format!("model_{at}"),
            kind: "model",
            path: format!("models/model_{at}.sql"),
            is_published: true,
            publication: None,
            standing: if at < 400 { Standing::Changed } else { Standing::Downstream },
            code: Code::Changed,
            reasons: vec!["SQL".to_string()],
            upstream: Vec::new(),
            downstream: Vec::new(),
            failed_before: None,
            failed_after: Some("x".repeat(500)),
            rows: Some(Rows { changed: 9, examples_changed: vec![change.clone(); 5], ..Rows::default() }),
        };
        let report = Report {
            base: Revision { name: "main".to_string(), commit: "0123456789abcdef".to_string() },
            events_from: "sample".to_string(),
            events: 1,
            counts: Counts { changed: 400, ..Counts::default() },
            published: Vec::new(),
            notes: Vec::new(),
            models: (0..4000).map(model).collect(),
        };
        let page = markdown(&report, LIMIT);
        assert!(page.chars().count() <= LIMIT, "{} characters", page.chars().count());
        assert!(page.contains("Left out, for a comment has its limit"), "{page}");
    }

    #[test]
    fn no_value_is_markup() {
        let text = escaped("<script>|`**@all** [x](y)\n~~_ &amp;");
        let markup = ['<', '>', '|', '`', '*', '@', '[', '_', '~', '\n'];
        assert!(!text.contains(markup), "{text}");
        assert!(text.starts_with("&#60;script&#62;&#124;&#96;"), "{text}");
        assert_eq!(escaped("net_revenue _a_"), "net_revenue &#95;a&#95;");
    }
}
