//! A snapshot's file, in the format of insta, so that `cargo insta review` knows it too.

use std::path::Path;

use crate::artifact::replace;
use crate::error::AtPath;
use crate::error::Result;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// The file that the snapshot is of, relative to the project.
    pub(super) source: String,
    /// The model's name.
    pub(super) expression: String,
    /// What it was made from, while it waits for review.
    pub(super) origin: Option<String>,
    pub(super) contents: String,
}

impl File {
    /// Reads a file; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(path).at_path("read", path)?.replace("\r\n", "\n");
        let (header, contents) = match text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) {
            Some((header, contents)) => (header, contents),
            None => ("", text.as_str()),
        };
        let field = |name: &str| {
            let found = header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            found.map(|value| value.trim().trim_matches('"').to_string())
        };
        Ok(Some(Self {
            source: field("source").unwrap_or_default(),
            expression: field("expression").unwrap_or_default(),
            origin: field("made_from"),
            contents: contents.to_string(),
        }))
    }

    /// Writes a file, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let origin = self.origin.iter().map(|origin| format!("made_from: {origin}\n")).collect::<String>();
        let Self { source, expression, contents, .. } = self;
        let text = format!("---\nsource: {source}\nexpression: {expression}\n{origin}---\n{contents}");
        replace(path, text.as_bytes())
    }
}
