//! A seed: a CSV file as a table, its types inferred or declared by `column_types`.

use crate::engine::Session;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Place;
use crate::error::Result;
use crate::name::Relation;
use crate::project::Node;
use crate::project::NodeConfig;

/// Loads the file in place of what was there; runs inside the step's transaction. Returns the number of rows.
pub(super) fn load(
    session: &Session,
    relation: &Relation,
    node: &Node,
    root: &std::path::Path,
    config: &NodeConfig,
) -> Result<u64> {
    let records = records(node, config)?;
    let file = root.join(&node.file.path);
    let text = |value: &str| format!("'{}'", value.replace('\'', "''"));
    let mut options = vec![
        text(&file.display().to_string()),
        "header = true".to_string(),
        "strict_mode = true".to_string(),
        // Left to guess, it would skip lines until what is left looks even.
        "skip = 0".to_string(),
        "quote = '\"'".to_string(),
        "escape = '\"'".to_string(),
        // dbt reads these as NULL.
        "nullstr = ['', 'null', 'NULL', 'Null']".to_string(),
        "sample_size = -1".to_string(),
        // As dbt infers them: INTEGER where it fits.
        "auto_type_candidates = ['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'VARCHAR']".to_string(),
        format!("delim = {}", text(config.text("delimiter").unwrap_or(","))),
    ];
    let declared: Vec<(String, String)> = config
        .get("column_types")
        .and_then(|types| types.as_object())
        .into_iter()
        .flatten()
        .filter_map(|(name, data_type)| Some((name.clone(), data_type.as_str()?.to_string())))
        .collect();
    if !declared.is_empty() {
        let types = declared.iter().map(|(name, data_type)| format!("{}: {}", text(name), text(data_type)));
        options.push(format!("types = {{{}}}", types.collect::<Vec<_>>().join(", ")));
    }
    session
        .run(&format!("create or replace table {relation} as select * from read_csv({})", options.join(", ")))
        .map_err(|error| {
            Error::data(format!("cannot load `{}`", node.file.path.display()))
                .because(error)
                .help("`column_types` must fit all values; without them the types are inferred")
        })?;
    let rows = u64::try_from(session.count(&format!("select count(*) from {relation}"))?).unwrap_or(0);
    if rows != records {
        let message = format!("`{}` holds {records} rows, and {rows} of them were loaded", node.file.path.display());
        return Err(Error::data(message).help("is there an empty line, or a quote that is not closed?"));
    }
    Ok(rows)
}

/// Reads the whole file, line by line, before the database does: every row must have the header's fields.
fn records(node: &Node, config: &NodeConfig) -> Result<u64> {
    let delimiter = config.text("delimiter").unwrap_or(",").bytes().next().unwrap_or(b',');
    let fault = |from: usize, message: String, help: &str| {
        let text = &node.file.text;
        let from = from.min(text.len());
        let to = text[from..].find('\n').map_or(text.len(), |length| from + length);
        let place = Place::new(&node.file.path, text.clone(), from..to);
        Err(Error::data(message.clone()).with([Diagnostic::error(message, place).help(help.to_string())]))
    };
    if node.file.text.trim().is_empty() {
        return fault(0, format!("seed `{}` is empty", node.name), "its first line names the columns");
    }
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(node.file.text.as_bytes());
    let fields = reader.byte_headers().map(csv::ByteRecord::len).unwrap_or(0);
    let mut count = 0;
    for record in reader.byte_records() {
        let Ok(record) = record else { continue };
        count += 1;
        if record.len() != fields {
            let from = record.position().map_or(0, |position| position.byte() as usize);
            let message =
                format!("a row of seed `{}` has {} fields, and its header names {fields}", node.name, record.len());
            return fault(from, message, "a field that holds the delimiter stands between double quotes");
        }
    }
    Ok(count)
}
