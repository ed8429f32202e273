//! A project in a temporary folder: a copy of the repository's, changed as the test wants.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

use tempfile::TempDir;

use super::bigquery;
use super::{Call, server::Database};

/// What makes the repository's project; all else there is the tool's source, or written by a run.
const PARTS: &[&str] =
    &["dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "snapshots", "tests/sql", "data"];

/// A project folder, gone when the test is.
pub struct Project {
    folder: TempDir,
    /// What the environment of its calls says besides.
    environment: Mutex<Vec<(&'static str, String)>>,
}

impl Project {
    /// The repository's project with its committed sample, and nothing that any run wrote.
    pub fn new() -> Self {
        let project = Self::bare();
        for part in PARTS {
            copy(&repository().join(part), &project.path(part));
        }
        project
    }

    /// The repository's project after its first build, which is made once for all tests.
    pub fn built() -> Self {
        static BUILT: OnceLock<Vec<(PathBuf, Held)>> = OnceLock::new();
        let held = BUILT.get_or_init(|| {
            let project = Self::new();
            project.cp(["build", "--quiet"]).success();
            let mut held = Vec::new();
            hold(project.root(), Path::new(""), &mut held);
            held
        });
        let project = Self::bare();
        for (path, held) in held {
            let path = project.path(path);
            match held {
                Held::Folder => fs::create_dir_all(path).unwrap(),
                Held::File(bytes) => fs::write(path, bytes).unwrap(),
                Held::Link(to) => symlink(to, path).unwrap(),
            }
        }
        project
    }

    /// A project named `shop` without any model; its profile is `local`, its schema `main`.
    pub fn empty() -> Self {
        let project = Self::bare();
        project
            .file("dbt_project.yml", "name: shop\nversion: \"1.0.0\"\nprofile: shop\ntest-paths: [\"tests/sql\"]\n")
            .file(
                "profiles.yml",
                "shop:\n  target: local\n  outputs:\n    local: {type: duckdb, path: data/warehouse.duckdb, schema: main}\n",
            );
        project
    }

    fn bare() -> Self {
        let folder = tempfile::Builder::new().prefix("project-").tempdir().unwrap();
        Self { folder, environment: Mutex::default() }
    }

    /// The project folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path inside the project folder.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root().join(relative)
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, relative: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Changes a file's text: every `from` becomes `to`. There must be one.
    pub fn edit(&self, relative: &str, from: &str, to: &str) -> &Self {
        let text = self.read(relative);
        assert!(text.contains(from), "`{relative}` holds no `{from}`");
        self.file(relative, text.replace(from, to))
    }

    /// Removes a file or a folder with all it holds.
    pub fn remove(&self, relative: &str) -> &Self {
        let path = self.path(relative);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        self
    }

    /// Copies a file or folder from anywhere into the project.
    pub fn take(&self, from: &Path, relative: &str) -> &Self {
        assert!(from.exists(), "there is no `{}`", from.display());
        copy(from, &self.path(relative));
        self
    }

    /// A file's text.
    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("cannot read `{relative}`: {error}"))
    }

    /// From now on, its events are stored in this database, not in the embedded store.
    pub fn on(&self, database: &Database) -> &Self {
        let store = [("MONGO_URI", database.uri()), ("MONGO_DB", database.name())];
        *self.environment.lock().unwrap() = store.map(|(name, value)| (name, value.to_string())).to_vec();
        self
    }

    /// From now on, its events are stored in the embedded store again.
    pub fn embedded(&self) -> &Self {
        self.environment.lock().unwrap().clear();
        self
    }

    /// From now on, it publishes to this dataset of the BigQuery at `host`. Whatever goes wrong there is tried again for half
    /// a minute.
    pub fn publishing_to(&self, host: &str, dataset: &str) -> &Self {
        let mut environment = self.environment.lock().unwrap();
        environment.retain(|(name, _)| !name.starts_with("B") && !name.starts_with("CP_BQ"));
        environment.extend(
            [
                ("BQ_PROJECT", bigquery::PROJECT),
                ("BQ_DATASET", dataset),
                ("BIGQUERY_EMULATOR_HOST", host),
                ("CP_BQ_PATIENCE", "30"),
                ("CP_BQ_DEADLINE", "60"),
            ]
            .map(|(name, value)| (name, value.to_string())),
        );
        self
    }

    /// A call of `cp` in the project folder, not yet made.
    pub fn cp(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Call {
        let call = Call::of(arguments).within(self.root());
        self.environment.lock().unwrap().iter().fold(call, |call, (name, value)| call.env(name, value))
    }

    /// The answer to a query on the warehouse: one JSON object a row.
    pub fn query(&self, sql: &str) -> Vec<serde_json::Value> {
        let output = self.cp(["show", "--inline", sql, "--limit", "-1", "--output", "json"]).success();
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("no JSON rows ({error}):\n{output}"))
    }
}

/// The repository's own folder.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Copies a file or a folder, without what a run of `cp` leaves in `data`. What is not there is not copied.
fn copy(from: &Path, to: &Path) {
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    if name.contains(".duckdb") || name == "published" || name.starts_with(".published") {
        return;
    }
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if from.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// What is at a path.
enum Held {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

/// All that is in a folder, a folder before what is in it.
fn hold(root: &Path, folder: &Path, held: &mut Vec<(PathBuf, Held)>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (folder.join(entry.file_name()), entry.file_type().unwrap());
        if kind.is_symlink() {
            held.push((path, Held::Link(fs::read_link(entry.path()).unwrap())));
        } else if kind.is_dir() {
            held.push((path.clone(), Held::Folder));
            hold(root, &path, held);
        } else {
            held.push((path, Held::File(fs::read(entry.path()).unwrap())));
        }
    }
}

/// What a test asks again and again.
impl Project {
    /// How many rows a table has.
    pub fn count(&self, table: &str) -> u64 {
        let rows = self.query(&format!("select count(*) as rows from {table}"));
        rows[0]["rows"].as_u64().unwrap()
    }

    /// The bytes of every published file, by name.
    pub fn publication(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = fs::read_dir(self.path("data/published")).unwrap();
        folder
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect()
    }

    /// As [`Project::publication`], the tables alone: the manifest also names the publications before.
    pub fn tables(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.publication();
        files.retain(|name, _| name.ends_with(".parquet"));
        files
    }
}
