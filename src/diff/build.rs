//! Both sides, built in memory as far as they can differ, and compared model by model.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use indexmap::IndexMap;
use indexmap::IndexSet;

use crate::check;
use crate::diff::Code;
use crate::diff::Counts;
use crate::diff::Model;
use crate::diff::Report;
use crate::diff::Revision;
use crate::diff::Rows;
use crate::diff::Standing;
use crate::diff::code;
use crate::diff::code::Change;
use crate::diff::code::Pieces;
use crate::diff::report::Downstream;
use crate::diff::rows::Form;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::name::NodeId;
use crate::plan::Outcome;
use crate::progress::Silent;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::rebuild::Rebuilt;
use crate::rebuild::rebuild_in;
use crate::rebuild::seed_file;
use crate::render::Mode;
use crate::run::Database;

/// What is compared. The two blueprints name different catalogs.
pub struct Sides<'a> {
    pub base: Revision,
    pub before: Blueprint<'a>,
    pub after: Blueprint<'a>,
    /// The folder of the events, and its name for a reader.
    pub given: &'a Path,
    pub given_name: String,
    /// Which names are told.
    pub is_told: &'a dyn Fn(&str) -> bool,
}

/// One side, built.
struct Side<'a> {
    blueprint: &'a Blueprint<'a>,
    pieces: &'a Pieces,
    outcomes: IndexMap<NodeId, Outcome>,
    events: u64,
}

/// Builds both sides and compares them.
///
/// # Errors
/// When the events cannot be read, or the engine fails; a model that fails is told in the report.
pub fn diff(sides: Sides<'_>) -> Result<Report> {
    let Sides { before, after, given, .. } = &sides;
    let (old, new) = std::thread::scope(|scope| {
        let other = scope.spawn(|| code::pieces(before, after.database, given));
        let own = code::pieces(after, after.database, given);
        (other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), own)
    });
    let shared = code::shared_changes(before, after)?;
    let changes = code::changes(&old, &new, &code::variables_changed(before, after), !shared.is_empty());
    let alone = |these: &Pieces, those: &Pieces| -> Vec<String> {
        these.keys().filter(|name| !those.contains_key(*name)).cloned().collect()
    };
    let (added, removed) = (alone(&new, &old), alone(&old, &new));
    let affected = changes.iter().filter(|(_, change)| change.is_affected).map(|(name, _)| name.as_str());
    let affected: IndexSet<&str> = affected.filter(|name| (sides.is_told)(name)).collect();

    let engine = Engine::in_memory_as(after.database)?;
    engine.configure(&after.project.profile.settings)?;
    let wanted = |pieces, own: &[String]| -> IndexSet<String> {
        let names = affected.iter().copied().chain(own.iter().map(String::as_str).filter(|name| (sides.is_told)(name)));
        code::with_ancestors(pieces, names).into_iter().map(str::to_string).collect()
    };
    let (old_wanted, new_wanted) = (wanted(&old, &removed), wanted(&new, &added));
    let beside = engine.beside(before.database)?;
    let (built_before, built_after) = std::thread::scope(|scope| {
        let other = scope.spawn(|| built(beside, before, &old, given, &old_wanted));
        let own = built(engine, after, &new, given, &new_wanted);
        (other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), own)
    });
    let ((before_engine, was), (after_engine, is)) = (built_before?, built_after?);
    require_events(&sides, &is)?;

    let names: Vec<String> =
        new.keys().chain(&removed).filter(|name| (sides.is_told)(name)).map(String::clone).collect();
    let judge = |session: &Session, name: &String| judge(session, name, &was, &is, &changes);
    let mut models = in_parallel(&after_engine, &names, after.threads, judge)?;
    drop(before_engine);
    let graphs = Lineage { changes: &changes, old: &old, new: &new };
    models.iter_mut().for_each(|model| graphs.fill_in(model, &was, &is));
    Ok(report(&sides, models, is.events, &shared))
}

fn built<'a>(
    engine: Engine,
    blueprint: &'a Blueprint<'a>,
    pieces: &'a Pieces,
    given: &Path,
    wanted: &IndexSet<String>,
) -> Result<(Engine, Side<'a>)> {
    let is_wanted = |id: &NodeId| pieces.iter().any(|(name, piece)| piece.id == *id && wanted.contains(name));
    let Rebuilt { engine, outcomes, events } = rebuild_in(engine, blueprint, given, &is_wanted)?;
    let outcomes = outcomes.into_iter().map(|outcome| (outcome.id.clone(), outcome)).collect();
    Ok((engine, Side { blueprint, pieces, outcomes, events }))
}

/// Tables without a row are equal, and that would say nothing.
fn require_events(sides: &Sides<'_>, side: &Side<'_>) -> Result<()> {
    if side.events > 0 || crate::ingest::rules(sides.after.project)?.is_empty() {
        return Ok(());
    }
    Err(Error::call(format!("there are no events in `{}`", sides.given_name))
        .help("name a folder that is laid out as `data/` is: `cp diff --data DIR`"))
}

/// Does the work for every name, on several sessions at once; results come in the order of the names.
fn in_parallel<T: Send>(
    engine: &Engine,
    names: &[String],
    threads: usize,
    work: impl Fn(&Session, &String) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let sessions = (0..threads.clamp(1, names.len().max(1))).map(|_| engine.session()).collect::<Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        for session in sessions {
            let (next, done, work) = (&next, &done, &work);
            scope.spawn(move || {
                while let Some((at, name)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, names.get(at)?)))
                {
                    let result = work(&session, name);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

impl Side<'_> {
    fn failure(&self, name: &str) -> Option<String> {
        let outcome = self.outcomes.get(&self.pieces.get(name)?.id)?;
        let place = outcome.diagnostic.as_ref().and_then(|diagnostic| diagnostic.place.as_ref());
        let at = place.map_or(String::new(), |place| format!(" ({place})"));
        outcome.status.is_bad().then(|| format!("{}{at}", outcome.message))
    }

    /// The table of a name, if the side has built it.
    fn form(&self, session: &Session, name: &str) -> Result<Option<Form>> {
        let Some(id) = self.pieces.get(name).map(|piece| &piece.id) else { return Ok(None) };
        let Some(outcome) = self.outcomes.get(id).filter(|outcome| !outcome.status.is_bad()) else { return Ok(None) };
        let Blueprint { project, scanned, renderer, .. } = *self.blueprint;
        let (node, scan) = (&project.nodes[id], &scanned.nodes[id]);
        let from = match (node.kind, &outcome.compiled, &scan.relation) {
            (NodeKind::Seed, _, Some(relation)) | (_, Some(_), Some(relation)) => relation.to_string(),
            // An ephemeral model is part of its children alone.
            _ => {
                let database = Database { session, observe: &Silent };
                let mode = Mode { execute: true, incremental: false };
                format!("({}\n)", renderer.compile(scanned, id, &database, mode)?.sql)
            }
        };
        Ok(Some(Form { from, key: scan.config.key(), masked: check::volatile(node, scan) }))
    }

    /// The name that readers know it by, if it is published.
    fn published_as(&self, name: &str) -> Option<&str> {
        let scan = self.blueprint.scanned.nodes.get(&self.pieces.get(name)?.id)?;
        let is_published = scan.config.meta("publish").and_then(serde_json::Value::as_bool) == Some(true);
        scan.relation.as_ref().filter(|_| is_published).map(|relation| relation.name.as_str())
    }

    fn is_published(&self, name: &str) -> bool {
        self.published_as(name).is_some()
    }
}

/// What becomes of the publication of a model that both sides have.
fn publication(name: &str, was: &Side<'_>, is: &Side<'_>) -> Option<String> {
    if !was.pieces.contains_key(name) || !is.pieces.contains_key(name) {
        return None;
    }
    match (was.published_as(name), is.published_as(name)) {
        (Some(_), None) => Some("no longer published".to_string()),
        (None, Some(_)) => Some("published from now on".to_string()),
        (Some(before), Some(after)) if before != after => Some(format!("published as {after}, no longer as {before}")),
        _ => None,
    }
}

/// How one model stands; what lies around it is filled in later.
fn judge(
    session: &Session,
    name: &String,
    was: &Side<'_>,
    is: &Side<'_>,
    changes: &IndexMap<String, Change>,
) -> Result<Model> {
    let change = changes.get(name);
    let (failed_before, failed_after) = (was.failure(name), is.failure(name));
    let side = if is.pieces.contains_key(name) { is } else { was };
    let node = &side.blueprint.project.nodes[&side.pieces[name].id];
    let failed = |error| Error::data(format!("cannot compare `{name}`")).because(error);
    let rows = match (was.form(session, name)?, is.form(session, name)?, change) {
        // It was built for others alone.
        (_, _, Some(change)) if !change.is_affected => None,
        (Some(before), Some(after), Some(_)) => Some(Rows::between(session, &before, &after).map_err(failed)?),
        (None, Some(after), _) => Some(Rows::alone(session, &after, true).map_err(failed)?),
        (Some(before), None, _) => Some(Rows::alone(session, &before, false).map_err(failed)?),
        _ => None,
    };
    let code = change.map_or(Code::Changed, |change| change.code);
    let standing = match (was.pieces.contains_key(name), is.pieces.contains_key(name)) {
        _ if failed_before.is_some() || failed_after.is_some() => Standing::Failed,
        (false, _) => Standing::Added,
        (_, false) => Standing::Removed,
        _ if rows.as_ref().is_some_and(|rows| !rows.is_equal()) => Standing::Changed,
        _ if code == Code::Changed => Standing::Code,
        _ if code == Code::Layout => Standing::Layout,
        _ if change.is_some_and(|change| change.is_affected) => Standing::Downstream,
        _ => Standing::Unchanged,
    };
    Ok(Model {
        name: name.clone(),
        kind: node.kind.as_str(),
        path: node.file.path.to_string_lossy().replace('\\', "/"),
        is_published: is.is_published(name) || was.is_published(name),
        publication: publication(name, was, is),
        standing,
        code,
        reasons: change.map_or(Vec::new(), |change| change.reasons.clone()),
        upstream: Vec::new(),
        downstream: Vec::new(),
        failed_before,
        failed_after,
        rows,
    })
}

/// What depends on what, on both sides.
struct Lineage<'a> {
    changes: &'a IndexMap<String, Change>,
    old: &'a Pieces,
    new: &'a Pieces,
}

impl Lineage<'_> {
    fn fill_in(&self, model: &mut Model, was: &Side<'_>, is: &Side<'_>) {
        let pieces = if self.new.contains_key(&model.name) { self.new } else { self.old };
        let is_source = |name: &&str| {
            *name != model.name
                && self.changes.get(*name).is_none_or(|change| change.code == Code::Changed)
                && pieces.contains_key(*name)
        };
        let above = code::with_ancestors(pieces, [model.name.as_str()]);
        if model.standing != Standing::Unchanged {
            model.upstream = above.into_iter().filter(is_source).map(str::to_string).collect();
        }
        if model.code == Code::Changed {
            let below = pieces.keys().filter(|name| {
                **name != model.name && code::with_ancestors(pieces, [name.as_str()]).contains(model.name.as_str())
            });
            let told = |name: &String| Downstream {
                name: name.clone(),
                is_published: is.is_published(name) || was.is_published(name),
            };
            model.downstream = below.map(told).collect();
        }
    }
}

fn report(sides: &Sides<'_>, models: Vec<Model>, events: u64, shared: &[String]) -> Report {
    let mut counts = Counts::default();
    models.iter().for_each(|model| counts.add(model.standing));
    let is_otherwise =
        |model: &&Model| model.publication.is_some() || (model.standing <= Standing::Removed && model.is_published);
    let mut notes: Vec<String> =
        shared.iter().map(|what| format!("{what} changed, so every model was compared")).collect();
    if sides.before.project.profile.settings != sides.after.project.profile.settings {
        notes.push("the profile's `settings` changed; both sides were built with the working tree's".to_string());
    }
    for node in sides.after.project.nodes.values().filter(|node| node.kind == NodeKind::Seed) {
        let was = sides.before.project.nodes.values().find(|was| was.kind == node.kind && was.name == node.name);
        if was.is_some_and(|was| was.file.text != node.file.text) && seed_file(sides.given, &node.name).is_file() {
            notes.push(format!(
                "`{}` changed, and `{}` has rows of its own for this seed: what the change does shows with `--data`",
                node.file.path.display(),
                sides.given_name
            ));
        }
    }
    Report {
        base: sides.base.clone(),
        events_from: sides.given_name.clone(),
        events,
        counts,
        published: models.iter().filter(is_otherwise).map(|model| model.name.clone()).collect(),
        notes,
        models: models.into_iter().filter(|model| model.standing != Standing::Unchanged).collect(),
    }
}
