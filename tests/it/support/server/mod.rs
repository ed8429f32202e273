//! A real server for a test: SecantusDB, which speaks MongoDB's protocol, as a process on a free port with a folder of
//! its own. It is gone when the test is, whatever becomes of the test.

mod database;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock},
    thread,
    time::{Duration, Instant},
};

pub use database::Database;
use mongodb::bson::{Bson, doc};
use tempfile::TempDir;

use super::process::{self, PATIENCE, Process, tail};
use super::python::Environment;

/// The server's program.
static PROGRAM: Environment = Environment {
    name: "secantusdb",
    requirements: "tests/mongo/requirements.txt",
    from: (3, 10),
    before: None,
    may_be_missing: false,
    afterwards: |_| Ok(()),
    installed: OnceLock::new(),
};
/// The administrator of a server with accounts.
const OWNER: (&str, &str) = ("owner", "open sesame");

/// How a server is to be started.
#[derive(Default)]
pub struct Setup {
    arguments: Vec<&'static str>,
    has_accounts: bool,
    has_tls: bool,
    is_unsynced: bool,
}

impl Setup {
    /// No replica set: no change streams.
    pub fn standalone(mut self) -> Self {
        self.arguments.push("--standalone");
        self
    }

    /// A position in the change stream is lost after some 2,000 writes (error 286).
    pub fn small_oplog(mut self) -> Self {
        self.arguments.extend(["--oplog-max-entries", "1000"]);
        self
    }

    /// Who does not log in may do nothing. [`Server::uri`] logs in as the administrator.
    pub fn accounts(mut self) -> Self {
        self.has_accounts = true;
        self
    }

    /// Connections are encrypted; [`Server::uri`] names the authority to trust.
    pub fn tls(mut self) -> Self {
        self.has_tls = true;
        self
    }

    /// Only what was asked for with `j: true` outlives [`Server::kill`]. MongoDB acknowledges `w: majority` when it is
    /// in the journal; this server needs a setting for that, which is on unless this is called.
    pub fn unsynced(mut self) -> Self {
        self.is_unsynced = true;
        self
    }

    /// Starts the server; `None` where there is no Python, which is told.
    pub fn start(self) -> Option<Server> {
        let python = PROGRAM.python()?;
        let folder = process::folder();
        let server = Server { setup: self, python, folder, port: OnceLock::new(), process: Mutex::new(None) };
        server.begin(false);
        if server.setup.has_accounts {
            let (name, password) = OWNER;
            server.nameless().run_command(doc! {"createUser": name, "pwd": password, "roles": ["root"]}).unwrap();
            server.stop();
            server.begin(true);
        }
        Some(server)
    }
}

/// A server process.
pub struct Server {
    setup: Setup,
    python: &'static Path,
    folder: TempDir,
    /// The port, the same at every start, so that a driver finds the server again.
    port: OnceLock<u16>,
    process: Mutex<Option<Process>>,
}

impl Server {
    /// A one-node replica set of the test's own; `None` where there is no Python, which is told.
    pub fn start() -> Option<Self> {
        Setup::default().start()
    }

    /// The server that all tests of this process share; `None` where there is no Python, which is told.
    fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Server> = OnceLock::new();
        // The installation comes first, for its line is to be told once a test.
        PROGRAM.python()?;
        Some(SHARED.get_or_init(|| Self::start().unwrap()))
    }

    /// The address, with all that it takes to be let in as the administrator.
    pub fn uri(&self) -> String {
        match self.setup.has_accounts {
            true => self.uri_as(OWNER.0, OWNER.1),
            false => self.address(""),
        }
    }

    /// The address for another account.
    pub fn uri_as(&self, name: &str, password: &str) -> String {
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        self.address(&format!("{}:{}@", encoded(name), encoded(password)))
    }

    fn address(&self, login: &str) -> String {
        let port = self.port.get().expect("the server was started");
        let tls = match self.setup.has_tls {
            true => format!("?tls=true&tlsCAFile={}", self.path("authority.pem").display()),
            false => String::new(),
        };
        format!("mongodb://{login}127.0.0.1:{port}/{tls}")
    }

    /// Adds an account with some roles, each a name and the database it is for.
    pub fn add_account(&self, name: &str, password: &str, roles: &[(&str, &str)]) {
        let roles: Vec<Bson> = roles.iter().map(|(role, db)| doc! {"role": *role, "db": *db}.into()).collect();
        self.database("admin").run_command(doc! {"createUser": name, "pwd": password, "roles": roles}).unwrap();
    }

    /// A database of this name.
    pub fn database(&self, name: &str) -> Database {
        Database::connect(&self.uri(), name, self.log())
    }

    /// The database of accounts, as one sees it who does not log in.
    fn nameless(&self) -> Database {
        Database::connect(&self.address(""), "admin", self.log())
    }

    /// Ends the process with SIGKILL, as a failure of power would.
    pub fn kill(&self) {
        if let Some(process) = self.process.lock().unwrap().take() {
            process.kill();
        }
    }

    /// Asks the process to end, and waits until it has.
    pub fn stop(&self) {
        if let Some(process) = self.process.lock().unwrap().take() {
            process.stop();
        }
    }

    /// Starts the process again, with what it had stored and at the same address; kills it first if it runs.
    pub fn restart(&self) {
        self.kill();
        self.begin(self.setup.has_accounts);
    }

    fn begin(&self, asks_for_login: bool) {
        let port = *self.port.get_or_init(process::free_port);
        let mut command = Command::new(self.python);
        command.arg("-I").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mongo/serve.py")).arg(self.folder.path());
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--log-level", "INFO"]);
        command.args(&self.setup.arguments).current_dir(self.folder.path());
        let switches = [
            (self.setup.has_tls, "--with-tls"),
            (!self.setup.is_unsynced, "--sync-on-commit"),
            (asks_for_login, "--auth"),
        ];
        command.args(switches.iter().filter(|(is_on, _)| *is_on).map(|(_, switch)| switch));
        let before = fs::metadata(self.log()).map_or(0, |log| log.len() as usize);
        *self.process.lock().unwrap() = Some(Process::start(&mut command, &self.log()));
        self.wait_until_ready(before);
    }

    /// Waits until the log's part from this byte on says that the server listens, and the server answers.
    fn wait_until_ready(&self, before: usize) {
        let start = Instant::now();
        while !fs::read_to_string(self.log()).unwrap()[before..].contains("listening on") {
            let has_ended = self.process.lock().unwrap().as_mut().unwrap().has_ended();
            assert!(!has_ended, "the server ended as it started:\n{}", tail(&self.log()));
            assert!(start.elapsed() < PATIENCE, "the server does not start:\n{}", tail(&self.log()));
            thread::sleep(Duration::from_millis(20));
        }
        self.nameless().run_command(doc! {"ping": 1}).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.path("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the server's log ends with:\n{}", tail(&self.log()));
        }
        self.kill();
    }
}
