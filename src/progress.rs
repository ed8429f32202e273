//! What stages tell while they work. They never draw: whoever observes decides what a person sees.

use std::time::Duration;

use crate::name::NodeId;

/// How a node of the graph ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A model or seed was built.
    Success,
    /// A test found nothing.
    Pass,
    /// A test found something, and its severity is to warn.
    Warn,
    /// A test found something that must not be.
    Fail,
    /// The node could not be run.
    Error,
    /// Something upstream failed, so this was not tried.
    Skipped,
    /// Nothing had changed, so there was nothing to do.
    Unchanged,
}

impl Status {
    /// The word dbt's artifacts use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Unchanged => "no-op",
        }
    }

    /// Whether what depends on the node may not be built or published.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::Error | Self::Skipped)
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Progress {
    /// A stage begins; `total` is how many items it knows of.
    Stage { name: &'static str, total: Option<u64> },
    /// The stage knows by now how many items there are.
    Expected { total: u64 },
    /// The stage has got on by so many items.
    Advance { by: u64 },
    /// The stage is over; one line that says what came of it.
    Done { summary: String },
    /// A stage that ran beside another one is over.
    Beside { name: &'static str, summary: String, took: Duration },
    /// A node begins.
    NodeStarted { id: NodeId },
    /// A node is over. `detail` is a short phrase, as in `1,551 rows`.
    NodeFinished { id: NodeId, status: Status, detail: String, took: Duration },
    /// A line for the person, as from `log(..., info=true)` in a template.
    Note { text: String },
    /// A line that only `--verbose` shows.
    Detail { text: String },
    /// Something a person should know, and the run goes on.
    Warning { text: String },
}

/// Whoever wants to know what happens.
pub trait Observe: Sync {
    /// Called from any thread.
    fn on(&self, progress: Progress);
}

/// Nobody looks.
pub struct Silent;

impl Observe for Silent {
    fn on(&self, _: Progress) {}
}

/// A number with commas between its thousands, as people read it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
