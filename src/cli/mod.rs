//! The command line. (Stand-in: the verbs' names only, so that the name `cp` can be tested before the verbs are written.)

pub mod delegate;

use std::{io::Write, process::ExitCode};

use clap::{Arg, Command};

use crate::config::Invocation;

/// The whole program.
pub fn main() -> ExitCode {
    let invocation = Invocation::of_process();
    let verb = |name: &'static str| Command::new(name).arg(Arg::new("select").long("select").num_args(1..));
    let mut command =
        Command::new("cp").subcommands(["build", "run", "test", "seed", "ls", "show", "version"].map(verb));
    if let Err(error) = delegate::delegate(&invocation, &mut command) {
        let _ = writeln!(std::io::stderr(), "error: {error}\nhelp: {}", error.help_text().unwrap_or_default());
        return ExitCode::from(error.exit_code());
    }
    command.get_matches();
    ExitCode::SUCCESS
}
