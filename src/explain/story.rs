//! Events that arrive in memory, in the order in which they happened, and what becomes of one row meanwhile.

use indexmap::IndexSet;

use crate::diff::CellChange;
use crate::diff::shown;
use crate::engine::Session;
use crate::engine::Value;
use crate::error::Error;
use crate::error::Result;
use crate::explain::explanation::Effect;
use crate::explain::lineage::place;
use crate::name::NodeId;
use crate::name::quote;
use crate::rebuild::Blueprint;
use crate::rebuild::Given;
use crate::rebuild::arrive_watched;

/// A row's values, in the order of the columns that are looked at.
pub type Row = Option<Vec<Value>>;

/// One row of a model, wherever the model is built.
pub struct Watched<'a> {
    pub blueprint: &'a Blueprint<'a>,
    pub model: &'a NodeId,
    /// What the row meets, and no other.
    pub condition: String,
    /// Columns that are looked at.
    pub columns: Vec<String>,
}

impl Watched<'_> {
    /// The row as it is in a database; a column that is not there is NULL.
    pub fn row(&self, session: &Session) -> Result<Row> {
        let Some(from) = place(self.blueprint, session, self.model)? else { return Ok(None) };
        let there = session.query(&format!("describe select * from {from}"))?;
        let there: Vec<String> = there.rows.iter().map(|row| row[0].to_string()).collect();
        let select = |name: &String| match there.contains(name) {
            true => quote(name),
            false => format!("null as {}", quote(name)),
        };
        let select: Vec<_> = self.columns.iter().map(select).collect();
        let sql = format!("select {} from {from} where {}", select.join(", "), self.condition);
        Ok(session.query(&sql)?.rows.into_iter().next())
    }

    /// The row after each of the runs in which these events arrive.
    ///
    /// # Errors
    /// When the model cannot be built from them.
    pub fn rows(&self, given: &Given, runs: &[Vec<usize>]) -> Result<Vec<Row>> {
        let blueprint = self.blueprint;
        let mut selected: IndexSet<NodeId> = blueprint.graph.ancestors(self.model, None);
        selected.insert(self.model.clone());
        selected.retain(|id| blueprint.project.nodes.contains_key(id));
        let mut rows = Vec::new();
        let mut look = |session: &Session| -> Result<()> {
            rows.push(self.row(session)?);
            Ok(())
        };
        let built = arrive_watched(blueprint, given, &selected, runs, &mut look)?;
        match built.outcomes.iter().find(|outcome| outcome.status.is_bad()) {
            None => Ok(rows),
            Some(outcome) => {
                let name = &blueprint.project.nodes[&outcome.id].name;
                let message = format!("`{name}` cannot be built from these events: {}", outcome.message);
                Err(Error::data(message).help("`cp build` tells where"))
            }
        }
    }

    /// What became of the row, and the columns that are otherwise.
    pub fn change(&self, before: &Row, after: &Row) -> (Effect, Vec<CellChange>) {
        let effect = match (before, after) {
            (None, Some(_)) => Effect::Appears,
            (Some(_), None) => Effect::Disappears,
            (before, after) if before != after => Effect::Changes,
            _ => Effect::Nothing,
        };
        (effect, self.differences(before, after))
    }

    /// The columns that are otherwise; where one side has no row, all are NULL there.
    pub fn differences(&self, before: &Row, after: &Row) -> Vec<CellChange> {
        let value = |row: &Row, at: usize| row.as_ref().map_or(Value::Null, |row| row[at].clone());
        let change = |(at, column): (usize, &String)| {
            let (before, after) = (value(before, at), value(after, at));
            (before != after).then(|| CellChange {
                column: column.clone(),
                before: shown(&before),
                after: shown(&after),
            })
        };
        self.columns.iter().enumerate().filter_map(change).collect()
    }
}
