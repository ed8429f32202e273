//! The project as a site of static pages.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::artifact;
use crate::check;
use crate::docs;
use crate::docs::Facts;
use crate::engine::Column;
use crate::engine::Engine;
use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::extract::collection_of;
use crate::flow::House;
use crate::flow::explore;
use crate::name::NodeId;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::Silent;
use crate::project::NodeKind;
use crate::render::Mode;
use crate::run::Database;

impl House {
    /// Where the site is.
    pub fn site(&self) -> PathBuf {
        self.project.root.join(&self.project.target_path).join("docs")
    }

    /// Writes the site. What cannot be known without a warehouse, or of a model that does not compile, is said to be unknown.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_docs(&self, observe: &dyn Observe) -> Result<docs::Made> {
        observe.on(Progress::Stage { name: "docs", total: None });
        let (engine, notes) = self.looked_into(observe)?;
        let session = engine.session()?;
        let bound = check::bind(&self.blueprint())?;
        let facts = Facts {
            project: &self.project,
            scanned: &self.scanned,
            graph: &self.graph,
            compiled: self.compiled(&session),
            built: self.built(&session, &bound),
            bound,
            collections: self
                .scanned
                .sources
                .iter()
                .filter_map(|(id, it)| Some((id.clone(), collection_of(it)?)))
                .collect(),
            session: &session,
            last_run: artifact::last_run(&self.project)?,
            latest: artifact::latest(&self.project)?,
            destination: self.destination(),
            notes,
            made_at: self.started_at,
        };
        let made = docs::write(&facts, &self.site())?;
        let summary =
            format!("{} pages; where they come from is told of {} of {} columns", made.pages, made.told, made.columns);
        observe.on(Progress::Done { summary });
        Ok(made)
    }

    /// The warehouse, where it can be looked into; and a note for whoever reads the site, where it cannot.
    fn looked_into(&self, observe: &dyn Observe) -> Result<(Engine, Vec<String>)> {
        let is_there = self.settings.warehouse.as_deref().is_some_and(std::path::Path::is_file);
        match explore(self) {
            Ok(engine) if is_there => Ok((engine, Vec::new())),
            Ok(engine) => {
                Ok((engine, vec!["Nothing is built yet: columns are what the project's files say.".to_string()]))
            }
            Err(error) => {
                observe.on(Progress::Warning { text: error.to_string() });
                let note = "The warehouse could not be looked into: columns are what the project's files say.";
                Ok((Engine::in_memory()?, vec![note.to_string()]))
            }
        }
    }

    /// SQL of models and tests, or why there is none.
    fn compiled(&self, session: &Session) -> IndexMap<NodeId, Result<String, String>> {
        let database = Database { session, observe: &Silent };
        let mode = Mode { execute: true, incremental: false };
        let is_sql = |id: &&NodeId| self.project.nodes.get(*id).is_some_and(|node| node.kind != NodeKind::Seed);
        let compile = |id: &NodeId| {
            let made = self.renderer.compile(&self.scanned, id, &database, mode);
            (id.clone(), made.map(|made| made.sql).map_err(|error| told(&error)))
        };
        self.graph.order().iter().filter(is_sql).map(compile).collect()
    }

    /// Columns of those tables in the warehouse that the project's files do not tell.
    fn built(&self, session: &Session, bound: &check::Bound) -> IndexMap<NodeId, Vec<Column>> {
        let nodes = self.scanned.nodes.iter().filter_map(|(id, scan)| Some((id, scan.relation.as_ref()?)));
        let unknown = self.scanned.sources.iter().chain(nodes).filter(|(id, _)| !bound.columns.contains_key(*id));
        // A view that is broken tells nothing.
        unknown.filter_map(|(id, table)| Some((id.clone(), session.described(table).ok().flatten()?))).collect()
    }
}

/// An error in one text, with its places.
fn told(error: &Error) -> String {
    match error.diagnostics() {
        [] => error.to_string(),
        faults => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}
