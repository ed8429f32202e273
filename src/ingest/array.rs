//! A file that is one JSON array, cut into its elements without ever holding more than one.
//!
//! Elements are found by brackets and quotes alone; whether one is sound JSON is judged later. Where those contradict
//! each other the element is no JSON: it is set aside up to where the next record begins, so that it takes no other
//! with it. Only what more text could still make whole, or a broken record whose end is not written yet, is left for
//! the next reading; in an array that was closed nothing is.

use serde::de::IgnoredAny;

use crate::error::Result;
use crate::ingest::element::Found;
use crate::ingest::element::Scan;
use crate::ingest::resume::Habits;
use crate::ingest::resume::Resume;
use crate::ingest::resume::Search;
use crate::ingest::split::BYTE_ORDER_MARK;
use crate::ingest::split::End;
use crate::ingest::split::Fault;
use crate::ingest::split::KEPT;
use crate::ingest::split::LONGEST;
use crate::ingest::split::Piece;
use crate::ingest::split::Split;
use crate::ingest::window::Mark;
use crate::ingest::window::Window;

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
    /// In a file that is no array but begins as one with a record on every line does.
    Lines,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before the array",
            Self::Inside => "inside the array",
            Self::After => "after the array",
            Self::Foreign => "no array",
            Self::Lines => "no array but lines",
        }
    }

    /// The state that a reading ended in.
    pub(super) fn of(text: &str) -> Self {
        [Self::Inside, Self::After, Self::Foreign, Self::Lines]
            .into_iter()
            .find(|state| state.as_str() == text)
            .unwrap_or(Self::Before)
    }
}

/// Where a delivery begins, for going back.
struct Start {
    mark: Mark,
    lines: u64,
    /// In the text that is handed out.
    begin: usize,
}

/// Cuts an array into its elements.
pub(super) struct Array {
    window: Window,
    lines: u64,
    state: State,
    habits: Habits,
    /// Something of an element is left for the next reading.
    is_broken_off: bool,
}

impl Array {
    /// `lines` is how many line ends came before the window, `state` how the reading before it ended.
    pub(super) fn new(window: Window, lines: u64, state: State) -> Self {
        Self { window, lines, state, habits: Habits::default(), is_broken_off: false }
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
            self.habits.passed(&text[..length]);
            self.take(length);
            if next.is_some() || !self.window.more()? {
                return Ok(next);
            }
        }
    }

    fn take(&mut self, count: usize) {
        let text = self.window.text();
        self.lines += line_ends(&text[..count.min(text.len())]);
        self.window.take(count);
    }

    fn start(&self, into: &[u8]) -> Start {
        Start { mark: self.window.mark(), lines: self.lines, begin: into.len() }
    }

    /// The element that begins here.
    fn element(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        let start = self.start(into);
        let mut piece = Piece { line: self.lines + 1, fault: None };
        let mut scan = Scan::new();
        loop {
            let text = self.window.text();
            let found = scan.advance(text);
            if piece.fault.is_none() && scan.at > LONGEST {
                piece.fault = Some(Fault::TooLong);
                into.extend_from_slice(&text[..KEPT]);
            }
            match found {
                Some(Found::End(end)) => {
                    if piece.fault.is_none() {
                        self.habits.began(&text[..end]);
                        into.extend_from_slice(&text[..end]);
                    }
                    self.take(end);
                    return Ok(Some(piece));
                }
                Some(Found::Broken(_)) => {
                    let resume = Resume { at: scan.text_at, is_strict: false };
                    return self.broken(start, piece, resume, into);
                }
                None => {}
            }
            if piece.fault.is_some() {
                self.take(scan.at);
                (scan.at, scan.text_at) = (0, 0);
            }
            if !self.window.more()? {
                return self.open_at_end(start, piece, &scan, into);
            }
        }
    }

    /// An element that is no JSON: it is set aside up to the next one.
    fn broken(
        &mut self,
        start: Start,
        mut piece: Piece,
        mut resume: Resume,
        into: &mut Vec<u8>,
    ) -> Result<Option<Piece>> {
        if piece.fault.is_none() {
            self.habits.began(self.window.text());
        }
        let mut is_end = false;
        loop {
            match resume.advance(self.window.text(), is_end, &self.habits) {
                Search::Found(comma) => {
                    self.keep(comma, &mut piece, start.begin, into);
                    return Ok(Some(piece));
                }
                Search::More(at) => {
                    if at > KEPT {
                        self.keep(at, &mut piece, start.begin, into);
                        resume.at = 0;
                    }
                    is_end = !self.window.more()?;
                }
                Search::Nothing => break,
            }
        }
        if !self.window.is_cut()
            && let Some(end) = self.closing()
        {
            self.keep(end, &mut piece, start.begin, into);
            return Ok(Some(piece));
        }
        Ok(self.left(start, into))
    }

    /// The input ended inside an element in which nothing is wrong so far.
    fn open_at_end(
        &mut self,
        start: Start,
        mut piece: Piece,
        scan: &Scan,
        into: &mut Vec<u8>,
    ) -> Result<Option<Piece>> {
        // Where the array seems to be closed, what was left open may have taken in other records.
        if let (Some(end), None, false) = (self.closing(), &piece.fault, self.window.is_cut()) {
            let text = self.window.text();
            self.habits.began(text);
            let search = Resume { at: 0, is_strict: true }.advance(text, true, &self.habits);
            let is_closed = scan.in_text && text[..end].trim_ascii_end().ends_with(b"}");
            match search {
                Search::Found(comma) => {
                    self.keep(comma, &mut piece, start.begin, into);
                    return Ok(Some(piece));
                }
                _ if is_closed => {
                    self.keep(end, &mut piece, start.begin, into);
                    return Ok(Some(piece));
                }
                _ => {}
            }
        }
        Ok(self.left(start, into))
    }

    /// Where the bracket is that ends the text in memory, if one does.
    fn closing(&self) -> Option<usize> {
        let text = self.window.text().trim_ascii_end();
        text.ends_with(b"]").then(|| text.len() - 1)
    }

    /// Uses up text that is set aside; of what is too much the beginning is kept.
    fn keep(&mut self, count: usize, piece: &mut Piece, begin: usize, into: &mut Vec<u8>) {
        let room = KEPT.saturating_sub(into.len() - begin);
        if count > room && piece.fault.is_none() {
            piece.fault = Some(Fault::Endless);
        }
        into.extend_from_slice(&self.window.text()[..count.min(room)]);
        self.take(count);
    }

    /// What began at `start` is left for the next reading, unless nothing can follow it.
    fn left(&mut self, start: Start, into: &mut Vec<u8>) -> Option<Piece> {
        into.truncate(start.begin);
        if let Some(reason) = self.window.take_damage() {
            let text = self.window.text();
            into.extend_from_slice(&text[..text.len().min(KEPT)]);
            self.take(usize::MAX);
            return Some(Piece { line: start.lines + 1, fault: Some(Fault::Damaged(reason)) });
        }
        self.window.go_back(start.mark);
        self.lines = start.lines;
        self.is_broken_off = true;
        None
    }

    /// A line of a file that is no array.
    fn line(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        let start = self.start(into);
        let mut piece = Piece { line: self.lines + 1, fault: Some(Fault::NoArray) };
        loop {
            let text = self.window.text();
            let end = text.iter().position(|byte| *byte == b'\n');
            if end.is_some() || text.len() > KEPT {
                self.keep(end.unwrap_or(text.len()), &mut piece, start.begin, into);
            }
            if end.is_some() {
                return Ok(Some(piece));
            }
            if !self.window.more()? {
                break;
            }
        }
        let text = self.window.text();
        let is_open = serde_json::from_slice::<IgnoredAny>(text).is_err_and(|error| error.is_eof());
        if let Some(reason) = self.window.take_damage() {
            piece.fault = Some(Fault::Damaged(reason));
        } else if into.len() == start.begin && is_open {
            return Ok(self.left(start, into));
        }
        self.keep(self.window.text().len(), &mut piece, start.begin, into);
        Ok(Some(piece))
    }

    /// Everything up to the end of the file, as one delivery.
    fn rest(&mut self, fault: Fault, into: &mut Vec<u8>) -> Result<Option<Piece>> {
        let begin = into.len();
        let mut piece = self.piece(Some(fault));
        loop {
            let text = self.window.text();
            let room = KEPT - (into.len() - begin);
            into.extend_from_slice(&text[..text.len().min(room)]);
            self.take(usize::MAX);
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
                    Some(b'{') => self.state = State::Lines,
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
                State::After => match self.pass(SPACE)? {
                    Some(b',') => {
                        let piece = self.piece(Some(Fault::StrayEnd));
                        into.push(b']');
                        self.window.take(1);
                        self.state = State::Inside;
                        return Ok(piece);
                    }
                    Some(_) => return self.rest(Fault::AfterArray, into),
                    None => return Ok(self.over()),
                },
                State::Foreign | State::Lines => match self.pass(SPACE)? {
                    Some(_) if self.state == State::Lines => return self.line(into),
                    Some(_) => return self.rest(Fault::NoArray, into),
                    None => return Ok(self.over()),
                },
            }
        }
        Ok(None)
    }

    fn end(&self) -> End {
        let (to_byte, content_sha256) = self.window.used();
        let is_open = self.state == State::Inside || self.is_broken_off;
        End {
            to_byte,
            content_sha256,
            lines: self.lines,
            state: self.state.as_str(),
            is_unfinished: is_open || self.window.is_cut(),
        }
    }
}
