//! `cp publish`: the checks, then all tables together.

use crate::cli;
use crate::cli::arguments::Project;
use crate::cli::summary;
use crate::error::Result;
use crate::flow::Stop;

pub fn perform(flags: Project) -> Result<()> {
    let (house, console) = cli::open("publish", flags.flags())?;
    let done = house.check_and_publish(&console, &Stop::listen(crate::ui::say))?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
