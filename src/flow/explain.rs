//! Why a row of a model is what it is, in the warehouse or in a build of given events.

use crate::config::Settings;
use crate::error::Error;
use crate::error::Result;
use crate::error::suggestion;
use crate::explain;
use crate::explain::Explanation;
use crate::explain::Question;
use crate::explain::Stale;
use crate::flow::House;
use crate::flow::explore;
use crate::flow::warehouse::Outdated;
use crate::name::NodeId;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;
use crate::rebuild::rebuild;

impl House {
    /// Explains the row that has this key: in the warehouse, or with `--data` in a build of that folder's events in memory.
    ///
    /// # Errors
    /// When there is no such model, row, warehouse or folder.
    pub fn explain(
        &self,
        model: &str,
        key: &[String],
        steps: Option<usize>,
        with_payloads: bool,
        observe: &dyn Observe,
    ) -> Result<Explanation> {
        let id = self.model_named(model)?;
        observe.on(Progress::Stage { name: "explain", total: None });
        let blueprint = self.blueprint();
        let engine = match &self.settings.flags.data {
            Some(data) if !self.settings.layout.events.is_dir() => {
                return Err(Error::call(format!("there is no folder `{}` to build from", data.display())).help(
                    format!("name a folder of events that is laid out as `data/` is, as `{}`", Settings::SAMPLE),
                ));
            }
            Some(_) => rebuild(&blueprint, &self.settings.layout.events)?.engine,
            None => {
                self.require_warehouse()?;
                explore(self)?
            }
        };
        let stale = match self.settings.flags.data {
            Some(_) => Vec::new(),
            None => {
                let mut ancestors = self.graph.ancestors(&id, None);
                ancestors.insert(id.clone());
                ancestors.retain(|id| self.project.nodes.get(id).is_some_and(|node| node.kind != NodeKind::Test));
                let told = |it: Outdated| Stale {
                    told: format!("`{}` ({})", self.project.nodes[&it.id].name, it.reason),
                    is_edited: it.is_edited,
                    id: it.id,
                };
                self.outdated(&engine, &ancestors)?.into_iter().map(told).collect()
            }
        };
        let question = Question { model: &id, key, steps, with_payloads, stale: &stale };
        let told = explain::explain(&blueprint, &engine.session()?, &question)?;
        observe.on(Progress::Done { summary: format!("{} steps told", told.steps.len()) });
        Ok(told)
    }

    /// The model of this name.
    ///
    /// # Errors
    /// When there is none, with the name that is most like it.
    pub(super) fn model_named(&self, name: &str) -> Result<NodeId> {
        let nodes = || self.project.nodes.values();
        let is_there = |id: &NodeId| self.scanned.nodes.contains_key(id);
        if let Some(node) = nodes().find(|node| node.name == name && node.kind == NodeKind::Model && is_there(&node.id))
        {
            return Ok(node.id.clone());
        }
        if let Some(seed) = nodes().find(|node| node.name == name && node.kind == NodeKind::Seed) {
            return Err(Error::call(format!(
                "`{name}` is a seed: its rows are those of `{}`",
                seed.file.path.display()
            ))
            .help("name a model with `--model`"));
        }
        let error = Error::call(format!("there is no model `{name}`"));
        let models = nodes().filter(|node| node.kind == NodeKind::Model).map(|node| node.name.as_str());
        Err(match suggestion(name, models) {
            Some(help) => error.help(help),
            None => error.help("`cp ls --resource-type model` lists the names"),
        })
    }
}
