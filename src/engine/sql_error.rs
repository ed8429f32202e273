//! What DuckDB says of a failing statement, taken apart: the message, and where in the SQL.

use std::{fmt, ops::Range};

use crate::error::Error;
use crate::error::MAKE_ROOM;
use crate::error::tells_of_full_disk;

/// A statement that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// The kind DuckDB gives it, as in `Binder Error`; empty where it gives none.
    pub kind: String,
    /// The message without kind and excerpt, on one line.
    pub message: String,
    /// DuckDB's own suggestion, if it has one.
    pub hint: Option<String>,
    /// Where in `sql`.
    pub span: Option<Range<usize>>,
    /// The statement.
    pub sql: String,
}

impl SqlError {
    /// Takes DuckDB's text apart; `sql` is the statement it speaks of.
    pub(super) fn new(text: &str, sql: &str) -> Self {
        let (body, excerpt) = match text.find("\n\nLINE ") {
            Some(at) => (&text[..at], Some(&text[at + 2..])),
            None => match text.find("\nLINE ") {
                Some(at) => (&text[..at], Some(&text[at + 1..])),
                None => (text, None),
            },
        };
        let (kind, message) = match body.split_once(": ") {
            Some((kind, message)) if kind.ends_with("Error") || kind.ends_with("Exception") => (kind, message),
            _ => ("", body),
        };
        let mut hint = None;
        let mut lines = Vec::new();
        for line in message.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.strip_prefix("Did you mean ").or_else(|| line.strip_prefix("Candidate bindings: ")) {
                Some(candidates) => {
                    hint = Some(format!("did you mean {}?", candidates.trim_end_matches('?').replace('"', "`")))
                }
                None => lines.push(line),
            }
        }
        Self {
            kind: kind.to_string(),
            message: lines.join(" "),
            hint,
            span: excerpt.and_then(|excerpt| locate(excerpt, sql)),
            sql: sql.to_string(),
        }
    }

    /// Whether it asked for more memory than it may have.
    pub fn is_out_of_memory(&self) -> bool {
        self.kind == "Out of Memory Error"
    }

    /// Whether a person interrupted the statement.
    pub fn is_interrupt(&self) -> bool {
        self.kind.starts_with("INTERRUPT") || self.message.contains("Interrupted!")
    }
}

/// Finds the place an excerpt like `LINE 3: select foo\n               ^` points at.
fn locate(excerpt: &str, sql: &str) -> Option<Range<usize>> {
    let mut lines = excerpt.lines();
    let first = lines.next()?;
    let (number, shown) = first.strip_prefix("LINE ")?.split_once(": ")?;
    let number: usize = number.parse().ok()?;
    let prefix = first.chars().count() - shown.chars().count();
    let caret = lines.next()?.chars().take_while(|c| *c != '^').count().checked_sub(prefix)?;
    let start: usize = sql.split_inclusive('\n').take(number - 1).map(str::len).sum();
    let line = sql.get(start..)?.split('\n').next()?;
    // A long line is shown as an excerpt between dots, so look for what stands under the caret.
    let under: String = shown.chars().skip(caret).collect();
    let under = under.trim_end_matches("...");
    let offset = match shown.strip_prefix("...") {
        Some(_) => line.find(under)?,
        None => line.char_indices().nth(caret).map(|(at, _)| at).unwrap_or(line.len()),
    };
    let word = line[offset..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        .map(char::len_utf8)
        .sum::<usize>();
    Some(start + offset..start + offset + word.max(usize::from(offset < line.len())))
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for SqlError {}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        let is_full = tells_of_full_disk(&error.message);
        let hint = error.hint.clone().or_else(|| is_full.then(|| MAKE_ROOM.to_string()));
        let failed = Error::data(error.to_string());
        match hint {
            Some(hint) => failed.help(hint),
            None => failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_word_under_the_caret() {
        let sql = "select 1,\n  foo from t";
        let text = "Binder Error: Referenced column \"foo\" not found in FROM clause!\nCandidate bindings: \"food\"\n\nLINE 2:   foo from t\n          ^";
        let error = SqlError::new(text, sql);
        assert_eq!(error.kind, "Binder Error");
        assert_eq!(&sql[error.span.unwrap()], "foo");
        assert_eq!(error.hint.unwrap(), "did you mean `food`?");
    }
}
