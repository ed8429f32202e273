//! The project's models, as the sample's events make them when they arrive in other orders.

use crate::check;
use crate::check::Replays;
use crate::check::Tries;
use crate::config::Settings;
use crate::error::Error;
use crate::error::Result;
use crate::flow::House;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;

/// How often models are replayed, unless somebody asks for more.
const REPLAYS: u64 = 3;

/// Seeds that are drawn are below this: short enough to be typed.
const SEEDS: u128 = 1_000_000;

impl House {
    /// Replays those of the selected models that declare it.
    pub fn replay(&self, observe: &dyn Observe) -> Result<Option<Replays>> {
        let flags = &self.settings.flags;
        let blueprint = self.blueprint();
        let mut models = check::replayed(&blueprint)?;
        let (selected, _) = self.select(&[NodeKind::Model])?;
        models.retain(|id| selected.contains(id));
        let count = flags.replays.unwrap_or(REPLAYS);
        if models.is_empty() || count == 0 {
            return Ok(None);
        }
        let sample = self.settings.layout.root.join(Settings::SAMPLE);
        if !sample.is_dir() {
            return Err(Error::call(format!("there is nothing to replay: `{}` is no folder", Settings::SAMPLE))
                .help("put events there as they lie in `data/`, or take `replay: true` away"));
        }
        let drawn = || (uuid::Uuid::new_v4().as_u128() % SEEDS) as u64;
        let tries = Tries { count, seed: flags.seed.unwrap_or_else(drawn) };
        observe.on(Progress::Stage { name: "replay", total: Some(count) });
        let replays = check::replay(&blueprint, &sample, &models, tries, observe)?;
        let equal = replays.models.iter().filter(|replay| replay.is_equal()).count();
        let summary = format!("{equal} of {} models are as a full rebuild makes them", replays.models.len());
        observe.on(Progress::Done { summary });
        Ok(Some(replays))
    }
}
