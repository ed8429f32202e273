//! What producers have changed, and the edits that take it in.

use crate::drift;
use crate::drift::Applied;
use crate::drift::Drift;
use crate::error::Result;
use crate::flow::House;
use crate::flow::explore;
use crate::project;
use crate::project::NodeKind;

impl House {
    /// What the warehouse tells of drift.
    pub fn drift(&self) -> Result<Drift> {
        self.require_warehouse()?;
        let engine = explore(self)?;
        let drift = drift::read(&self.project, &self.scanned, &engine.session()?)?;
        let (everything, _) = self.select(&[NodeKind::Seed, NodeKind::Model])?;
        let stale = self.staleness(&engine, &everything)?;
        Ok(Drift { stale, ..drift })
    }

    /// Writes what is proposed into the project.
    pub fn take_in(&self, drift: &Drift) -> Result<Applied> {
        let given = project::command_line_vars(self.settings.flags.vars.as_deref())?;
        drift::apply(&self.project, &drift.proposals, &given.into_keys().collect::<Vec<_>>())
    }
}
