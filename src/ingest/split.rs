//! What cutting a file into deliveries means, whatever its layout.

use crate::error::Result;

/// The longest text of one delivery; more than any store takes as one document.
pub(super) const LONGEST: usize = 16 << 20;

/// How much is kept of a text that is set aside.
pub(super) const KEPT: usize = 1 << 20;

/// What makes a stretch of a file no record, before anyone looks into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Longer than [`LONGEST`].
    TooLong,
    /// The file is no array.
    NoArray,
    /// It stands after the array's end.
    AfterArray,
    /// A closing bracket that more elements follow.
    StrayEnd,
    /// It is no JSON, and the next record begins so much later that only its beginning is kept.
    Endless,
    /// The compressed stream cannot be decoded from here on.
    Damaged(String),
}

impl Fault {
    /// The reason, as what is set aside carries it.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::TooLong => format!("is longer than {} MiB", LONGEST >> 20),
            Self::NoArray => "the file is no JSON array".to_string(),
            Self::AfterArray => "stands after the end of the array".to_string(),
            Self::StrayEnd => "closes the array, but more elements follow".to_string(),
            Self::Endless => format!("is no JSON, and no next record begins within {} MiB", KEPT >> 20),
            Self::Damaged(reason) => format!("cannot be decompressed: {reason}"),
        }
    }
}

/// One delivery was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it begins, from 1.
    pub(super) line: u64,
    pub(super) fault: Option<Fault>,
}

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) to_byte: u64,
    /// Of the file up to `to_byte`; `None` where the text is not the file's own bytes.
    pub(super) content_sha256: Option<String>,
    /// Line ends so far.
    pub(super) lines: u64,
    /// How to go on from here.
    pub(super) state: &'static str,
    /// Whether something is left for the next reading.
    pub(super) is_unfinished: bool,
}

/// Cuts a file into deliveries.
pub(super) trait Split {
    /// Finds the next delivery and appends its text to `into`, of a faulty one the beginning; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn next(&mut self, into: &mut Vec<u8>) -> Result<Option<Piece>>;

    /// How far it was read; asked after the end.
    fn end(&self) -> End;
}

/// The bytes of a mark that some editors put at the beginning of a text.
pub(super) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A text without the space around it, and without a byte order mark before it.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    text.strip_prefix(&BYTE_ORDER_MARK).unwrap_or(text).trim_ascii()
}
