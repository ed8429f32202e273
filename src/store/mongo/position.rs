//! How far MongoDB has been read, as text that only this folder understands.

use mongodb::bson::oid::ObjectId;
use mongodb::change_stream::event::ResumeToken;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::json;

use crate::event::hex;
use crate::event::sha256;
use crate::store::Position;

#[derive(Serialize)]
struct Kept<'a> {
    token: &'a ResumeToken,
}

#[derive(Deserialize)]
struct Given {
    token: ResumeToken,
}

/// What was written as hex.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// The two ways of reading.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// Up to a place in the change stream, of a collection that the server knows by this id.
    Stream { token: ResumeToken, collection: String },
    /// Up to a document in the order of `_id`, `None` where there was none with an ObjectId; and how many there were.
    Pages { last: Option<ObjectId>, documents: u64 },
}

impl Place {
    pub(super) fn to_position(&self) -> Position {
        let written = match self {
            Self::Stream { token, collection } => {
                // A token's form is the server's own affair, so its bytes are kept.
                json!({ "stream": mongodb::bson::serialize_to_vec(&Kept { token }).map(|bytes| hex(&bytes)).ok(), "collection": collection })
            }
            Self::Pages { last, documents } => {
                json!({ "pages": last.map(ObjectId::to_hex), "documents": documents })
            }
        };
        Position(written.to_string())
    }

    /// `None` where it is no position of a MongoDB.
    pub(super) fn of(position: &Position) -> Option<Self> {
        let written: Json = serde_json::from_str(&position.0).ok()?;
        if let Some(token) = written.get("stream") {
            let kept: Given = mongodb::bson::deserialize_from_slice(&bytes(token.as_str()?)?).ok()?;
            let collection = written.get("collection").and_then(Json::as_str).unwrap_or_default().to_string();
            return Some(Self::Stream { token: kept.token, collection });
        }
        let pages = written.get("pages")?;
        let last = pages.as_str().and_then(|id| ObjectId::parse_str(id).ok());
        Some(Self::Pages { last, documents: written.get("documents").and_then(Json::as_u64).unwrap_or(0) })
    }
}

/// A position for a person.
pub(super) fn described(position: &Position) -> String {
    match Place::of(position) {
        Some(Place::Stream { .. }) => {
            // A token is long, and tells a person nothing but whether it is another.
            format!("a place in the change stream ({})", &sha256(position.0.as_bytes())[..12])
        }
        Some(Place::Pages { last: Some(id), .. }) => format!("document `{id}`, and by counting"),
        Some(Place::Pages { last: None, .. }) => "counted".to_string(),
        None => "one of another kind of store".to_string(),
    }
}
