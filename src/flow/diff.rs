//! The project as it stands beside a revision of it, both built from the same events.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexSet;

use crate::config::Environment;
use crate::config::Flags;
use crate::config::Settings;
use crate::diff;
use crate::diff::Report;
use crate::diff::Revision;
use crate::diff::Sides;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Result;
use crate::flow::House;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;

/// The catalog of the base, beside the project's own; a name that no project gives.
const BASE_CATALOG: &str = "cp_diff_base";

impl House {
    /// Compares with a revision (without one, with where the main branch was left): both are built in memory from the
    /// sample, or from the folder that `--data` names.
    ///
    /// # Errors
    /// When there is no such revision or no events, or when one side cannot be read.
    pub fn diff(&self, base: Option<&str>, observe: &dyn Observe) -> Result<Report> {
        observe.on(Progress::Stage { name: "diff", total: None });
        let layout = &self.settings.layout;
        let given = match &self.settings.flags.data {
            Some(_) => layout.events.clone(),
            None => layout.root.join(Settings::SAMPLE),
        };
        let given_name = match &self.settings.flags.data {
            Some(data) => data.display().to_string(),
            None => Settings::SAMPLE.to_string(),
        };
        if !given.is_dir() {
            return Err(Error::call(format!("there is no folder `{given_name}` to build both sides from"))
                .help("name a folder of events that is laid out as `data/` is: `cp diff --data DIR`"));
        }
        let base = Revision::find(&layout.root, base)?;
        let checkout = base.check_out(&layout.root)?;
        let before = self.as_it_was(checkout.root(), &base)?;
        let (selected, unmatched) = self.select(&[NodeKind::Model, NodeKind::Seed])?;
        for fault in unmatched {
            observe.on(Progress::Warning { text: fault.message });
        }
        let names: IndexSet<&str> = selected.iter().map(|id| self.project.nodes[id].name.as_str()).collect();
        let is_told = |name: &str| !self.has_selection() || names.contains(name);
        let sides = Sides {
            base,
            before: before.blueprint(),
            after: self.blueprint(),
            given: &given,
            given_name,
            is_told: &is_told,
        };
        let report = diff::diff(sides)?;
        let told = report.models.len();
        observe.on(Progress::Done {
            summary: format!("{told} of {} models stand otherwise", told + report.counts.unchanged),
        });
        Ok(report)
    }

    /// The project in the folder of a revision, in this environment and with these flags.
    fn as_it_was(&self, root: &Path, base: &Revision) -> Result<House> {
        let own = &self.settings.layout.root;
        let environment = Arc::new(Environment::load(own)?);
        // Profiles are often not committed.
        let lacks_profiles = !root.join("profiles.yml").is_file() && own.join("profiles.yml").is_file();
        let profiles_dir = self.settings.flags.profiles_dir.clone().or_else(|| lacks_profiles.then(|| own.clone()));
        let flags = Flags { profiles_dir, ..self.settings.flags.clone() };
        House::open_at("diff", flags, root.to_path_buf(), environment, Some(BASE_CATALOG)).map_err(|error| {
            let side = format!("at the base, {}", base.shown());
            let faults = error.diagnostics().iter().cloned();
            let faults = faults.map(|fault| Diagnostic { message: format!("{side}: {}", fault.message), ..fault });
            Error::call(format!("{side}: {error}")).with(faults).help("name another revision with `--base`")
        })
    }
}
