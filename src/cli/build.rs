//! `cp build`: the main job.

use crate::cli;
use crate::cli::arguments::BuildFlags;
use crate::cli::summary;
use crate::error::Result;
use crate::flow::Stop;
use crate::project::NodeKind;

pub fn perform(flags: BuildFlags) -> Result<()> {
    let (house, console) = cli::open("build", flags.flags())?;
    if house.settings.flags.dry_run {
        return summary::plan(&house, &house.dry_run(&[NodeKind::Seed, NodeKind::Model, NodeKind::Test])?);
    }
    let done = house.build(&console, &Stop::listen(crate::ui::say))?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
