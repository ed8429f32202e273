//! `cp run` and `cp seed`: models and seeds, without reading files and without checks.

use crate::cli;
use crate::cli::arguments::BuildFlags;
use crate::cli::summary;
use crate::error::Result;
use crate::flow::Stop;
use crate::project::NodeKind;

pub fn perform(flags: BuildFlags, verb: &str) -> Result<()> {
    let kinds: &[NodeKind] = match verb {
        "seed" => &[NodeKind::Seed],
        _ => &[NodeKind::Seed, NodeKind::Model],
    };
    let (house, console) = cli::open(verb, flags.flags())?;
    if house.settings.flags.dry_run {
        return summary::plan(&house, &house.dry_run(kinds)?);
    }
    let done = house.run(kinds, &console, &Stop::listen(crate::ui::say))?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
