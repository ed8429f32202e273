//! The program `cp`.

use std::process::ExitCode;

fn main() -> ExitCode {
    commercepulse::cli::main()
}
