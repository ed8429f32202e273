//! A server's process: its port, its folder and its log, and its end, which is the test's end at the latest.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::send;

/// How long a server may take to start; usually it is 1 to 6 seconds.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How many lines of a server's log a failed test shows.
const TAIL: usize = 20;
/// What several servers at once may fill, in KiB.
const ROOM: u64 = 1 << 20;

/// A process, and what it follows into death: it is to end when its standard input does.
pub struct Process {
    child: Child,
    _leash: ChildStdin,
}

impl Process {
    /// Starts the program in a process group of its own (Ctrl-C is for the test process, and this one follows). What it says
    /// is added to the log.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let leash = child.stdin.take().unwrap();
        Self { child, _leash: leash }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ends the process and its whole group with SIGKILL, as a failure of power would.
    pub fn kill(mut self) {
        // The group has the number of its first process, which is given away once that was waited for.
        if self.has_ended() {
            return;
        }
        self.child.kill().unwrap();
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
        self.child.wait().unwrap();
    }

    /// Asks the process to end, and waits until it has.
    pub fn stop(mut self) {
        send(&self.child, "TERM");
        // Not `wait`, which would close the pipe first.
        while !self.has_ended() {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A new folder: in memory where there is room, so that a sync costs nothing. What is to outlive a server's death is its
/// process, not the machine.
pub fn folder() -> TempDir {
    static HAS_ROOM: OnceLock<bool> = OnceLock::new();
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("server-");
    match *HAS_ROOM.get_or_init(|| free(memory).is_some_and(|free| free >= ROOM)) {
        true => builder.tempdir_in(memory).or_else(|_| builder.tempdir()).unwrap(),
        false => builder.tempdir().unwrap(),
    }
}

/// What is free there, in KiB.
fn free(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// A port that nobody listens on. Not one that the system gives out by itself: while a server is down, that could
/// become the near end of somebody's connection, and the server could not come back.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let mut ports = (0..12_000).map(|_| {
        let number = std::process::id().wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        20_000 + (number % 12_000) as u16
    });
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
