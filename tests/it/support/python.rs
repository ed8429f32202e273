//! Programs of tests that are Python's: from PyPI into an environment of their own in the user's cache, once for all runs
//! of the tests.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use sha2::{Digest, Sha256};

/// A version of Python, as 3.13 is `(3, 13)`.
type Version = (u32, u32);

/// The newest Python that is looked for by name.
const NEWEST: u32 = 16;

/// An environment that tests need.
pub struct Environment {
    /// What its folder in the cache is called.
    pub name: &'static str,
    /// What is to be installed: a file of the repository, in pip's words.
    pub requirements: &'static str,
    /// The oldest Python that will do.
    pub from: Version,
    /// The Python from which on none will do.
    pub before: Option<Version>,
    /// Whether a machine without such a Python may skip tests even where `CP_REQUIRE_SERVERS` is set.
    pub may_be_missing: bool,
    /// What is to be done in the folder once all is installed.
    pub afterwards: fn(&Path) -> Result<(), String>,
    /// The Python in it, once it was asked for.
    pub installed: OnceLock<Result<PathBuf, Missing>>,
}

/// Why there is no environment.
pub enum Missing {
    /// There is no Python for it.
    Python(String),
    /// Making it failed.
    Other(String),
}

impl Environment {
    /// The Python that has all that is required; `None` where none can be had, which is told once a test on the true stderr.
    ///
    /// # Panics
    ///
    /// Where none can be had and `CP_REQUIRE_SERVERS` is set, unless the Python may be missing and is.
    pub fn python(&self) -> Option<&Path> {
        let reason = match self.installed.get_or_init(|| self.install()) {
            Ok(python) => return Some(python),
            Err(Missing::Python(reason)) if self.may_be_missing => reason,
            Err(Missing::Python(reason) | Missing::Other(reason)) => {
                let is_required = env::var_os("CP_REQUIRE_SERVERS").is_some();
                assert!(!is_required, "no server for the tests, and `CP_REQUIRE_SERVERS` is set: {reason}");
                reason
            }
        };
        tell_skipped(reason);
        None
    }

    /// Makes the environment, unless that is done; the Python in it, or why there is none.
    fn install(&self) -> Result<PathBuf, Missing> {
        let (python, which) = self.find().ok_or_else(|| Missing::Python(self.advice()))?;
        self.install_with(&python, &which).map_err(Missing::Other)
    }

    fn install_with(&self, python: &Path, which: &str) -> Result<PathBuf, String> {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.requirements);
        let text = fs::read_to_string(&requirements).map_err(|error| format!("{}: {error}", self.requirements))?;
        let hash: String = Sha256::digest(text + which).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let cache = cache().ok_or("neither `XDG_CACHE_HOME` nor `HOME` is set")?;
        let folder = cache.join(format!("{}-{hash}", self.name));
        let inside = folder.join("bin/python");
        fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
        // An environment cannot be moved once it is made, so two processes that make it take turns.
        let lock = File::create(folder.with_extension("lock")).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.map_err(|error| format!("cannot lock {}: {error}", folder.display()))?;
        if folder.join("complete").exists() {
            return Ok(inside);
        }
        let _ = fs::remove_dir_all(&folder);
        run(Command::new(python).args(["-m", "venv"]).arg(&folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"];
        run(Command::new(&inside).args(pip).arg(requirements))?;
        (self.afterwards)(&folder)?;
        fs::write(folder.join("complete"), "").map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(inside)
    }

    /// The first Python of those on `PATH`, then of those that `pyenv` installed, that will do, and which it is.
    fn find(&self) -> Option<(PathBuf, String)> {
        let last = self.before.map_or(NEWEST, |(_, minor)| minor - 1);
        let versions = (self.from.1..=last).rev().map(|minor| format!("python3.{minor}"));
        let names = ["python3".to_string()].into_iter().chain(versions).chain(["python".to_string()]);
        let probe = self.probe();
        names.map(PathBuf::from).chain(of_pyenv()).find_map(|python| {
            let output = Command::new(&python).args(["-I", "-c", &probe]).output().ok()?;
            output.status.success().then(|| (python, String::from_utf8_lossy(&output.stdout).into_owned()))
        })
    }

    /// A program that says which Python runs it, and fails in one that will not do or that can make no environment.
    fn probe(&self) -> String {
        let Self { from, before, .. } = self;
        let is_too_new = before.map_or("False".to_string(), |before| format!("sys.version_info >= {before:?}"));
        format!(
            "import sys, venv, ensurepip; \
             assert sys.version_info >= {from:?} and not {is_too_new}; print(sys.prefix, sys.version)"
        )
    }

    /// What is missing, and what to do about it.
    fn advice(&self) -> String {
        let (major, minor) = self.from;
        match self.before {
            None => format!(
                "there is no Python {major}.{minor} or later with `venv`; install python{major} and python{major}-venv"
            ),
            Some((end, of)) => format!(
                "there is no Python {major}.{minor} or later, before {end}.{of}, with `venv`; \
                 install python{major}.{minor} and python{major}.{minor}-venv, or run `pyenv install {major}.{minor}`"
            ),
        }
    }
}

/// Tells why a test is skipped, so that it is seen although the test passes: the harness catches what `eprintln!` writes,
/// but not this.
pub fn tell_skipped(reason: impl std::fmt::Display) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {reason}\n", thread.name().unwrap_or("a test"));
    // Nothing is to be done where stderr is closed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Every Python that `pyenv` installed, in the order of their names.
fn of_pyenv() -> Vec<PathBuf> {
    let root = set("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(PathBuf::from(set("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut found: Vec<PathBuf> = versions.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found.into_iter().map(|folder| folder.join("bin/python")).collect()
}

fn cache() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(set("HOME")?).join(".cache"));
    Some(set("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?.join("commercepulse"))
}

/// A variable of the environment that is set, and not to nothing.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Runs a step of the installation; what it said is the error.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} ended with {}:\n{}", output.status, String::from_utf8_lossy(&said).trim_end()))
}
