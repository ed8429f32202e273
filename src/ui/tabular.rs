//! Query results as a table for a person, or as JSON for a program.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Drawing, presets};

use crate::engine::Table;
use crate::engine::Value;

/// A result as a table; numbers stand right, NULL is shown as such. Where the terminal is too narrow for it, one
/// column a line, a block a row.
pub fn to_text(table: &Table) -> String {
    let text = wide(table);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    match terminal_width() {
        Some(width) if widest > width => narrow(table),
        _ => text,
    }
}

fn narrow(table: &Table) -> String {
    let longest = table.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (number, row) in table.rows.iter().enumerate() {
        text.push_str(&format!("-- row {} of {}\n", number + 1, table.rows.len()));
        for (column, value) in table.columns.iter().zip(row) {
            text.push_str(&format!("{:longest$}  {}\n", column.name, shown(value)));
        }
    }
    text
}

fn wide(table: &Table) -> String {
    let header: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut drawing = drawing();
    drawing.set_header(header.iter().map(Cell::new));
    for row in &table.rows {
        drawing.add_row(row.iter().map(cell));
    }
    let mut text = drawing.to_string();
    let rows = table.rows.len();
    text.push_str(&format!("\n{rows} {}\n", if rows == 1 { "row" } else { "rows" }));
    text
}

/// The terminal's width; `None` where stdout is none.
fn terminal_width() -> Option<usize> {
    use std::io::IsTerminal;
    // Asked of the drawing library, which knows the systems' ways.
    std::io::stdout().is_terminal().then(|| Drawing::new().width().map(usize::from)).flatten()
}

/// A result as a JSON array of objects, one line a row; decimals are text, so that no digit is lost.
pub fn to_json(table: &Table) -> String {
    let lines: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let fields = table.columns.iter().zip(row).map(|(column, value)| (column.name.clone(), value.to_json()));
            serde_json::Value::Object(fields.collect()).to_string()
        })
        .collect();
    match lines.is_empty() {
        true => "[]\n".to_string(),
        false => format!("[\n{}\n]\n", lines.join(",\n")),
    }
}

/// Rows of text under a header, without lines, as a summary shows them; `right` says which columns are numbers.
pub fn columns(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
    let mut drawing = Drawing::new();
    drawing.load_preset(presets::NOTHING);
    if !header.is_empty() {
        drawing.set_header(header.iter().map(Cell::new));
    }
    for row in rows {
        drawing.add_row(row.iter().map(Cell::new));
    }
    for column in drawing.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for index in right {
        if let Some(column) = drawing.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    drawing.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn drawing() -> Drawing {
    let mut drawing = Drawing::new();
    drawing.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Disabled);
    drawing
}

fn cell(value: &Value) -> Cell {
    let alignment = match value {
        Value::Integer(_) | Value::Decimal(_) | Value::Float(_) => CellAlignment::Right,
        _ => CellAlignment::Left,
    };
    Cell::new(shown(value)).set_alignment(alignment)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_string(),
        // A control character in the data must not reach the terminal.
        other => other.to_string().replace(|c: char| c.is_control() && c != '\n', "\u{fffd}"),
    }
}
