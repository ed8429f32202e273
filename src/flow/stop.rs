//! Ctrl-C, or the signal by which a system ends a service: the running statements are interrupted and rolled back,
//! nothing more is begun, and the run says where it stands. A second one ends the process at once; by construction that
//! too costs nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::engine::Interrupt;

/// The exit code of a process that was told to stop.
const INTERRUPTED: i32 = 130;

/// Whether the run is to stop, and whom to tell.
#[derive(Default)]
pub struct Stop {
    asked: AtomicBool,
    walking: AtomicBool,
    /// What is said where what runs is finished before the run stops.
    patience: Mutex<Option<&'static str>>,
    running: Mutex<Vec<Interrupt>>,
    /// How the person is told at once.
    tell: Option<fn(&str)>,
}

impl Stop {
    /// Waits for the signals on a thread of its own, as long as the process lives.
    pub fn listen(tell: fn(&str)) -> Arc<Self> {
        let stop = Arc::new(Self { tell: Some(tell), ..Self::default() });
        let heard = stop.clone();
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            while runtime.block_on(signalled()).is_ok() {
                heard.ask();
            }
        });
        stop
    }

    fn ask(&self) {
        let is_walking = self.walking.load(Ordering::SeqCst);
        let patience = *self.patience.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if self.asked.swap(true, Ordering::SeqCst) || !(is_walking || patience.is_some()) {
            // Every other stage commits whole or not at all, so there is nothing to wait for.
            self.tell("stopped; nothing is lost, the next run goes on from here");
            std::process::exit(INTERRUPTED);
        }
        if let Some(told) = patience {
            return self.tell(told);
        }
        self.tell("stopping: what runs is rolled back, nothing more is begun (again to stop at once)");
        for session in self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).iter() {
            session.stop();
        }
    }

    /// From here on, what runs is finished before the run stops; this is what the person is told at once.
    pub fn finish_first(&self, told: &'static str) {
        *self.patience.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(told);
    }

    /// From here on, until it is [`Stop::walked`], what runs is interrupted instead of the process being ended.
    pub fn walk(&self) {
        self.walking.store(true, Ordering::SeqCst);
    }

    /// The walk is over: what comes next is done whole or not at all, wherever the process ends.
    pub fn walked(&self) {
        self.walking.store(false, Ordering::SeqCst);
        self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }

    fn tell(&self, text: &str) {
        if let Some(tell) = self.tell {
            tell(text);
        }
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

/// Ends when the process is told to stop.
fn signalled() -> impl Future<Output = std::io::Result<()>> {
    #[cfg(unix)]
    let ended = async {
        let mut ended = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        ended.recv().await;
        Ok(())
    };
    #[cfg(not(unix))]
    let ended = std::future::pending();
    async { futures_util::future::select(Box::pin(tokio::signal::ctrl_c()), Box::pin(ended)).await.factor_first().0 }
}
