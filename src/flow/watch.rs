//! `cp watch`: small batches, as the raw store gets them, until told to stop.
//!
//! The store stays open, the warehouse does not: its file is held only while a batch is written, so that others can read
//! in between. What only reports read is built when nothing comes for a moment, so that facts are there the sooner.

use std::time::Duration;
use std::time::Instant;

use indexmap::IndexSet;
use jiff::Timestamp;

use crate::error::Error;
use crate::error::Result;
use crate::extract::Extracted;
use crate::flow::House;
use crate::flow::Stop;
use crate::name::NodeId;
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

/// After how long what only reports read is built even while events keep coming.
const REPORTS_AFTER: Duration = Duration::from_secs(30);

/// After how long without news the position is noted all the same: what others write into a server moves its history on.
const NOTED_AFTER: Duration = Duration::from_secs(300);

/// A batch of at most so many events is small: for it, DuckDB's own threads cost more than they do.
const SMALL: u64 = 10_000;

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
        stop.finish_first("stopping when this batch is done (again to stop at once)");
        let mut watched = Watched::default();
        let mut watching =
            Watching { house: self, observe, store: None, position: None, behind_since: None, noted: Instant::now() };
        let mut pause = FIRST_PAUSE;
        while !stop.is_asked() {
            match watching.step() {
                Ok(Some(batch)) => {
                    watched.add(&batch);
                    each(&batch);
                    pause = FIRST_PAUSE;
                    std::thread::sleep(BETWEEN);
                }
                Ok(None) => pause = FIRST_PAUSE,
                Err(error) if error.is_passing() => {
                    observe.on(Progress::Warning { text: format!("{error}; trying again") });
                    watching.store = None;
                    rest(pause, stop);
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(watched)
    }

    /// Models that only reports read: those that are a part of one and not published, and what is made for these alone.
    fn for_reports(&self) -> IndexSet<NodeId> {
        let is_model = |id: &&NodeId| self.project.nodes.get(*id).is_some_and(|node| node.kind == NodeKind::Model);
        let mut for_reports = IndexSet::new();
        for id in self.graph.order().iter().rev().filter(is_model) {
            let is_section = self.scanned.nodes.get(id).is_some_and(|scan| {
                let published = scan.config.meta("publish").and_then(serde_json::Value::as_bool);
                scan.config.meta("report").is_some() && published != Some(true)
            });
            let mut read_by = self.graph.children(id).iter().filter(is_model).peekable();
            if is_section || (read_by.peek().is_some() && read_by.all(|reader| for_reports.contains(reader))) {
                for_reports.insert(id.clone());
            }
        }
        for_reports
    }
}

/// What is kept from batch to batch.
struct Watching<'a> {
    house: &'a House,
    observe: &'a dyn Observe,
    store: Option<Box<dyn RawStore>>,
    position: Option<Position>,
    /// Since when what only reports read has not been built.
    behind_since: Option<Instant>,
    /// When the position was noted.
    noted: Instant,
}

impl Watching<'_> {
    /// Waits a little for news, and takes them in.
    fn step(&mut self) -> Result<Option<WatchedBatch>> {
        let is_new = self.store.is_none();
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(self.house.store()?),
        };
        let is_overdue = self.behind_since.is_some_and(|since| since.elapsed() > REPORTS_AFTER);
        let is_old = self.noted.elapsed() > NOTED_AFTER;
        let has_news = is_new || store.wait_after(self.position.as_ref(), PATIENCE)? || is_old;
        if !has_news && self.behind_since.is_none() {
            return Ok(None);
        }
        let begun = Instant::now();
        let hushed = Hushed(self.observe);
        let engine = self.house.warehouse()?;
        let extracted = match has_news {
            true => self.house.extract_from(store.as_ref(), &engine, self.house.settings.compare_every, &hushed)?,
            false => Extracted { position: self.position.clone(), ..Extracted::default() },
        };
        self.position = extracted.position.clone();
        self.noted = Instant::now();
        if has_news && !is_new && extracted.is_empty() {
            engine.close();
            std::thread::sleep(BETWEEN);
            return Ok(None);
        }
        if extracted.events <= SMALL {
            engine.configure(&[("threads".to_string(), "1".to_string())])?;
        }
        let (mut selected, _) = self.house.select(&[NodeKind::Seed, NodeKind::Model])?;
        let leaves_reports = has_news && !is_new && !is_overdue;
        if leaves_reports {
            let later = self.house.for_reports();
            selected.retain(|id| !later.contains(id));
            self.behind_since.get_or_insert(begun);
        } else {
            self.behind_since = None;
        }
        let plan = self.house.plan(&engine, &selected)?;
        // A batch that has begun is finished.
        let record = self.house.carry_out(&engine, &plan, &hushed, &Stop::default())?;
        engine.close();
        if !has_news && !record.outcomes.iter().any(|outcome| outcome.status.is_bad()) {
            // No event waits for these tables.
            return Ok(None);
        }
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
