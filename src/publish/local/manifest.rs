//! `manifest.json` of a publication: what is in it, for readers and for the publication after it.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::error::Result;

/// The file's name in the folder of a publication.
pub(super) const FILE: &str = "manifest.json";

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The first sixteen hex digits of a SHA-256 over the id before and the content.
    pub id: String,
    /// The id of the publication before.
    pub previous: Option<String>,
    /// The run whose checks stand behind it.
    pub run: String,
    /// When it was made, UTC.
    pub generated_at: String,
    /// How many events had landed in the warehouse; publications of earlier versions do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<u64>,
    /// By name.
    pub tables: Vec<ManifestTable>,
}

/// A table of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTable {
    pub name: String,
    /// The file beside the manifest.
    pub file: String,
    pub description: String,
    pub rows: u64,
    /// Of the file.
    pub bytes: u64,
    /// Lower-case hex, of the file's bytes; equal data has an equal hash.
    pub sha256: String,
    /// Columns that make a row unique, and by which the file is ordered.
    pub key: Vec<String>,
    pub schema: Vec<ManifestColumn>,
}

/// A column of a published table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestColumn {
    pub name: String,
    /// DuckDB's name of the type.
    pub r#type: String,
}

impl Manifest {
    pub(super) fn new(previous: Option<String>, run: &str, landed: Option<u64>, tables: Vec<ManifestTable>) -> Self {
        let mut hash = Sha256::new();
        hash.update(previous.as_deref().unwrap_or("none"));
        for table in &tables {
            hash.update(format!("\n{} {}", table.name, table.sha256));
        }
        let id = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let generated_at = format!("{:.6}", Timestamp::now());
        Self { id, previous, run: run.to_string(), generated_at, landed, tables }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::call("cannot write the manifest as JSON").because(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// The manifest of the publication that `published` (as in `data/published`) leads to; `None` where there is none.
///
/// # Errors
/// When there is a manifest that cannot be read.
pub fn read(published: &Path) -> Result<Option<Manifest>> {
    let path = published.join(FILE);
    let failed = || Error::call(format!("cannot read `{}`", path.display()));
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed().because(error)),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(failed().because(error)),
    }
}
