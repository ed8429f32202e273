//! A file with one record on every line.

use std::io::BufRead;

use serde::de::IgnoredAny;

use crate::error::Result;
use crate::ingest::split::End;
use crate::ingest::split::Fault;
use crate::ingest::split::KEPT;
use crate::ingest::split::LONGEST;
use crate::ingest::split::Piece;
use crate::ingest::split::Split;
use crate::ingest::split::trimmed;
use crate::ingest::window::Window;

/// Cuts a file at its line ends.
pub(super) struct Lines {
    window: Window,
    /// Line ends so far.
    lines: u64,
    is_unfinished: bool,
}

impl Lines {
    /// `lines` is how many line ends came before the window.
    pub(super) fn new(window: Window, lines: u64) -> Self {
        Self { window, lines, is_unfinished: false }
    }

    fn piece(&self, fault: Option<Fault>) -> Option<Piece> {
        Some(Piece { line: self.lines + 1, fault })
    }

    /// A line that does not fit: its beginning is kept, the rest passed over.
    fn pass_over(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        let piece = self.piece(Some(Fault::TooLong));
        let (begin, mark) = (into.len(), self.window.mark());
        into.extend_from_slice(&self.window.text()[..KEPT]);
        loop {
            let (length, is_whole) = up_to_line_end(self.window.text());
            self.window.take(length);
            if is_whole {
                self.lines += 1;
                return Ok(piece);
            }
            if !self.window.more()? {
                if let Some(reason) = self.window.take_damage() {
                    return Ok(self.piece(Some(Fault::Damaged(reason))));
                }
                into.truncate(begin);
                self.window.go_back(mark);
                self.is_unfinished = true;
                return Ok(None);
            }
        }
    }

    /// What stands after the last line end.
    fn last(&mut self, into: &mut Vec<u8>) -> Option<Piece> {
        let text = self.window.text();
        let (length, is_blank) = (text.len(), trimmed(text).is_empty());
        if let Some(reason) = self.window.take_damage() {
            into.extend_from_slice(&self.window.text()[..length.min(KEPT)]);
            self.window.take(length);
            return self.piece(Some(Fault::Damaged(reason)));
        }
        if is_blank {
            return None;
        }
        let text = self.window.text();
        if serde_json::from_slice::<IgnoredAny>(trimmed(text)).is_err() {
            self.is_unfinished = true;
            return None;
        }
        into.extend_from_slice(text);
        self.window.take(length);
        self.piece(None)
    }
}

/// How long the text is up to and with its first line end, and whether it has one.
fn up_to_line_end(mut text: &[u8]) -> (usize, bool) {
    let whole = text;
    // The standard library's search is the fast one; reading from memory cannot fail.
    let length = text.skip_until(b'\n').unwrap_or(0);
    (length, length > 0 && whole[length - 1] == b'\n')
}

impl Split for Lines {
    fn next(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        if self.is_unfinished {
            return Ok(None);
        }
        let mut searched = 0;
        loop {
            let text = self.window.text();
            let (length, is_whole) = up_to_line_end(&text[searched..]);
            let length = searched + length;
            // Judged by the line's own length, never by how much of it happens to be in memory.
            if length - usize::from(is_whole) > LONGEST {
                return self.pass_over(into);
            }
            if is_whole {
                let line = text[..length - 1].strip_suffix(b"\r").unwrap_or(&text[..length - 1]);
                let is_blank = trimmed(line).is_empty();
                if !is_blank {
                    into.extend_from_slice(line);
                }
                let piece = self.piece(None);
                self.window.take(length);
                self.lines += 1;
                searched = 0;
                if !is_blank {
                    return Ok(piece);
                }
            } else {
                searched = length;
                if !self.window.more()? {
                    return Ok(self.last(into));
                }
            }
        }
    }

    fn end(&self) -> End {
        let (to_byte, content_sha256) = self.window.used();
        End {
            to_byte,
            content_sha256,
            lines: self.lines,
            state: "lines",
            is_unfinished: self.is_unfinished || self.window.is_cut(),
        }
    }
}
