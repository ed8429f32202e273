//! Unit tests of the project's models, and the beginning of a new one.

use std::time::Duration;
use std::time::Instant;

use crate::check;
use crate::check::Unit;
use crate::error::Result;
use crate::flow::House;
use crate::flow::explore;
use crate::project::NodeKind;

impl House {
    /// Runs the unit tests of the selected models, and says how long that took.
    pub(super) fn unit(&self) -> Result<(Vec<Unit>, Duration)> {
        let clock = Instant::now();
        let (selected, _) = self.select(&[NodeKind::Model])?;
        Ok((check::unit(&self.blueprint(), &selected)?, clock.elapsed()))
    }

    /// The yml of a unit test of this model, with rows out of the warehouse.
    pub fn scaffold(&self, model: &str) -> Result<String> {
        let id = self.model_named(model)?;
        self.require_warehouse()?;
        check::scaffold(&self.blueprint(), &explore(self)?.session()?, &id)
    }
}
