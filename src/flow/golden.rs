//! The project, built from the sample, beside its golden snapshots.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use indexmap::IndexMap;

use crate::check;
use crate::check::Golden;
use crate::check::Pending;
use crate::check::Snapshots;
use crate::check::Unit;
use crate::config::Settings;
use crate::error::Error;
use crate::error::Result;
use crate::flow::House;
use crate::name::NodeId;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;
use crate::rebuild::Blueprint;
use crate::rebuild::rebuild;

/// The golden snapshots of the project that the settings mean.
pub fn snapshots(root: &std::path::Path) -> Snapshots {
    Snapshots::of(root.join(Settings::GOLDEN))
}

impl House {
    /// The project, as whoever builds it anew needs it.
    pub(super) fn blueprint(&self) -> Blueprint<'_> {
        Blueprint {
            project: &self.project,
            scanned: self.declared(),
            graph: &self.graph,
            renderer: &self.renderer,
            database: &self.database,
            threads: self.settings.threads,
        }
    }

    /// Golden snapshots, and beside them unit tests, which keep one processor busy at the most. One after the other where the
    /// project has hooks: those may reach what is outside, and do not expect another of their kind.
    pub(super) fn golden_and_units(&self, observe: &dyn Observe) -> Result<(Vec<Golden>, Vec<Unit>)> {
        let has_hooks = !self.project.on_run_start.is_empty() || !self.project.on_run_end.is_empty();
        let (golden, units) = match has_hooks {
            true => (self.golden(observe)?, self.unit()),
            false => thread::scope(|scope| -> Result<_> {
                let units = scope.spawn(|| self.unit());
                let golden = self.golden(observe);
                let units = units.join().unwrap_or_else(|panic| resume_unwind(panic));
                Ok((golden?, units))
            })?,
        };
        let (units, took) = units?;
        if !units.is_empty() {
            let passed = units.iter().filter(|unit| unit.is_equal()).count();
            let summary = format!("{passed} of {} unit tests passed", units.len());
            observe.on(Progress::Beside { name: "unit", summary, took });
        }
        Ok((golden, units))
    }

    /// Builds all from the sample, and compares what is selected with its snapshots. A project without a sample has none.
    fn golden(&self, observe: &dyn Observe) -> Result<Vec<Golden>> {
        let sample = self.settings.layout.root.join(Settings::SAMPLE);
        let (selected, _) = self.select(&[NodeKind::Model, NodeKind::Seed])?;
        if !sample.is_dir() && !selected.is_empty() && !snapshots(&self.settings.layout.root).is_empty()? {
            return Err(Error::call(format!(
                "there is nothing to build the snapshots from: `{}` is no folder",
                Settings::SAMPLE
            ))
            .help("bring it back, as with `git checkout`; `cp generate` makes events; or remove `snapshots/golden`"));
        }
        if !sample.is_dir() || selected.is_empty() {
            return Ok(Vec::new());
        }
        observe.on(Progress::Stage { name: "golden", total: None });
        let blueprint = self.blueprint();
        let rebuilt = rebuild(&blueprint, &sample)?;
        let is_asked = |id: &NodeId| selected.contains(id);
        let origins = if self.settings.is_ci { None } else { Some(check::origins(&blueprint, &sample)?) };
        let snapshots = snapshots(&self.settings.layout.root);
        let golden = snapshots.check(&blueprint, &rebuilt, &is_asked, origins.as_ref())?;
        let equal = golden.iter().filter(|golden| golden.is_equal()).count();
        observe.on(Progress::Done { summary: format!("{equal} of {} snapshots are as they were", golden.len()) });
        Ok(golden)
    }

    /// Snapshots that wait, parted: those that the project as it stands has made, and those of code or a sample that is gone.
    ///
    /// # Errors
    /// When the sample cannot be read, or a template fails.
    pub fn parted(&self, pending: Vec<Pending>) -> Result<(Vec<Pending>, Vec<Pending>)> {
        let sample = self.settings.layout.root.join(Settings::SAMPLE);
        let origins = if sample.is_dir() { check::origins(&self.blueprint(), &sample)? } else { IndexMap::new() };
        let of = |name: &str| {
            let made = |id: &&NodeId| self.project.nodes.get(*id).is_some_and(|node| node.name == name);
            origins.keys().find(made).and_then(|id| origins.get(id))
        };
        Ok(pending
            .into_iter()
            .partition(|pending| pending.origin.is_some() && pending.origin.as_ref() == of(&pending.name)))
    }

    /// Snapshots whose model or seed is gone, relative to the project.
    pub fn unreferenced_snapshots(&self) -> Result<Vec<PathBuf>> {
        let root = &self.settings.layout.root;
        let files = snapshots(root).unreferenced(&self.blueprint())?;
        Ok(files.into_iter().map(|file| file.strip_prefix(root).map(PathBuf::from).unwrap_or(file)).collect())
    }
}
