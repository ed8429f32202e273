//! Reading a file on other threads than the store's: one cuts it into records, several make events of them, and the
//! store takes these in the order of the file. What is under way at once is bounded, whatever the file's size.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::Scope;

use jiff::Timestamp;

use crate::error::Error;
use crate::error::Result;
use crate::ingest::FileRule;
use crate::ingest::folder::EventFile;
use crate::ingest::folder::unreadable;
use crate::ingest::record;
use crate::ingest::source::Source;
use crate::ingest::split::End;
use crate::ingest::split::Fault;
use crate::ingest::split::Split;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::store::Deliveries;
use crate::store::Delivery;
use crate::store::Reading;

/// How much text is handed to a worker at once.
const BATCH_BYTES: usize = 512 << 10;

/// Records as they were cut from the file.
#[derive(Default)]
struct Cut {
    text: Vec<u8>,
    pieces: Vec<(u64, Range<usize>, Option<Fault>)>,
}

/// What the cutting thread says, in the order of the file.
enum Message {
    /// Events are being made; they will come here.
    Batch(Receiver<Vec<Delivery>>),
    End(End),
    Failed(Error),
}

struct Job {
    cut: Cut,
    reply: SyncSender<Vec<Delivery>>,
}

/// A file that other threads are reading.
pub(super) struct Pipeline<'a> {
    file: &'a EventFile<'a>,
    messages: Receiver<Message>,
    end: Option<End>,
    from_byte: u64,
    compressed: Option<(u64, String)>,
    now: Timestamp,
    observe: &'a dyn Observe,
    counter: Arc<std::sync::atomic::AtomicU64>,
    told: u64,
}

impl<'a> Pipeline<'a> {
    /// Starts the threads; they end when the file does, or when the pipeline is dropped.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, 'a>,
        file: &'a EventFile<'a>,
        source: Source,
        now: Timestamp,
        observe: &'a dyn Observe,
    ) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, |count| count.get().clamp(1, 8));
        let (to_workers, jobs) = sync_channel::<Job>(workers);
        let (to_store, messages) = sync_channel(2 * workers);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..workers {
            let jobs = Arc::clone(&jobs);
            scope.spawn(move || work(&jobs, file.rule, now));
        }
        let Source { mut split, from_byte, compressed, counter } = source;
        scope.spawn(move || cut(split.as_mut(), &to_workers, &to_store));
        Self { file, messages, end: None, from_byte, compressed, now, observe, counter, told: 0 }
    }

    fn tell(&mut self) {
        let read = self.counter.load(Ordering::Relaxed);
        if read > self.told {
            self.observe.on(Progress::Advance { by: read - self.told });
            self.told = read;
        }
    }
}

impl Deliveries for Pipeline<'_> {
    fn next_batch(&mut self) -> Result<Option<Vec<Delivery>>> {
        self.tell();
        let stopped = || Error::call(format!("reading `{}` stopped", self.file.path.display()));
        match self.messages.recv().map_err(|_| stopped())? {
            Message::Batch(batch) => batch.recv().map(Some).map_err(|_| stopped()),
            Message::End(end) => {
                self.end = Some(end);
                Ok(None)
            }
            Message::Failed(error) => {
                Err(unreadable(Error::call(format!("cannot read `{}`", self.file.path.display())).because(error)))
            }
        }
    }

    fn reading(&mut self) -> Result<Reading> {
        let end =
            self.end.take().ok_or_else(|| Error::call(format!("`{}` was not read to its end", self.file.name)))?;
        let (to_byte, content_sha256) = match self.compressed.take() {
            Some(whole) => whole,
            None => (end.to_byte, end.content_sha256.unwrap_or_default()),
        };
        Ok(Reading {
            id: String::new(),
            file: self.file.name.clone(),
            rule: self.file.rule.to_string(),
            content_sha256,
            from_byte: self.from_byte,
            to_byte,
            lines: end.lines,
            state: end.state.to_string(),
            is_unfinished: end.is_unfinished,
            tally: crate::store::Tally::default(),
            ingested_at: self.now,
        })
    }

    fn file(&self) -> &str {
        &self.file.name
    }
}

/// Cuts the file and hands out the pieces. A receiver that is gone means that nobody wants more.
fn cut(split: &mut dyn Split, to_workers: &SyncSender<Job>, to_store: &SyncSender<Message>) {
    loop {
        let mut cut = Cut::default();
        let failed = fill(split, &mut cut).err();
        let is_last = cut.text.len() < BATCH_BYTES;
        if !cut.pieces.is_empty() {
            let (reply, batch) = sync_channel(1);
            if to_store.send(Message::Batch(batch)).is_err() || to_workers.send(Job { cut, reply }).is_err() {
                return;
            }
        }
        let last = match failed {
            Some(error) => Message::Failed(error),
            None if is_last => Message::End(split.end()),
            None => continue,
        };
        let _ = to_store.send(last);
        return;
    }
}

/// Fills a batch; one that stays below its size is the last.
fn fill(split: &mut dyn Split, cut: &mut Cut) -> Result<()> {
    while cut.text.len() < BATCH_BYTES {
        let begin = cut.text.len();
        let Some(piece) = split.next(&mut cut.text)? else { break };
        cut.pieces.push((piece.line, begin..cut.text.len(), piece.fault));
    }
    Ok(())
}

fn work(jobs: &Mutex<Receiver<Job>>, rule: &FileRule, now: Timestamp) {
    loop {
        let job = jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).recv();
        let Ok(Job { cut, reply }) = job else { return };
        let deliveries = cut
            .pieces
            .iter()
            .map(|(line, range, fault)| Delivery {
                line: *line,
                what: record::read(&cut.text[range.clone()], fault.as_ref(), rule, now),
            })
            .collect();
        let _ = reply.send(deliveries);
    }
}
