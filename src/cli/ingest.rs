//! `cp ingest`: files → raw store, then the landing tables.

use crate::cli;
use crate::cli::arguments::IngestFlags;
use crate::cli::summary;
use crate::config::Flags;
use crate::error::Result;

pub fn perform(flags: IngestFlags) -> Result<()> {
    let from_embedded = flags.from_embedded;
    let (date, data) = (flags.events.date, flags.events.data);
    let (house, console) = cli::open("ingest", Flags { date, data, ..flags.project.flags() })?;
    let done = if from_embedded { house.bring_over(&console)? } else { house.deliver(&console)? };
    console.close();
    summary::show(&house, &done);
    done.verdict()
}
