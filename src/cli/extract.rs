//! `cp extract`: raw store → landing tables.

use crate::cli;
use crate::cli::arguments::ExtractFlags;
use crate::cli::summary;
use crate::config::Flags;
use crate::error::Result;

pub fn perform(flags: ExtractFlags) -> Result<()> {
    let full_refresh = flags.full_refresh;
    let (house, console) = cli::open("extract", Flags { full_refresh, ..flags.project.flags() })?;
    let done = house.land(&console)?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
