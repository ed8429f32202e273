//! `cp report`: the quality report on what is in the warehouse.

use crate::cli;
use crate::cli::arguments::ReportFlags;
use crate::cli::summary;
use crate::config::Flags;
use crate::error::Result;

pub fn perform(flags: ReportFlags) -> Result<()> {
    let (house, console) = cli::open("report", Flags { date: flags.date, ..flags.project.flags() })?;
    let done = house.write_report()?;
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
