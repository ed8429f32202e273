//! What the flags, the environment and the profile say together, as plain data.

use std::path::{Path, PathBuf};

use crate::config::BigQuerySettings;
use crate::config::Environment;
use crate::config::Secret;
use crate::dialect::Dialect;
use crate::error::{Error, Result};

/// How stdout looks where a table or a summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputFormat {
    /// For a person.
    #[default]
    Text,
    /// For a program.
    Json,
}

/// What the command line said; nothing is resolved yet.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub project_dir: Option<PathBuf>,
    pub profiles_dir: Option<PathBuf>,
    pub target: Option<String>,
    /// YAML or JSON mapping, as dbt takes it.
    pub vars: Option<String>,
    pub threads: Option<usize>,
    pub data: Option<PathBuf>,
    /// MongoDB's connection string, which may hold a password.
    pub mongo_uri: Option<Secret>,
    pub mongo_db: Option<String>,
    /// A day as `YYYY-MM-DD`.
    pub date: Option<String>,
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    /// The folder of a manifest of another run.
    pub state: Option<PathBuf>,
    /// Whether tables of that run are read where there are none here; `favor_state`: also where there are.
    pub defer: bool,
    pub favor_state: bool,
    pub full_refresh: bool,
    /// Publish every row, whatever was published.
    pub republish: bool,
    pub fail_fast: bool,
    pub dry_run: bool,
    /// Only look for snapshots of what is gone.
    pub unreferenced: bool,
    /// How often models are replayed, where that is said.
    pub replays: Option<u64>,
    /// What replays follow from, where that is said.
    pub seed: Option<u64>,
    /// The model of which a unit test is begun.
    pub scaffold: Option<String>,
    pub output: OutputFormat,
    pub quiet: bool,
    pub verbose: bool,
}

/// What the chosen target of `profiles.yml` says.
#[derive(Debug, Clone, Default)]
pub struct ProfileValues {
    pub profile: String,
    pub target: String,
    /// The database that its models are written for.
    pub dialect: Dialect,
    /// Where tables are, where the output says it: BigQuery's project. DuckDB's catalog is named after its file.
    pub database: Option<String>,
    /// Path of the DuckDB file, as written; `:memory:` is allowed.
    pub path: String,
    pub schema: String,
    pub threads: Option<usize>,
    /// DuckDB's `SET name = value`, as dbt-duckdb's `settings`.
    pub settings: Vec<(String, String)>,
}

/// A MongoDB that holds the raw events.
#[derive(Debug, Clone)]
pub struct MongoSettings {
    pub uri: Secret,
    pub database: String,
}

/// Where things lie. Only `events` moves with `--data`.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The project folder, absolute.
    pub root: PathBuf,
    /// Where event files are read from.
    pub events: PathBuf,
}

impl Layout {
    /// Refuses a named folder of event files that is not there: it is no folder without events. The folder of a project that
    /// names none may not have been made yet.
    ///
    /// # Errors
    /// Says who names it.
    pub fn require_events(&self) -> Result<()> {
        if self.events.is_dir() || self.events == self.root.join(EVENTS) {
            return Ok(());
        }
        let fault = if self.events.exists() { "is no folder" } else { "does not exist" };
        Err(Error::call(format!("the folder of event files, `{}`, {fault}", self.shown(&self.events))).help(format!(
            "`--data` or `CP_DATA` names it; without them, event files are read from `{EVENTS}` in the project"
        )))
    }

    /// The embedded system of record.
    pub fn raw_store(&self) -> PathBuf {
        self.root.join("data").join("raw_store.duckdb")
    }

    /// What is published when no BigQuery is configured: a link to the newest publication.
    pub fn published(&self) -> PathBuf {
        self.root.join("data").join("published")
    }

    /// Reports, one folder a day.
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// A path as a person wants to read it: relative to the project where it lies inside.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// Everything that was asked, resolved.
#[derive(Debug, Clone)]
pub struct Settings {
    pub flags: Flags,
    pub layout: Layout,
    pub profile: ProfileValues,
    /// The raw store; `None` is the embedded one.
    pub mongo: Option<MongoSettings>,
    /// Where is published; `None` is the folder `data/published`.
    pub bigquery: Option<BigQuerySettings>,
    /// After how many extractions raw store and warehouse are compared whole.
    pub compare_every: u64,
    /// The warehouse file, absolute; `None` is in memory.
    pub warehouse: Option<PathBuf>,
    /// How many nodes run at once.
    pub threads: usize,
    /// Whether this is a machine that nobody looks at, which changes no snapshot.
    pub is_ci: bool,
}

impl Settings {
    /// The folder of the golden snapshots, relative to the project.
    pub const GOLDEN: &str = "snapshots/golden";

    /// The folder of the events and seeds that they are made of.
    pub const SAMPLE: &str = "snapshots/sample";

    /// The project folder that the flags mean, absolute: `--project-dir`, else `DBT_PROJECT_DIR`, else the nearest
    /// folder from the working directory upwards that holds `dbt_project.yml`.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn project_root(flags: &Flags) -> Result<PathBuf> {
        let working =
            std::env::current_dir().map_err(|error| Error::call("cannot tell the working directory").because(error))?;
        let named = flags.project_dir.clone().or_else(|| std::env::var_os("DBT_PROJECT_DIR").map(PathBuf::from));
        if let Some(named) = named {
            let root = working.join(&named);
            if root.join("dbt_project.yml").is_file() {
                return Ok(root.canonicalize().unwrap_or(root));
            }
            return Err(Error::call(format!("no `dbt_project.yml` in `{}`", named.display()))
                .help("name the folder that holds it with `--project-dir`"));
        }
        working.ancestors().find(|folder| folder.join("dbt_project.yml").is_file()).map(Path::to_path_buf).ok_or_else(
            || {
                Error::call("no `dbt_project.yml` here or in any folder above")
                    .help("change to the project folder, or name it with `--project-dir`")
            },
        )
    }

    /// Puts flags, environment and profile together.
    pub fn resolve(flags: Flags, root: PathBuf, environment: &Environment, profile: ProfileValues) -> Result<Self> {
        let working =
            std::env::current_dir().map_err(|error| Error::call("cannot tell the working directory").because(error))?;
        let events = match &flags.data {
            Some(data) => working.join(data),
            None => root.join(environment.get("CP_DATA").unwrap_or(EVENTS)),
        };
        let warehouse =
            (profile.dialect == Dialect::DuckDb && profile.path != ":memory:").then(|| root.join(&profile.path));
        let threads = match (flags.threads, number::<usize>(environment, "CP_THREADS")?) {
            (Some(threads), _) | (None, Some(threads)) => threads,
            (None, None) => profile.threads.unwrap_or(4),
        };
        if threads == 0 {
            return Err(Error::call("`--threads 0` would run nothing").help("name 1 or more"));
        }
        let compare_every = number(environment, "CP_COMPARE_EVERY")?.unwrap_or(COMPARE_EVERY);
        let mongo = mongo(&flags, environment);
        let bigquery = BigQuerySettings::resolve(environment, &root)?;
        let is_ci = environment.get("CI").is_some_and(|ci| !matches!(ci, "" | "0" | "false"));
        let layout = Layout { root, events };
        Ok(Self { flags, layout, profile, mongo, bigquery, compare_every, warehouse, threads, is_ci })
    }
}

/// Where event files are, where nobody names another folder.
const EVENTS: &str = "data";

/// A comparison reads every id, so it is rare; what it guards against is rare too.
const COMPARE_EVERY: u64 = 100;

/// The database of the raw events, where none is named.
const MONGO_DB: &str = "commercepulse";

fn mongo(flags: &Flags, environment: &Environment) -> Option<MongoSettings> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let uri = flags.mongo_uri.clone().or_else(|| set("MONGO_URI").map(Secret::new))?;
    let database = flags.mongo_db.as_deref().or_else(|| set("MONGO_DB")).unwrap_or(MONGO_DB);
    Some(MongoSettings { uri, database: database.to_string() })
}

/// A variable that is a number; unset or empty is none.
pub(super) fn number<T: std::str::FromStr>(environment: &Environment, name: &str) -> Result<Option<T>> {
    let Some(text) = environment.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Error::call(format!("`{name}` is `{text}`, which is no number")))
}
