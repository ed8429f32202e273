//! The files of the events folder: which rule each falls under, and which none does.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::AtPath;
use crate::error::Error;
use crate::error::Result;
use crate::ingest::FileRule;

/// A file that a rule names.
#[derive(Debug, Clone)]
pub(super) struct EventFile<'a> {
    /// Relative to the events folder, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) rule: &'a FileRule,
}

/// What lies in the events folder.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// Sorted by name.
    pub(super) files: Vec<EventFile<'a>>,
    /// Files beside them that no rule names.
    pub(super) unmatched: Vec<String>,
}

/// Finds the files of all rules; with a date, of that day alone. A missing folder holds nothing.
///
/// # Errors
/// When the events folder is a file, when a folder cannot be read, or when two rules name one file.
pub(super) fn find<'a>(rules: &'a [FileRule], events: &Path, date: Option<&str>) -> Result<Found<'a>> {
    if events.is_file() {
        return Err(Error::call(format!("`{}` is a file, not a folder", events.display()))
            .help("name the folder that holds the event files with `--data`"));
    }
    let mut folders: Vec<&str> = rules.iter().map(|rule| rule.pattern.folder()).collect();
    folders.sort_unstable();
    folders.dedup();
    // A folder inside another one is walked with it.
    let outer: Vec<&str> = folders
        .iter()
        .filter(|folder| !folders.iter().any(|other| other != *folder && is_inside(folder, other)))
        .copied()
        .collect();
    let mut names = Vec::new();
    for folder in outer {
        let start = if folder.is_empty() { events.to_path_buf() } else { events.join(folder) };
        walk(&start, folder, &mut Vec::new(), &mut names)?;
    }
    names.sort();
    let mut found = Found::default();
    for (name, path) in names {
        let mut matching = rules.iter().filter(|rule| rule.matches(&name, None));
        match (matching.next(), matching.next()) {
            (Some(first), Some(second)) => {
                return Err(Error::call(format!(
                    "two rules name the file `{name}`: `{}` and `{}`",
                    first.pattern, second.pattern
                ))
                .help("make the paths under `files` of the source's meta exclude each other"));
            }
            (Some(rule), None) if date.is_none() || (rule.pattern.is_dated() && rule.matches(&name, date)) => {
                found.files.push(EventFile { name, path, rule });
            }
            (Some(_), None) => {}
            (None, _) => found.unmatched.push(name),
        }
    }
    Ok(found)
}

fn is_inside(folder: &str, other: &str) -> bool {
    other.is_empty() || folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// Notes all files below a folder. `above` are the folders it is in, so that a link into one of them ends.
fn walk(folder: &Path, name: &str, above: &mut Vec<PathBuf>, names: &mut Vec<(String, PathBuf)>) -> Result<()> {
    let Ok(real) = folder.canonicalize() else { return Ok(()) };
    if above.contains(&real) || !real.is_dir() {
        return Ok(());
    }
    above.push(real);
    for entry in std::fs::read_dir(folder).at_path("read the folder", folder).map_err(unreadable)? {
        let entry = entry.at_path("read the folder", folder).map_err(unreadable)?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let inner = if name.is_empty() { own.clone() } else { format!("{name}/{own}") };
        if is_ours(&inner, &own) {
            continue;
        }
        let path = entry.path();
        // Follows a link; one that leads nowhere is no file.
        match std::fs::metadata(&path) {
            Ok(about) if about.is_dir() => walk(&path, &inner, above, names)?,
            Ok(about) if about.is_file() => names.push((inner, path)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(error).at_path("look at", &path).map_err(unreadable);
            }
            _ => {}
        }
    }
    above.pop();
    Ok(())
}

/// What to do about a file or folder that cannot be read.
pub(super) fn unreadable(error: Error) -> Error {
    error.help("make it readable for you, or move it out of the events folder; no number is told without it")
}

/// What the tool itself or the system keeps there.
fn is_ours(inner: &str, own: &str) -> bool {
    own.starts_with('.')
        || own.ends_with(".duckdb")
        || own.contains(".duckdb.")
        || inner == "published"
        || inner.starts_with("published.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use serde_json::json;

    fn rule(path: &str) -> FileRule {
        let place = |_: &str| Place::new("models/sources.yml", "", 0..0);
        crate::ingest::rule::parse(&json!({"path": path, "format": "envelope_lines"}), &place).unwrap()
    }

    fn touch(folder: &Path, name: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn finds_the_files_of_rules_and_names_the_others() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["live/2025-01-15/e.jsonl", "live/2025-01-14/e.jsonl.gz", "live/x.txt", "bare.jsonl", "old/o.jsonl"]
        {
            touch(folder.path(), name);
        }
        std::os::unix::fs::symlink(folder.path().join("live"), folder.path().join("live/2025-01-15/again")).unwrap();
        let rules = [rule("live/{date}/e.jsonl"), rule("old/*.jsonl"), rule("missing/*.jsonl")];
        let found = find(&rules, folder.path(), None).unwrap();
        let names: Vec<_> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["live/2025-01-14/e.jsonl.gz", "live/2025-01-15/e.jsonl", "old/o.jsonl"]);
        assert_eq!(found.unmatched, ["live/x.txt"]);
        let day = find(&rules, folder.path(), Some("2025-01-15")).unwrap();
        assert_eq!(day.files.len(), 1);
        assert_eq!(day.files[0].name, "live/2025-01-15/e.jsonl");
        assert!(find(&rules, &folder.path().join("nowhere"), None).unwrap().files.is_empty());
        let error = find(&rules, &folder.path().join("bare.jsonl"), None).unwrap_err();
        assert!(error.message().ends_with("bare.jsonl` is a file, not a folder"), "{error}");
        assert!(error.help_text().is_some());
    }

    #[test]
    fn a_file_of_two_rules_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), "a/b.jsonl");
        let error = find(&[rule("a/*.jsonl"), rule("a/b*")], folder.path(), None).unwrap_err();
        assert_eq!(error.message(), "two rules name the file `a/b.jsonl`: `a/*.jsonl` and `a/b*`");
    }
}
