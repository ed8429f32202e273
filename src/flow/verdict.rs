//! How a run ends: the one error that its exit code and last line tell of.

use crate::error::Diagnostic;
use crate::error::Error;
use crate::error::Kind;
use crate::error::MAKE_ROOM;
use crate::error::Result;
use crate::error::tells_of_full_disk;
use crate::flow::Done;
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
        if let Some(record) = &self.record {
            let bad = |status: Status| record.count(status);
            let faults = record.outcomes.iter().filter(|outcome| outcome.fault == Some(Kind::Call)).count();
            if faults > 0 {
                return Err(Error::call(format!("{} could not be run as the project stands", counted(faults, "node"))));
            }
            if bad(Status::Error) > 0 {
                let error = Error::data(format!("{} failed to run", counted(bad(Status::Error), "node")));
                let is_full = record.outcomes.iter().any(|outcome| tells_of_full_disk(&outcome.message));
                return Err(if is_full { error.help(MAKE_ROOM) } else { error });
            }
            if bad(Status::Fail) > 0 && self.published.as_ref().is_none_or(|published| published.is_ok()) {
                return Err(Error::data(format!("{} failed", counted(bad(Status::Fail), "check"))));
            }
        }
        if let Some(error) = self.edits() {
            return Err(error);
        }
        if self.lacks_warehouse {
            return Err(Error::call("the data tests were not run: there is no warehouse").help("run `cp build` first"));
        }
        self.published.map_or(Ok(()), |published| published.map(|_| ()))
    }

    /// What is wrong with the models as they were edited: unit tests, replays, snapshots.
    fn edits(&self) -> Option<Error> {
        let (mut told, mut help) = (Vec::new(), None);
        let strange = self.golden.iter().filter(|golden| !golden.is_equal()).count();
        if strange > 0 {
            told.push(format!("{} not as the snapshots say", counted_are(strange, "model")));
            help = Some("`cp review` shows each, and takes what is meant (with `CI` set, nothing waits for it)");
        }
        let replays = self.replays.iter().flat_map(|replays| &replays.models);
        let differing = replays.filter(|replay| !replay.is_equal()).count();
        if differing > 0 {
            let depend = if differing == 1 { "model depends" } else { "models depend" };
            told.push(format!("{differing} {depend} on how events arrive"));
            help = Some("an increment goes by the order in which events landed, and makes anew what new ones touch");
        }
        let failed = self.units.iter().filter(|unit| !unit.is_equal()).count();
        if failed > 0 {
            told.push(format!("{} failed", counted(failed, "unit test")));
        }
        let error = (!told.is_empty()).then(|| Error::data(told.join("; ")))?;
        Some(match help {
            Some(help) => error.help(help),
            None => error,
        })
    }
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
