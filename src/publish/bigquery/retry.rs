//! Asking again: how long, how often, and at which pauses.

use std::time::{Duration, Instant};

use rand::TryRng;
use rand::rngs::SysRng;

use crate::publish::bigquery::fault::Fault;

/// The longest first pause; the actual one is drawn below it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A pause of nothing would ask again before the other side has seen the first question end.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// Time, as far as retries need it.
pub(super) trait Clock {
    /// Since some fixed moment.
    fn now(&self) -> Duration;
    fn sleep(&self, pause: Duration);
    /// A number from 0 to 1, for the jitter.
    fn draw(&self) -> f64;
}

/// The machine's own.
pub(super) struct SystemClock(Instant);

impl SystemClock {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause);
    }

    fn draw(&self) -> f64 {
        // Without a source of chance every client waits as long as the others, which is no reason to fail.
        SysRng.try_next_u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
    }
}

/// How failures that may pass are met.
pub(super) struct Retry<C = SystemClock> {
    /// How long one question is asked again.
    pub(super) patience: Duration,
    pub(super) clock: C,
}

impl<C: Clock> Retry<C> {
    /// Asks until there is an answer, a failure that does not pass, or no patience left.
    pub(super) fn insist<T>(&self, mut attempt: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut trial = self.trial();
        loop {
            match attempt() {
                Ok(answer) => return Ok(answer),
                Err(fault) => trial.pause(fault)?,
            }
        }
    }

    /// One question; its time runs from now.
    pub(super) fn trial(&self) -> Trial<'_, C> {
        Trial { retry: self, began: self.clock.now(), failures: 0 }
    }
}

/// One question that is asked again and again.
pub(super) struct Trial<'a, C> {
    retry: &'a Retry<C>,
    began: Duration,
    failures: u32,
}

impl<C: Clock> Trial<'_, C> {
    /// Waits before the next attempt, if the failure may pass and there is time for another one.
    ///
    /// # Errors
    /// The failure, with how long and how often it was tried.
    pub(super) fn pause(&mut self, fault: Fault) -> Result<(), Fault> {
        self.failures = self.failures.saturating_add(1);
        let elapsed = self.retry.clock.now().saturating_sub(self.began);
        if !fault.is_passing() {
            return Err(fault);
        }
        let ceiling = FIRST_PAUSE.saturating_mul(1 << (self.failures - 1).min(10)).min(LONGEST_PAUSE);
        let drawn = ceiling.mul_f64(self.retry.clock.draw().clamp(0.0, 1.0)).max(SHORTEST_PAUSE);
        let pause = drawn.max(fault.retry_after.unwrap_or_default());
        // The last attempt comes when patience ends, and not before it for want of a whole pause.
        let left = self.retry.patience.saturating_sub(elapsed);
        let asked = fault.retry_after.is_some_and(|asked| asked > left);
        if left.is_zero() || asked {
            return Err(fault.after(elapsed, self.failures));
        }
        self.retry.clock.sleep(pause.min(left));
        Ok(())
    }

    /// Something got through, so time runs anew.
    pub(super) fn progress(&mut self) {
        self.began = self.retry.clock.now();
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use proptest::prelude::*;

    use super::*;

    struct Fake {
        now: Cell<Duration>,
        pauses: RefCell<Vec<Duration>>,
        drawn: f64,
    }

    impl Clock for Fake {
        fn now(&self) -> Duration {
            self.now.get()
        }

        fn sleep(&self, pause: Duration) {
            self.now.set(self.now.get() + pause);
            self.pauses.borrow_mut().push(pause);
        }

        fn draw(&self) -> f64 {
            self.drawn
        }
    }

    fn retry(patience: u64, drawn: f64) -> Retry<Fake> {
        let clock = Fake { now: Cell::default(), pauses: RefCell::default(), drawn };
        Retry { patience: Duration::from_secs(patience), clock }
    }

    fn busy() -> Fault {
        Fault::answer(503, "backendError", "busy")
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = retry(100, 1.0);
        assert!(retry.insist(|| Err::<(), _>(busy())).is_err());
        let pauses: Vec<_> = retry.clock.pauses.borrow().iter().map(Duration::as_millis).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 8500]);
    }

    #[test]
    fn what_does_not_pass_fails_at_once_and_what_passes_is_tried_again() {
        let retry = retry(100, 1.0);
        let asked = Cell::new(0);
        let failed = retry.insist(|| {
            asked.set(asked.get() + 1);
            Err::<(), _>(Fault::answer(400, "invalid", "no"))
        });
        assert_eq!((failed.unwrap_err().tried, asked.get()), (None, 1));
        let answer = retry.insist(|| {
            asked.set(asked.get() + 1);
            if asked.get() < 5 { Err(busy()) } else { Ok(7) }
        });
        assert_eq!((answer.unwrap(), asked.get()), (7, 5));
    }

    #[test]
    fn waits_as_long_as_it_is_asked_to_or_gives_up() {
        let patient = retry(100, 0.0);
        let mut trial = patient.trial();
        trial.pause(busy().later(Duration::from_secs(40))).unwrap();
        trial.pause(busy().later(Duration::from_secs(40))).unwrap();
        let fault = trial.pause(busy().later(Duration::from_secs(40))).unwrap_err();
        assert_eq!(fault.tried, Some((Duration::from_secs(80), 3)));
        trial.progress();
        trial.pause(busy().later(Duration::from_secs(40))).unwrap();
    }

    proptest! {
        #[test]
        fn patience_is_never_overdrawn(
            patience in 0_u64..1000,
            drawn in 0.0_f64..=1.0,
            asked in proptest::option::of(0_u64..50),
        ) {
            let retry = retry(patience, drawn);
            let fault = retry
                .insist(|| {
                    let fault = busy();
                    Err::<(), _>(match asked {
                        Some(seconds) => fault.later(Duration::from_secs(seconds)),
                        None => fault,
                    })
                })
                .unwrap_err();
            prop_assert!(retry.clock.now.get() <= retry.patience);
            prop_assert!(fault.tried.is_some());
            prop_assert!(retry.clock.pauses.borrow().iter().all(|pause| *pause <= Duration::from_secs(50)));
        }
    }
}
