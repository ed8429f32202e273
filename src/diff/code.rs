//! What a model is made of, so that two sides can be told apart before anything is built.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use indexmap::IndexSet;

use crate::check;
use crate::diff::Code;
use crate::error::Result;
use crate::ingest;
use crate::name::NodeId;
use crate::plan::NoDatabase;
use crate::project::Materialization;
use crate::project::Node;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::rebuild::seed_file;
use crate::render::Mode;
use crate::render::Scan;

/// Settings that no statement and no table depends on.
const WORDS: &[&str] = &["description", "tags", "docs"];

/// One model or seed, as a side has it.
pub(super) struct Piece {
    pub(super) id: NodeId,
    pub(super) parents: Vec<String>,
    is_ephemeral: bool,
    /// The file as it stands, and without layout and comments.
    text: String,
    bare: String,
    /// A hash of what it renders to, hooks included; of a seed, of its rows.
    statement: String,
    settings: BTreeMap<String, String>,
    macros: BTreeMap<String, String>,
}

/// All models and seeds of a side by name (ids hold the project's name, which may change too), parents first.
pub(super) type Pieces = IndexMap<String, Piece>;

/// What becomes of one name between two sides.
pub(super) struct Change {
    pub(super) code: Code,
    pub(super) reasons: Vec<String>,
    /// Whether its data may be otherwise: its own code is, or that of something it depends on.
    pub(super) is_affected: bool,
}

/// Takes a side apart. `catalog` stands in the place of its own catalog wherever a statement says that.
pub(super) fn pieces(blueprint: &Blueprint<'_>, catalog: &str, given: &Path) -> Pieces {
    let Blueprint { project, scanned, graph, .. } = *blueprint;
    let all_macros: String = project.macros.iter().map(|file| file.text.as_ref()).collect();
    let mut pieces = Pieces::new();
    for id in graph.order() {
        let (Some(node), Some(scan)) = (project.nodes.get(id), scanned.nodes.get(id)) else { continue };
        if node.kind == NodeKind::Test {
            continue;
        }
        let parents = graph.parents(id).iter().map(|parent| match project.nodes.get(parent) {
            Some(node) => node.name.clone(),
            None => parent.to_string(),
        });
        let text = match node.kind {
            // These rows come from the given folder, on both sides.
            NodeKind::Seed if seed_file(given, &node.name).is_file() => String::new(),
            _ => node.file.text.to_string(),
        };
        let (bare, statement) = match node.kind {
            NodeKind::Seed => (text.clone(), text.clone()),
            _ => (check::statement_hash(&text), statement(blueprint, node, scan, catalog, &all_macros)),
        };
        let settings = scan.config.iter().filter(|(name, value)| !WORDS.contains(name) && !value.is_null());
        let macros = scan.macros.iter().filter_map(|id| {
            let text = blueprint.renderer.macro_text(id)?;
            Some((id.rsplit('.').next().unwrap_or(id).to_string(), check::statement_hash(text)))
        });
        let piece = Piece {
            id: id.clone(),
            parents: parents.collect(),
            is_ephemeral: scan.config.materialization() == Ok(Materialization::Ephemeral),
            text,
            bare,
            statement,
            settings: settings.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            macros: macros.collect(),
        };
        pieces.insert(node.name.clone(), piece);
    }
    pieces
}

/// A hash of all that a model renders to; of one that cannot be rendered, of what is wrong.
fn statement(blueprint: &Blueprint<'_>, node: &Node, scan: &Scan, catalog: &str, all_macros: &str) -> String {
    let is_incremental = scan.config.materialization() == Ok(Materialization::Incremental);
    let mut rendered = String::new();
    for incremental in if is_incremental { &[false, true][..] } else { &[false] } {
        let mode = Mode { execute: false, incremental: *incremental };
        match blueprint.renderer.compile(blueprint.scanned, &node.id, &NoDatabase, mode) {
            Ok(compiled) => {
                let texts = std::iter::once(&compiled.sql).chain(&compiled.pre_hooks).chain(&compiled.post_hooks);
                texts.for_each(|text| rendered.push_str(&format!("{text}\n;\n")));
            }
            Err(error) => rendered.push_str(&error.to_string()),
        }
    }
    if scan.introspects {
        // What it asks for at run time does not show here, so all that could change its use of the answer counts.
        rendered.push_str(&format!("{}{all_macros}{:?}", node.file.text, blueprint.project.vars));
    }
    let rendered = check::without_places(&rendered, blueprint);
    check::statement_hash(&rendered.replace(blueprint.database, catalog))
}

/// What is otherwise that every model depends on; empty where nothing is.
pub(super) fn shared_changes(before: &Blueprint<'_>, after: &Blueprint<'_>) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let mut compare = |is_equal: bool, what: &str| {
        if !is_equal {
            told.push(what.to_string());
        }
    };
    compare(ingest::rules(before.project)? == ingest::rules(after.project)?, "which files hold which events");
    compare(before.project.on_run_start == after.project.on_run_start, "`on-run-start`");
    compare(before.project.on_run_end == after.project.on_run_end, "`on-run-end`");
    Ok(told)
}

/// Variables whose values are otherwise.
pub(super) fn variables_changed(before: &Blueprint<'_>, after: &Blueprint<'_>) -> Vec<String> {
    let (was, is) = (&before.project.vars, &after.project.vars);
    let names: IndexSet<&String> = is.keys().chain(was.keys()).collect();
    names.into_iter().filter(|name| was.get(*name) != is.get(*name)).cloned().collect()
}

/// What becomes of every name that both sides have; `all` says that every model's data may be otherwise.
pub(super) fn changes(before: &Pieces, after: &Pieces, variables: &[String], all: bool) -> IndexMap<String, Change> {
    let mut changes: IndexMap<String, Change> = IndexMap::new();
    for (name, is) in after {
        let Some(was) = before.get(name) else { continue };
        let is_new = |parent: &String| after.contains_key(parent) && !before.contains_key(parent);
        let is_affected = |parent: &String| changes.get(parent).is_some_and(|change| change.is_affected);
        let is_below = all || is.parents.iter().any(|parent| is_new(parent) || is_affected(parent));
        let is_inlined = is.parents.iter().any(|parent| {
            after.get(parent).is_some_and(|piece| piece.is_ephemeral) && (is_new(parent) || is_affected(parent))
        });
        let reasons = reasons(was, is, variables, is_inlined);
        let code = match (reasons.is_empty(), was.text == is.text) {
            (false, _) => Code::Changed,
            (true, true) => Code::Equal,
            (true, false) => Code::Layout,
        };
        let is_affected = is_below || code == Code::Changed || was.statement != is.statement;
        changes.insert(name.clone(), Change { code, reasons, is_affected });
    }
    changes
}

/// What of a model's own code is otherwise. A statement that only an ephemeral parent changed is none of its own.
fn reasons(was: &Piece, is: &Piece, variables: &[String], is_inlined: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if was.statement != is.statement {
        if was.bare != is.bare {
            reasons.push(if is.id.as_str().starts_with("seed.") { "rows of the file" } else { "SQL" }.to_string());
        }
        let names: IndexSet<&String> = was.macros.keys().chain(is.macros.keys()).collect();
        let differs = |name: &&&String| was.macros.get(**name) != is.macros.get(**name);
        reasons.extend(names.iter().filter(differs).map(|name| format!("macro `{name}`")));
        if reasons.is_empty() && !is_inlined {
            reasons.push(match variables {
                [one] => format!("variable `{one}`"),
                _ => "a variable".to_string(),
            });
        }
    }
    let names: IndexSet<&String> = was.settings.keys().chain(is.settings.keys()).collect();
    let differs = |name: &&&String| was.settings.get(**name) != is.settings.get(**name);
    reasons.extend(names.iter().filter(differs).map(|name| format!("setting `{name}`")));
    reasons
}

/// These names, and all that they depend on.
pub(super) fn with_ancestors<'a>(pieces: &'a Pieces, names: impl IntoIterator<Item = &'a str>) -> IndexSet<&'a str> {
    let mut wanted: IndexSet<&str> = IndexSet::new();
    let mut open: Vec<&str> = names.into_iter().collect();
    while let Some(name) = open.pop() {
        if let Some((name, piece)) = pieces.get_key_value(name)
            && wanted.insert(name)
        {
            open.extend(piece.parents.iter().map(String::as_str));
        }
    }
    wanted
}
