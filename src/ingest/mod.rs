//! Files → events: what lies in the events folder goes into the raw store, each delivery once and none forgotten.
//!
//! Which file is what, the project declares ([`rules`]). A file is one transaction of the store. It is read as a
//! stream, whatever its size, and known by its content: what has been read is hashed, so that an unchanged file is
//! skipped, one that grew is read from where it ended, and one whose beginning changed is read whole, as another
//! version. The log names a file by its path relative to the events folder; a copy under another name is another
//! delivery, and its events are counted as duplicates.

mod array;
mod element;
mod folder;
mod lines;
mod pattern;
mod pipeline;
mod record;
mod resume;
mod rule;
mod source;
mod split;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use crate::error::Error;
use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::store::RawStore;
use crate::store::Tally;
use folder::EventFile;
use pipeline::Pipeline;
use source::Task;

pub use pattern::{Pattern, is_day};
pub use rule::{FileRule, Format, rules};

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIngested {
    /// Relative to the events folder, with `/`.
    pub file: String,
    /// What this reading delivered; nothing where the file was unchanged.
    pub tally: Tally,
    /// Whether the content had been read before.
    pub is_unchanged: bool,
    /// Whether it ends in something unfinished, left for the next reading.
    pub is_unfinished: bool,
}

/// What came of all files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// In the order of their names.
    pub files: Vec<FileIngested>,
    /// Files beside them that no rule names, so that nobody has read them.
    pub unmatched: Vec<String>,
}

impl Ingested {
    /// The sum over all files.
    pub fn totals(&self) -> Tally {
        let mut totals = Tally::default();
        for file in &self.files {
            totals += file.tally;
        }
        totals
    }

    /// How many files had been read before and had not changed.
    pub fn unchanged(&self) -> usize {
        self.files.iter().filter(|file| file.is_unchanged).count()
    }
}

/// Reads the files that the rules name into the store. With a date (`YYYY-MM-DD`), those of that day alone.
///
/// # Errors
/// When the date is no day, when two rules name one file, when a file cannot be read, or when the store fails. Files
/// that were done before are stored all the same; of the failing one nothing is.
pub fn ingest(
    store: &mut dyn RawStore,
    rules: &[FileRule],
    events_folder: &Path,
    date: Option<&str>,
    observe: &dyn Observe,
) -> Result<Ingested> {
    ingest_at(store, rules, events_folder, date, Timestamp::now(), observe)
}

/// As [`ingest`], with the time that what is new is said to have been stored at.
///
/// # Errors
/// As those of [`ingest`].
pub fn ingest_at(
    store: &mut dyn RawStore,
    rules: &[FileRule],
    events_folder: &Path,
    date: Option<&str>,
    stored_at: Timestamp,
    observe: &dyn Observe,
) -> Result<Ingested> {
    check_date(date, rules)?;
    let found = folder::find(rules, events_folder, date)?;
    let bytes = found.files.iter().filter_map(|file| std::fs::metadata(&file.path).ok()).map(|about| about.len()).sum();
    observe.on(Progress::Stage { name: "ingest", total: Some(bytes) });
    let mut ingested = Ingested::default();
    if date.is_none() {
        ingested.unmatched = found.unmatched;
        warn_of_unmatched(&ingested.unmatched, observe);
    }
    if found.files.is_empty() {
        let what = date.map_or_else(|| "no event files".to_string(), |date| format!("no event files of {date}"));
        observe.on(Progress::Note { text: format!("{what} in `{}`", events_folder.display()) });
    }
    // To the microsecond, as it is stored.
    let now = Timestamp::from_microsecond(stored_at.as_microsecond()).unwrap_or_default();
    for file in &found.files {
        ingested.files.push(read(store, file, now, observe)?);
    }
    observe.on(Progress::Done { summary: summary(&ingested) });
    Ok(ingested)
}

/// The days (`YYYY-MM-DD`) of which there are files.
///
/// # Errors
/// As those of [`ingest`].
pub fn days(rules: &[FileRule], events_folder: &Path) -> Result<BTreeSet<String>> {
    let mut days = BTreeSet::new();
    for file in folder::find(rules, events_folder, None)?.files.iter().filter(|file| file.rule.pattern.is_dated()) {
        let possible = (0..file.name.len()).filter_map(|at| file.name.get(at..at + "YYYY-MM-DD".len()));
        days.extend(possible.filter(|day| is_day(day) && file.rule.matches(&file.name, Some(day))).map(str::to_string));
    }
    Ok(days)
}

fn check_date(date: Option<&str>, rules: &[FileRule]) -> Result<()> {
    let Some(date) = date else { return Ok(()) };
    if !is_day(date) {
        return Err(Error::call(format!("`{date}` is no day")).help("write it as `YYYY-MM-DD`, as in `2025-01-15`"));
    }
    if !rules.is_empty() && !rules.iter().any(|rule| rule.pattern.is_dated()) {
        return Err(Error::call("the project declares no files of single days, so no day can be chosen")
            .help("put `{date}` into a path under `files` of the source's meta"));
    }
    Ok(())
}

fn warn_of_unmatched(unmatched: &[String], observe: &dyn Observe) {
    const SHOWN: usize = 5;
    if unmatched.is_empty() {
        return;
    }
    let names = unmatched.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = unmatched.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (verb, are) = if unmatched.len() == 1 { ("is", "file") } else { ("are", "files") };
    observe.on(Progress::Warning {
        text: format!(
            "{} {are} in the events folder {verb} of no declared kind and not read: {names}{more}",
            unmatched.len()
        ),
    });
}

fn read(store: &mut dyn RawStore, file: &EventFile<'_>, now: Timestamp, observe: &dyn Observe) -> Result<FileIngested> {
    let name = file.name.clone();
    let (tally, is_unchanged, is_unfinished) = match source::open(file, &store.readings_of(&name)?)? {
        Task::Unchanged(is_unfinished) => (Tally::default(), true, is_unfinished),
        Task::Read(source) => {
            let reading = std::thread::scope(|scope| {
                let mut pipeline = Pipeline::start(scope, file, source, now, observe);
                store.deliver(&mut pipeline)
            })?;
            (reading.tally, reading.tally.delivered == 0 && reading.from_byte > 0, reading.is_unfinished)
        }
    };
    observe.on(Progress::Detail { text: format!("`{name}`: {}", told(&tally, is_unchanged)) });
    if is_unfinished {
        observe.on(Progress::Warning {
            text: format!("`{name}` ends in something unfinished, which is left for the next reading"),
        });
    }
    Ok(FileIngested { file: name, tally, is_unchanged, is_unfinished })
}

fn told(tally: &Tally, is_unchanged: bool) -> String {
    if is_unchanged {
        return "unchanged".to_string();
    }
    let Tally { delivered, stored, duplicates, conflicts, set_aside } = tally;
    format!(
        "{delivered} delivered: {stored} stored, {duplicates} duplicates, {conflicts} conflicts, {set_aside} set aside"
    )
}

fn summary(ingested: &Ingested) -> String {
    let files = ingested.files.len();
    let unchanged = ingested.unchanged();
    if files == unchanged {
        return format!("{files} files, all unchanged");
    }
    format!("{files} files ({unchanged} unchanged), {}", told(&ingested.totals(), false))
}
