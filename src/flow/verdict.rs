//! How a verb ends: what is wrong in one line, and whose turn it is.

use indexmap::IndexMap;

use crate::check::Verdict;
use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Kind;
use crate::error::MAKE_ROOM;
use crate::error::Result;
use crate::error::tells_of_full_disk;
use crate::flow::Done;
use crate::plan::Outcome;
use crate::plan::RunRecord;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::Status;

impl Done {
    /// The error to end with, if the data or the project is not well.
    pub fn verdict(mut self) -> Result<()> {
        let unwritten = self.unwritten.take();
        self.of_data()?;
        // What it is has been said when it happened.
        unwritten.map_or(Ok(()), |error| {
            let told = Error::call("the run is done, and not all that tells of it could be written");
            Err(error.help_text().map(str::to_string).into_iter().fold(told, Error::help))
        })
    }

    /// Keeps what was written; what could not be is said, and the run goes on to its end.
    pub(super) fn written<Made>(&mut self, made: Result<Made>, observe: &dyn Observe) -> Option<Made> {
        let failed = |error: Error| {
            observe.on(Progress::Warning { text: error.to_string() });
            self.unwritten.get_or_insert(error);
        };
        made.map_err(failed).ok()
    }

    fn of_data(self) -> Result<()> {
        if self.stopped {
            return Err(Error::data("stopped").help("nothing is lost; the next `cp build` goes on from here"));
        }
        let comparison = self.extracted.as_ref().and_then(|extracted| extracted.comparison.as_ref());
        if self.is_verification && comparison.is_some_and(|comparison| !comparison.is_equal()) {
            return Err(Error::data("the raw store and the warehouse do not hold the same events").help(
                "put the events back into the raw store; or, if it is right, let all land anew: `cp extract --full-refresh`",
            ));
        }
        let differing = self.compared.iter().filter(|table| !table.is_equal()).count();
        if differing > 0 {
            return Err(Error::data(format!("{} in BigQuery differ from the warehouse", counted(differing, "table")))
                .help("`cp publish` brings what has changed; if something else has changed BigQuery, `cp publish --full-refresh`"));
        }
        let edits = self.edits();
        if edits.as_ref().is_some_and(|error| error.kind() == Kind::Call) {
            return edits.map_or(Ok(()), Err);
        }
        if let Some(record) = &self.record {
            let bad = |status: Status| record.count(status);
            let named = |is: &dyn Fn(&&Outcome) -> bool| {
                let names: Vec<_> = record.outcomes.iter().filter(is).map(|outcome| outcome.id.plain()).collect();
                first_of(&names)
            };
            if let Some(faulty) = named(&|outcome| outcome.fault == Some(Kind::Call)) {
                return Err(Error::call(format!("{faulty} could not be run as the project stands")));
            }
            if let Some(failed) = named(&|outcome| outcome.status == Status::Error) {
                let error = Error::data(format!("{failed} failed to run"));
                let is_full = record.outcomes.iter().any(|outcome| tells_of_full_disk(&outcome.message));
                return Err(if is_full { error.help(MAKE_ROOM) } else { error });
            }
            if bad(Status::Fail) > 0 && self.published.as_ref().is_none_or(|published| published.is_ok()) {
                return Err(Error::data(format!("{} failed", counted(bad(Status::Fail), "check"))));
            }
        }
        if let Some(error) = edits {
            return Err(error);
        }
        if self.lacks_warehouse {
            return Err(Error::call("the data tests were not run: there is no warehouse").help("run `cp build` first"));
        }
        self.published.map_or(Ok(()), |published| published.map(|_| ()))
    }

    /// What failed of the models as they were edited, and whose turn it is; what only stands on one of these is left out.
    fn unbuilt(&self) -> IndexMap<String, Kind> {
        let golden = self.golden.iter().map(|golden| &golden.verdict);
        let replays = self.replays.iter().flat_map(|replays| &replays.models).map(|replay| &replay.verdict);
        let units = self.units.iter().map(|unit| &unit.verdict);
        let failed = golden.chain(replays).chain(units).filter_map(|verdict| match verdict {
            Verdict::Failed(unbuilt) => Some((unbuilt.root.clone(), unbuilt.kind)),
            _ => None,
        });
        failed.collect()
    }

    /// What is wrong with the models as they were edited: unit tests, replays, snapshots.
    fn edits(&self) -> Option<Error> {
        let (mut told, mut help) = (Vec::new(), None);
        let differs = |verdict: &Verdict| matches!(verdict, Verdict::New(_) | Verdict::Differs(_));
        let unbuilt = self.unbuilt();
        let roots: Vec<_> = unbuilt.keys().map(String::as_str).collect();
        if let Some(roots) = first_of(&roots) {
            told.push(format!("{roots} could not be built"));
        }
        let strange = self.golden.iter().filter(|golden| differs(&golden.verdict)).count();
        if strange > 0 {
            told.push(format!("{} not as the snapshots say", counted_are(strange, "model")));
            help = Some("`cp review` shows each, and takes what is meant (with `CI` set, nothing waits for it)");
        }
        let replays = self.replays.iter().flat_map(|replays| &replays.models);
        let differing = replays.filter(|replay| differs(&replay.verdict)).count();
        if differing > 0 {
            let depend = if differing == 1 { "model depends" } else { "models depend" };
            told.push(format!("{differing} {depend} on how events arrive"));
            help = Some("an increment goes by the order in which events landed, and makes anew what new ones touch");
        }
        let failed = self.units.iter().filter(|unit| differs(&unit.verdict)).count();
        if failed > 0 {
            told.push(format!("{} failed", counted(failed, "unit test")));
        }
        let is_call = unbuilt.values().any(|kind| *kind == Kind::Call);
        let kind = if is_call { Kind::Call } else { Kind::Data };
        let error = (!told.is_empty()).then(|| Error::data(told.join("; ")).of(kind))?;
        Some(match help {
            Some(help) => error.help(help),
            None => error,
        })
    }
}

/// `a`, or `a` and how many more.
fn first_of(names: &[&str]) -> Option<String> {
    let (first, others) = names.split_first()?;
    Some(match others.len() {
        0 => format!("`{first}`"),
        more => format!("`{first}` and {more} more"),
    })
}

fn counted_are(count: usize, noun: &str) -> String {
    format!("{} {}", counted(count, noun), if count == 1 { "is" } else { "are" })
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A run whose results could not be written, or whose last hook failed: its faults come first, for nothing else will tell
/// of them.
pub(super) fn beside_faults(record: &RunRecord, error: Error) -> Error {
    let mut faults: Vec<_> = record.outcomes.iter().filter_map(|outcome| outcome.diagnostic.clone()).collect();
    if faults.is_empty() {
        return error;
    }
    let help = error.help_text().map(str::to_string);
    let failed = counted(record.count(Status::Error), "node");
    faults.push(Diagnostic::error(error.to_string(), None));
    let told = Error::call(format!("{failed} failed to run, and the run could not be brought to its end")).with(faults);
    help.into_iter().fold(told, Error::help)
}
