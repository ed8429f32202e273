//! The server's program: from PyPI into an environment of its own in the user's cache, once for all runs of the tests.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use sha2::{Digest, Sha256};

/// What is to be installed.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mongo/requirements.txt");

/// Which Python this is, if it is one that the server runs on and that can make an environment.
const PROBE: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10); print(sys.prefix, sys.version)";

/// The Python that has the server; `None` where none can be had, which is told once a test on the true stderr.
///
/// # Panics
///
/// Where none can be had and `CP_REQUIRE_SERVERS` is set.
pub fn python() -> Option<&'static Path> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match INSTALLED.get_or_init(install) {
        Ok(python) => Some(python),
        Err(reason) if std::env::var_os("CP_REQUIRE_SERVERS").is_some() => {
            panic!("no server for the tests, and `CP_REQUIRE_SERVERS` is set: {reason}")
        }
        Err(reason) => {
            tell_skipped(reason);
            None
        }
    }
}

/// Tells why a test is skipped, so that it is seen although the test passes: the harness catches what `eprintln!` writes, but not
/// this.
fn tell_skipped(reason: &str) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {reason}\n", thread.name().unwrap_or("a test"));
    // Nothing is to be done where stderr is closed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Installs the server, unless that is done; the Python that has it, or why there is none.
fn install() -> Result<PathBuf, String> {
    let (python, which) =
        find().ok_or("there is no Python 3.10 or later with `venv`; install python3 and python3-venv")?;
    let text = fs::read_to_string(REQUIREMENTS).map_err(|error| format!("{REQUIREMENTS}: {error}"))?;
    let hash: String = Sha256::digest(text + &which).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let cache = cache().ok_or("neither `XDG_CACHE_HOME` nor `HOME` is set")?;
    let folder = cache.join(format!("secantusdb-{hash}"));
    let python_inside = folder.join("bin/python");
    fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    // An environment cannot be moved once it is made, so two processes that make it take turns.
    let lock = File::create(folder.with_extension("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("cannot lock {}: {error}", folder.display()))?;
    if folder.join("complete").exists() {
        return Ok(python_inside);
    }
    let _ = fs::remove_dir_all(&folder);
    run(Command::new(&python).args(["-m", "venv"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"];
    run(Command::new(&python_inside).args(pip).arg(REQUIREMENTS))?;
    fs::write(folder.join("complete"), "").map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(python_inside)
}

/// The first Python of those on `PATH` that will do, and which it is.
fn find() -> Option<(PathBuf, String)> {
    let names = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
    names.iter().find_map(|name| {
        let output = Command::new(name).args(["-I", "-c", PROBE]).output().ok()?;
        output.status.success().then(|| (name.into(), String::from_utf8_lossy(&output.stdout).into_owned()))
    })
}

fn cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Some(set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?.join("commercepulse"))
}

/// Runs a step of the installation; what it said is the error.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} ended with {}:\n{}", output.status, String::from_utf8_lossy(&said).trim_end()))
}
