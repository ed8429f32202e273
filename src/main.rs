//! The program `cp`; all of it is in the library.

fn main() -> std::process::ExitCode {
    commercepulse::cli::main()
}
