//! What has landed, read back: events by their ids or by a text that they hold, and what stands beside them.

use jiff::Timestamp;

use crate::engine::Cell;
use crate::engine::Session;
use crate::engine::Value;
use crate::error::Result;
use crate::extract::landing::CONFLICTS;
use crate::extract::landing::EVENTS;
use crate::extract::landing::SCHEMA;
use crate::extract::landing::SET_ASIDE;
use crate::name::Relation;
use crate::store::EventRef;

/// A delivery that became no event, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of the event that was stored first, for a conflict; empty for what could not be read.
    pub event_id: String,
    pub file: String,
    pub line: u64,
    /// Why it could not be read; empty for a conflict.
    pub reason: String,
    /// What was delivered; of a conflict the payload.
    pub content: String,
}

/// The column of the number under which an event has landed; tables built on the events may keep it.
const SEQUENCE: &str = "_landing_sequence";

/// The column of an event's id in the landing tables.
pub const EVENT_ID: &str = "event_id";

/// Whether a table is the one that events land in.
pub fn is_events(table: &Relation) -> bool {
    table.schema == SCHEMA && table.name == EVENTS
}

/// Hands out landed events in the order of landing: those whose id a query of one column gives, and those whose payload or
/// id has the text somewhere. It is told of each whether the query named it. One scan of the table.
///
/// # Errors
/// The database's, or what `each` returns.
pub fn landed(
    session: &Session,
    database: &str,
    ids: &str,
    text: Option<&str>,
    each: &mut dyn FnMut(bool, EventRef<'_>) -> Result<()>,
) -> Result<()> {
    let holds = text.map_or("false".to_string(), |text| {
        format!("contains(payload, {}) or event_id = {}", escaped(text), literal(text))
    });
    let sql = format!(
        "select event_id in ({ids}) as is_named, event_id, event_type, event_time, vendor, payload, payload_sha256, ingested_at
         from {} where is_named or {holds} order by _landing_sequence",
        Relation::new(database, SCHEMA, EVENTS)
    );
    session.for_each(&sql, |row| {
        let texts: Vec<String> = row.iter().map(Value::to_string).collect();
        let event = EventRef {
            event_id: &texts[1],
            event_type: &texts[2],
            event_time: time(&row[3]),
            vendor: &texts[4],
            payload: &texts[5],
            payload_sha256: &texts[6],
            ingested_at: time(&row[7]).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        each(row[0].as_bool() == Some(true), event)
    })
}

/// How many events have landed after the last one that any table built on them keeps the number of.
///
/// # Errors
/// The database's.
pub fn unseen(session: &Session, database: &str) -> Result<i64> {
    let found = session.query_with(
        "select table_schema, table_name
         from information_schema.columns
         inner join information_schema.tables using (table_catalog, table_schema, table_name)
         where table_catalog = ? and column_name = ? and table_type = 'BASE TABLE' and table_schema <> ?",
        &[Cell::Text(database), Cell::Text(SEQUENCE), Cell::Text(SCHEMA)],
    )?;
    if found.rows.is_empty() {
        return Ok(0);
    }
    let last = |table: &Relation| format!("select max({SEQUENCE}) as last from {table}");
    let tables = found.rows.iter().map(|row| Relation::new(database, row[0].to_string(), row[1].to_string()));
    let seen: Vec<_> = tables.map(|table| last(&table)).collect();
    let landed = last(&Relation::new(database, SCHEMA, EVENTS));
    Ok(session
        .count(&format!("select greatest(({landed}) - (select max(last) from ({})), 0)", seen.join(" union all ")))?)
}

/// Which of the events of these ids have landed after all that `read` names (both are queries of one column), in the order
/// of landing.
///
/// # Errors
/// The database's.
pub fn landed_after(session: &Session, database: &str, ids: &str, read: &str) -> Result<Vec<String>> {
    let events = Relation::new(database, SCHEMA, EVENTS);
    let sql = format!(
        "select event_id from {events} where event_id in ({ids}) and _landing_sequence >
             (select coalesce(max(_landing_sequence), 0) from {events} where event_id in ({read}))
         order by _landing_sequence"
    );
    Ok(session.query(&sql)?.rows.iter().map(|row| row[0].to_string()).collect())
}

/// Later deliveries of events of these ids (a query of one column) with another payload, by file and line.
///
/// # Errors
/// The database's.
pub fn conflicting(session: &Session, database: &str, ids: &str) -> Result<Vec<Refused>> {
    refused(session, database, CONFLICTS, "event_id, file, line, '', payload", &format!("event_id in ({ids})"))
}

/// Deliveries that could not be read and have the text somewhere, by file and line.
///
/// # Errors
/// The database's.
pub fn unread(session: &Session, database: &str, text: &str) -> Result<Vec<Refused>> {
    let holds = format!("contains(content, {})", escaped(text));
    refused(session, database, SET_ASIDE, "'', file, line, reason, content", &holds)
}

fn refused(session: &Session, database: &str, table: &str, columns: &str, is_one: &str) -> Result<Vec<Refused>> {
    let relation = Relation::new(database, SCHEMA, table);
    if session.kind_of(&relation)?.is_none() {
        return Ok(Vec::new());
    }
    let found = session.query(&format!("select {columns} from {relation} where {is_one} order by file, line"))?;
    let told = found.rows.into_iter().map(|row| Refused {
        event_id: row[0].to_string(),
        file: row[1].to_string(),
        line: row[2].as_integer().and_then(|line| u64::try_from(line).ok()).unwrap_or(0),
        reason: row[3].to_string(),
        content: row[4].to_string(),
    });
    Ok(told.collect())
}

fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Timestamp(micros) => Timestamp::from_microsecond(*micros).ok(),
        _ => None,
    }
}

/// As JSON writes it between its quotes.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    literal(&quoted[1..quoted.len() - 1])
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
