//! Opening a file of events: what of it was read before, and where to begin.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;
use crate::event::hex;
use crate::ingest::array::Array;
use crate::ingest::array::State;
use crate::ingest::folder::EventFile;
use crate::ingest::folder::unreadable;
use crate::ingest::lines::Lines;
use crate::ingest::split::Split;
use crate::ingest::window::Window;
use crate::store::Reading;

/// A file, ready to be read from where it ended.
pub(super) struct Source {
    pub(super) split: Box<dyn Split + Send>,
    pub(super) from_byte: u64,
    /// The file's length and hash where the text is not its own bytes.
    pub(super) compressed: Option<(u64, String)>,
    /// How many bytes of the file have been read.
    pub(super) counter: Arc<AtomicU64>,
}

/// What there is to do with a file.
pub(super) enum Task {
    /// Its content is what an earlier reading saw; `bool` is whether that one left something unfinished.
    Unchanged(bool),
    Read(Source),
}

/// Compares a file with its earlier readings, and opens it where there is something new.
pub(super) fn open(file: &EventFile<'_>, readings: &[Reading]) -> Result<Task> {
    let rule = file.rule.to_string();
    let known: Vec<&Reading> = readings.iter().filter(|reading| reading.rule == rule).collect();
    let mut opened = File::open(&file.path).at_path("read", &file.path).map_err(unreadable)?;
    // A file that grows meanwhile is read up to where it ends now; the rest waits for the next reading.
    let length = opened.metadata().at_path("read", &file.path).map_err(unreadable)?.len();
    let compression = Compression::of(&file.name);
    let before =
        prefix(&mut opened, length, &known, compression.is_some()).at_path("read", &file.path).map_err(unreadable)?;
    if let Some((reading, _)) = before.known
        && reading.to_byte == length
    {
        return Ok(Task::Unchanged(reading.is_unfinished));
    }
    let (from, hash) = match before.known {
        Some((reading, hash)) if compression.is_none() => (Some(reading), hash),
        _ => (None, Sha256::new()),
    };
    let from_byte = from.map_or(0, |reading| reading.to_byte);
    opened.seek(SeekFrom::Start(from_byte)).at_path("read", &file.path).map_err(unreadable)?;
    let counter = Arc::new(AtomicU64::new(0));
    let counted = Counted { file: opened.take(length - from_byte), counter: Arc::clone(&counter) };
    let input: Box<dyn Read + Send> = match compression {
        None => Box::new(counted),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, counted))),
        Some(Compression::Zstandard) => Box::new(
            zstd::stream::read::Decoder::new(counted)
                .map_err(|error| Error::call(format!("cannot decompress `{}`", file.path.display())).because(error))
                .map_err(unreadable)?,
        ),
    };
    let window = Window::new(input, compression.is_none().then_some(hash), from_byte);
    let lines = from.map_or(0, |reading| reading.lines);
    let split: Box<dyn Split + Send> = if file.rule.format.is_array() {
        Box::new(Array::new(window, lines, from.map_or(State::Before, |reading| State::of(&reading.state))))
    } else {
        Box::new(Lines::new(window, lines))
    };
    Ok(Task::Read(Source { split, from_byte, compressed: before.whole.map(|hash| (length, hash)), counter }))
}

/// How a file is compressed, told by its name.
#[derive(Clone, Copy)]
enum Compression {
    Gzip,
    Zstandard,
}

impl Compression {
    fn of(name: &str) -> Option<Self> {
        match Path::new(name).extension()?.to_str()? {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstandard),
            _ => None,
        }
    }
}

/// What of a file is known.
struct Prefix<'a> {
    /// The furthest reading whose bytes the file still begins with, and the hash so far.
    known: Option<(&'a Reading, Sha256)>,
    /// The hash of the whole file, where it was asked for.
    whole: Option<String>,
}

/// Hashes the file up to each place where an earlier reading ended. A compressed file is known as a whole or not at all.
fn prefix<'a>(file: &mut File, length: u64, known: &[&'a Reading], is_compressed: bool) -> std::io::Result<Prefix<'a>> {
    let mut ends: Vec<u64> = known
        .iter()
        .map(|reading| reading.to_byte)
        .filter(|end| *end > 0 && (*end == length || (*end < length && !is_compressed)))
        .collect();
    if is_compressed {
        ends.push(length);
    }
    ends.sort_unstable();
    ends.dedup();
    let mut hash = Sha256::new();
    let mut found = Prefix { known: None, whole: None };
    let mut at = 0;
    let mut block = vec![0; if ends.is_empty() { 0 } else { 256 << 10 }];
    for end in ends {
        while at < end {
            let room = usize::try_from(end - at).unwrap_or(usize::MAX).min(block.len());
            let read = file.read(&mut block[..room])?;
            if read == 0 {
                // It has become shorter since its length was asked.
                return Ok(found);
            }
            hash.update(&block[..read]);
            at += read as u64;
        }
        let so_far = hex(&hash.clone().finalize());
        // Of several readings that ended here the latest is taken.
        if let Some(reading) =
            known.iter().rev().find(|reading| reading.to_byte == end && reading.content_sha256 == so_far)
        {
            found.known = Some((reading, hash.clone()));
        }
        if is_compressed {
            found.whole = Some(so_far);
        }
    }
    Ok(found)
}

/// Counts what is read, for whoever shows progress.
struct Counted {
    file: std::io::Take<File>,
    counter: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.counter.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
