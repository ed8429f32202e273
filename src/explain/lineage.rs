//! From a row to the rows upstream that it stands on, and from those to events.
//!
//! A parent's rows are found by the key of the row below, where the parent has its columns; else by the parent's own key,
//! where the row below has those. Looking further, also by the parent's own key in rows of another parent, which the model
//! may have joined it to. Whether what is found is enough, the proof tells.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::engine::Session;
use crate::error::Result;
use crate::explain::declared::Declared;
use crate::extract;
use crate::name::NodeId;
use crate::name::quote;
use crate::progress::Silent;
use crate::rebuild::Blueprint;
use crate::render::Mode;
use crate::run::Database;

/// Rows of a node, in a temporary table.
struct Rows {
    table: String,
    columns: Vec<String>,
    /// By which rows above are found.
    by: Vec<String>,
}

/// Where the rows of a node can be read: its table, or its query in parentheses. `None` where it is not built.
///
/// # Errors
/// When it cannot be compiled, or the database fails.
pub fn place(blueprint: &Blueprint<'_>, session: &Session, id: &NodeId) -> Result<Option<String>> {
    let relation = match blueprint.scanned.nodes.get(id) {
        Some(scan) => scan.relation.as_ref(),
        None => blueprint.scanned.sources.get(id),
    };
    let Some(relation) = relation else {
        let mode = Mode { execute: true, incremental: false };
        let database = Database { session, observe: &Silent };
        let made = blueprint.renderer.compile(blueprint.scanned, id, &database, mode)?;
        return Ok(Some(format!("({})", made.sql.trim().trim_end_matches(';'))));
    };
    Ok(session.kind_of(relation)?.map(|_| relation.to_string()))
}

/// The columns by which the rows that stand on a node's row are found: those that it declares, else its key.
fn by(blueprint: &Blueprint<'_>, id: &NodeId) -> Vec<String> {
    match (blueprint.scanned.nodes.get(id), blueprint.scanned.sources.get(id)) {
        (Some(scan), _) => Declared::of(scan).by.unwrap_or_else(|| scan.config.key()),
        (None, Some(relation)) if extract::is_events(relation) => vec![extract::EVENT_ID.to_string()],
        (None, _) => blueprint.project.sources.get(id).map(|source| source.config.key()).unwrap_or_default(),
    }
}

/// Whether some parent's rows can be found by columns that the node has too; else a row of it stands on all rows of its
/// parents.
pub fn is_led(blueprint: &Blueprint<'_>, id: &NodeId, columns: &[String]) -> bool {
    let is_there = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    blueprint.graph.parents(id).iter().any(|parent| by(blueprint, parent).iter().any(is_there))
}

/// The table that events land in, where the project has it as a source.
pub fn landing(blueprint: &Blueprint<'_>) -> Option<NodeId> {
    let mut sources = blueprint.scanned.sources.iter();
    sources.find(|(_, relation)| extract::is_events(relation)).map(|(id, _)| id.clone())
}

/// Walks up from a row of the model, which `row` selects, and returns a query of one column: the ids of the events that it
/// reached. `is_far`: it looks further.
///
/// # Errors
/// When something cannot be compiled, or the database fails.
pub fn events_behind(
    blueprint: &Blueprint<'_>,
    session: &Session,
    model: &NodeId,
    row: &str,
    is_far: bool,
) -> Result<String> {
    let none = "select null where false".to_string();
    let Some(landing) = landing(blueprint) else { return Ok(none) };
    let graph = blueprint.graph;
    let leads = |id: &NodeId| *id == landing || graph.ancestors(id, None).contains(&landing);
    let mut above = graph.ancestors(model, None);
    above.retain(|id| leads(id));
    // Whatever is in some key may lead further up; all else would only be carried.
    let kept: BTreeSet<String> =
        above.iter().chain([model]).flat_map(|id| by(blueprint, id)).map(|name| name.to_lowercase()).collect();
    let mut walked: IndexMap<&NodeId, Rows> = IndexMap::new();
    let first = keep(session, "cp_explain_0", row, None, by(blueprint, model), &kept)?;
    walked.insert(model, first);
    let upwards = || graph.order().iter().rev().filter(|id| above.contains(*id));
    // Rows of other parents are there when all has been walked once.
    for (id, is_again) in upwards().map(|id| (id, false)).chain(upwards().map(|id| (id, true)).filter(|_| is_far)) {
        let Some(from) = place(blueprint, session, id)? else { continue };
        let there = session.query(&format!("describe select * from {from}"))?;
        let columns: Vec<String> = there.rows.iter().map(|row| row[0].to_string()).collect();
        let key = by(blueprint, id);
        let children: Vec<_> = walked.keys().copied().filter(|child| graph.parents(child).contains(id)).collect();
        let is_beside = |other: &NodeId| other != id && children.iter().any(|it| graph.parents(it).contains(other));
        let found = walked.iter().filter_map(|(other, rows)| {
            let link = match children.contains(other) {
                true => link(rows, &key, &columns)?,
                false if is_again && is_beside(other) && has(&rows.columns, &key) => &key,
                false => return None,
            };
            let on = link.iter().map(|name| format!("above.{0} is not distinct from below.{0}", quote(name)));
            let on = on.collect::<Vec<_>>().join(" and ");
            Some(format!("select above.* from {from} as above semi join {} as below on {on}", rows.table))
        });
        let found: Vec<String> = found.collect();
        if !found.is_empty() {
            let table =
                walked.get(id).map_or_else(|| format!("cp_explain_{}", walked.len()), |rows| rows.table.clone());
            let rows = keep(session, &table, &found.join("\nunion all\n"), Some(&columns), key, &kept)?;
            walked.insert(id, rows);
        }
    }
    let events = walked.get(&landing).and_then(|rows| Some((rows.table.as_str(), rows.by.first()?)));
    Ok(events.map_or(none, |(table, id)| format!("select {} from {table}", quote(id))))
}

/// Puts the rows of a query aside, as far as their columns may lead further.
fn keep(
    session: &Session,
    table: &str,
    query: &str,
    columns: Option<&[String]>,
    by: Vec<String>,
    kept: &BTreeSet<String>,
) -> Result<Rows> {
    let columns = match columns {
        Some(columns) => columns.to_vec(),
        None => session.query(&format!("describe {query}"))?.rows.iter().map(|row| row[0].to_string()).collect(),
    };
    let columns: Vec<String> = columns.into_iter().filter(|name| kept.contains(&name.to_lowercase())).collect();
    let listed = columns.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    let listed = if listed.is_empty() { "null" } else { &listed };
    session.run(&format!("create or replace temp table {table} as select distinct {listed} from ({query})"))?;
    Ok(Rows { table: table.to_string(), columns, by })
}

/// The columns by which the rows above are found.
fn link<'k>(below: &'k Rows, key: &'k [String], columns: &[String]) -> Option<&'k [String]> {
    match () {
        () if has(&below.columns, &below.by) && has(columns, &below.by) => Some(&below.by),
        () if has(&below.columns, key) => Some(key),
        () => None,
    }
}

/// Whether all columns of a key are there.
fn has(columns: &[String], key: &[String]) -> bool {
    let is_there = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    !key.is_empty() && key.iter().all(is_there)
}
