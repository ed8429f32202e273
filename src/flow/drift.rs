//! What producers have changed, and the edits that take it in.

use crate::drift;
use crate::drift::Drift;
use crate::error::Result;
use crate::flow::House;
use crate::flow::explore;
use crate::project;
use crate::project::Addition;

impl House {
    /// What the warehouse tells of drift.
    pub fn drift(&self) -> Result<Drift> {
        self.require_warehouse()?;
        let engine = explore(self)?;
        drift::read(&self.project, &self.scanned, &engine.session()?)
    }

    /// Writes what is proposed into the project: all of it, or nothing.
    pub fn take_in(&self, drift: &Drift) -> Result<Vec<Addition>> {
        let given = project::command_line_vars(self.settings.flags.vars.as_deref())?;
        drift::apply(&self.project, &drift.proposals, &given.into_keys().collect::<Vec<_>>())
    }
}
