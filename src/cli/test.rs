//! `cp test`: the checks, on what is in the warehouse.

use crate::cli;
use crate::cli::arguments::BuildFlags;
use crate::cli::summary;
use crate::error::Result;
use crate::flow::Stop;
use crate::project::NodeKind;

pub fn perform(flags: BuildFlags) -> Result<()> {
    let (house, console) = cli::open("test", flags.flags())?;
    if house.settings.flags.dry_run {
        return summary::plan(&house, &house.dry_run(&[NodeKind::Test])?);
    }
    let done = house.test(&console, &Stop::listen(crate::ui::say))?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
