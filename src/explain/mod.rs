//! Why a row is what it is: the events behind it, in the order in which they happened, and what each changed.
//!
//! They are looked for along the lineage, from the row up to the landing table, and by the key itself, in payloads. That is
//! a guess, so it is proved: the model and its ancestors are built in memory from these events (and the seeds) alone, one
//! event after the other, and the row that comes out is compared with the one that is there. Columns that are otherwise
//! stand on other rows too, and are told.

mod declared;
mod evidence;
mod explanation;
mod key;
mod lineage;
mod story;
mod text;

use indexmap::IndexSet;

use crate::check;
use crate::engine::Column;
use crate::engine::Session;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Result;
use crate::explain::declared::Declared;
use crate::explain::evidence::Evidence;
use crate::explain::key::Key;
use crate::explain::key::Rows;
use crate::explain::story::Row;
use crate::explain::story::Watched;
use crate::name::NodeId;
use crate::name::quote;
use crate::project::Node;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::rebuild::Given;
use crate::render::Scan;
pub use explanation::{Cell, Effect, Explanation, Place, Proof, Step, Told};
pub use text::text;

/// What is asked.
pub struct Question<'a> {
    pub model: &'a NodeId,
    /// As it was written.
    pub key: &'a [String],
    /// Into how many steps the events are put at most; `None` for one each.
    pub steps: Option<usize>,
    /// Whether payloads are told, which may hold what is personal.
    pub with_payloads: bool,
    /// Of the model and its ancestors, those that are not built as they would be now.
    pub stale: &'a [Stale],
}

/// A table that is not what the project would make of what has landed.
pub struct Stale {
    pub id: NodeId,
    /// Its name and the reason, for a person.
    pub told: String,
    /// Whether something in the project is otherwise, rather than in what has landed.
    pub is_edited: bool,
}

/// Explains a row of a model, as it is in the database of this session.
///
/// # Errors
/// When the model has no such row and no event has the key, when it declares no key or is not built, or when it cannot be
/// built from the events that were found.
pub fn explain(blueprint: &Blueprint<'_>, session: &Session, question: &Question<'_>) -> Result<Explanation> {
    let declared = declared::declared(blueprint)?;
    let node = &blueprint.project.nodes[question.model];
    let scan = &blueprint.scanned.nodes[question.model];
    let key_columns = declared_key(node, scan)?;
    let Some(from) = lineage::place(blueprint, session, question.model)? else {
        return Err(Error::call(format!("`{}` is not built yet", node.name))
            .help(format!("run `cp build`, or `cp run --select +{}`", node.name)));
    };
    let columns = described(session, &from)?;
    let rows = Rows { session, name: &node.name, from: &from, columns: &columns, key: &key_columns };
    let key::Found { key, is_there } = rows.find(question.key)?;
    // What tells the row from others wherever it is built: a rank, say, would not.
    let identity = match Declared::of(scan).by.filter(|_| is_there) {
        Some(by) => Rows { key: &by, ..rows }.of(&key.condition())?.unwrap_or_else(|| key.clone()),
        None => key.clone(),
    };
    let is_compared = compared(blueprint, question.model);
    let watched = Watched {
        blueprint,
        model: question.model,
        condition: identity.condition(),
        columns: columns.iter().map(|column| column.name.clone()).filter(|name| is_compared(name)).collect(),
    };
    let row = watched.row(session)?;
    let search = Search { blueprint, session, question, declared: &declared, watched: &watched, row: &row };
    let names = identity.names();
    let near = search.evidence(&key, is_there.then_some(&from), &names, false)?;
    if !is_there && near.is_empty() {
        return Err(rows.missing(&key)?);
    }
    let evidence = if is_there { search.best(near, &key, &from, &names)? } else { near };
    let (steps, proof) = search.steps(&evidence)?;
    let Evidence { other_mentions, unrelated, not_built, unread, .. } = evidence;
    let edited = question.stale.iter().filter(|stale| stale.is_edited);
    let (seeds, other_sources) = besides(blueprint, question.model);
    Ok(Explanation {
        model: node.name.clone(),
        key: key.0.iter().map(|part| cell(&part.column, part.text.as_deref().into())).collect(),
        file: node.file.path.display().to_string(),
        grain: scan.config.meta("grain").and_then(|grain| grain.as_str()).map(str::to_string),
        nearest: if is_there { Vec::new() } else { rows.nearest(&key)? },
        proof,
        row: row.map(|row| watched.columns.iter().zip(&row).map(|(name, value)| cell(name, value.to_json())).collect()),
        steps,
        other_mentions,
        unrelated,
        not_built,
        stale: edited.map(|stale| stale.told.clone()).collect(),
        unread,
        seeds,
        other_sources,
    })
}

/// Where and what is looked for.
struct Search<'a> {
    blueprint: &'a Blueprint<'a>,
    session: &'a Session,
    question: &'a Question<'a>,
    declared: &'a [(NodeId, Declared)],
    watched: &'a Watched<'a>,
    /// As it is there.
    row: &'a Row,
}

impl Search<'_> {
    /// These events, if they make the row; else those that come closest to it, of these and of what looking further finds.
    fn best(&self, near: Evidence, key: &Key, from: &String, names: &[&str]) -> Result<Evidence> {
        let mentions = near.mentions();
        let not_built = near.not_built.clone();
        let mut proof = self.proof(&near)?;
        let mut best = near;
        // What only has the key may be a part of something else, which without its other parts is not what it is.
        for names in [names, &[]] {
            if !proof.is_equal {
                let further = self.evidence(key, Some(from), names, true)?;
                let proved = self.proof(&further)?;
                if proved.is_closer(&proof) {
                    (best, proof) = (further, proved);
                }
            }
        }
        best.not_built = not_built;
        best.other_mentions += mentions.saturating_sub(best.mentions());
        Ok(best)
    }

    /// Lets all of the events arrive at once.
    fn proof(&self, evidence: &Evidence) -> Result<Proof> {
        let all = (0..evidence.events.len()).collect();
        let mut made = self.watched.rows(&Given::of(self.blueprint, evidence.events.clone()), &[all])?;
        Ok(self.compared(evidence, &made.pop().flatten()))
    }

    /// Compares the row that events make with the one that is there.
    fn compared(&self, evidence: &Evidence, made: &Row) -> Proof {
        Proof {
            is_equal: self.row == made,
            events: evidence.events.len() as u64,
            columns: self.watched.columns.len() as u64,
            different: self.watched.differences(self.row, made),
            is_led: lineage::is_led(self.blueprint, self.question.model, &self.watched.columns),
            is_made: made.is_some(),
        }
    }

    /// Lets the events arrive one step after the other, in the order in which they happened: what each changes, and what
    /// comes of all.
    fn steps(&self, evidence: &Evidence) -> Result<(Vec<Step>, Proof)> {
        let Self { blueprint, session, question, declared, watched, .. } = *self;
        let told = evidence.told(blueprint, session, declared, question.with_payloads)?;
        let size = question.steps.map_or(1, |steps| told.len().div_ceil(steps.max(1)).max(1));
        let runs = told.chunks(size).map(|events| events.iter().map(|(index, _)| *index).collect());
        // A row may be there before anything has happened.
        let runs: Vec<Vec<usize>> = [Vec::new()].into_iter().chain(runs).collect();
        let made = watched.rows(&Given::of(blueprint, evidence.events.clone()), &runs)?;
        let proof = self.compared(evidence, made.last().unwrap_or(&None));
        // What is otherwise in the end never was in the warehouse as these events alone make it.
        let is_otherwise = |column: &String| proof.different.iter().any(|change| change.column == *column);
        let is_left_out = |column: &String| self.row.is_some() && proof.is_made && is_otherwise(column);
        let steps = told.chunks(size).zip(made.windows(2)).map(|(events, made)| {
            let (effect, mut changes) = watched.change(&made[0], &made[1]);
            changes.retain(|change| !is_left_out(&change.column));
            Step { events: events.iter().map(|(_, event)| event.clone()).collect(), effect, changes }
        });
        let steps = steps.collect();
        Ok((steps, proof))
    }

    /// The events that may be behind the row of a key. `from` is where the row is, if it is there at all.
    fn evidence(&self, key: &Key, from: Option<&String>, names: &[&str], is_far: bool) -> Result<Evidence> {
        let Self { blueprint, session, question, .. } = *self;
        let row = match from {
            Some(from) => format!("select * from {from} where {}", key.condition()),
            None => {
                let value = |part: &key::Part| format!("{} as {}", part.literal(), quote(&part.column));
                format!("select {}", key.0.iter().map(value).collect::<Vec<_>>().join(", "))
            }
        };
        let above = blueprint.graph.ancestors(question.model, None);
        let Some(landing) = lineage::landing(blueprint).filter(|id| above.contains(id)) else {
            return Ok(Evidence::default());
        };
        if lineage::place(blueprint, session, &landing)?.is_none() {
            return Ok(Evidence::default());
        }
        let ids = lineage::events_behind(blueprint, session, question.model, &row, is_far)?;
        let mut evidence = evidence::gather(session, blueprint.database, &ids, names)?;
        let is_above = |id: &&NodeId| above.contains(*id) || *id == question.model;
        let readers: Vec<NodeId> = blueprint.graph.children(&landing).iter().filter(is_above).cloned().collect();
        evidence.drop_not_built(blueprint, session, &readers, question.stale)?;
        evidence.drop_unrelated(blueprint, session, &readers, self.declared)?;
        Ok(evidence)
    }
}

/// The columns of the model's key.
fn declared_key(node: &Node, scan: &Scan) -> Result<Vec<String>> {
    let key = scan.config.key();
    if key.is_empty() {
        let message = format!("`{}` does not declare what tells a row of it from all others", node.name);
        let help = "write `config: {meta: {key: [columns]}}` beside its name in the yml".to_string();
        return Err(Diagnostic::error(message, node.declared.clone()).help(help).into());
    }
    Ok(key)
}

/// What the model may stand on besides events: seeds, and tables that something else fills.
fn besides(blueprint: &Blueprint<'_>, model: &NodeId) -> (Vec<String>, Vec<String>) {
    let above: IndexSet<NodeId> = blueprint.graph.ancestors(model, None);
    let landing = lineage::landing(blueprint);
    let nodes = above.iter().filter_map(|id| blueprint.project.nodes.get(id));
    let seeds = nodes.filter(|node| node.kind == NodeKind::Seed).map(|node| node.name.clone());
    let sources = above.iter().filter(|id| Some(*id) != landing.as_ref());
    let sources = sources.filter_map(|id| blueprint.project.sources.get(id));
    (seeds.collect(), sources.map(|source| format!("{}.{}", source.source_name, source.name)).collect())
}

/// Columns that say something about the row: neither how it arrived, nor what is otherwise each time.
fn compared(blueprint: &Blueprint<'_>, model: &NodeId) -> impl Fn(&str) -> bool {
    let volatile = check::volatile(&blueprint.project.nodes[model], &blueprint.scanned.nodes[model]);
    move |name| !name.starts_with('_') && !volatile.iter().any(|volatile| volatile.eq_ignore_ascii_case(name))
}

fn described(session: &Session, from: &str) -> Result<Vec<Column>> {
    let told = session.query(&format!("describe select * from {from}"))?;
    Ok(told.rows.iter().map(|row| Column { name: row[0].to_string(), data_type: row[1].to_string() }).collect())
}

fn cell(column: &str, value: serde_json::Value) -> Cell {
    Cell { column: column.to_string(), value }
}
