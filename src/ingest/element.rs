//! Where an element of an array ends, told by its brackets, quotes and commas alone.
//!
//! What lies between them (numbers, words, escapes) is judged later, once the element is cut out. But a bracket that
//! closes another one, or a text that stands where none can, shows that the end cannot be trusted: a single stray
//! quote turns every text after it inside out.

/// How deep brackets may be nested.
const DEEPEST: usize = 1 << 16;

/// What a look for the end has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The element ends before this byte.
    End(usize),
    /// It is no JSON at this byte at the latest.
    Broken(usize),
}

/// The search for an element's end, which can be interrupted where the text in memory ends.
pub(super) struct Scan {
    /// How far the text has been looked at.
    pub(super) at: usize,
    /// Where the last text begins: it may have taken in what follows the element, an earlier one cannot.
    pub(super) text_at: usize,
    /// Brackets that are open, as their closing ones.
    open: Vec<u8>,
    /// The token before: a bracket, a comma, a colon, a quote for a text, [`WORD`], or 0 at the beginning.
    before: u8,
    pub(super) in_text: bool,
    is_escaped: bool,
}

/// Stands for a number, a word, or whatever else is made of other characters.
const WORD: u8 = b'w';

impl Scan {
    pub(super) fn new() -> Self {
        Self { at: 0, text_at: 0, open: Vec::new(), before: 0, in_text: false, is_escaped: false }
    }

    /// Looks on; returns what it found, if it is in this text.
    pub(super) fn advance(&mut self, text: &[u8]) -> Option<Found> {
        while let Some(&byte) = text.get(self.at) {
            let found = if self.in_text { self.inside_text(byte) } else { self.outside_text(byte) };
            match found {
                Some(Found::End(_)) if self.is_alone(byte) => return Some(Found::End(self.at)),
                Some(Found::Broken(_)) => return Some(Found::Broken(self.at)),
                _ => {}
            }
            self.at += 1;
            if found.is_some() {
                return Some(Found::End(self.at));
            }
        }
        None
    }

    /// Whether the byte at which an element ended is no part of it: one of those after a bare word or after nothing.
    fn is_alone(&self, byte: u8) -> bool {
        matches!(self.before, 0 | WORD) && matches!(byte, b',' | b' ' | b'\t' | b'\r' | b'\n' | b']')
    }

    fn end_if_outermost(&self) -> Option<Found> {
        self.open.is_empty().then_some(Found::End(self.at))
    }

    fn inside_text(&mut self, byte: u8) -> Option<Found> {
        match byte {
            // No JSON text spans lines.
            b'\n' => return Some(Found::Broken(self.at)),
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => {
                (self.in_text, self.before) = (false, b'"');
                return self.end_if_outermost();
            }
            _ => {}
        }
        None
    }

    fn outside_text(&mut self, byte: u8) -> Option<Found> {
        let is_outermost = self.open.is_empty();
        let broken = Some(Found::Broken(self.at));
        match byte {
            b',' | b' ' | b'\t' | b'\r' | b'\n' | b']' if is_outermost => Some(Found::End(self.at)),
            b' ' | b'\t' | b'\r' | b'\n' => None,
            b'"' if matches!(self.before, 0 | b'{' | b'[' | b',' | b':') => {
                (self.in_text, self.text_at) = (true, self.at);
                None
            }
            b'{' | b'[' if self.may_open() => {
                self.open.push(if byte == b'{' { b'}' } else { b']' });
                self.before = byte;
                None
            }
            b'"' | b'{' | b'[' => broken,
            b'}' if is_outermost => {
                let is_first = self.before == 0;
                self.before = WORD;
                is_first.then_some(Found::End(self.at))
            }
            b'}' | b']' if self.open.pop() == Some(byte) => {
                self.before = byte;
                self.end_if_outermost()
            }
            b'}' | b']' => broken,
            b',' | b':' if !is_outermost => {
                self.before = byte;
                None
            }
            _ if matches!(self.before, b'"' | b'}' | b']') => broken,
            _ => {
                self.before = WORD;
                None
            }
        }
    }

    /// Whether a value of many parts can begin here: in an object only after a colon.
    fn may_open(&self) -> bool {
        let has_room = self.open.len() < DEEPEST;
        has_room
            && match self.before {
                0 | b'[' | b':' => true,
                b',' => self.open.last() == Some(&b']'),
                _ => false,
            }
    }
}
