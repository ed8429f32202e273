//! Query results as a table for a person, or as JSON for a program.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Drawing, presets};

use crate::engine::Table;
use crate::engine::Value;

/// A result as a table that fits the terminal; numbers stand right, NULL is shown as such.
pub fn to_text(table: &Table) -> String {
    let header: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut drawing = drawing();
    drawing.set_header(header.iter().map(|name| Cell::new(name)));
    for row in &table.rows {
        drawing.add_row(row.iter().map(cell));
    }
    let mut text = drawing.to_string();
    let rows = table.rows.len();
    text.push_str(&format!("\n{rows} {}\n", if rows == 1 { "row" } else { "rows" }));
    text
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
        drawing.set_header(header.iter().map(|name| Cell::new(name)));
    }
    for row in rows {
        drawing.add_row(row.iter().map(Cell::new));
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
    drawing.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    drawing
}

fn cell(value: &Value) -> Cell {
    let alignment = match value {
        Value::Integer(_) | Value::Decimal(_) | Value::Float(_) => CellAlignment::Right,
        _ => CellAlignment::Left,
    };
    let text = match value {
        Value::Null => "NULL".to_string(),
        // A control character in the data must not reach the terminal.
        other => other.to_string().replace(|c: char| c.is_control() && c != '\n', "\u{fffd}"),
    };
    Cell::new(text).set_alignment(alignment)
}
