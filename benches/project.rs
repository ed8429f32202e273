//! Parts of this repository's project, copied for a benchmark.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What makes the project, without its events.
pub const PROJECT: [&str; 6] = ["dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests/sql"];
/// The committed sample.
pub const SAMPLE: [&str; 2] = ["data/bootstrap", "data/live_events"];

/// Copies parts of the repository into a folder.
pub fn take(parts: &[&str], into: &Path) {
    for part in parts {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &into.join(part));
    }
}

fn copy(from: &Path, to: &PathBuf) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}
