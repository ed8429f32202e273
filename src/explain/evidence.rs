//! The events behind a row, with all that is known of them.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::engine::Cell;
use crate::engine::Session;
use crate::engine::Value;
use crate::error::Diagnostic;
use crate::error::Result;
use crate::explain::Stale;
use crate::explain::declared::Declared;
use crate::explain::explanation::Place;
use crate::explain::explanation::Told;
use crate::explain::lineage::place;
use crate::extract;
use crate::extract::EVENT_ID;
use crate::extract::Refused;
use crate::name::NodeId;
use crate::name::quote;
use crate::rebuild::Blueprint;
use crate::store::Events;

/// Events that only have the key somewhere; where there are more, it names a group rather than a thing.
const MENTIONS: usize = 50;

/// In microseconds.
const DAY: i64 = 86_400_000_000;

/// The ids of the events that were found, in a temporary table.
const FOUND: &str = "cp_explain_events";

/// Events, in the order of landing.
#[derive(Default)]
pub struct Evidence {
    pub events: Events,
    /// Of each event whether a row upstream leads to it.
    pub is_behind: Vec<bool>,
    /// Events that have the key somewhere and are too many to be looked into.
    pub other_mentions: u64,
    /// Events that have the key somewhere, and that nothing which the model is made of reads.
    pub unrelated: u64,
    /// Ids of events that have the key somewhere, and landed after the model's tables were built.
    pub not_built: Vec<String>,
    pub unread: Vec<Place>,
}

/// Events that a query of one column names, and those that have all of the names somewhere.
///
/// # Errors
/// The database's.
pub fn gather(session: &Session, database: &str, ids: &str, names: &[&str]) -> Result<Evidence> {
    let mut found = Evidence::default();
    let (mut mentions, mut is_group) = (0, false);
    // The longest name is the rarest.
    let rarest = names.iter().max_by_key(|name| name.len()).copied().filter(|name| !name.is_empty());
    extract::landed(session, database, ids, rarest, &mut |is_behind, event| {
        let has_names = || names == [event.event_id] || has_all(event.payload, names);
        if is_behind || has_names() {
            mentions += usize::from(!is_behind);
            // What the envelope says of many events names none of them.
            is_group |= names.iter().any(|name| [event.vendor, event.event_type].contains(name));
            found.events.push(event);
            found.is_behind.push(is_behind);
        }
        Ok(())
    })?;
    if is_group || mentions > MENTIONS {
        found.keep(&|_| false);
        found.other_mentions = if is_group { 0 } else { mentions as u64 };
    } else if let Some(name) = rarest {
        let unread = extract::unread(session, database, name)?;
        found.unread = unread.into_iter().filter(|it| stands_alone(&it.content, name)).map(Place::from).collect();
    }
    found.put_aside(session)?;
    Ok(found)
}

impl From<Refused> for Place {
    fn from(refused: Refused) -> Self {
        Self { file: refused.file, line: refused.line, reason: refused.reason }
    }
}

/// Whether each of the names is the whole of some value in the payload.
fn has_all(payload: &str, names: &[&str]) -> bool {
    fn has(value: &serde_json::Value, name: &str) -> bool {
        match value {
            serde_json::Value::String(text) => text == name,
            serde_json::Value::Number(number) => number.to_string() == name,
            serde_json::Value::Array(values) => values.iter().any(|value| has(value, name)),
            serde_json::Value::Object(fields) => fields.values().any(|value| has(value, name)),
            serde_json::Value::Null | serde_json::Value::Bool(_) => false,
        }
    }
    let Ok(payload) = serde_json::from_str(payload) else { return false };
    !names.is_empty() && names.iter().all(|name| has(&payload, name))
}

/// Whether the name is in the text, and not as a part of a longer one.
fn stands_alone(text: &str, name: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    text.match_indices(name)
        .any(|(at, name)| !goes_on(text[..at].chars().next_back()) && !goes_on(text[at + name.len()..].chars().next()))
}

impl Evidence {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.unread.is_empty() && self.not_built.is_empty()
    }

    /// How many only have the key somewhere, looked into or not.
    pub fn mentions(&self) -> u64 {
        self.other_mentions + self.is_behind.iter().filter(|is_behind| !**is_behind).count() as u64
    }

    /// Drops those that only have the key somewhere, and are not among these.
    fn keep(&mut self, is_kept: &dyn Fn(&str) -> bool) {
        let mut events = Events::default();
        let kept = |index: &usize| self.is_behind[*index] || is_kept(self.events.event_id.get(*index));
        let kept: Vec<usize> = (0..self.events.len()).filter(kept).collect();
        kept.iter().for_each(|index| events.push_of(&self.events, *index));
        self.is_behind = kept.iter().map(|index| self.is_behind[*index]).collect();
        self.events = events;
    }

    /// Puts the ids into a table, so that models can be asked about them.
    fn put_aside(&self, session: &Session) -> Result<()> {
        let ids: Vec<&str> = self.events.event_id.iter().collect();
        session.run(&format!("create or replace temp table {FOUND} (event_id varchar)"))?;
        session.execute(
            &format!("insert into {FOUND} select unnest(from_json(?, '[\"VARCHAR\"]'))"),
            &[Cell::Text(&serde_json::Value::from(ids).to_string())],
        )?;
        Ok(())
    }

    /// Drops events that landed after all that those of the `readers` which are not up to date have a row of. Where such a
    /// reader does not say which events it has read, all stay.
    ///
    /// # Errors
    /// The database's.
    pub fn drop_not_built(
        &mut self,
        blueprint: &Blueprint<'_>,
        session: &Session,
        readers: &[NodeId],
        stale: &[Stale],
    ) -> Result<()> {
        let mut read = Vec::new();
        for id in readers.iter().filter(|id| stale.iter().any(|stale| stale.id == **id)) {
            if let Some(from) = place(blueprint, session, id)? {
                read.push(format!("select {EVENT_ID} from {from}"));
            }
        }
        if read.is_empty() {
            return Ok(());
        }
        let found = format!("select event_id from {FOUND}");
        let Ok(later) = extract::landed_after(session, blueprint.database, &found, &read.join(" union all ")) else {
            return Ok(());
        };
        self.keep(&|id| !later.iter().any(|it| it == id));
        self.not_built = later;
        self.put_aside(session)
    }

    /// Drops events that have the key, and that none of the `readers` has a row of, unless a model says why they were
    /// rejected. Where a reader does not say which events it has read, all stay.
    ///
    /// # Errors
    /// The database's.
    pub fn drop_unrelated(
        &mut self,
        blueprint: &Blueprint<'_>,
        session: &Session,
        readers: &[NodeId],
        declared: &[(NodeId, Declared)],
    ) -> Result<()> {
        if self.is_behind.iter().all(|is_behind| *is_behind) {
            return Ok(());
        }
        let rejecting = declared.iter().filter(|(_, said)| said.rejected.is_some()).map(|(id, _)| id);
        let mut read = HashSet::new();
        for id in readers.iter().chain(rejecting) {
            let Some(from) = place(blueprint, session, id)? else { continue };
            let sql =
                format!("select distinct {EVENT_ID} from {from} where {EVENT_ID} in (select event_id from {FOUND})");
            match session.query(&sql) {
                Ok(found) => read.extend(found.rows.into_iter().map(|row| row[0].to_string())),
                Err(_) => return Ok(()),
            }
        }
        let before = self.events.len();
        self.keep(&|id| read.contains(id));
        self.unrelated = (before - self.events.len()) as u64;
        self.put_aside(session)
    }

    /// What is known of each event, in the order in which they happened, and its number in [`Evidence::events`]. Events
    /// of one time go by their ids, and those of none come last.
    ///
    /// # Errors
    /// When a declared column is not there, or the database fails.
    pub fn told(
        &self,
        blueprint: &Blueprint<'_>,
        session: &Session,
        declared: &[(NodeId, Declared)],
        with_payloads: bool,
    ) -> Result<Vec<(usize, Told)>> {
        if self.events.is_empty() {
            return Ok(Vec::new());
        }
        let (mut times, mut reasons) = (HashMap::new(), HashMap::new());
        for (id, said) in declared {
            for (column, known, what) in
                [(&said.time, &mut times, "max(cast(said as timestamp))"), (&said.rejected, &mut reasons, REASONS)]
            {
                if let Some(column) = column {
                    known.extend(said_of(blueprint, session, id, column, what)?);
                }
            }
        }
        let mut conflicts: HashMap<String, Vec<Place>> = HashMap::new();
        for refused in extract::conflicting(session, blueprint.database, &format!("select event_id from {FOUND}"))? {
            conflicts.entry(refused.event_id.clone()).or_default().push(refused.into());
        }
        let events = &self.events;
        let at = |index: usize| match times.get(events.event_id.get(index)) {
            Some(Value::Timestamp(micros)) => Some(*micros),
            _ => events.event_time[index],
        };
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|index| (at(*index).is_none(), at(*index), events.event_id.get(*index)));
        let mut told: Vec<(usize, Told)> = Vec::new();
        // From the last one on: what has arrived first of all that happened later.
        let mut first: Option<i64> = None;
        for index in order.into_iter().rev() {
            let id = events.event_id.get(index);
            let arrived = events.ingested_at[index].filter(|_| events.event_time[index].is_some());
            let days_late = arrived.zip(at(index)).map_or(0, |(arrived, happened)| (arrived - happened) / DAY);
            let is_out_of_order = arrived > first && first.is_some();
            first = arrived.into_iter().chain(first).min();
            let reasons = match reasons.get(id) {
                Some(Value::List(reasons)) => reasons.iter().map(Value::to_string).collect(),
                _ => Vec::new(),
            };
            let payload = || serde_json::from_str(events.payload.get(index)).ok();
            let event = Told {
                event_id: id.to_string(),
                event_type: events.event_type.get(index).to_string(),
                vendor: events.vendor.get(index).to_string(),
                happened_at: at(index).map(|micros| Value::Timestamp(micros).to_string()),
                arrived_at: events.ingested_at[index].map(|micros| Value::Timestamp(micros).to_string()),
                days_late: u64::try_from(days_late).unwrap_or(0),
                is_out_of_order,
                is_behind: self.is_behind[index],
                rejected: reasons,
                conflicts: conflicts.remove(id).unwrap_or_default(),
                payload: with_payloads.then(payload).flatten(),
            };
            told.push((index, event));
        }
        told.reverse();
        Ok(told)
    }
}

const REASONS: &str = "list(distinct cast(said as varchar) order by cast(said as varchar))";

/// What a column of a model says of the events that were found.
fn said_of(
    blueprint: &Blueprint<'_>,
    session: &Session,
    id: &NodeId,
    column: &str,
    what: &str,
) -> Result<HashMap<String, Value>> {
    let Some(from) = place(blueprint, session, id)? else { return Ok(HashMap::new()) };
    let node = &blueprint.project.nodes[id];
    let there = session.query(&format!("describe select * from {from}"))?;
    let there: Vec<String> = there.rows.iter().map(|row| row[0].to_string()).collect();
    for needed in [EVENT_ID, column] {
        if !there.iter().any(|name| name.eq_ignore_ascii_case(needed)) {
            let message = format!("`{}` has no column `{needed}`, which its `meta.explain` needs", node.name);
            return Err(Diagnostic::error(message, node.declared.clone())
                .help(format!("its columns are {}", there.join(", ")))
                .into());
        }
    }
    let sql = format!(
        "select event_id, {what} from (select {EVENT_ID} as event_id, {} as said from {from})
         where event_id in (select event_id from {FOUND}) and said is not null group by event_id",
        quote(column)
    );
    Ok(session.query(&sql)?.rows.into_iter().map(|mut row| (row[0].to_string(), row.remove(1))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_whole_of_a_value() {
        let payload = r#"{"a": {"b": ["O-1", 7]}, "note": "see O-2"}"#;
        assert!(has_all(payload, &["O-1"]) && has_all(payload, &["O-1", "7"]));
        assert!(!has_all(payload, &["O-2"]) && !has_all(payload, &["O-1", "O-3"]) && !has_all(payload, &[]));
        assert!(!has_all("{", &["O-1"]));
        assert!(stands_alone(r#"{"order":"O-1","#, "O-1") && stands_alone("O-10, O-1", "O-1"));
        assert!(!stands_alone("O-10 XO-1 O-1-2", "O-1"));
    }
}
