//! The stretch of a file that is in memory: read in blocks, hashed as it is used up.

use std::io::{ErrorKind, Read};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::error::Result;
use crate::event::hex;

/// How much is read at once.
const BLOCK: usize = 256 << 10;

/// How the input ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// Where the file ends.
    Clean,
    /// A compressed stream breaks off, as one does that is still being written.
    Cut,
    /// A compressed stream cannot be decoded.
    Damaged(String),
}

/// A window over the text of a file.
pub(super) struct Window {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    ending: Option<Ending>,
    /// Of all bytes used up, where the text is the file itself.
    hash: Option<Sha256>,
    used: u64,
}

/// Where a window was, for going back.
pub(super) struct Mark {
    hash: Option<Sha256>,
    used: u64,
}

impl Window {
    /// `hash` has taken the file's bytes before `used`; `None` where the text is not the file's own bytes.
    pub(super) fn new(input: Box<dyn Read + Send>, hash: Option<Sha256>, used: u64) -> Self {
        Self { input, bytes: Vec::new(), start: 0, ending: None, hash, used }
    }

    /// What is in memory and not used up.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Reads on; `false` at the end.
    pub(super) fn more(&mut self) -> Result<bool> {
        if self.ending.is_some() {
            return Ok(false);
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        let before = self.bytes.len();
        self.bytes.resize(before + BLOCK, 0);
        let read = loop {
            match self.input.read(&mut self.bytes[before..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.bytes.truncate(before + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.ending = Some(Ending::Clean),
            Ok(_) => return Ok(true),
            // An error that the system did not number comes from the decoder.
            Err(error) if error.raw_os_error().is_some() => {
                return Err(Error::call("cannot read on").because(error));
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.ending = Some(Ending::Cut),
            Err(error) => self.ending = Some(Ending::Damaged(error.to_string())),
        }
        Ok(false)
    }

    /// Uses up so many bytes.
    pub(super) fn take(&mut self, count: usize) {
        let count = count.min(self.text().len());
        if let Some(hash) = &mut self.hash {
            hash.update(&self.bytes[self.start..self.start + count]);
        }
        self.start += count;
        self.used += count as u64;
    }

    /// Where it is.
    pub(super) fn mark(&self) -> Mark {
        Mark { hash: self.hash.clone(), used: self.used }
    }

    /// As if nothing had been used up since the mark. Only at the end: what was used up is not in memory again.
    pub(super) fn go_back(&mut self, mark: Mark) {
        self.hash = mark.hash;
        self.used = mark.used;
        self.start = self.bytes.len();
    }

    /// The reason why the stream cannot be decoded; told once.
    pub(super) fn take_damage(&mut self) -> Option<String> {
        match &self.ending {
            Some(Ending::Damaged(_)) => match self.ending.replace(Ending::Clean) {
                Some(Ending::Damaged(reason)) => Some(reason),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a compressed stream broke off.
    pub(super) fn is_cut(&self) -> bool {
        self.ending == Some(Ending::Cut)
    }

    /// How many bytes are used up, and their hash.
    pub(super) fn used(&self) -> (u64, Option<String>) {
        (self.used, self.hash.clone().map(|hash| hex(&hash.finalize())))
    }
}
