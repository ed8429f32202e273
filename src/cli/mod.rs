//! The command line: one thin file a verb (flags → flow → print).

mod arguments;
mod build;
mod clean;
mod compile;
mod debug;
pub mod delegate;
mod diff;
mod docs;
mod drift;
mod explain;
mod extract;
mod flags;
mod generate;
mod golden;
mod ingest;
mod ls;
mod publish;
mod report;
mod review;
mod run;
mod show;
mod summary;
mod test;
mod verify;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::cli::arguments::Arguments;
use crate::cli::arguments::Verb;
use crate::config::Flags;
use crate::config::Invocation;
use crate::error::Result;
use crate::flow::House;
use crate::ui;
use crate::ui::Console;
use crate::ui::Talk;

/// The whole program: says what went wrong, and returns the exit code.
pub fn main() -> ExitCode {
    let invocation = Invocation::of_process();
    if let Err(error) = delegate::delegate(&invocation, &mut Arguments::command()) {
        return fail(&error);
    }
    // Not the name it was called by: help speaks of `cp`, whatever the link is named.
    let words = std::iter::once(OsString::from("cp")).chain(invocation.arguments);
    let parsed = match Arguments::try_parse_from(words) {
        Ok(parsed) => parsed,
        Err(error) => return explain(&error),
    };
    match perform(parsed.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Opens the project and a console to tell its progress on.
fn open(verb: &str, flags: Flags) -> Result<(House, Console)> {
    let talk = match (flags.quiet, flags.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let house = House::open(verb, flags)?;
    if talk != Talk::Quiet {
        house.project.warnings.iter().chain(&house.scanned.warnings).for_each(ui::show_diagnostic);
    }
    Ok((house, Console::new(talk)))
}

/// Prints clap's message: help on stdout, a fault on stderr.
fn explain(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) {
        ui::write_out(&text);
        return ExitCode::SUCCESS;
    }
    ui::say(text.trim_end());
    ExitCode::from(2)
}

fn fail(error: &crate::error::Error) -> ExitCode {
    ui::show_error(error);
    ExitCode::from(error.exit_code())
}

fn perform(verb: Verb) -> Result<()> {
    match verb {
        Verb::Build(flags) => build::perform(flags),
        Verb::Ingest(flags) => ingest::perform(flags),
        Verb::Extract(flags) => extract::perform(flags),
        Verb::Run(flags) => run::perform(flags, "run"),
        Verb::Seed(flags) => run::perform(flags, "seed"),
        Verb::Test(flags) => test::perform(flags),
        Verb::Review(flags) => review::perform(flags),
        Verb::Diff(flags) => diff::perform(flags),
        Verb::Docs(flags) => docs::perform(flags),
        Verb::Drift(flags) => drift::perform(flags),
        Verb::Explain(flags) => explain::perform(flags),
        Verb::Verify(flags) => verify::perform(flags),
        Verb::Watch(flags) => watch::perform(flags),
        Verb::Compile(flags) => compile::perform(flags),
        Verb::Ls(flags) => ls::perform(flags),
        Verb::Show(flags) => show::perform(flags),
        Verb::Publish(flags) => publish::perform(flags),
        Verb::Report(flags) => report::perform(flags),
        Verb::Generate(flags) => generate::perform(flags),
        Verb::Clean(flags) => clean::perform(flags),
        Verb::Debug(flags) => debug::perform(flags),
        Verb::Version => {
            ui::write_out(&format!("cp {} (DuckDB {})\n", env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_VERSION_DUCKDB")));
            Ok(())
        }
    }
}
