//! The raw envelope: what every stage before SQL knows of an event, and no more.

use jiff::Timestamp;

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
