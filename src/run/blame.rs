//! A failing statement, brought home: from a place in compiled SQL to the line of the file that a person edits.

use std::path::Path;

use crate::engine::SqlError;
use crate::error::Diagnostic;
use crate::error::Place;
use crate::project::Node;

/// Says where `error` came from. `compiled` is the node's SQL, `compiled_path` the file that holds it.
pub fn blame(node: &Node, error: &SqlError, compiled: &str, compiled_path: &Path) -> Diagnostic {
    let message = format!("`{}` failed: {error}", node.name);
    let place = error.span.as_ref().and_then(|span| {
        // The statement is the compiled SQL with a line before and after it.
        let start = error.sql.find(compiled)?;
        let from = span.start.checked_sub(start)?;
        let to = span.end.checked_sub(start)?.min(compiled.len());
        (from <= compiled.len()).then(|| in_source(node, compiled, from..to, compiled_path))
    });
    let fallback = || Place::new(&node.file.path, node.file.text.clone(), 0..0);
    Diagnostic::error(message, place.unwrap_or_else(fallback))
        .help(error.hint.clone().unwrap_or_else(|| format!("the SQL that ran is `{}`", compiled_path.display())))
}

/// The model's own line where it can be told from the compiled one, else the compiled file.
fn in_source(node: &Node, compiled: &str, span: std::ops::Range<usize>, compiled_path: &Path) -> Place {
    let line_start = compiled[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = compiled[line_start..].split('\n').next().unwrap_or_default();
    let mut matches = node.file.text.match_indices(line).filter(|(at, _)| {
        let bytes = node.file.text.as_bytes();
        (*at == 0 || bytes[at - 1] == b'\n')
            && bytes.get(at + line.len()).is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    });
    match (matches.next(), matches.next()) {
        (Some((at, _)), None) if !line.trim().is_empty() => {
            let from = at + (span.start - line_start);
            Place::new(&node.file.path, node.file.text.clone(), from..from + span.len())
        }
        _ => Place::new(compiled_path, compiled, span),
    }
}
