//! `cp generate`: synthetic events, a live day or a year's history.

use crate::cli::arguments::GenerateFlags;
use crate::config::Flags;
use crate::config::Settings;
use crate::error::Error;
use crate::error::Result;
use crate::progress::grouped;
use crate::sample;
use crate::ui;
use crate::ui::Console;
use crate::ui::Talk;

pub fn perform(flags: GenerateFlags) -> Result<()> {
    let talk = match (flags.project.quiet, flags.project.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let console = Console::new(talk);
    let seed = flags.seed.unwrap_or(sample::DEFAULT_SEED);
    // Outside a project the folder is looked for in the working directory.
    let named = Flags { project_dir: flags.project.project_dir.clone(), ..Flags::default() };
    let root = match Settings::project_root(&named) {
        Ok(root) => root,
        Err(error) if flags.project.project_dir.is_some() => return Err(error),
        Err(_) => std::path::PathBuf::from("."),
    };
    let generated = match (flags.events, flags.history, flags.orders) {
        (_, Some(year), Some(orders)) => {
            let out = flags.out.unwrap_or_else(|| root.join("data/bootstrap"));
            sample::history(&sample::History { year, orders, out, seed }, &console)?
        }
        (Some(events), None, _) => {
            let date = match &flags.date {
                Some(text) => text.parse().map_err(|_| {
                    Error::call(format!("`--date {text}` is no day")).help("write it as YYYY-MM-DD")
                })?,
                None => jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
            };
            let day = sample::Day {
                events,
                date,
                out: flags.out.unwrap_or_else(|| root.join("data/live_events")),
                seed,
                duplicate_rate: share("--dup-rate", flags.dup_rate, sample::DEFAULT_DUPLICATE_RATE)?,
                late_rate: share("--late-rate", flags.late_rate, sample::DEFAULT_LATE_RATE)?,
                drift_rate: share("--schema-drift-rate", flags.schema_drift_rate, sample::DEFAULT_DRIFT_RATE)?,
                malformed_rate: share("--malformed-rate", flags.malformed_rate, sample::DEFAULT_MALFORMED_RATE)?,
            };
            sample::day(&day, &console)?
        }
        _ => {
            return Err(Error::call("nothing to generate")
                .help("write `--events N` for a live day, or `--history YEAR --orders N`"));
        }
    };
    console.close();
    if talk != Talk::Quiet {
        for file in &generated.files {
            ui::write_out(&format!("{}\n", file.display()));
        }
        ui::say(&format!("{} events, {} bytes, seed {seed}", grouped(generated.events), grouped(generated.bytes)));
    }
    Ok(())
}

fn share(flag: &str, given: Option<f64>, default: f64) -> Result<f64> {
    let share = given.unwrap_or(default);
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(Error::call(format!("`{flag} {share}` is no share")).help("name a number from 0 to 1"))
}
