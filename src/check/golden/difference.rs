//! What is otherwise between two pictures of a table: first in one line, then column by column and row by row.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::progress::grouped;

use super::picture::{Column, Picture};

/// Rows and values that are told one by one; of more only how many there are.
const TOLD: usize = 5;

/// How a line is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it was.
    Plain,
    Added,
    Removed,
    Changed,
}

/// What is otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// In one line; empty where nothing is.
    pub headline: String,
    pub lines: Vec<(Mark, String)>,
}

impl Difference {
    /// What is otherwise in `after`; without `before` all is new.
    pub fn between(before: Option<&Picture>, after: &Picture) -> Self {
        let Some(before) = before else { return Self::new_table(after) };
        if before == after {
            return Self::default();
        }
        let mut told = Self::default();
        let mut headline = Vec::new();
        if before.sql != after.sql {
            told.add(Mark::Changed, "statement changed");
        }
        if before.rows != after.rows {
            let rows = format!("rows {} → {}", grouped(before.rows), grouped(after.rows));
            told.add(Mark::Changed, &rows);
            headline.push(rows);
        }
        headline.extend(told.columns(before, after));
        headline.extend(told.rows(before, after));
        told.headline = match headline.is_empty() {
            false => headline.join("; "),
            true if before.content != after.content => "values in rows that are not shown changed".to_string(),
            true if before.sql != after.sql => "the statement changed, and the data is equal".to_string(),
            true => "other rows are shown".to_string(),
        };
        told
    }

    /// Whether nothing is otherwise.
    pub fn is_none(&self) -> bool {
        self.headline.is_empty()
    }

    /// The keys of rows that are not the same in both.
    pub(in crate::check) fn keys(before: &Picture, after: &Picture) -> Vec<Vec<String>> {
        let (was, is) = by_key(before, after);
        let keys: BTreeSet<&Vec<String>> = was.keys().chain(is.keys()).collect();
        keys.into_iter().filter(|key| was.get(*key) != is.get(*key)).cloned().collect()
    }

    fn new_table(after: &Picture) -> Self {
        let rows = counted(after.rows, "row");
        let mut told = Self {
            headline: format!("no snapshot yet; {rows}, {}", counted(after.columns.len() as u64, "column")),
            ..Self::default()
        };
        for column in &after.columns {
            told.add(Mark::Added, &described(column));
        }
        told
    }

    fn add(&mut self, mark: Mark, text: &str) {
        self.lines.push((mark, text.to_string()));
    }

    /// Tells of the columns; returns phrases for the headline.
    fn columns(&mut self, before: &Picture, after: &Picture) -> Vec<String> {
        let find =
            |picture: &'_ Picture, name: &str| picture.columns.iter().find(|column| column.name == name).cloned();
        let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for column in &after.columns {
            match find(before, &column.name) {
                None => {
                    self.add(Mark::Added, &described(column));
                    added.push(column.name.clone());
                }
                Some(was) if was != *column => {
                    self.add(Mark::Changed, &format!("{}: {}", column.name, facts_changed(&was, column)));
                    changed.push(column.name.clone());
                }
                Some(_) => {}
            }
        }
        for column in before.columns.iter().filter(|column| find(after, &column.name).is_none()) {
            self.add(Mark::Removed, &described(column));
            removed.push(column.name.clone());
        }
        let order = |picture: &Picture, others: &[String]| -> Vec<String> {
            picture.columns.iter().map(|column| column.name.clone()).filter(|name| !others.contains(name)).collect()
        };
        let mut told = Vec::new();
        for (names, what) in [(&added, "added"), (&removed, "removed"), (&changed, "changed")] {
            if !names.is_empty() {
                told.push(format!("{} {what}", listed(names)));
            }
        }
        if order(before, &removed) != order(after, &added) {
            self.add(Mark::Changed, "columns stand in another order");
            told.push("columns in another order".to_string());
        }
        told
    }

    /// Tells of the rows that are shown; returns phrases for the headline.
    fn rows(&mut self, before: &Picture, after: &Picture) -> Vec<String> {
        let (was, is) = by_key(before, after);
        let keys: BTreeSet<&Vec<String>> = was.keys().chain(is.keys()).collect();
        let names: Vec<&str> = after
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| before.columns.iter().any(|column| column.name == *name))
            .collect();
        let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            match (was.get(key), is.get(key)) {
                (None, Some(_)) => added.push(key.join(", ")),
                (Some(_), None) => removed.push(key.join(", ")),
                (Some(was), Some(is)) => {
                    let cells = cells_changed(&names, was, is);
                    if !cells.is_empty() {
                        changed.push(format!("{}: {}", key.join(", "), cells.join(", ")));
                    }
                }
                (None, None) => {}
            }
        }
        let mut told = Vec::new();
        let is_part = |picture: &Picture| picture.rows > picture.shown.len() as u64;
        let of = if is_part(before) || is_part(after) { "shown row" } else { "row" };
        for (rows, what, mark) in
            [(changed, "changed", Mark::Changed), (added, "added", Mark::Added), (removed, "removed", Mark::Removed)]
        {
            if rows.is_empty() {
                continue;
            }
            told.push(format!("{} {what}", counted(rows.len() as u64, of)));
            rows.iter().take(TOLD).for_each(|row| self.add(mark, row));
            if rows.len() > TOLD {
                self.add(Mark::Plain, &format!("… {} more {what}", grouped((rows.len() - TOLD) as u64)));
            }
        }
        told
    }
}

type Row<'a> = BTreeMap<&'a str, &'a str>;

type Rows<'a> = BTreeMap<Vec<String>, Row<'a>>;

/// The shown rows of both by their keys. Where rows of either have no key, or share one, all are told by everything that is
/// in them, and those that come again by how often they did.
fn by_key<'p>(before: &'p Picture, after: &'p Picture) -> (Rows<'p>, Rows<'p>) {
    let has_key = |picture: &Picture| {
        let keys: BTreeSet<_> = picture.shown.iter().map(|row| key(picture, row)).collect();
        !keys.contains(&Vec::new()) && keys.len() == picture.shown.len()
    };
    let is_key = has_key(before) && has_key(after);
    let rows = |picture: &'p Picture| -> Rows<'p> {
        let mut rows = Rows::new();
        for row in &picture.shown {
            let mut told = if is_key { key(picture, row) } else { row.clone() };
            let cells = picture.columns.iter().map(|column| column.name.as_str()).zip(row.iter().map(String::as_str));
            let width = told.len();
            let mut times = 1;
            while rows.contains_key(&told) {
                times += 1;
                told.truncate(width);
                told.push(format!("for the {times}. time"));
            }
            rows.insert(told, cells.collect());
        }
        rows
    };
    (rows(before), rows(after))
}

fn key(picture: &Picture, row: &[String]) -> Vec<String> {
    let place = |key: &String| picture.columns.iter().position(|column| column.name.eq_ignore_ascii_case(key));
    picture.key.iter().filter_map(place).map(|place| row[place].clone()).collect()
}

fn cells_changed(names: &[&str], was: &Row<'_>, is: &Row<'_>) -> Vec<String> {
    let differs = |name: &&&str| was.get(**name) != is.get(**name);
    let mut cells: Vec<String> = names
        .iter()
        .filter(differs)
        .map(|name| {
            let of = |row: &Row<'_>| row.get(name).copied().unwrap_or_default().to_string();
            format!("{name} {} → {}", of(was), of(is))
        })
        .collect();
    if cells.len() > TOLD {
        let more = cells.len() - TOLD;
        cells.truncate(TOLD);
        cells.push(format!("and {more} more"));
    }
    cells
}

/// What is said of a column, where that changed.
fn facts_changed(was: &Column, is: &Column) -> String {
    let mut told = Vec::new();
    if was.data_type != is.data_type {
        told.push(format!("{} → {}", was.data_type, is.data_type));
    }
    let named = |facts: &[String]| -> Vec<(String, String)> {
        facts
            .iter()
            .map(|fact| fact.split_once(' ').map_or((fact.clone(), String::new()), |(a, b)| (a.into(), b.into())))
            .collect()
    };
    let (before, after) = (named(&was.facts), named(&is.facts));
    let value = |facts: &[(String, String)], name: &str| {
        facts.iter().find(|(other, _)| other == name).map_or("none".to_string(), |(_, value)| value.clone())
    };
    let mut names: Vec<&String> = after.iter().map(|(name, _)| name).collect();
    names.extend(before.iter().map(|(name, _)| name).filter(|name| !after.iter().any(|(other, _)| other == *name)));
    // What a person looks for comes first.
    names.sort_by_key(|name| name.as_str() != "sum");
    for name in names {
        let (from, to) = (value(&before, name), value(&after, name));
        if from != to {
            told.push(format!("{name} {from} → {to}"));
        }
    }
    told.join(", ")
}

fn described(column: &Column) -> String {
    let facts: Vec<_> = [column.data_type.clone()].into_iter().chain(column.facts.iter().cloned()).collect();
    format!("{}: {}", column.name, facts.join(", "))
}

fn listed(names: &[String]) -> String {
    match names {
        [name] => format!("column {name}"),
        names if names.len() <= TOLD => format!("columns {}", names.join(", ")),
        names => format!("columns {} and {} more", names[..TOLD - 1].join(", "), names.len() + 1 - TOLD),
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(sql: &str, rows: &[[&str; 2]]) -> Picture {
        let column = |name: &str, data_type: &str, facts: &[&str]| Column {
            name: name.to_string(),
            data_type: data_type.to_string(),
            facts: facts.iter().map(|fact| (*fact).to_string()).collect(),
        };
        Picture {
            sql: Some(sql.to_string()),
            rows: rows.len() as u64,
            content: format!("{rows:?}"),
            columns: vec![
                column("id", "VARCHAR", &[]),
                column("amount", "DECIMAL(18,2)", &[&format!("sum {}", rows.len())]),
            ],
            key: vec!["id".to_string()],
            shown: rows.iter().map(|row| row.map(str::to_string).to_vec()).collect(),
        }
    }

    #[test]
    fn says_what_a_person_wants_to_know() {
        let before = picture("a", &[["1", "1.00"], ["2", "2.00"], ["3", "NULL"]]);
        assert!(Difference::between(Some(&before), &before).is_none());
        let statement =
            Difference::between(Some(&before), &picture("b", &[["1", "1.00"], ["2", "2.00"], ["3", "NULL"]]));
        assert_eq!(statement.headline, "the statement changed, and the data is equal");
        let mut after = picture("b", &[["1", "1.50"], ["3", "NULL"]]);
        after.columns.push(Column {
            name: "more".into(),
            data_type: "BIGINT".into(),
            facts: vec!["distinct 2".into()],
        });
        after.shown.iter_mut().for_each(|row| row.push("7".to_string()));
        let told = Difference::between(Some(&before), &after);
        let lines: Vec<_> = told.lines.iter().map(|(mark, text)| format!("{mark:?} {text}")).collect();
        insta::assert_snapshot!(format!("{}\n\n{}", told.headline, lines.join("\n")));
        let told = |after: &[[&str; 2]]| {
            let told = Difference::between(Some(&picture("a", &[["1", "1.00"], ["2", "2.00"]])), &picture("a", after));
            told.lines.into_iter().filter(|(mark, _)| matches!(mark, Mark::Added | Mark::Removed)).collect::<Vec<_>>()
        };
        let added = |text: &str| (Mark::Added, text.to_string());
        assert_eq!(
            told(&[["1", "1.00"], ["2", "2.00"], ["2", "2.00"], ["2", "2.00"]]),
            [added("2, 2.00, for the 2. time"), added("2, 2.00, for the 3. time")]
        );
        assert_eq!(
            told(&[["1", "1.00"], ["2", "1.00"], ["2", "3.00"]]),
            [added("2, 1.00"), added("2, 3.00"), (Mark::Removed, "2, 2.00".to_string())]
        );
        let unseen = Picture { content: "other".to_string(), ..before.clone() };
        let told = Difference::between(Some(&before), &unseen);
        assert_eq!(told.headline, "values in rows that are not shown changed");
        assert!(Difference::between(None, &before).headline.starts_with("no snapshot yet; 3 rows"));
    }
}
