//! The sections: models that say with `meta.report` that they belong into the report.

use serde_json::Value as Json;

use crate::engine::Session;
use crate::engine::Table;
use crate::error::Result;
use crate::name::Relation;
use crate::name::quote;
use crate::project::Project;
use crate::render::Scan;
use crate::render::Scanned;
use crate::report::chart::Chart;
use crate::report::chart::charts;
use crate::report::checks::one_line;
use crate::report::gather::Stale;
use crate::report::mask::masked_value;

/// More rows than this are a table to query, not to read.
const MOST_ROWS: usize = 10_000;

/// Rows that text and HTML show where `meta.report.rows` says nothing.
const GLANCE: usize = 60;

/// One section.
pub(super) struct Section {
    /// The model.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    /// Why its rows may be older than the run, as in `was not built`.
    pub(super) stale: Option<String>,
    /// What a reader must know besides, as that it cannot be shown as of the day.
    pub(super) notes: Vec<String>,
    /// The day up to which its rows are shown; `None` where all are.
    pub(super) as_of: Option<String>,
    /// So many rows are read at a glance; the JSON has all.
    pub(super) most_rows: usize,
    pub(super) charts: Vec<Chart>,
    pub(super) body: Body,
}

impl Section {
    /// The command that prints all of its rows.
    pub(super) fn shown_by(&self) -> String {
        match self.name.split_once('.') {
            None => format!("cp show --select {} --limit -1", self.name),
            Some(_) => format!("cp show --inline 'select * from {}' --limit -1", self.name),
        }
    }
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
    stale: &Stale,
    day: Option<&str>,
) -> Vec<Section> {
    let mut found = Vec::new();
    for (id, scan) in &scanned.nodes {
        let (Some(node), Some(report)) = (project.nodes.get(id), scan.config.meta("report")) else { continue };
        if ["business_date", "headline"].iter().any(|mark| report.get(mark).and_then(Json::as_bool) == Some(true)) {
            continue;
        }
        let title = report.get("title").and_then(Json::as_str).unwrap_or(&node.name).to_string();
        let order = report.get("order").and_then(Json::as_f64).unwrap_or(f64::MAX);
        let dated = report.get("as_of").and_then(Json::as_str);
        let body = body(session, scan, report, day);
        let (charts, mut notes) = match &body {
            Body::Rows { table, .. } => charts(report, &title, table),
            _ => (Vec::new(), Vec::new()),
        };
        if let (Some(day), None) = (day, dated) {
            notes.push(not_as_of(day));
        }
        let section = Section {
            name: node.name.clone(),
            description: one_line(&node.description),
            stale: stale.get(id).cloned(),
            notes,
            as_of: day.filter(|_| dated.is_some()).map(str::to_string),
            most_rows: report.get("rows").and_then(Json::as_u64).map_or(GLANCE, |rows| rows as usize),
            charts,
            body,
            title: title.clone(),
        };
        found.push((order, title, section));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().map(|(_, _, section)| section).collect()
}

fn body(session: &Session, scan: &Scan, report: &Json, day: Option<&str>) -> Body {
    let Some(relation) = &scan.relation else { return Body::NotBuilt };
    let text = |key: &str| report.get(key).and_then(Json::as_str);
    let show = report.get("show").and_then(Json::as_array).map(|names| names.iter().filter_map(Json::as_str).collect());
    let is_masked = report.get("masked").and_then(Json::as_bool) == Some(true);
    match read(session, relation, text("order_by"), &condition(text("when"), text("as_of"), day), show) {
        Ok(Some((table, more))) if is_masked => Body::Rows { table: masked_table(table), more },
        Ok(Some((table, more))) => Body::Rows { table, more },
        Ok(None) => Body::NotBuilt,
        Err(error) => Body::Unreadable(one_line(&error.to_string())),
    }
}

fn masked_table(mut table: Table) -> Table {
    for row in &mut table.rows {
        *row = std::mem::take(row).into_iter().map(masked_value).collect();
    }
    table
}

/// Said where no column tells the day of a row.
fn not_as_of(day: &str) -> String {
    format!("This is told of all there is, not as of {day}.")
}

/// Which rows are told: those that meet a condition, and without what came after a day where a column tells the day.
pub(super) fn condition(when: Option<&str>, column: Option<&str>, day: Option<&str>) -> String {
    let when = when.map(|when| format!("({when})"));
    let until = column.zip(day).map(|(column, day)| format!("cast({} as date) <= date '{day}'", quote(column)));
    let both: Vec<_> = when.into_iter().chain(until).collect();
    if both.is_empty() { String::new() } else { format!(" where {}", both.join(" and ")) }
}

fn read(
    session: &Session,
    relation: &Relation,
    order_by: Option<&str>,
    condition: &str,
    show: Option<Vec<&str>>,
) -> Result<Option<(Table, bool)>> {
    let Some(columns) = session.described(relation)? else { return Ok(None) };
    let given = || columns.iter().map(|column| column.name.as_str()).filter(|name| !name.starts_with('_'));
    let names = show.unwrap_or_else(|| given().collect());
    let shown: Vec<_> = names.iter().map(|name| quote(name)).collect();
    if shown.is_empty() {
        return Ok(None);
    }
    // The rows of a view come in no order of their own, and two reports on the same data must be equal.
    let order = order_by.unwrap_or("all");
    let limit = MOST_ROWS + 1;
    let sql = format!("select {} from {relation}{condition} order by {order} limit {limit}", shown.join(", "));
    let mut table = session.query(&sql)?;
    let more = table.rows.len() > MOST_ROWS;
    table.rows.truncate(MOST_ROWS);
    for column in &mut table.columns {
        let declared = columns.iter().find(|declared| declared.name == column.name);
        column.data_type = declared.map_or_else(String::new, |declared| declared.data_type.clone());
    }
    Ok(Some((table, more)))
}

/// The ingest log: what became of every delivery, the newest first. `None` where nothing was ever ingested here.
pub(super) fn ingest_log(session: &Session, day: Option<&str>) -> Option<Section> {
    let log = Relation::new(session.database().ok()?, "raw", "ingest_log");
    let columns = "delivered, stored, duplicates, conflicts, set_aside";
    let sql =
        format!("select ingested_at, file, {columns} from {log} order by ingested_at desc, file limit {MOST_ROWS}");
    let table = session.query(&sql).ok()?;
    Some(Section {
        name: "raw.ingest_log".to_string(),
        title: "Ingest log".to_string(),
        description: "What became of every delivery: delivered = stored + duplicates + conflicts + set aside."
            .to_string(),
        stale: None,
        notes: day.map(not_as_of).into_iter().collect(),
        as_of: None,
        most_rows: 20,
        charts: Vec::new(),
        body: Body::Rows { more: table.rows.len() == MOST_ROWS, table },
    })
}
