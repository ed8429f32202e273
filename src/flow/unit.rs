//! Unit tests of the project's models, and the beginning of a new one.

use crate::check;
use crate::check::Unit;
use crate::error::Result;
use crate::flow::House;
use crate::flow::explore;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;

impl House {
    /// Runs the unit tests of the selected models.
    pub fn unit(&self, observe: &dyn Observe) -> Result<Vec<Unit>> {
        let (selected, _) = self.select(&[NodeKind::Model])?;
        if !self.project.unit_tests.iter().any(|test| selected.contains(&test.model)) {
            return Ok(Vec::new());
        }
        observe.on(Progress::Stage { name: "unit", total: None });
        let units = check::unit(&self.blueprint(), &selected)?;
        let passed = units.iter().filter(|unit| unit.is_equal()).count();
        observe.on(Progress::Done { summary: format!("{passed} of {} unit tests passed", units.len()) });
        Ok(units)
    }

    /// The yml of a unit test of this model, with rows out of the warehouse.
    pub fn scaffold(&self, model: &str) -> Result<String> {
        let id = self.model_named(model)?;
        self.require_warehouse()?;
        check::scaffold(&self.blueprint(), &explore(self)?.session()?, &id)
    }
}
