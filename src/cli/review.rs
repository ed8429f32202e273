//! `cp review`: snapshots that wait for somebody to look at them.

use crate::cli::arguments::ReviewFlags;
use crate::cli::golden;
use crate::config::Settings;
use crate::error::Error;
use crate::error::Result;
use crate::flow;
use crate::flow::House;
use crate::flow::Pending;
use crate::flow::Snapshots;
use crate::ui;

pub fn perform(flags: ReviewFlags) -> Result<()> {
    let (names, accept, reject) = (flags.select, flags.accept, flags.reject);
    let project = flags.project.flags();
    let snapshots = flow::snapshots(&Settings::project_root(&project)?);
    let mut pending = snapshots.pending()?;
    if let Some(unknown) = names.iter().find(|name| pending.iter().all(|pending| pending.name != **name)) {
        return Err(Error::call(format!("no snapshot of `{unknown}` waits")).help("`cp test` makes those that changed"));
    }
    pending.retain(|pending| names.is_empty() || names.contains(&pending.name));
    if pending.is_empty() {
        ui::say("no snapshot waits; `cp test` makes those that changed");
        return Ok(());
    }
    // Whatever is dropped may be of any code.
    if !reject {
        let stale;
        (pending, stale) = House::open("review", project)?.parted(pending)?;
        for gone in &stale {
            ui::say(&format!("`{}` is left out: the project is not the one that its snapshot was made of", gone.name));
        }
        if pending.is_empty() {
            return Err(Error::call("no snapshot waits that the project as it stands has made")
                .help("run `cp test`, and review what it finds; `cp review --reject` drops what waits"));
        }
    }
    let count = pending.len();
    for (number, pending) in pending.iter().enumerate() {
        let title = format!("{} ({} of {count})", pending.name, number + 1);
        ui::write_out(&format!("{}\n", golden::drawn(&title, &pending.difference)));
        let goes_on = match (accept, reject) {
            (true, _) => decide(&snapshots, pending, "a")?,
            (_, true) => decide(&snapshots, pending, "r")?,
            _ if !ui::can_ask() => true,
            _ => ask(&snapshots, pending)?,
        };
        if !goes_on {
            break;
        }
    }
    if !accept && !reject && !ui::can_ask() {
        ui::say("nothing was decided: `cp review --accept` takes all of them, `--reject` drops them");
    }
    Ok(())
}

/// Asks until there is a decision. Whether to go on.
fn ask(snapshots: &Snapshots, pending: &Pending) -> Result<bool> {
    loop {
        match ui::ask("[a]ccept  [r]eject  [s]kip  show [w]hole  [q]uit").as_deref() {
            Some("w") => ui::write_out(&format!("{}\n", pending.picture)),
            Some(answer @ ("a" | "r" | "s" | "q")) => return decide(snapshots, pending, answer),
            None => return Ok(false),
            Some(_) => {}
        }
    }
}

fn decide(snapshots: &Snapshots, pending: &Pending, answer: &str) -> Result<bool> {
    match answer {
        "a" => snapshots.accept(&pending.name)?,
        "r" => snapshots.reject(&pending.name)?,
        _ => return Ok(answer == "s"),
    }
    ui::say(if answer == "a" { "accepted" } else { "rejected" });
    Ok(true)
}
