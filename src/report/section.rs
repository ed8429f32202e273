//! The sections: models that say with `meta.report` that they belong into the report.

use serde_json::Value as Json;

use crate::artifact;
use crate::engine::Session;
use crate::engine::Table;
use crate::error::Result;
use crate::name::Relation;
use crate::name::quote;
use crate::project::Project;
use crate::render::Scan;
use crate::render::Scanned;
use crate::report::checks::one_line;

/// More rows than this are a table to query, not to read.
const MOST_ROWS: usize = 10_000;

/// One section.
pub(super) struct Section {
    /// The model.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    /// Why its rows may be older than the run.
    pub(super) stale: Option<String>,
    pub(super) body: Body,
}

/// What there is to show.
pub(super) enum Body {
    NotBuilt,
    /// The message of the query that failed.
    Unreadable(String),
    Rows {
        table: Table,
        /// Whether there are more rows than these.
        more: bool,
    },
}

/// All sections in the order of `meta.report.order`, then by title.
pub(super) fn sections(
    project: &Project,
    scanned: &Scanned,
    session: &Session,
    nodes: &[artifact::LastResult],
) -> Vec<Section> {
    let mut found = Vec::new();
    for (id, scan) in &scanned.nodes {
        let (Some(node), Some(report)) = (project.nodes.get(id), scan.config.meta("report")) else { continue };
        if report.get("business_date").and_then(Json::as_bool) == Some(true) {
            continue;
        }
        let title = report.get("title").and_then(Json::as_str).unwrap_or(&node.name).to_string();
        let order = report.get("order").and_then(Json::as_f64).unwrap_or(f64::MAX);
        let failed = nodes.iter().find(|result| result.id == *id && result.status.is_bad());
        let section = Section {
            name: node.name.clone(),
            description: one_line(&node.description),
            stale: failed.map(|result| format!("not built in this run ({})", result.status.as_str())),
            body: body(session, scan, report),
            title: title.clone(),
        };
        found.push((order, title, section));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().map(|(_, _, section)| section).collect()
}

fn body(session: &Session, scan: &Scan, report: &Json) -> Body {
    let Some(relation) = &scan.relation else { return Body::NotBuilt };
    match read(session, relation, report.get("order_by").and_then(Json::as_str)) {
        Ok(Some((table, more))) => Body::Rows { table, more },
        Ok(None) => Body::NotBuilt,
        Err(error) => Body::Unreadable(one_line(&error.to_string())),
    }
}

fn read(session: &Session, relation: &Relation, order_by: Option<&str>) -> Result<Option<(Table, bool)>> {
    let Some(columns) = session.described(relation)? else { return Ok(None) };
    let shown: Vec<_> =
        columns.iter().filter(|column| !column.name.starts_with('_')).map(|column| quote(&column.name)).collect();
    if shown.is_empty() {
        return Ok(None);
    }
    // The rows of a view come in no order of their own, and two reports on the same data must be equal.
    let order = order_by.unwrap_or("all");
    let limit = MOST_ROWS + 1;
    let sql = format!("select {} from {relation} order by {order} limit {limit}", shown.join(", "));
    let mut table = session.query(&sql)?;
    let more = table.rows.len() > MOST_ROWS;
    table.rows.truncate(MOST_ROWS);
    for (column, declared) in table.columns.iter_mut().zip(columns.into_iter().filter(|it| !it.name.starts_with('_'))) {
        column.data_type = declared.data_type;
    }
    Ok(Some((table, more)))
}
