//! `cp verify`: does the warehouse hold what the raw store holds?

use crate::cli;
use crate::cli::arguments::Project;
use crate::cli::summary;
use crate::error::Result;

pub fn perform(flags: Project) -> Result<()> {
    let (house, console) = cli::open("verify", flags.flags())?;
    let done = house.verify(&console)?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
