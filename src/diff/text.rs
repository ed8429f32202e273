//! The report for a terminal of 80 columns.

use crate::check::Mark;
use crate::diff::Model;
use crate::diff::Report;
use crate::diff::Rows;
use crate::diff::Standing;
use crate::diff::phrase;
use crate::diff::value::beside;
use crate::diff::value::brief;
use crate::progress::grouped;

/// Characters of a line, the mark in front of it aside.
const WIDTH: usize = 75;

/// Rows that are shown of each sort.
const SHOWN: usize = 2;

/// Characters that are shown of a value; `--output json` has more.
const WIDEST: usize = 24;

/// Columns that are told one by one.
const COLUMNS: usize = 8;

/// A name, what is said of it, and the lines below.
pub struct Paragraph {
    pub name: String,
    pub headline: String,
    pub lines: Vec<(Mark, String)>,
}

/// The report: first what all comes to, then each model that is otherwise, then the others.
pub fn text(report: &Report) -> Vec<Paragraph> {
    let mut all = Vec::new();
    let mut first = Lines::default();
    first.wrapped(Mark::Plain, "", &phrase::sides(report).split(' ').map(str::to_string).collect::<Vec<_>>(), " ");
    let scores: Vec<_> = phrase::scoreboard(&report.counts).split(" · ").map(str::to_string).collect();
    first.wrapped(Mark::Plain, "", &scores, " · ");
    if !report.published.is_empty() {
        first.wrapped(Mark::Changed, "published: ", &report.published, ", ");
    }
    for note in &report.notes {
        first.wrapped(Mark::Changed, "note: ", &note.split(' ').map(str::to_string).collect::<Vec<_>>(), " ");
    }
    all.push(Paragraph { name: "cp diff".to_string(), headline: phrase::verdict(report), lines: first.0 });
    let (between, told): (Vec<&Model>, Vec<&Model>) = report.told().into_iter().partition(|model| model.is_between());
    all.extend(told.into_iter().map(paragraph));
    if !between.is_empty() {
        let longest = between.iter().map(|model| model.name.chars().count()).max().unwrap_or(0);
        let line = |model: &&Model| (Mark::Changed, format!("{:longest$}  {}", model.name, phrase::headline(model)));
        let headline = grouped(between.len() as u64);
        let lines = between.iter().map(line).collect();
        all.push(Paragraph { name: "between, not published".to_string(), headline, lines });
    }
    for (standing, name) in [(Standing::Layout, "layout only"), (Standing::Downstream, "downstream, data equal")] {
        let names: Vec<_> = report.standing(standing).map(shown).collect();
        if !names.is_empty() {
            let mut lines = Lines::default();
            lines.wrapped(Mark::Plain, "", &names, ", ");
            all.push(Paragraph { name: name.to_string(), headline: grouped(names.len() as u64), lines: lines.0 });
        }
    }
    all
}

fn shown(model: &Model) -> String {
    format!("{}{}", model.name, if model.is_published { "*" } else { "" })
}

fn paragraph(model: &Model) -> Paragraph {
    let mut lines = Lines::default();
    let origin = phrase::origin(model);
    let mark = match model.standing {
        Standing::Added => Mark::Added,
        Standing::Removed | Standing::Failed => Mark::Removed,
        _ => Mark::Changed,
    };
    if !origin.is_empty() && !matches!(model.standing, Standing::Added | Standing::Removed) {
        lines.wrapped(mark, "", &origin.split(' ').map(str::to_string).collect::<Vec<_>>(), " ");
    }
    for (side, why) in [("at the base: ", &model.failed_before), ("in the working tree: ", &model.failed_after)] {
        if let Some(why) = why {
            lines.wrapped(Mark::Removed, side, &why.split(' ').map(str::to_string).collect::<Vec<_>>(), " ");
        }
    }
    if let Some(rows) = &model.rows {
        columns(&mut lines, rows);
        examples(&mut lines, rows);
    }
    if let Some(downstream) = phrase::downstream(model) {
        lines.wrapped(
            Mark::Plain,
            "downstream: ",
            &downstream.split(", ").map(str::to_string).collect::<Vec<_>>(),
            ", ",
        );
    }
    let published = if model.is_published && model.publication.is_none() { "published; " } else { "" };
    Paragraph { name: model.name.clone(), headline: format!("{published}{}", phrase::headline(model)), lines: lines.0 }
}

fn columns(lines: &mut Lines, rows: &Rows) {
    if rows.before.is_none() || rows.after.is_none() {
        return;
    }
    for retyped in &rows.columns_retyped {
        lines.add(Mark::Changed, format!("{}: {} → {}", retyped.name, retyped.before, retyped.after));
    }
    let sum = |name: &str| rows.sums.iter().find(|sum| sum.column == name);
    for column in rows.columns_changed.iter().take(COLUMNS) {
        let told =
            sum(&column.name).map_or(String::new(), |sum| format!(", sum {}", phrase::sums(&sum.before, &sum.after)));
        lines.add(Mark::Changed, format!("{}: {}{told}", column.name, phrase::counted(column.rows, "row")));
    }
    if rows.columns_changed.len() > COLUMNS {
        let more = (rows.columns_changed.len() - COLUMNS) as u64;
        lines.add(Mark::Plain, format!("… {} more", phrase::counted(more, "column")));
    }
    let is_told = |name: &str| rows.columns_changed.iter().any(|column| column.name == name);
    for sum in rows.sums.iter().filter(|sum| !is_told(&sum.column)).take(COLUMNS) {
        lines.add(Mark::Changed, format!("{}: sum {}", sum.column, phrase::sums(&sum.before, &sum.after)));
    }
    if let Some(why) = rows.without_key.as_ref().filter(|_| rows.added + rows.removed > 0) {
        lines.add(Mark::Plain, format!("rows were told apart by all of their columns: {why}"));
    }
}

fn examples(lines: &mut Lines, rows: &Rows) {
    for row in rows.examples_changed.iter().take(SHOWN) {
        let cells: Vec<_> = row
            .cells
            .iter()
            .map(|cell| {
                let (before, after) = beside(&cell.before, &cell.after, WIDEST);
                format!("{} {before} → {after}", cell.column)
            })
            .collect();
        lines.wrapped(Mark::Changed, &format!("{}: ", briefly(&row.key).join(", ")), &cells, ", ");
    }
    more(lines, rows.changed, "changed");
    let alone = [
        (&rows.examples_added, rows.added, Mark::Added, "added"),
        (&rows.examples_removed, rows.removed, Mark::Removed, "removed"),
    ];
    for (examples, count, mark, what) in alone {
        for row in examples.iter().take(SHOWN) {
            lines.wrapped(mark, "", &briefly(row), ", ");
        }
        more(lines, count, what);
    }
}

fn briefly(values: &[String]) -> Vec<String> {
    values.iter().map(|value| brief(value, WIDEST)).collect()
}

fn more(lines: &mut Lines, count: u64, what: &str) {
    if count > SHOWN as u64 {
        lines.add(Mark::Plain, format!("… {} more {what}", grouped(count - SHOWN as u64)));
    }
}

/// Lines with their marks.
#[derive(Default)]
pub struct Lines(pub Vec<(Mark, String)>);

impl Lines {
    /// One line as it is.
    pub fn add(&mut self, mark: Mark, text: String) {
        self.0.push((mark, text));
    }

    /// Parts with something between them, on as many lines as they need; those after the first stand further in.
    pub fn wrapped(&mut self, mark: Mark, head: &str, parts: &[String], between: &str) {
        let mut line = head.to_string();
        let (mut mark, mut is_first) = (mark, true);
        for part in parts {
            let length = line.chars().count() + between.chars().count() + part.chars().count();
            if !is_first && length > WIDTH {
                self.0.push((mark, format!("{line}{}", between.trim_end())));
                (line, mark, is_first) = ("  ".to_string(), Mark::Plain, true);
            }
            if !is_first {
                line.push_str(between);
            }
            line.push_str(part);
            is_first = false;
        }
        self.0.push((mark, line));
    }
}
