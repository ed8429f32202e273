//! Golden snapshots: what every seed and model is when it is built from the sample, kept beside the code and reviewed with
//! it. They guard edits; a publication they do not withhold.

mod difference;
mod file;
mod look;
mod origin;
mod picture;
mod statement;

use std::panic::resume_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indexmap::IndexMap;

use crate::check::golden::file::File;
use crate::check::golden::look::look;
use crate::engine::Session;
use crate::error::AtPath;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::graph::Graph;
use crate::name::NodeId;
use crate::plan::Outcome;
use crate::progress::Silent;
use crate::project::Node;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::rebuild::Rebuilt;
use crate::render::Mode;
use crate::render::Scan;
use crate::run::Database;

pub use difference::{Difference, Mark};
pub use origin::origins;
pub use picture::Picture;
pub use statement::hash as statement_hash;

/// How a model meets its snapshot.
#[derive(Debug, Clone)]
pub struct Golden {
    pub id: NodeId,
    pub name: String,
    pub verdict: Verdict,
}

/// What came of one comparison.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It is as the snapshot says.
    Equal,
    /// There is no snapshot of it yet.
    New(Box<Difference>),
    /// It is otherwise.
    Differs(Box<Difference>),
    /// It could not be built.
    Failed(Box<Unbuilt>),
}

/// Why a model could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbuilt {
    /// In one line.
    pub why: String,
    /// The name of what failed: itself, or what it stands on.
    pub root: String,
    /// Where in the project's files; of a model that stands on one that failed, where that did.
    pub diagnostic: Option<Diagnostic>,
    /// Whose turn it is: the project's, or the data's.
    pub kind: Kind,
}

impl Unbuilt {
    /// Where no file is to blame.
    pub fn plain(name: &str, why: String, kind: Kind) -> Self {
        Self { why, root: name.to_string(), diagnostic: None, kind }
    }

    /// Why a node that did not end well was not built.
    pub fn of(outcome: &Outcome, all: &[Outcome], graph: &Graph) -> Self {
        let above = graph.ancestors(&outcome.id, None);
        let is_root = |other: &&Outcome| other.diagnostic.is_some() && above.contains(&other.id);
        let root = if outcome.diagnostic.is_some() { Some(outcome) } else { all.iter().find(is_root) };
        Self {
            why: outcome.message.clone(),
            root: root.unwrap_or(outcome).id.plain().to_string(),
            diagnostic: root.and_then(|root| root.diagnostic.clone()),
            kind: root.and_then(|root| root.fault).unwrap_or(Kind::Data),
        }
    }
}

impl Verdict {
    /// In one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::New(_) => "new",
            Self::Differs(_) => "differs",
            Self::Failed(_) => "failed",
        }
    }

    /// In one line; empty where all is as it was.
    pub fn headline(&self) -> &str {
        match self {
            Self::Equal => "",
            Self::New(difference) | Self::Differs(difference) => &difference.headline,
            Self::Failed(unbuilt) => &unbuilt.why,
        }
    }
}

impl Golden {
    /// Whether it is as it was.
    pub fn is_equal(&self) -> bool {
        matches!(self.verdict, Verdict::Equal)
    }
}

/// The snapshots of a project.
#[derive(Debug, Clone)]
pub struct Snapshots {
    folder: PathBuf,
}

/// A snapshot that waits for somebody to look at it.
pub struct Pending {
    pub name: String,
    /// What it was made from.
    pub origin: Option<String>,
    pub difference: Difference,
    /// What it would be from now on.
    pub picture: Picture,
}

impl Snapshots {
    /// Those in a folder, which need not be there.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Looks at what was built, and compares each seed and model that `is_asked` with its snapshot. Where it is otherwise
    /// and there are `origins`, what it is now is put beside the snapshot, for review.
    ///
    /// # Errors
    /// When a snapshot cannot be read or written.
    pub fn check(
        &self,
        blueprint: &Blueprint<'_>,
        rebuilt: &Rebuilt,
        is_asked: &dyn Fn(&NodeId) -> bool,
        origins: Option<&IndexMap<NodeId, String>>,
    ) -> Result<Vec<Golden>> {
        let asked: Vec<&Outcome> = rebuilt.outcomes.iter().filter(|outcome| is_asked(&outcome.id)).collect();
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<Golden>> {
            let session = rebuilt.engine.session()?;
            let mut judged = Vec::new();
            while let Some(outcome) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                let node = &blueprint.project.nodes[&outcome.id];
                let verdict = match outcome.status.is_bad() {
                    true => Verdict::Failed(Box::new(Unbuilt::of(outcome, &rebuilt.outcomes, blueprint.graph))),
                    false => self.judge(&session, blueprint, node, outcome, origins)?,
                };
                judged.push(Golden { id: outcome.id.clone(), name: node.name.clone(), verdict });
            }
            Ok(judged)
        };
        let judged: Result<Vec<Vec<Golden>>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..blueprint.threads.max(1)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        let mut all = judged?.concat();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn judge(
        &self,
        session: &Session,
        blueprint: &Blueprint<'_>,
        node: &Node,
        outcome: &Outcome,
        origins: Option<&IndexMap<NodeId, String>>,
    ) -> Result<Verdict> {
        let scan = &blueprint.scanned.nodes[&node.id];
        let sql = match (node.kind, &outcome.compiled) {
            (NodeKind::Seed, _) => None,
            (_, Some(sql)) => Some(sql.clone()),
            // An ephemeral model is part of its children alone.
            (_, None) => {
                let database = Database { session, observe: &Silent };
                let mode = Mode { execute: true, incremental: false };
                Some(blueprint.renderer.compile(blueprint.scanned, &node.id, &database, mode)?.sql)
            }
        };
        let from = match (&outcome.compiled, &scan.relation, &sql) {
            (None, _, Some(sql)) => format!("({sql}\n)"),
            (_, Some(relation), _) => relation.to_string(),
            _ => {
                let why = "it has no place in the database".to_string();
                return Ok(Verdict::Failed(Box::new(Unbuilt::plain(&node.name, why, Kind::Call))));
            }
        };
        let hash = sql.map(|sql| statement::hash(&without_places(&sql, blueprint)));
        let picture = look(session, &from, hash, &scan.config.key(), &volatile(node, scan))
            .map_err(|error| Error::data(format!("cannot look at `{}`", node.name)).because(error))?;
        let (path, pending) = (self.path(&node.name), self.pending_path(&node.name));
        let before = File::read(&path)?.map(|file| Picture::read(&file.contents)).transpose();
        let before = before.map_err(|reason| unreadable(&path, &reason))?;
        let difference = Difference::between(before.as_ref(), &picture);
        if difference.is_none() {
            if origins.is_some() && pending.is_file() {
                std::fs::remove_file(&pending).at_path("remove", &pending)?;
            }
            return Ok(Verdict::Equal);
        }
        let difference = Box::new(difference);
        if let Some(origins) = origins {
            let (source, expression) = (node.file.path.to_string_lossy().into_owned(), node.name.clone());
            let origin = origins.get(&node.id).cloned();
            File { source, expression, origin, contents: picture.to_string() }.write(&pending)?;
        }
        Ok(if before.is_some() { Verdict::Differs(difference) } else { Verdict::New(difference) })
    }

    /// Snapshots that wait for review, by name.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>> {
        let mut all = Vec::new();
        for name in self.names(".snap.new")? {
            let read = |path: PathBuf| -> Result<Option<(Picture, Option<String>)>> {
                let Some(file) = File::read(&path)? else { return Ok(None) };
                let picture = Picture::read(&file.contents).map_err(|reason| unreadable(&path, &reason))?;
                Ok(Some((picture, file.origin)))
            };
            let Some((picture, origin)) = read(self.pending_path(&name))? else { continue };
            let before = read(self.path(&name))?.map(|(picture, _)| picture);
            let difference = Difference::between(before.as_ref(), &picture);
            all.push(Pending { name, origin, difference, picture });
        }
        Ok(all)
    }

    /// Lets what waits be the snapshot from now on.
    ///
    /// # Errors
    /// When the file cannot be moved.
    pub fn accept(&self, name: &str) -> Result<()> {
        let (path, pending) = (self.path(name), self.pending_path(name));
        if let Some(file) = File::read(&pending)? {
            File { origin: None, ..file }.write(&path)?;
        }
        self.reject(name)
    }

    /// Leaves the snapshot as it was.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn reject(&self, name: &str) -> Result<()> {
        let pending = self.pending_path(name);
        std::fs::remove_file(&pending).at_path("remove", &pending)
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.names(".snap")?.is_empty())
    }

    /// Files of snapshots whose model or seed is gone, those that wait for somebody to look at them too.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn unreferenced(&self, blueprint: &Blueprint<'_>) -> Result<Vec<PathBuf>> {
        let is_there = |name: &String| {
            let nodes = blueprint.scanned.nodes.keys().filter_map(|id| blueprint.project.nodes.get(id));
            nodes.filter(|node| node.kind != NodeKind::Test).any(|node| node.name == *name)
        };
        let gone = self.names(".snap")?.into_iter().filter(|name| !is_there(name));
        let mut files: Vec<_> = gone.map(|name| self.path(&name)).collect();
        let gone = self.names(".snap.new")?.into_iter().filter(|name| !is_there(name));
        files.extend(gone.map(|name| self.pending_path(&name)));
        Ok(files)
    }

    /// Where the snapshot of a model is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.snap"))
    }

    fn pending_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.snap.new"))
    }

    fn names(&self, ending: &str) -> Result<Vec<String>> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder).at_path("read the folder", &self.folder)? {
            let entry = entry.at_path("read the folder", &self.folder)?;
            names.extend(entry.file_name().to_string_lossy().strip_suffix(ending).map(str::to_string));
        }
        names.sort();
        Ok(names)
    }
}

/// Columns whose values say nothing about the model: `meta: {volatile: true}` in their yml.
pub fn volatile(node: &Node, scan: &Scan) -> Vec<String> {
    let is_volatile = |meta: Option<&serde_json::Value>| meta.and_then(serde_json::Value::as_bool) == Some(true);
    let columns = node.columns.values().filter(|column| is_volatile(column.meta.get("volatile")));
    let listed = scan.config.meta("volatile").and_then(serde_json::Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(|name| name.as_str().map(str::to_string));
    columns.map(|column| column.name.clone()).chain(listed).collect()
}

/// SQL without the catalogs and schemas that its tables lie in: those are a matter of the profile.
pub fn without_places(sql: &str, blueprint: &Blueprint<'_>) -> String {
    let nodes = blueprint.scanned.nodes.values().filter_map(|scan| scan.relation.as_ref());
    let relations = nodes.chain(blueprint.scanned.sources.values());
    relations.fold(sql.to_string(), |sql, relation| sql.replace(&relation.to_string(), &relation.name))
}

fn unreadable(path: &Path, reason: &str) -> Error {
    Error::call(format!("cannot read the snapshot `{}`", path.display()))
        .because(reason.to_string())
        .help("remove it, and `cp test` makes it anew for review")
}
