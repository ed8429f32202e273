//! Files that appear whole or not at all, and lines that come a little out of order.

use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;

/// A file being written beside its place; it takes the place only when it is finished.
pub(super) struct Draft {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    /// How much was written so far.
    bytes: u64,
}

impl Draft {
    /// Begins a file, and makes the folders it lies in.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).at_path("create the folder", folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".generate-").suffix(".part");
        // Readable by whoever may read files here, as a file written in place would be; the umask still applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).at_path("write into", folder)?;
        Ok(Self { path: path.to_owned(), file: BufWriter::with_capacity(1 << 18, file), bytes: 0 })
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).at_path("write", &self.path)
    }

    /// Puts the file in its place; the path and the size.
    pub(super) fn finish(self) -> Result<(PathBuf, u64)> {
        let file = self.file.into_inner().map_err(|error| error.into_error()).at_path("write", &self.path)?;
        // Not forced to the disk first: what a power cut takes can be made again, byte for byte.
        file.persist(&self.path)
            .map_err(|error| Error::call(format!("cannot write `{}`", self.path.display())).because(error.error))?;
        Ok((self.path, self.bytes))
    }
}

/// Texts on their way into a file. Each may be held back for a while, so the file is out of order and may repeat
/// itself, while never more than [`Queue::REACH`] turns of texts wait in memory.
pub(super) struct Queue {
    draft: Draft,
    /// A ring: what is due in how many turns, counted from `turn`.
    due: Vec<Vec<u8>>,
    turn: usize,
    /// What stands between two texts.
    between: &'static [u8],
    first: bool,
}

impl Queue {
    /// A text can be held back for fewer turns than this.
    pub(super) const REACH: usize = 1_024;

    /// Texts go into `draft`, with `between` after each but the last.
    pub(super) fn new(draft: Draft, between: &'static [u8]) -> Self {
        Self { draft, due: vec![Vec::new(); Self::REACH], turn: 0, between, first: true }
    }

    /// Puts a text in line, `delay` turns after those of this turn.
    pub(super) fn put(&mut self, text: &[u8], delay: usize) {
        debug_assert!(delay < Self::REACH);
        let slot = &mut self.due[(self.turn + delay) % Self::REACH];
        if !slot.is_empty() {
            slot.extend_from_slice(self.between);
        }
        slot.extend_from_slice(text);
    }

    /// Writes what is due and begins the next turn.
    pub(super) fn turn(&mut self) -> Result<()> {
        let slot = &mut self.due[self.turn];
        if !slot.is_empty() {
            if !self.first {
                self.draft.write(self.between)?;
            }
            self.draft.write(slot)?;
            slot.clear();
            self.first = false;
        }
        self.turn = (self.turn + 1) % Self::REACH;
        Ok(())
    }

    /// Writes all that still waits, in the order in which it is due, and then `end`.
    pub(super) fn finish(mut self, end: &[u8]) -> Result<(PathBuf, u64)> {
        for _ in 0..Self::REACH {
            self.turn()?;
        }
        self.draft.write(end)?;
        self.draft.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_when_they_are_due() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        let mut queue = Queue::new(Draft::begin(&path).unwrap(), b",");
        for (text, delay) in [(b"a", 0), (b"b", 2), (b"c", 0), (b"d", 0), (b"e", 1_000)] {
            queue.put(text, delay);
            queue.turn().unwrap();
        }
        assert!(!path.exists());
        assert_eq!(queue.finish(b".").unwrap(), (path.clone(), 10));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,c,b,d,e.");
    }

    #[test]
    fn a_draft_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::begin(&folder.path().join("file")).unwrap();
        draft.write(b"half").unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
