//! What can go wrong, said so that a person can act on it.
//!
//! An [`Error`] is an operation that failed: one message, perhaps a place and a help. A [`Diagnostic`] is a fault in
//! one of the user's files; they are collected, so that one run names all of them, and become one `Error` at the end.

mod diagnostic;
mod nearest;

use std::fmt;

pub use diagnostic::{Diagnostic, Diagnostics, Level, Place};
pub use nearest::{nearest, suggestion};

/// The result of anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose turn it is to act; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The data is not well: a check failed, a model's SQL failed on it. Exit code 1.
    Data,
    /// The call or the project is not well: a flag, a file, a name. Exit code 2.
    Call,
}

/// An operation that failed. Opaque, so that a reason can be added without touching every signature.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    diagnostics: Vec<Diagnostic>,
    is_passing: bool,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            help: None,
            source: None,
            diagnostics: Vec::new(),
            is_passing: false,
        }))
    }

    /// The call or the project is not well (exit code 2).
    pub fn call(message: impl Into<String>) -> Self {
        Self::new(Kind::Call, message)
    }

    /// The data is not well (exit code 1).
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// What the person can do about it: one line, no period.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The underlying reason; printed after the message.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error with the faults in files that stand behind it.
    pub fn with(mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) -> Self {
        self.0.diagnostics.extend(diagnostics);
        self
    }

    /// The same error, of another kind.
    pub fn of(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error, of a trouble that may pass by itself.
    pub fn passing(mut self) -> Self {
        self.0.is_passing = true;
        self
    }

    /// Whether the same may succeed later, without anybody acting.
    pub fn is_passing(&self) -> bool {
        self.0.is_passing
    }

    /// Whose turn it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The process's exit code for this error.
    pub fn exit_code(&self) -> u8 {
        match self.0.kind {
            Kind::Data => 1,
            Kind::Call => 2,
        }
    }

    /// The message alone, without reason and help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The help line, if there is one.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Faults in files that stand behind this error; where there are any, they are what a person wants to read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} error: {self}", self.0.kind)?;
        for diagnostic in &self.0.diagnostics {
            write!(f, "\n{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::call(diagnostic.message.clone()).with([diagnostic])
    }
}

/// What to do where something could not be written for want of room: said once, however much of a run failed of it.
pub const MAKE_ROOM: &str = "the disk is full: make room, and run the same again";

/// Whether a message, the system's or a database's, tells of a disk that is full.
pub fn tells_of_full_disk(message: &str) -> bool {
    ["No space left on device", "Disk quota exceeded"].iter().any(|words| message.contains(words))
}

/// Adds the path to an error of the file system.
pub trait AtPath<T> {
    /// `doing` is a verb phrase, as in "cannot read".
    fn at_path(self, doing: &str, path: &std::path::Path) -> Result<T>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at_path(self, doing: &str, path: &std::path::Path) -> Result<T> {
        self.map_err(|error| {
            let is_full = tells_of_full_disk(&error.to_string());
            let failed = Error::call(format!("cannot {doing} `{}`", path.display())).because(error);
            if is_full { failed.help(MAKE_ROOM) } else { failed }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_one() {
        let of = |kind: std::io::ErrorKind, text: &str| {
            let failed: std::io::Result<()> = Err(std::io::Error::new(kind, text));
            failed.at_path("write", std::path::Path::new("target/manifest.json")).unwrap_err()
        };
        let full =
            of(std::io::ErrorKind::StorageFull, "No space left on device (os error 28) at path \"target/.part-x\"");
        assert_eq!(full.help_text(), Some(MAKE_ROOM));
        assert_eq!(of(std::io::ErrorKind::PermissionDenied, "Permission denied (os error 13)").help_text(), None);
    }
}
