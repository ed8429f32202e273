//! A file that is one JSON array, cut into its elements without ever holding more than one.
//!
//! Elements are found by brackets and quotes alone; whether one is sound JSON is judged later. So that one broken
//! element does not take the others with it, a closing bracket closes whatever was left open inside it, and a line
//! end closes a text (which no JSON text may span).

use crate::error::Result;
use crate::ingest::split::BYTE_ORDER_MARK;
use crate::ingest::split::End;
use crate::ingest::split::Fault;
use crate::ingest::split::KEPT;
use crate::ingest::split::LONGEST;
use crate::ingest::split::Piece;
use crate::ingest::split::Split;
use crate::ingest::window::Window;

/// How many open brackets are told apart; those deeper are only counted.
const DEEPEST: usize = 1 << 16;

/// Where in the file the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Before the array.
    Before,
    /// Between its elements.
    Inside,
    /// After its end.
    After,
    /// In a file that is no array.
    Foreign,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before the array",
            Self::Inside => "inside the array",
            Self::After => "after the array",
            Self::Foreign => "no array",
        }
    }

    /// The state that a reading ended in.
    pub(super) fn of(text: &str) -> Self {
        [Self::Inside, Self::After, Self::Foreign]
            .into_iter()
            .find(|state| state.as_str() == text)
            .unwrap_or(Self::Before)
    }
}

/// Cuts an array into its elements.
pub(super) struct Array {
    window: Window,
    lines: u64,
    state: State,
    /// Something of an element is left for the next reading.
    is_broken_off: bool,
}

impl Array {
    /// `lines` is how many line ends came before the window, `state` how the reading before it ended.
    pub(super) fn new(window: Window, lines: u64, state: State) -> Self {
        Self { window, lines, state, is_broken_off: false }
    }

    fn piece(&self, fault: Option<Fault>) -> Option<Piece> {
        Some(Piece { line: self.lines + 1, fault })
    }

    /// Passes over what `skipped` accepts and returns the byte after it, not used up; `None` at the end.
    fn pass(&mut self, skipped: &[u8]) -> Result<Option<u8>> {
        loop {
            let text = self.window.text();
            let length = text.iter().take_while(|byte| skipped.contains(byte)).count();
            let next = text.get(length).copied();
            self.lines += line_ends(&text[..length]);
            self.window.take(length);
            if next.is_some() || !self.window.more()? {
                return Ok(next);
            }
        }
    }

    /// The element that begins here.
    fn element(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        let (begin, mark) = (into.len(), self.window.mark());
        let mut piece = Piece { line: self.lines + 1, fault: None };
        let mut scan = Scan::default();
        loop {
            let text = self.window.text();
            let end = scan.advance(text);
            let length = end.unwrap_or(scan.at);
            if piece.fault.is_none() && length > LONGEST {
                piece.fault = Some(Fault::TooLong);
                into.extend_from_slice(&text[..KEPT]);
            }
            if let Some(end) = end {
                if piece.fault.is_none() {
                    into.extend_from_slice(&text[..end]);
                }
                self.window.take(end);
                self.lines += scan.line_ends;
                return Ok(Some(piece));
            }
            if piece.fault.is_some() {
                self.window.take(length);
                scan.at = 0;
            }
            if !self.window.more()? {
                into.truncate(begin);
                return Ok(self.broken_off(mark, into));
            }
        }
    }

    /// The input ended inside an element.
    fn broken_off(&mut self, mark: crate::ingest::window::Mark, into: &mut Vec<u8>) -> Option<Piece> {
        if let Some(reason) = self.window.take_damage() {
            let text = self.window.text();
            into.extend_from_slice(&text[..text.len().min(KEPT)]);
            self.window.take(usize::MAX);
            return self.piece(Some(Fault::Damaged(reason)));
        }
        self.window.go_back(mark);
        self.is_broken_off = true;
        None
    }

    /// Everything up to the end of the file, as one delivery.
    fn rest(&mut self, fault: Fault, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        let begin = into.len();
        let mut piece = self.piece(Some(fault));
        loop {
            let text = self.window.text();
            let room = KEPT - (into.len() - begin);
            into.extend_from_slice(&text[..text.len().min(room)]);
            self.lines += line_ends(text);
            self.window.take(usize::MAX);
            if !self.window.more()? {
                if let (Some(reason), Some(piece)) = (self.window.take_damage(), &mut piece) {
                    piece.fault = Some(Fault::Damaged(reason));
                }
                return Ok(piece);
            }
        }
    }

    /// The end of the input where no element is open.
    fn over(&mut self) -> Option<Piece> {
        let reason = self.window.take_damage()?;
        self.piece(Some(Fault::Damaged(reason)))
    }
}

fn line_ends(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl Split for Array {
    fn next(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        const SPACE: &[u8] = b" \t\r\n";
        const SPACE_OR_MARK: [u8; 7] =
            [b' ', b'\t', b'\r', b'\n', BYTE_ORDER_MARK[0], BYTE_ORDER_MARK[1], BYTE_ORDER_MARK[2]];
        while !self.is_broken_off {
            match self.state {
                State::Before => match self.pass(&SPACE_OR_MARK)? {
                    Some(b'[') => {
                        self.window.take(1);
                        self.state = State::Inside;
                    }
                    Some(_) => self.state = State::Foreign,
                    None => return Ok(self.over()),
                },
                State::Inside => match self.pass(b" \t\r\n,")? {
                    Some(b']') => {
                        self.window.take(1);
                        self.state = State::After;
                    }
                    Some(_) => match self.element(into)? {
                        Some(piece) => return Ok(Some(piece)),
                        None => break,
                    },
                    None => return Ok(self.over()),
                },
                State::After | State::Foreign => {
                    let fault = if self.state == State::After { Fault::AfterArray } else { Fault::NoArray };
                    return match self.pass(SPACE)? {
                        Some(_) => self.rest(fault, into),
                        None => Ok(self.over()),
                    };
                }
            }
        }
        Ok(None)
    }

    fn end(&self) -> End {
        let (to_byte, content_sha256) = self.window.used();
        let is_open = self.state == State::Inside;
        End {
            to_byte,
            content_sha256,
            lines: self.lines,
            state: self.state.as_str(),
            is_unfinished: is_open || self.window.is_cut(),
        }
    }
}

/// The search for an element's end, which can be interrupted where the text in memory ends.
#[derive(Default)]
struct Scan {
    /// How far the text has been looked at.
    at: usize,
    /// Brackets that are open, as their closing ones.
    open: Vec<u8>,
    braces: usize,
    squares: usize,
    /// Open brackets too deep to be told apart.
    deeper: usize,
    in_text: bool,
    is_escaped: bool,
    /// Whether anything of the element has been seen, and whether it is a text.
    has_begun: bool,
    is_text: bool,
    line_ends: u64,
}

impl Scan {
    /// Looks on; returns where the element ends, if it ends in this text.
    fn advance(&mut self, text: &[u8]) -> Option<usize> {
        while let Some(&byte) = text.get(self.at) {
            self.line_ends += u64::from(byte == b'\n');
            if self.in_text {
                self.inside_text(byte);
            } else {
                if self.is_over_before(byte) {
                    self.line_ends -= u64::from(byte == b'\n');
                    return Some(self.at);
                }
                self.outside_text(byte);
            }
            self.has_begun = true;
            self.at += 1;
            let is_closed = matches!(byte, b'}' | b']' | b'"') && self.is_outermost() && !self.in_text;
            if is_closed && (byte != b'"' || self.is_text) {
                return Some(self.at);
            }
        }
        None
    }

    fn is_outermost(&self) -> bool {
        self.open.is_empty() && self.deeper == 0
    }

    fn inside_text(&mut self, byte: u8) {
        match byte {
            b'\n' => (self.in_text, self.is_escaped) = (false, false),
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => self.in_text = false,
            _ => {}
        }
    }

    /// Whether the element ended before this byte, which stands outside any text.
    fn is_over_before(&self, byte: u8) -> bool {
        if !self.has_begun {
            return false;
        }
        match byte {
            b',' | b' ' | b'\t' | b'\r' | b'\n' => self.is_outermost(),
            // It closes the array itself, if nothing inside the element can be what it closes.
            b']' => self.squares == 0 && self.deeper == 0,
            _ => false,
        }
    }

    fn outside_text(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.in_text = true;
                self.is_text |= !self.has_begun;
            }
            b'{' | b'[' if self.open.len() >= DEEPEST => self.deeper += 1,
            b'{' => {
                self.open.push(b'}');
                self.braces += 1;
            }
            b'[' => {
                self.open.push(b']');
                self.squares += 1;
            }
            b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
            b'}' if self.braces > 0 => self.close(byte),
            b']' if self.squares > 0 => self.close(byte),
            _ => {}
        }
    }

    /// Closes the nearest bracket that this one can close, and all that was left open inside it.
    fn close(&mut self, byte: u8) {
        while let Some(closed) = self.open.pop() {
            match closed {
                b'}' => self.braces -= 1,
                _ => self.squares -= 1,
            }
            if closed == byte {
                break;
            }
        }
    }
}
