//! Progress as it happens: a bar and one line a node on a terminal, plain lines elsewhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::Status;
use crate::progress::grouped;
use crate::ui::is_terminal;
use crate::ui::say;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// Only warnings.
    Quiet,
    Normal,
    Verbose,
}

/// Shows progress on stderr.
pub struct Console {
    talk: Talk,
    bar: Option<ProgressBar>,
    stage: Mutex<Stage>,
}

struct Stage {
    name: &'static str,
    begun: Instant,
    total: Option<u64>,
    done: u64,
    ended: usize,
    passed: usize,
    /// What was skipped last, and not told yet.
    skipped: Option<Skipped>,
}

/// Nodes that were skipped one after the other, for one reason.
struct Skipped {
    /// The line of the first.
    first: String,
    /// The number of the last.
    counter: String,
    why: String,
    count: usize,
}

impl Console {
    /// A console; off a terminal it draws no bar.
    pub fn new(talk: Talk) -> Self {
        let bar = (is_terminal() && talk != Talk::Quiet).then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let stage = Stage::new("", None);
        Self { talk, bar, stage: Mutex::new(stage) }
    }

    /// Takes the bar off the screen; called before the summary is printed.
    pub fn close(&self) {
        self.tell_skipped();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        self.tell_skipped();
        self.write(text);
    }

    /// Says what was skipped: one node as any other, more of them in one line.
    fn tell_skipped(&self) {
        let skipped = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).skipped.take();
        match skipped {
            Some(Skipped { first, count: 1, .. }) => self.write(&first),
            Some(Skipped { counter, why, count, .. }) => {
                let (word, style) = word(Status::Skipped);
                let (nodes, why) = (grouped(count as u64), why.strip_prefix("skipped: ").unwrap_or(&why));
                self.write(&format!("{counter}  {style}{word:<8}{style:#} {nodes} nodes  {why}"));
            }
            None => {}
        }
    }

    fn write(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    fn begin(&self, name: &'static str, total: Option<u64>) {
        let mut stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *stage = Stage::new(name, total);
        if let Some(bar) = &self.bar {
            bar.set_position(0);
            bar.set_prefix(name);
            measure(bar, total);
        }
    }

    fn expect(&self, total: u64) {
        let mut stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        stage.total = Some(total);
        if let Some(bar) = &self.bar {
            measure(bar, stage.total);
        }
    }

    fn advance(&self, by: u64) {
        let mut stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        stage.done += by;
        if let Some(bar) = &self.bar {
            match stage.total {
                Some(_) => bar.set_position(stage.done),
                None => bar.set_message(grouped(stage.done)),
            }
        }
    }

    fn over(&self, name: &str, summary: &str, took: Duration) {
        let bold = Style::new().bold();
        let took = crate::ui::print::faint(&format!("[{}]", seconds(took)));
        self.line(&format!("{bold}{name:>9}{bold:#}  {summary}  {took}"));
    }

    fn finished(&self, name: &str, status: Status, detail: &str, took: Duration) {
        let counter = {
            let mut stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            stage.done += 1;
            stage.ended += 1;
            stage.passed += usize::from(status == Status::Pass);
            match stage.total {
                Some(total) => format!("{:>width$}/{total}", stage.ended, width = total.to_string().len()),
                None => stage.ended.to_string(),
            }
        };
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_message(name.to_string());
        }
        // Hundreds of tests that found nothing, and models that needed nothing, would hide what matters.
        if matches!(status, Status::Pass | Status::Unchanged) && self.talk < Talk::Verbose {
            return;
        }
        let (word, style) = word(status);
        let told = if detail.is_empty() { String::new() } else { format!("  {detail}") };
        let line = format!(
            "{counter}  {style}{word:<8}{style:#} {name}{told}  {}",
            crate::ui::print::faint(&format!("[{}]", seconds(took)))
        );
        match status {
            // All that stands on a model that failed would hide the failure.
            Status::Skipped if self.talk < Talk::Verbose => self.skip(line, counter, detail),
            _ => self.line(&line),
        }
    }

    /// Keeps the line of a skipped node back until it is known how many are skipped for the same reason.
    fn skip(&self, line: String, counter: String, why: &str) {
        let is_more = |skipped: &Skipped| skipped.why == why;
        let is_first = {
            let stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            !stage.skipped.as_ref().is_some_and(is_more)
        };
        if is_first {
            self.tell_skipped();
        }
        let mut stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let new = || Skipped { first: line, counter: String::new(), why: why.to_string(), count: 0 };
        let skipped = stage.skipped.get_or_insert_with(new);
        skipped.counter = counter;
        skipped.count += 1;
    }
}

impl Stage {
    fn new(name: &'static str, total: Option<u64>) -> Self {
        Self { name, begun: Instant::now(), total, done: 0, ended: 0, passed: 0, skipped: None }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.tell_skipped();
    }
}

/// Lets the bar show a share of the total, or where that is unknown that something happens.
fn measure(bar: &ProgressBar, total: Option<u64>) {
    let template = match total {
        Some(_) => "{prefix:>9} {bar:24} {pos}/{len} {wide_msg}",
        None => "{prefix:>9} {spinner} {wide_msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_length(total.unwrap_or(0));
    bar.set_message("");
}

impl Observe for Console {
    fn on(&self, progress: Progress) {
        if self.talk == Talk::Quiet && !matches!(progress, Progress::Warning { .. }) {
            return;
        }
        match progress {
            Progress::Stage { name, total } => self.begin(name, total),
            Progress::Expected { total } => self.expect(total),
            Progress::Advance { by } => self.advance(by),
            Progress::Done { summary } => {
                let (name, took) = {
                    let stage = self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    (stage.name, stage.begun.elapsed())
                };
                self.over(name, &summary, took);
            }
            Progress::Beside { name, summary, took } => self.over(name, &summary, took),
            Progress::NodeStarted { id } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(short(id.as_str()).to_string());
                }
            }
            Progress::NodeFinished { id, status, detail, took } => {
                self.finished(short(id.as_str()), status, &detail, took)
            }
            Progress::Note { text } => self.line(&text),
            Progress::Detail { text } if self.talk >= Talk::Verbose => self.line(&crate::ui::print::faint(&text)),
            Progress::Detail { .. } => {}
            Progress::Warning { text } => {
                let style = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
                self.line(&format!("{style}warning{style:#}: {text}"));
            }
        }
    }
}

/// The name without kind and project, and without a generic test's hash.
fn short(id: &str) -> &str {
    id.splitn(3, '.').nth(2).unwrap_or(id)
}

fn word(status: Status) -> (&'static str, Style) {
    let of = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    match status {
        Status::Success => ("OK", of(AnsiColor::Green)),
        Status::Pass => ("PASS", of(AnsiColor::Green)),
        Status::Warn => ("WARN", of(AnsiColor::Yellow)),
        Status::Fail => ("FAIL", of(AnsiColor::Red)),
        Status::Error => ("ERROR", of(AnsiColor::Red)),
        Status::Skipped => ("SKIP", of(AnsiColor::Yellow)),
        Status::Unchanged => ("SAME", Style::new().dimmed()),
    }
}

/// A duration for a person.
fn seconds(took: Duration) -> String {
    format!("{:.2}s", took.as_secs_f64())
}
