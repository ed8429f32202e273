//! A BigQuery for a test: the emulator `local-bigquery` as a process on free ports with a folder of its own, what can be
//! read back from it, and a proxy that stands between it and `cp`. All are gone when the test is, whatever becomes of it.

mod install;
mod message;
mod proxy;
mod rest;

use std::{
    ffi::OsStr,
    fmt,
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub use message::Message;
pub use proxy::{Act, Asked, Deed, Garbage, MISCHIEF, Proxy, random};
pub use rest::Row;
use tempfile::TempDir;

use super::process::{self, PATIENCE, Process, tail};

/// The project in which all datasets of tests are.
pub const PROJECT: &str = "test-project";

/// An emulator's process.
pub struct BigQuery {
    python: &'static Path,
    folder: TempDir,
    /// The ports, the same at every start, so that a client finds the server again.
    port: u16,
    grpc_port: u16,
    process: Mutex<Option<Process>>,
    client: ureq::Agent,
}

impl BigQuery {
    /// An emulator of the test's own, for a test that kills it; `None` where there is no Python, which is told.
    pub fn start() -> Option<Self> {
        let python = install::python()?;
        let server = Self {
            python,
            folder: process::folder(),
            port: process::free_port(),
            grpc_port: process::free_port(),
            process: Mutex::default(),
            client: rest::client(),
        };
        server.begin();
        Some(server)
    }

    /// One of the two emulators that all other tests of this process share, the same to a test whenever it asks; `None` where
    /// there is no Python, which is told. (Each is busy on one processor at the most.)
    pub fn shared() -> Option<&'static Self> {
        static SHARED: [OnceLock<BigQuery>; 2] = [const { OnceLock::new() }; 2];
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! { static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARED.len() }
        // The installation comes first, for its line is to be told once a test.
        install::python()?;
        Some(SHARED[MINE.with(|mine| *mine)].get_or_init(|| Self::start().unwrap()))
    }

    /// Its address without a scheme, for `BIGQUERY_EMULATOR_HOST`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the process with SIGKILL, as a failure of power would.
    pub fn kill(&self) {
        if let Some(process) = self.process.lock().unwrap().take() {
            process.kill();
        }
    }

    /// Starts the process again, with what it had stored and at the same address; kills it first if it runs.
    pub fn restart(&self) {
        self.kill();
        self.begin();
    }

    /// The last lines of what it said.
    pub fn tail(&self) -> String {
        tail(&self.log())
    }

    fn begin(&self) {
        let mut command = Command::new(self.python);
        command.arg("-I").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bigquery/serve.py")).arg(self.folder.path());
        command.args([&self.port.to_string(), &self.grpc_port.to_string(), PROJECT]);
        // Any variable would be a setting to the emulator, whatever it is for; and in a folder with a `.env` too.
        command.env_clear().env("HOME", install::home(self.python)).current_dir(self.folder.path());
        *self.process.lock().unwrap() = Some(Process::start(&mut command, &self.log()));
        let start = Instant::now();
        while !self.is_ready() {
            let has_ended = self.process.lock().unwrap().as_mut().unwrap().has_ended();
            assert!(!has_ended, "the emulator ended as it started:\n{}", self.tail());
            assert!(start.elapsed() < PATIENCE, "the emulator does not start:\n{}", self.tail());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for BigQuery {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the emulator's log ends with:\n{}", self.tail());
        }
        self.kill();
    }
}

/// A dataset that no other test has; gone with all it holds when the test is, for the emulator looks through every table
/// there is at every request.
pub struct Dataset<'server> {
    server: &'server BigQuery,
    name: String,
}

impl BigQuery {
    /// A name for a dataset; `cp` is to make it.
    pub fn fresh_dataset(&self) -> Dataset<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("d_{}_{}", NUMBER.fetch_add(1, Ordering::Relaxed), std::process::id());
        Dataset { server: self, name }
    }
}

impl Deref for Dataset<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Dataset<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl AsRef<OsStr> for Dataset<'_> {
    fn as_ref(&self) -> &OsStr {
        self.name.as_ref()
    }
}

impl Drop for Dataset<'_> {
    fn drop(&mut self) {
        self.server.remove(&self.name);
    }
}
