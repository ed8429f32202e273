//! Ctrl-C: the running statements are interrupted and rolled back, nothing more is begun, and the run says where it
//! stands. A second Ctrl-C ends the process at once; by construction that too costs nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::engine::Interrupt;

/// The exit code of a process that was told to stop.
const INTERRUPTED: i32 = 130;

/// Whether the run is to stop, and whom to tell.
#[derive(Default)]
pub struct Stop {
    asked: AtomicBool,
    running: Mutex<Vec<Interrupt>>,
}

impl Stop {
    /// Waits for Ctrl-C on a thread of its own, as long as the process lives.
    pub fn listen() -> Arc<Self> {
        let stop = Arc::new(Self::default());
        let heard = stop.clone();
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            while runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                if heard.asked.swap(true, Ordering::SeqCst) {
                    std::process::exit(INTERRUPTED);
                }
                for session in heard.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).iter() {
                    session.stop();
                }
            }
        });
        stop
    }

    /// Whether Ctrl-C was pressed.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// A session to interrupt when the time comes.
    pub fn watch(&self, session: Interrupt) {
        self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(session);
    }
}
