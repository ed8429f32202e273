//! The emulator's program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::support::python::{Environment, run};

/// Python that has the emulator. It is told where there is no Python 3.13, which few systems have, and no failure.
static PROGRAM: Environment = Environment {
    name: "local-bigquery",
    requirements: "tests/bigquery/requirements.txt",
    from: (3, 13),
    before: Some((3, 14)),
    may_be_missing: true,
    afterwards: extend,
    installed: OnceLock::new(),
};

/// The Python that has the emulator; `None` where none can be had, which is told.
pub fn python() -> Option<&'static Path> {
    PROGRAM.python()
}

/// The emulator's HOME, below which are its engine's extensions and nothing of the developer's own.
pub fn home(python: &Path) -> PathBuf {
    python.parent().and_then(Path::parent).expect("`python` is in `bin` of its folder").join("home")
}

fn extend(folder: &Path) -> Result<(), String> {
    let python = folder.join("bin/python");
    let home = home(&python);
    fs::create_dir(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bigquery/extend.py");
    run(Command::new(python).arg("-I").arg(program).env("HOME", home))
}
