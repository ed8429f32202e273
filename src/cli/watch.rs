//! `cp watch`: follows MongoDB in small batches.

use serde_json::json;

use crate::cli;
use crate::cli::arguments::WatchFlags;
use crate::config::OutputFormat;
use crate::error::Error;
use crate::error::Result;
use crate::flow::House;
use crate::flow::Stop;
use crate::flow::WatchedBatch;
use crate::progress::Status;
use crate::progress::grouped;
use crate::ui;

pub fn perform(flags: WatchFlags) -> Result<()> {
    let (house, console) = cli::open("watch", flags.selection.over(flags.project.flags()))?;
    let watched = house.watch(&console, &Stop::listen(ui::say), &mut |batch| show(&house, batch))?;
    console.close();
    let (batches, events, all) = (grouped(watched.batches), grouped(watched.events), grouped(watched.events_in_all));
    if let Some(until) = watched.until {
        ui::say(&format!(
            "stopped: {batches} batches, {events} events; the warehouse holds {all}, as of {until:.0}; the next run goes on from there"
        ));
    }
    match watched.is_failing {
        true => {
            Err(Error::data("the last batch could not be built as a whole").help("`cp run` tries again and tells why"))
        }
        false => Ok(()),
    }
}

/// One line a batch.
fn show(house: &House, batch: &WatchedBatch) {
    for outcome in &batch.record.outcomes {
        outcome.diagnostic.iter().for_each(ui::show_diagnostic);
    }
    let built = batch.record.count(Status::Success);
    let failed = batch.record.count(Status::Error) + batch.record.count(Status::Skipped);
    let (events, all) = (batch.extracted.events, batch.extracted.events_in_all);
    let now = jiff::Timestamp::now();
    if house.settings.flags.output == OutputFormat::Json {
        let line = json!({
            "at": now.to_string(), "events": events, "events_in_all": all, "built": built, "failed": failed,
            "seconds": batch.took.as_secs_f64(), "delay_seconds": batch.delay.map(|delay| delay.as_secs_f64()),
        });
        ui::write_out(&format!("{line}\n"));
        return;
    }
    if house.settings.flags.quiet {
        return;
    }
    let failed = if failed > 0 { format!(", {failed} FAILED") } else { String::new() };
    let delay = batch
        .delay
        .map_or_else(String::new, |delay| format!("; readable {:.1} s after it was written", delay.as_secs_f64()));
    ui::write_out(&format!(
        "{}  {} new, {} in all; {built} built{failed} in {:.1} s{delay}\n",
        now.strftime("%H:%M:%S"),
        grouped(events),
        grouped(all),
        batch.took.as_secs_f64()
    ));
}
