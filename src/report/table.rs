//! A section's table on its way to a page: which rows say something, and every cell as text.

use crate::engine::Table;
use crate::report::layout::Grid;
use crate::report::number::Style;
use crate::report::number::is_number;
use crate::report::number::shown;
use crate::report::number::style;

/// Positions of the rows that say something, and the names of groups (of the first column) that are empty throughout.
pub(super) fn telling_rows(table: &Table) -> (Vec<usize>, Vec<String>) {
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

/// Rows of a table by position, as text; columns of queries stand elsewhere.
pub(super) fn grid(table: &Table, rows: &[usize]) -> Grid {
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
