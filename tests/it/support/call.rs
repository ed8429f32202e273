//! One call of a program, and what came of it.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Running;

/// The compiled `cp`.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cp"))
}

/// A call that is not yet made.
pub struct Call {
    command: Command,
    folder: PathBuf,
}

impl Call {
    /// A call of the compiled `cp`.
    pub fn of(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut call = Self::to(program());
        call.command.args(arguments);
        call
    }

    /// A call of any program, with nothing of the developer's own settings, and nothing of what cargo sets.
    pub fn to(program: &Path) -> Self {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let is_setting = ["DBT_", "CP_", "COMMERCEPULSE_", "MONGO_", "BQ_", "BIGQUERY_", "GOOGLE_"];
            if is_setting.iter().any(|prefix| text.starts_with(prefix)) || text.ends_with("LD_LIBRARY_PATH") {
                command.env_remove(&name);
            }
        }
        command.env("NO_COLOR", "1").env("COLUMNS", "100").stdin(Stdio::null());
        Self { command, folder: std::env::temp_dir() }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// A variable of the call's environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The working directory.
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = folder.to_path_buf();
        self
    }

    /// Makes the call.
    pub fn run(mut self) -> Output {
        let output = self.command.current_dir(&self.folder).output();
        let output = output.unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.command));
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            folder: self.folder,
        }
    }

    /// Makes the call, and goes on while it runs.
    pub fn spawn(mut self) -> Running {
        self.command.current_dir(&self.folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.command.spawn().unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.command));
        Running::new(child, self.folder)
    }

    /// Makes the call, which must end with exit code 0.
    #[track_caller]
    pub fn success(self) -> Output {
        self.status(0)
    }

    /// Makes the call, which must end with this exit code.
    #[track_caller]
    pub fn status(self, expected: i32) -> Output {
        let output = self.run();
        assert_eq!(output.status, expected, "exit code\n{output}");
        output
    }
}

/// What came of a call.
pub struct Output {
    /// The exit code; -1 where a signal ended it.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    pub(super) folder: PathBuf,
}

impl Output {
    /// The exit code must be 0.
    #[track_caller]
    pub fn assert_success(&self) {
        assert_eq!(self.status, 0, "exit code\n{self}");
    }

    /// Compares the whole output with the snapshot `name`; what differs from run to run stands as a name in brackets.
    #[track_caller]
    pub fn assert(&self, name: &str) {
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for folder in [self.folder.canonicalize().unwrap(), self.folder.clone()] {
            settings.add_filter(&escaped(&folder), "[project]");
        }
        settings.add_filter(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[uuid]");
        // A report of no business day is today's.
        let today = jiff::Timestamp::now().to_string()[..10].to_string();
        settings.add_filter(&format!("reports/{today}"), "reports/[today]");
        settings.add_filter(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]");
        settings.add_filter(r"\b\d+(\.\d+)? ?(ms|s|min)\b", "[duration]");
        settings.add_filter(r"127\.0\.0\.1:\d+", "[server]");
        settings.add_filter(r"\bt_\d+_\d+\b", "[database]");
        settings.add_filter(r"\bd_\d+_\d+\b", "[dataset]");
        settings.add_filter(r"_[0-9a-f]{16}_[0-9a-f]{8}\b", "_[hex]");
        settings.add_filter(r"\b[0-9a-f]{12,}\b", "[hex]");
        settings.add_filter(r"\([0-9a-f]{9}\)", "([commit])");
        settings.add_filter(r"\b\d+ KiB", "[size]");
        settings.bind(|| insta::assert_snapshot!(name, self.to_string()));
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code: {}", self.status)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "----- {name} -----\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// A path as a regular expression that matches it alone.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().chars().flat_map(|c| (!c.is_alphanumeric()).then_some('\\').into_iter().chain([c])).collect()
}
