//! The raw envelope: what every stage before SQL knows of an event, and no more.
//!
//! An event's identity is decided here, once, for every store: the payload as canonical JSON ([`canonical_json`]),
//! its hash ([`sha256`]), the id of an event whose producer gave none ([`derived_id`]), and how a time is read
//! ([`parse_time`]).

mod canonical;
mod number;
mod time;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use canonical::{MAX_DEPTH, NotCanonical, canonical_json};
pub use time::{is_believed, parse_time};

/// The vendor of an event whose producer named none.
pub const UNKNOWN_VENDOR: &str = "unknown";

/// A raw event, as the system of record keeps it and never changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// Unique; the producer's, else a hash of type, vendor and payload.
    pub event_id: String,
    /// As the producer names it; an unknown type is stored too.
    pub event_type: String,
    /// When the producer says it happened, UTC.
    pub event_time: Option<Timestamp>,
    /// As supplied, else [`UNKNOWN_VENDOR`].
    pub vendor: String,
    /// The payload's JSON text as the producer wrote it.
    pub payload: String,
    /// Lower-case hex SHA-256 of the payload as canonical JSON (RFC 8785).
    pub payload_sha256: String,
    /// When it was first stored, UTC; a live event carries its own.
    pub ingested_at: Timestamp,
}

/// Lower-case hex SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The id of an event whose producer gave none. `canonical` is the payload as [`canonical_json`] writes it.
pub fn derived_id(event_type: &str, vendor: &str, canonical: &str) -> String {
    let mut hash = Sha256::new();
    for part in [event_type, "\n", vendor, "\n", canonical] {
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = vec![0; bytes.len() * 2];
    for (at, byte) in bytes.iter().enumerate() {
        text[2 * at] = DIGITS[usize::from(byte >> 4)];
        text[2 * at + 1] = DIGITS[usize::from(byte & 15)];
    }
    String::from_utf8(text).unwrap_or_default()
}
