//! What `--state` and `--defer` mean here: a manifest of another run to select by, and tables of that run to read instead of
//! those that this warehouse lacks.

use std::path::Path;
use std::path::PathBuf;

use indexmap::IndexSet;

use crate::artifact;
use crate::artifact::Manifest;
use crate::engine::Engine;
use crate::engine::RelationKind;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::flow::House;
use crate::flow::explore;
use crate::name::NodeId;
use crate::name::Relation;
use crate::project::Materialization;
use crate::project::NodeKind;
use crate::render::Scanned;

/// The catalog under which another warehouse is attached that has the name of this one.
const CATALOG: &str = "cp_deferred";

/// References that lead to the tables of another run.
pub struct Deferral {
    /// Where this project's own tables are, whatever a reference leads to.
    declared: Scanned,
    /// The other warehouse, where it is another file.
    other: Option<Other>,
}

/// Another warehouse's file, and what it is attached as.
#[derive(Clone)]
struct Other {
    file: PathBuf,
    catalog: String,
}

impl House {
    /// Reads the manifest that `--state` names, and defers to it if that was asked for.
    pub(super) fn with_state(mut self, folder: Option<PathBuf>) -> Result<Self> {
        let flags = &self.settings.flags;
        let (defer, favor) = (flags.defer || flags.favor_state, flags.favor_state);
        let Some(folder) = folder else {
            return match defer {
                true => Err(Error::call("`--defer` reads the tables of another run, and none is named")
                    .help("name the folder that holds its manifest: `--state DIR`, or `DBT_STATE`")),
                false => Ok(self),
            };
        };
        let manifest = artifact::read_manifest(&folder, &self.project)?;
        self.state = Some(manifest.state(&self.project, &self.scanned));
        if defer {
            self.defer(&manifest, favor)?;
        }
        Ok(self)
    }

    /// Lets every reference to a model or seed that is not selected, and that this warehouse does not have (or whatever it
    /// has, if the state is favored), lead to where the manifest says it is.
    fn defer(&mut self, manifest: &Manifest, favor: bool) -> Result<()> {
        let engine = explore(self)?;
        let session = engine.session()?;
        let mut deferred = Vec::new();
        let mut other: Option<Other> = None;
        for id in self.referred()? {
            let own = self.scanned.nodes[&id].relation.clone();
            let (Some(own), Some(relation)) = (own, manifest.relation(&id)) else { continue };
            if favor || session.kind_of(&own)?.is_none() {
                let relation = self.located(manifest, relation, &mut other)?;
                deferred.push((id, relation));
            }
        }
        if let Some(other) = &other {
            engine.attach_to_read(&other.file, &other.catalog)?;
            for (id, relation) in &deferred {
                self.require_readable(&session, id, relation, other)?;
            }
        }
        let declared = self.scanned.clone();
        for (id, relation) in deferred {
            if let Some(scan) = self.scanned.nodes.get_mut(&id) {
                scan.relation = Some(relation);
            }
        }
        self.deferral = Some(Deferral { declared, other });
        Ok(())
    }

    /// Models and seeds that what is selected refers to, also through ephemeral models, and that are not selected.
    fn referred(&self) -> Result<IndexSet<NodeId>> {
        let (selected, _) = self.select(&[NodeKind::Model, NodeKind::Seed, NodeKind::Test])?;
        let mut referred = IndexSet::new();
        let mut open: Vec<NodeId> = selected.iter().cloned().collect();
        while let Some(id) = open.pop() {
            for parent in self.graph.parents(&id).iter().filter(|parent| !selected.contains(*parent)) {
                let Some(scan) = self.scanned.nodes.get(parent) else { continue };
                if referred.insert(parent.clone()) && scan.config.materialization() == Ok(Materialization::Ephemeral) {
                    open.push(parent.clone());
                }
            }
        }
        Ok(referred)
    }

    /// The relation as a session of this warehouse can name it.
    fn located(&self, manifest: &Manifest, relation: Relation, other: &mut Option<Other>) -> Result<Relation> {
        let own = self.settings.warehouse.as_deref();
        let is_own = |path: &Path| own.is_some_and(|own| same_file::is_same_file(own, path).unwrap_or(false));
        match manifest.warehouse(&relation.database) {
            Some(path) if is_own(&path) => Ok(Relation { database: self.database.clone(), ..relation }),
            Some(file) => {
                // Under its own name, if it can be had: its views say it.
                let is_taken = relation.database == self.database;
                let catalog = if is_taken { CATALOG.to_string() } else { relation.database.clone() };
                *other = Some(Other { file, catalog: catalog.clone() });
                Ok(Relation { database: catalog, ..relation })
            }
            None if relation.database == self.database => Ok(relation),
            None => Err(Error::call(format!(
                "the manifest's tables are in the database `{}`, and nothing tells which file that is",
                relation.database
            ))
            .help(format!("put the file beside the manifest, as `{}.duckdb`", relation.database))),
        }
    }

    /// Refuses what is not there, and a view that would read the tables of this warehouse.
    fn require_readable(&self, session: &Session, id: &NodeId, relation: &Relation, other: &Other) -> Result<()> {
        let name = &self.project.nodes[id].name;
        let file = self.settings.layout.shown(&other.file);
        match session.kind_of(relation)? {
            Some(RelationKind::View) if other.catalog == CATALOG => Err(Error::call(format!(
                "`{name}` is a view in `{file}`, and reads from `{}`, which is the name of this warehouse too",
                self.database
            ))
            .help("select it too, or build into a file of another name: a target of its own in `profiles.yml`")),
            Some(_) => Ok(()),
            None => Err(Error::call(format!("`{name}` is neither selected, nor built here or in `{file}`"))
                .help("select it too")),
        }
    }

    /// Makes the tables that references lead to readable.
    pub(super) fn attach_deferred(&self, engine: &Engine) -> Result<()> {
        match self.deferral.as_ref().and_then(|deferral| deferral.other.as_ref()) {
            Some(Other { file, catalog }) => engine.attach_to_read(file, catalog),
            None => Ok(()),
        }
    }

    /// Where this project's own tables are, also of nodes that references lead elsewhere for.
    pub fn declared(&self) -> &Scanned {
        self.deferral.as_ref().map_or(&self.scanned, |deferral| &deferral.declared)
    }

    /// Whether references may lead to tables of another run.
    pub fn is_deferring(&self) -> bool {
        self.deferral.is_some()
    }
}
