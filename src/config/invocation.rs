//! How the program was called: what can be known before any project is.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// The variable that names every `cp` of ours through which a call has gone already.
const PASSED: &str = "COMMERCEPULSE_CP_PASSED";

/// One call of the program.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// The name it was called by, without folders.
    pub name: OsString,
    /// What follows the name.
    pub arguments: Vec<OsString>,
    /// This program's own file, where the system tells it.
    pub executable: Option<PathBuf>,
    /// The folders that a shell searches for programs, in order.
    pub search_path: Vec<PathBuf>,
    /// Files that have handed this call on already.
    pub passed: Vec<PathBuf>,
}

impl Invocation {
    /// The call of this process.
    pub fn of_process() -> Self {
        let mut arguments = env::args_os();
        let called = arguments.next().unwrap_or_default();
        let folders = |variable: &str| env::var_os(variable).map(|value| env::split_paths(&value).collect());
        Self {
            name: Path::new(&called).file_name().map(OsStr::to_os_string).unwrap_or(called),
            arguments: arguments.collect(),
            executable: env::current_exe().ok(),
            // What a shell takes where PATH is unset.
            search_path: folders("PATH").unwrap_or_else(|| vec!["/usr/bin".into(), "/bin".into()]),
            passed: folders(PASSED).unwrap_or_default(),
        }
    }

    /// The variable, and its value, by which the next program knows that `own` has handed this call on.
    pub fn mark(&self, own: &Path) -> (&'static str, OsString) {
        let files = self.passed.iter().map(PathBuf::as_path).chain([own]);
        // Only a path with a colon cannot be joined; then the mark of this one file is lost, not the call.
        (PASSED, env::join_paths(files).unwrap_or_default())
    }
}
