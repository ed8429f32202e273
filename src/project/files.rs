//! Which files there are, always in the same order.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::error::AtPath;
use crate::error::Result;
use crate::project::definition::FILE;

/// More levels than any project has; a link that leads back up ends here.
const MAX_DEPTH: usize = 32;

/// A file below one of the project's folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Relative to the project, with `/`.
    pub path: PathBuf,
    /// Relative to the folder that was searched.
    pub inside: PathBuf,
}

impl Found {
    /// The file's name without its extension.
    pub fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Project, folders, name: what `dbt_project.yml` and selections match.
    pub fn fqn(&self, project: &str, name: &str) -> Vec<String> {
        let mut fqn = vec![project.to_string()];
        let folders = self.inside.parent().into_iter().flat_map(Path::components);
        fqn.extend(folders.map(|part| part.as_os_str().to_string_lossy().into_owned()));
        fqn.push(name.to_string());
        fqn
    }
}

/// Files below `folders` with one of the extensions, sorted by path, each once; a folder that is not there has none.
///
/// Hidden files and folders are left out, and folders that are a project of their own.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn find(root: &Path, folders: &[PathBuf], extensions: &[&str]) -> Result<Vec<Found>> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut folders_read = BTreeSet::new();
    for folder in folders {
        let mut open = vec![(folder.clone(), 0)];
        while let Some((here, depth)) = open.pop() {
            let whole = root.join(&here);
            // A link may lead to a folder that was read already, or back up.
            let mut is_new = || whole.canonicalize().is_ok_and(|real| folders_read.insert((folder, real)));
            if !whole.is_dir() || depth > MAX_DEPTH || !is_new() {
                continue;
            }
            let entries = std::fs::read_dir(&whole).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
            let mut entries = entries.at_path("read the folder", &whole)?;
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let name = entry.file_name();
                let path = here.join(&name);
                if name.to_string_lossy().starts_with('.') {
                    continue;
                }
                // Follows links, as dbt does.
                if entry.path().is_dir() {
                    if !entry.path().join(FILE).is_file() {
                        open.push((path, depth + 1));
                    }
                } else if has_extension(&path, extensions) && seen.insert(path.clone()) {
                    let inside = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
                    found.insert(Found { path, inside });
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}
