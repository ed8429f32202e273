//! `cp extract`: raw store → landing tables.

use crate::cli;
use crate::cli::arguments::Project;
use crate::cli::summary;
use crate::error::Result;

pub fn perform(flags: Project) -> Result<()> {
    let (house, console) = cli::open("extract", flags.flags())?;
    let done = house.land(&console)?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
