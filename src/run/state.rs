//! What each table of the warehouse was built from, kept in the warehouse itself (schema `cp`).

use indexmap::{IndexMap, IndexSet};

use crate::engine::Cell;
use crate::engine::Session;
use crate::engine::SqlError;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::name::Relation;
use crate::name::quote;
use crate::plan::Built;
use crate::plan::Existing;
use crate::plan::Fingerprint;
use crate::plan::Step;
use crate::render::Scanned;
use crate::run::HERE;

/// The schema that holds the tool's own notes.
pub const SCHEMA: &str = "cp";

/// How the notes are laid out; a warehouse with another number was made by another version of this tool.
const LAYOUT: i64 = 1;

/// Makes what the walk needs: the schemas (two transactions that make one schema conflict) and the notes' table.
pub fn prepare(session: &Session, database: &str, scanned: &Scanned) -> Result<()> {
    let mut schemas: IndexSet<(String, String)> = IndexSet::new();
    schemas.insert((database.to_string(), SCHEMA.to_string()));
    for scan in scanned.nodes.values() {
        // What lies elsewhere is only read.
        if let Some(relation) = scan.relation.as_ref().filter(|relation| relation.database == database) {
            schemas.insert((relation.database.clone(), relation.schema.clone()));
        }
    }
    for (database, schema) in schemas {
        session.make_schema(&database, &schema)?;
    }
    session.run(&format!(
        "create table if not exists {0}.{SCHEMA}.built
         (node varchar not null, relation varchar not null, fingerprint varchar not null, version varchar not null,
          built_at timestamp not null);
         create table if not exists {0}.{SCHEMA}.layout as select {LAYOUT} as number",
        quote(database)
    ))?;
    Ok(())
}

/// What the warehouse was built from. A warehouse that no plan has run in was built from nothing.
pub fn read(session: &Session, database: &str, scanned: &Scanned) -> Result<Built> {
    let mut built = Built::default();
    let relations = session.query_with(
        "select table_schema, table_name, table_type from information_schema.tables where table_catalog = ?",
        &[Cell::Text(database)],
    )?;
    for row in &relations.rows {
        let kind = if row[2].as_str() == Some("VIEW") { Existing::View } else { Existing::Table };
        built.relations.insert(Relation::new(database, row[0].to_string(), row[1].to_string()), kind);
    }
    if !built.relations.contains_key(&Relation::new(database, SCHEMA, "layout")) {
        return Ok(built);
    }
    let layout = session.count(&format!("select number from {}.{SCHEMA}.layout", quote(database)))?;
    if layout != LAYOUT {
        let message =
            format!("the warehouse was made by another version of `cp` (layout {layout}, this one knows {LAYOUT})");
        return Err(Error::call(message)
            .help("use that version, or move the warehouse file away: `cp build` makes it again from the raw store"));
    }
    // Notes are only ever added while a plan runs (changing one row from two transactions would conflict), so the
    // last one of a node counts.
    let notes = session.query(&format!(
        "select node, relation, fingerprint, version from {}.{SCHEMA}.built order by rowid",
        quote(database)
    ))?;
    for row in &notes.rows {
        let id = NodeId::from(row[0].to_string());
        // Another target's table of the same node is another table.
        let relation = scanned.nodes.get(&id).and_then(|scan| scan.relation.as_ref());
        if relation.is_some_and(|relation| relation.to_string() == row[1].to_string()) {
            built.nodes.insert(id, (Fingerprint::from_json(&row[2].to_string()), row[3].to_string()));
        }
    }
    Ok(built)
}

/// Notes that a step has succeeded; called inside the step's own transaction.
pub(super) fn note(session: &Session, database: &str, step: &Step, relation: &Relation) -> Result<(), SqlError> {
    // Literals: values for `?` would cost a second plan, at every step.
    let said = [step.id.as_str(), &relation.to_string(), &step.fingerprint.to_json(), &step.version];
    let said = said.map(|text| HERE.literal(text)).join(", ");
    session.run(&format!("insert into {}.{SCHEMA}.built values ({said}, now()::timestamp)", quote(database)))
}

/// Forgets what every table was built from, so that all is built whole: the landing tables are about to be others.
pub fn forget(session: &Session, database: &str) -> Result<()> {
    let relation = Relation::new(database, SCHEMA, "built");
    if session.kind_of(&relation)?.is_some() {
        session.run(&format!("delete from {relation}"))?;
    }
    Ok(())
}

/// Forgets all notes but the last of each node; called when no plan runs.
pub fn tidy(session: &Session, database: &str) -> Result<()> {
    let table = format!("{}.{SCHEMA}.built", quote(database));
    let doubled = session.count(&format!("select count(*) - count(distinct (node, relation)) from {table}"))?;
    if doubled > 0 {
        session.run(&format!(
            "delete from {table} where rowid not in (select max(rowid) from {table} group by node, relation)"
        ))?;
    }
    Ok(())
}

/// Versions of the sources that this tool fills: they change when, and only when, something has landed.
pub fn landed(
    session: &Session,
    tables: &IndexMap<NodeId, Relation>,
    built: &Built,
) -> Result<IndexMap<NodeId, String>> {
    let mut versions = IndexMap::new();
    for (id, relation) in tables {
        if built.relations.contains_key(relation) {
            let rows = session.count(&format!("select count(*) from {relation}"))?;
            versions.insert(id.clone(), rows.to_string());
        }
    }
    Ok(versions)
}
