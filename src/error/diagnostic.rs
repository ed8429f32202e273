//! A fault in one of the user's files: where it is, what is wrong, what helps.

use std::{fmt, ops::Range, path::PathBuf, sync::Arc};

use crate::error::Error;
use crate::error::Result;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The run goes on.
    Warning,
    /// The run cannot start.
    Error,
}

/// A span of a file, with the text it is a span of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Relative to the project folder.
    pub path: PathBuf,
    /// The file's whole text, shared.
    pub text: Arc<str>,
    /// Bytes of `text`; empty means a point.
    pub span: Range<usize>,
}

impl Place {
    /// A span of a file.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>, span: Range<usize>) -> Self {
        Self { path: path.into(), text: text.into(), span }
    }

    /// Line and column of the span's start, both from 1, the column in characters.
    pub fn line_column(&self) -> (usize, usize) {
        let mut start = self.span.start.min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &self.text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        (line, column)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.path.display())
    }
}

/// One fault in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// A lower-case phrase, literals in back-ticks, no period.
    pub message: String,
    /// Where; `None` only where no file is to blame.
    pub place: Option<Place>,
    /// What stands under the caret, if more is to be said there.
    pub label: Option<String>,
    /// One line that says what to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A fault that stops the run.
    pub fn error(message: impl Into<String>, place: impl Into<Option<Place>>) -> Self {
        Self { level: Level::Error, message: message.into(), place: place.into(), label: None, help: None }
    }

    /// A fault that is told and no more.
    pub fn warning(message: impl Into<String>, place: impl Into<Option<Place>>) -> Self {
        Self { level: Level::Warning, ..Self::error(message, place) }
    }

    /// What to do about it.
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// What stands under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        Ok(())
    }
}

/// Faults as they are found, so that one run names all of them.
#[derive(Debug, Default, Clone)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Notes one more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Notes all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(others);
    }

    /// Whether any of them stops the run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// The warnings where nothing stops the run, else one error that carries all of them.
    pub fn into_result(self) -> Result<Vec<Diagnostic>> {
        if !self.has_errors() {
            return Ok(self.0);
        }
        let count = self.0.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
        let message = match self.0.iter().find(|diagnostic| diagnostic.level == Level::Error) {
            Some(only) if count == 1 => only.message.clone(),
            _ => format!("{count} faults in the project"),
        };
        Err(Error::call(message).with(self.0))
    }
}
