//! `cp generate`: synthetic events, a live day or a year's history.

use jiff::civil::Date;

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
    let talk = match (flags.project.common.quiet, flags.project.common.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let console = Console::new(talk);
    let seed = flags.seed.unwrap_or(sample::DEFAULT_SEED);
    // Outside a project the folder is looked for in the working directory.
    let named = Flags { project_dir: flags.project.common.project_dir.clone(), ..Flags::default() };
    let root = match Settings::project_root(&named) {
        Ok(root) => root,
        Err(error) if flags.project.common.project_dir.is_some() => return Err(error),
        Err(_) => std::path::PathBuf::from("."),
    };
    let generated = match (flags.events, flags.history, flags.orders) {
        _ if flags.rates.is_some() => {
            let (from, to) = days(flags.rates.as_deref().unwrap_or_default())?;
            let out = flags.out.unwrap_or(root).join("fx_rates.csv");
            sample::rates(&sample::Rates { from, to, out, seed }, &console)?
        }
        (_, Some(year), Some(orders)) => {
            let mut history =
                sample::History::new(year, orders, flags.out.unwrap_or_else(|| root.join("data/bootstrap")));
            history.seed = seed;
            set(&mut history.duplicate_rate, flags.dup_rate);
            set(&mut history.late_rate, flags.late_rate);
            set(&mut history.drift_rate, flags.schema_drift_rate);
            sample::history(&history, &console)?
        }
        (Some(events), None, _) => {
            let date = match &flags.date {
                Some(text) => text
                    .parse()
                    .map_err(|_| Error::call(format!("`--date {text}` is no day")).help("write it as YYYY-MM-DD"))?,
                None => jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
            };
            let mut day = sample::Day::new(date, events, flags.out.unwrap_or_else(|| root.join("data/live_events")));
            day.seed = seed;
            set(&mut day.duplicate_rate, flags.dup_rate);
            set(&mut day.late_rate, flags.late_rate);
            set(&mut day.drift_rate, flags.schema_drift_rate);
            set(&mut day.malformed_rate, flags.malformed_rate);
            sample::day(&day, &console)?
        }
        _ => {
            return Err(Error::call("nothing to generate").help(
                "write `--events N` for a live day, `--history YEAR --orders N`, or `--rates FROM:TO --out DIR`",
            ));
        }
    };
    console.close();
    if talk != Talk::Quiet {
        for file in &generated.files {
            ui::write_out(&format!("{}\n", file.display()));
        }
        ui::say(&format!("{} events, {} bytes, seed {seed}", grouped(generated.events), grouped(generated.bytes)));
        let faults = generated.faults.named();
        let told: Vec<_> = faults
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{} {what}", grouped(*count)))
            .collect();
        if !told.is_empty() {
            ui::say(&format!("with {}", told.join(", ")));
        }
    }
    Ok(())
}

/// The first and the last of `YYYY-MM-DD:YYYY-MM-DD`.
fn days(text: &str) -> Result<(Date, Date)> {
    let days = text.split_once(':').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    days.ok_or_else(|| {
        Error::call(format!("`--rates {text}` is no span of days")).help("write it as YYYY-MM-DD:YYYY-MM-DD")
    })
}

/// A flag over a default.
fn set(rate: &mut f64, given: Option<f64>) {
    if let Some(given) = given {
        *rate = given;
    }
}
