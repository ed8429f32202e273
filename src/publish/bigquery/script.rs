//! The one transaction that publishes: rows out, changed and in, for every table, and the ledger's row.
//!
//! Its first statement moves the head from the publication that was compared with: of two publishers, one finds it moved
//! and is rolled back. (That the ledger is only added to would not keep them apart: insertions never conflict.) Every
//! statement must touch just the rows that the comparison found; if a table holds other rows than the ledger says, nothing
//! happens.
//!
//! Where more rows of a table change than one statement may change partitions, the statement comes once for every range of
//! them. Rows are told apart by where they go to, so that none is changed twice.

use std::fmt::Write;

use crate::publish::Changes;

use super::changes::{DELETE, INSERT, OPERATION, UPDATE};
use super::layout::{ROW_HASH, ROW_KEY};
use super::ledger::{Entry, HEAD, LEDGER};
use super::partitions::Ranges;

/// What the assertions say; [`Refusal`] finds it in BigQuery's message.
const CAME_FIRST: &str = "cp: another publication came first";
const NOT_AS_PUBLISHED: &str = "cp: holds other rows than were published";

/// How the rows of several statements are added up.
const COUNT: &str = "SET _cp_rows =";

/// What is to be done with one table.
#[derive(Debug, Clone)]
pub(super) struct Merge {
    pub(super) table: String,
    /// The table that holds the rows on their way.
    pub(super) staging: String,
    /// The published columns, without our own.
    pub(super) columns: Vec<String>,
    pub(super) changes: Changes,
    /// Whether whatever is there goes first.
    pub(super) is_whole: bool,
    pub(super) ranges: Ranges,
}

/// Why a script did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Somebody else published meanwhile.
    CameFirst,
    /// A table holds other rows than the ledger says.
    NotAsPublished,
    Other,
}

impl Refusal {
    /// What BigQuery's message tells.
    pub(super) fn of(message: &str) -> Self {
        // The emulator and BigQuery word a lost race in their own ways.
        let is_race = ["concurrent update", "Failed to commit", "could not serialize"]
            .iter()
            .any(|words| message.contains(words));
        if message.contains(CAME_FIRST) || is_race {
            Self::CameFirst
        } else if message.contains(NOT_AS_PUBLISHED) {
            Self::NotAsPublished
        } else {
            Self::Other
        }
    }
}

/// The script. `place` is `project.dataset`.
pub(super) fn script(place: &str, entry: &Entry, merges: &[Merge]) -> String {
    let mut out = String::from("BEGIN TRANSACTION;\n\n");
    let _ = write!(
        out,
        "UPDATE `{place}.{HEAD}` SET id = {} WHERE id = {};\nASSERT @@row_count = 1 AS {};\n",
        text(&entry.id),
        text(entry.previous.as_deref().unwrap_or_default()),
        text(CAME_FIRST),
    );
    for merge in merges {
        out.push('\n');
        one(&mut out, place, merge);
    }
    let _ = write!(
        out,
        "\nINSERT INTO `{place}.{LEDGER}` (id, previous, run, commit, published_at, tables)\n\
         VALUES ({}, {}, {}, {}, CURRENT_TIMESTAMP(), {});\n\nCOMMIT TRANSACTION;\n",
        text(&entry.id),
        entry.previous.as_deref().map_or("NULL".to_string(), text),
        text(&entry.run),
        entry.commit.as_deref().map_or("NULL".to_string(), text),
        text(&entry.tables_json()),
    );
    // Nothing may come before a declaration.
    if out.contains(COUNT) {
        out.insert_str(0, "DECLARE _cp_rows INT64 DEFAULT 0;\n\n");
    }
    out
}

fn one(out: &mut String, place: &str, merge: &Merge) {
    let Merge { table, staging, columns, changes, is_whole, ranges } = merge;
    let (target, source) = (format!("`{place}.{table}`"), format!("`{place}.{staging}`"));
    let of = |operation: &str| format!("{OPERATION} = {}", text(operation));
    if *is_whole {
        // Whatever they are.
        each(out, ranges, "", None, |condition| format!("DELETE FROM {target} WHERE TRUE{condition};"));
    }
    let message = text(&format!("{NOT_AS_PUBLISHED}: {table}"));
    let expect = |count: u64| Some((count, message.as_str()));
    if changes.deleted > 0 {
        each(out, ranges, "", expect(changes.deleted), |condition| {
            format!(
                "DELETE FROM {target} WHERE {ROW_KEY} IN (SELECT {ROW_KEY} FROM {source} WHERE {}){condition};",
                of(DELETE)
            )
        });
    }
    if changes.updated > 0 {
        let set: Vec<_> = columns.iter().map(|name| format!("`{name}` = _cp_source.`{name}`")).collect();
        let set = set.join(", ");
        each(out, ranges, "_cp_source", expect(changes.updated), |condition| {
            format!(
                "UPDATE {target} AS _cp_target SET {set}, {ROW_HASH} = _cp_source.{ROW_HASH}\nFROM {source} AS _cp_source\n\
                 WHERE _cp_target.{ROW_KEY} = _cp_source.{ROW_KEY} AND _cp_source.{}{condition};",
                of(UPDATE)
            )
        });
    }
    if changes.inserted > 0 {
        let names: Vec<_> =
            columns.iter().map(|name| format!("`{name}`")).chain([ROW_KEY.to_string(), ROW_HASH.to_string()]).collect();
        let names = names.join(", ");
        each(out, ranges, "", expect(changes.inserted), |condition| {
            format!("INSERT INTO {target} ({names})\nSELECT {names} FROM {source} WHERE {}{condition};", of(INSERT))
        });
    }
}

/// A statement, or one for each range of partitions; together they must touch so many rows.
fn each(
    out: &mut String,
    ranges: &Ranges,
    alias: &str,
    expected: Option<(u64, &str)>,
    statement: impl Fn(&str) -> String,
) {
    let conditions = ranges.conditions(alias, expected.map(|(count, _)| count));
    if conditions.is_empty() {
        let _ = writeln!(out, "{}", statement(""));
    }
    for (index, condition) in conditions.iter().enumerate() {
        let _ = writeln!(out, "{}", statement(&format!(" AND {condition}")));
        if expected.is_some() {
            let before = if index == 0 { "" } else { "_cp_rows + " };
            let _ = writeln!(out, "{COUNT} {before}@@row_count;");
        }
    }
    if let Some((count, message)) = expected {
        let rows = if conditions.is_empty() { "@@row_count" } else { "_cp_rows" };
        let _ = writeln!(out, "ASSERT {rows} = {count} AS {message};");
    }
}

/// A text as BigQuery's SQL writes it.
pub(super) fn text(value: &str) -> String {
    let mut out = String::from("'");
    for character in value.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::bigquery::ledger::Told;

    #[test]
    fn everything_happens_between_begin_and_commit_and_no_table_is_made_there() {
        let told = Told {
            name: "orders".to_string(),
            rows: 9,
            inserted: 3,
            updated: 2,
            deleted: 1,
            corrections: 0,
            hash: "it's".to_string(),
            landed: None,
            is_left: false,
        };
        let entry = Entry::after(Some("before"), "run", Some("abc"), vec![told]);
        let merge = Merge {
            table: "orders".to_string(),
            staging: "cp_staging_orders".to_string(),
            columns: vec!["id".to_string(), "total".to_string()],
            changes: Changes { inserted: 3, updated: 2, deleted: 1 },
            is_whole: false,
            ranges: Ranges::default(),
        };
        let whole = Merge { table: "days".to_string(), is_whole: true, changes: Changes::default(), ..merge.clone() };
        insta::assert_snapshot!(script("p.d", &entry, &[merge, whole]).replace(&entry.id, "[id]"));
    }

    #[test]
    fn a_table_of_many_partitions_is_changed_range_by_range() {
        let ranges = Ranges {
            column: "day".to_string(),
            bounds: ["DATE '2010-01-01'", "DATE '2020-01-01'"].map(String::from).to_vec(),
        };
        let merge = Merge {
            table: "orders".to_string(),
            staging: "cp_staging_orders".to_string(),
            columns: vec!["id".to_string(), "day".to_string()],
            changes: Changes { inserted: 3000, updated: 2001, deleted: 2000 },
            is_whole: true,
            ranges,
        };
        let entry = Entry::after(None, "run", None, Vec::new());
        insta::assert_snapshot!(script("p.d", &entry, &[merge]).replace(&entry.id, "[id]"));
    }

    #[test]
    fn a_refusal_is_known_by_its_message() {
        for (message, refusal) in [
            ("Query error: cp: another publication came first at [4:1]", Refusal::CameFirst),
            ("Transaction is aborted due to concurrent update against table p:d.orders.", Refusal::CameFirst),
            ("cp: holds other rows than were published: orders", Refusal::NotAsPublished),
            ("Syntax error", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(message), refusal, "{message}");
        }
    }
}
