//! What models declare for this: `meta: {explain: {..}}`.
//!
//! - `by`: the columns by which the rows are found that a row stands on, where its key is not among them (as a rank);
//! - `time`: the model has a row for each event, and this column says when it happened;
//! - `rejected`: the model has rows for events that were not taken, and this column says why.
//!
//! A row's event is the one in its column `event_id`.

use serde_json::Value as Json;

use crate::error::Diagnostic;
use crate::error::Diagnostics;
use crate::error::Result;
use crate::name::NodeId;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::render::Scan;

const WORDS: [&str; 3] = ["by", "time", "rejected"];

/// What one model declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    pub by: Option<Vec<String>>,
    pub time: Option<String>,
    pub rejected: Option<String>,
}

impl Declared {
    /// What the model declares, as far as it is well-formed.
    pub fn of(scan: &Scan) -> Self {
        let said = |word: &str| scan.config.meta("explain").and_then(|explain| explain.get(word));
        let text = |word: &str| said(word).and_then(Json::as_str).map(str::to_string);
        let list = said("by").and_then(Json::as_array);
        let by = list.map(|names| names.iter().filter_map(|name| name.as_str().map(str::to_string)).collect());
        Self { by, time: text("time"), rejected: text("rejected") }
    }
}

/// The models that declare anything.
///
/// # Errors
/// Whatever is not well-formed, each at its model.
pub fn declared(blueprint: &Blueprint<'_>) -> Result<Vec<(NodeId, Declared)>> {
    let mut faults = Diagnostics::default();
    let mut all = Vec::new();
    for (id, scan) in &blueprint.scanned.nodes {
        let node = &blueprint.project.nodes[id];
        let Some(said) = scan.config.meta("explain").filter(|_| node.kind == NodeKind::Model) else { continue };
        let is_list = |value: &Json| value.as_array().is_some_and(|names| names.iter().all(Json::is_string));
        let is_right = |(word, value): (&String, &Json)| match word.as_str() {
            "by" => is_list(value),
            word => WORDS.contains(&word) && value.is_string(),
        };
        if !said.as_object().is_some_and(|said| said.iter().all(is_right)) {
            let message = format!("`meta.explain` of `{}` is `{said}`", node.name);
            let help = "it may say `by: [columns]`, `time: column` and `rejected: column`".to_string();
            faults.push(Diagnostic::error(message, node.declared.clone()).help(help));
        }
        all.push((id.clone(), Declared::of(scan)));
    }
    faults.into_result()?;
    Ok(all)
}
