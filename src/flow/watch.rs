//! `cp watch`: small batches, as the raw store gets them, until told to stop.
//!
//! The store stays open, the warehouse does not: its file is held only while a batch is written, so that others can read
//! in between.

use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::error::Error;
use crate::error::Result;
use crate::extract::Extracted;
use crate::flow::House;
use crate::flow::Stop;
use crate::plan::RunRecord;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::project::NodeKind;
use crate::store::Position;
use crate::store::RawStore;

/// How long is waited for news before looking whether to stop.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the warehouse stays closed between two batches: longer than a reader takes to try again.
const BETWEEN: Duration = Duration::from_millis(200);

/// How long is waited before a server that is away is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One batch, when others can read it.
pub struct WatchedBatch {
    pub extracted: Extracted,
    pub record: RunRecord,
    /// From its beginning until the warehouse was closed.
    pub took: Duration,
    /// From the writing of its first event until the warehouse was closed; by the clocks of two machines.
    pub delay: Option<Duration>,
}

/// All batches together.
#[derive(Default)]
pub struct Watched {
    pub batches: u64,
    pub events: u64,
    pub events_in_all: u64,
    /// The time of the last batch's reading.
    pub until: Option<Timestamp>,
    /// Whether the last batch could not be built as a whole.
    pub is_failing: bool,
}

/// Passes on only what a person must know: a batch has one line of its own.
struct Hushed<'a>(&'a dyn Observe);

impl Observe for Hushed<'_> {
    fn on(&self, progress: Progress) {
        if let Progress::Warning { .. } | Progress::Detail { .. } = progress {
            self.0.on(progress);
        }
    }
}

impl House {
    /// Follows the raw store until told to stop.
    ///
    /// # Errors
    /// Those that do not pass by themselves; while a server is away, it is waited for.
    pub fn watch(&self, observe: &dyn Observe, stop: &Stop, each: &mut dyn FnMut(&WatchedBatch)) -> Result<Watched> {
        if self.settings.mongo.is_none() {
            return Err(Error::call("`cp watch` follows a MongoDB, and none is configured")
                .help("set `MONGO_URI`; events of files are taken by `cp build`"));
        }
        stop.finish_first();
        let mut watched = Watched::default();
        let (mut store, mut position): (Option<Box<dyn RawStore>>, Option<Position>) = (None, None);
        let mut pause = FIRST_PAUSE;
        while !stop.is_asked() {
            match self.watch_once(&mut store, &mut position, observe) {
                Ok(Some(batch)) => {
                    watched.add(&batch);
                    each(&batch);
                    pause = FIRST_PAUSE;
                    std::thread::sleep(BETWEEN);
                }
                Ok(None) => pause = FIRST_PAUSE,
                Err(error) if error.is_passing() => {
                    observe.on(Progress::Warning { text: format!("{error}; trying again") });
                    store = None;
                    rest(pause, stop);
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(watched)
    }

    /// Waits a little for news, and takes them in.
    fn watch_once(
        &self,
        store: &mut Option<Box<dyn RawStore>>,
        position: &mut Option<Position>,
        observe: &dyn Observe,
    ) -> Result<Option<WatchedBatch>> {
        let is_new = store.is_none();
        let store = match store {
            Some(store) => store,
            None => store.insert(self.store()?),
        };
        if !is_new && !store.wait_after(position.as_ref(), PATIENCE)? {
            return Ok(None);
        }
        let begun = Instant::now();
        let hushed = Hushed(observe);
        let engine = self.warehouse()?;
        let extracted = self.extract_from(store.as_ref(), &engine, self.settings.compare_every, &hushed)?;
        *position = extracted.position.clone();
        if extracted.is_empty() && !is_new {
            engine.close();
            return Ok(None);
        }
        let (selected, _) = self.select(&[NodeKind::Seed, NodeKind::Model])?;
        let plan = self.plan(&engine, &selected)?;
        // A batch that has begun is finished.
        let record = self.carry_out(&engine, &plan, &hushed, &Stop::default())?;
        engine.close();
        let delay = extracted.written_from.map(|written| Timestamp::now().duration_since(written));
        let delay = delay.and_then(|delay| Duration::try_from(delay).ok());
        Ok(Some(WatchedBatch { extracted, record, took: begun.elapsed(), delay }))
    }
}

impl Watched {
    fn add(&mut self, batch: &WatchedBatch) {
        self.batches += 1;
        self.events += batch.extracted.events;
        self.events_in_all = batch.extracted.events_in_all;
        self.until = Some(Timestamp::now());
        self.is_failing = batch.record.outcomes.iter().any(|outcome| outcome.status.is_bad());
    }
}

/// Sleeps, and wakes early when told to stop.
fn rest(pause: Duration, stop: &Stop) {
    let until = Instant::now() + pause;
    while Instant::now() < until && !stop.is_asked() {
        std::thread::sleep(Duration::from_millis(50));
    }
}
