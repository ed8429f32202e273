//! A call of a program that is going on: what it says as it says it, and the ways to end it.

use std::{
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::Output;

/// How long a program may take that is to come to an end.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program that runs; killed when dropped.
pub struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    folder: PathBuf,
}

impl Running {
    pub(super) fn new(mut child: Child, folder: PathBuf) -> Self {
        let stdout = Stream::of(child.stdout.take().unwrap());
        let stderr = Stream::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr, folder }
    }

    /// Waits for the next line on stderr that holds `text`, and gives it. Each line is given once.
    #[track_caller]
    pub fn stderr_line(&mut self, text: &str) -> String {
        self.stderr.line_with(text)
    }

    /// As [`Running::stderr_line`], on stdout.
    #[track_caller]
    pub fn stdout_line(&mut self, text: &str) -> String {
        self.stdout.line_with(text)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        send(&self.child, "INT");
    }

    /// Ends it with SIGKILL, unless it has ended by itself.
    pub fn kill(mut self) -> Output {
        // It may have ended this moment.
        let _ = self.child.kill();
        self.output()
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let start = Instant::now();
        while self.is_running() {
            if start.elapsed() > PATIENCE {
                panic!("still running after {PATIENCE:?}\n{}", self.kill());
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.output()
    }

    fn output(&mut self) -> Output {
        let status: ExitStatus = self.child.wait().unwrap();
        Output {
            status: status.code().unwrap_or(-1),
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
            folder: std::mem::take(&mut self.folder),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process, by the program that every Unix has.
pub fn send(child: &Child, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success(), "cannot send {signal} to process {}", child.id());
}

/// Whether this run takes the time for the longest tests, or parts of tests: where `CP_KILLS` is set, as in `.ci/run`. Says
/// so where it does not.
pub fn is_thorough() -> bool {
    let is_thorough = std::env::var_os("CP_KILLS").is_some();
    if !is_thorough {
        println!("skipped, or a part of it: it takes a minute; set `CP_KILLS`, as `.ci/run` does, to run it");
    }
    is_thorough
}

/// Random moments up to `longest` at which to kill something, in order: as many as `CP_KILLS` says, else one. Each lies in
/// a part of its own, so that few ones cover the whole too.
pub fn moments(longest: Duration) -> Vec<Duration> {
    let count: u32 = std::env::var("CP_KILLS").map_or(1, |text| text.parse().expect("`CP_KILLS` is a number"));
    // Every `RandomState` has keys of its own.
    let random = || RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    (0..count).map(|part| longest.mul_f64((f64::from(part) + random()) / f64::from(count))).collect()
}

/// What a program writes, read by a thread of its own.
struct Stream {
    written: Arc<(Mutex<Written>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    /// How many lines were given or passed by.
    seen: usize,
}

#[derive(Default)]
struct Written {
    text: String,
    lines: Vec<String>,
    has_ended: bool,
}

impl Stream {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let written = Arc::new((Mutex::new(Written::default()), Condvar::new()));
        let shared = Arc::clone(&written);
        let reader = thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut bytes = Vec::new();
            loop {
                bytes.clear();
                let count = pipe.read_until(b'\n', &mut bytes).unwrap_or(0);
                let line = String::from_utf8_lossy(&bytes);
                let mut written = shared.0.lock().unwrap();
                written.text += &line;
                match count {
                    0 => written.has_ended = true,
                    _ => written.lines.push(line.trim_end().to_string()),
                }
                shared.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { written, reader: Some(reader), seen: 0 }
    }

    #[track_caller]
    fn line_with(&mut self, text: &str) -> String {
        let (written, changed) = &*self.written;
        let limit = Instant::now() + PATIENCE;
        let mut written = written.lock().unwrap();
        loop {
            while let Some(line) = written.lines.get(self.seen) {
                self.seen += 1;
                if line.contains(text) {
                    return line.clone();
                }
            }
            let left = limit.saturating_duration_since(Instant::now());
            if written.has_ended || left.is_zero() {
                // Let go first: a panic with the lock held would hide what was written.
                let text_so_far = written.text.clone();
                drop(written);
                panic!("no line with `{text}` came:\n{text_so_far}");
            }
            written = changed.wait_timeout(written, left).unwrap().0;
        }
    }

    /// All that was written, once the program has ended.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.written.0.lock().unwrap().text.clone()
    }
}
