//! The beginning of a unit test: real rows of all that a model reads. What it must make of them, somebody has to say.

use std::fmt::Write;

use crate::check::unit::written;
use crate::engine::Session;
use crate::engine::Value;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::rebuild::Blueprint;

/// Rows of every input.
const ROWS: usize = 2;

/// The yml of a unit test with `given` rows out of a warehouse, and without `expect`.
///
/// # Errors
/// When the model reads what is not in the warehouse.
pub fn scaffold(blueprint: &Blueprint<'_>, session: &Session, model: &NodeId) -> Result<String> {
    let name = &blueprint.project.nodes[model].name;
    let mut text = format!("unit_tests:\n  - name: {name}_\n    model: {name}\n    given:\n");
    for id in blueprint.graph.parents(model) {
        let relation = blueprint
            .scanned
            .nodes
            .get(id)
            .map_or_else(|| blueprint.scanned.sources.get(id), |scan| scan.relation.as_ref());
        let input = written(blueprint, id);
        let Some(relation) = relation else {
            let _ = writeln!(text, "      - input: {input}\n        rows: []");
            continue;
        };
        if session.kind_of(relation)?.is_none() {
            return Err(Error::call(format!("`{}`, which `{name}` reads, is not in the warehouse", relation.name))
                .help("run `cp build` first"));
        }
        let rows = session.query(&format!("select * from {relation} limit {ROWS}"))?;
        let _ =
            write!(text, "      - input: {input}\n        rows:{}\n", if rows.rows.is_empty() { " []" } else { "" });
        for row in &rows.rows {
            let cells = rows.columns.iter().zip(row).filter(|(_, value)| !value.is_null());
            let cells: Vec<_> = cells.map(|(column, value)| format!("{}: {}", column.name, scalar(value))).collect();
            let _ = writeln!(text, "          - {{{}}}", cells.join(", "));
        }
    }
    text.push_str(
        "    # What must the model make of these rows? Write it under `expect: {rows: [...]}`: only you can know.\n",
    );
    Ok(text)
}

/// A value as YAML reads it back.
fn scalar(value: &Value) -> String {
    match value {
        Value::Boolean(_) | Value::Integer(_) | Value::Decimal(_) | Value::Float(_) => value.to_string(),
        Value::List(_) | Value::Struct(_) => value.to_json().to_string(),
        other => serde_json::Value::from(other.to_string()).to_string(),
    }
}
