//! The files of the site, made from templates.

use indexmap::IndexSet;
use serde_json::Value as Json;
use serde_json::json;

use super::Facts;
use super::checked;
use super::columns::Columns;
use super::drawing;
use super::entry::anchor;
use super::entry::entry;
use super::folder::INDEX;
use super::index;
use super::listing;
use super::tracks;
use crate::error::Result;
use crate::name::NodeId;
use crate::page::Pages;

const TEMPLATES: &[(&str, &str)] = &[
    ("frame.html", include_str!("pages/frame.html")),
    ("parts.html", include_str!("pages/parts.html")),
    ("index.html", include_str!("pages/index.html")),
    ("lineage.html", include_str!("pages/lineage.html")),
    ("node.html", include_str!("pages/node.html")),
    ("checks.html", include_str!("pages/checks.html")),
    ("macros.html", include_str!("pages/macros.html")),
];

/// Names and texts of all files.
///
/// # Errors
/// A fault in a template.
pub(super) fn pages(facts: &Facts<'_>, columns: &Columns) -> Result<Vec<(String, String)>> {
    let templates = Pages::of(TEMPLATES)?;
    let reach = tracks::reach(facts, columns);
    let shown: Vec<&NodeId> = facts.graph.order().iter().filter(|id| facts.is_shown(id)).collect();
    let entries: Vec<(NodeId, Json)> =
        shown.iter().map(|id| ((*id).clone(), entry(facts, columns, &reach, id))).collect();
    let shared = json!({
        "project": facts.project.name,
        "last_run": index::last_run(facts),
        "version": env!("CARGO_PKG_VERSION"),
        "has_macros": !facts.project.macros.is_empty(),
    });
    let page = |template: &str, name: &str, more: Json| -> Result<(String, String)> {
        let mut context = shared.clone();
        context["page"] = json!(name);
        if let (Some(context), Json::Object(more)) = (context.as_object_mut(), more) {
            context.extend(more);
        }
        let text = templates.page(template, context)?;
        Ok((name.to_string(), text))
    };
    let everything: IndexSet<NodeId> = shown.iter().map(|id| (*id).clone()).collect();
    let mut first = index::index(facts, columns, &entries);
    first["made_at"] = json!(facts.made_at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let tests = checked::all(facts);
    let mut files = vec![
        ("style.css".to_string(), include_str!("pages/style.css").to_string()),
        ("site.js".to_string(), include_str!("pages/site.js").to_string()),
        ("names.js".to_string(), index::names(facts, columns, &entries)),
        page("lineage.html", "lineage.html", json!({"graph": drawing::svg(facts, &everything, None)}))?,
        page("checks.html", "checks.html", json!({"counts": checked::counts(tests.iter()), "tests": tests}))?,
    ];
    if !facts.project.macros.is_empty() {
        files.push(page("macros.html", "macros.html", json!({"files": macros(facts)}))?);
    }
    for (_, entry) in &entries {
        let name = entry["url"].as_str().unwrap_or_default();
        files.push(page("node.html", name, json!({"node": entry}))?);
    }
    files.push(page("index.html", INDEX, first)?);
    Ok(files)
}

/// The files that hold macros, as they are written.
fn macros(facts: &Facts<'_>) -> Vec<Json> {
    let shown = |file: &crate::project::SourceFile| {
        let path = file.path.to_string_lossy().replace('\\', "/");
        json!({"path": path, "anchor": anchor("file", &path), "sql": listing::html(&file.text)})
    };
    facts.project.macros.iter().map(shown).collect()
}
