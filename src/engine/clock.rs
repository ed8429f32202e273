//! How long DuckDB was at work: wall time in which at least one session waited for it. What is left of a run's wall
//! time is what this tool itself costs.

use std::sync::Mutex;
use std::time::{Duration, Instant};

struct Clock {
    active: usize,
    since: Option<Instant>,
    total: Duration,
}

static CLOCK: Mutex<Clock> = Mutex::new(Clock { active: 0, since: None, total: Duration::ZERO });

/// Held while DuckDB works.
pub(super) struct Busy;

pub(super) fn busy() -> Busy {
    let mut clock = CLOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    clock.active += 1;
    if clock.active == 1 {
        clock.since = Some(Instant::now());
    }
    Busy
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut clock = CLOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        clock.active -= 1;
        if clock.active == 0
            && let Some(since) = clock.since.take()
        {
            clock.total += since.elapsed();
        }
    }
}

/// Wall time in which DuckDB was at work in this process so far.
pub fn time_in_duckdb() -> Duration {
    CLOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).total
}
