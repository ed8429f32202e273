//! What may be written on the command line. No verb takes an operand: see [`crate::cli::delegate`] for why.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::explain::ExplainFlags;

/// CommercePulse: raw vendor events to checked, published facts
#[derive(Parser)]
#[command(name = "cp", disable_version_flag = true, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// The main job: ingest, extract, build and check in graph order, publish, report
    Build(BuildFlags),
    /// Read event files into the raw store, then land them in the warehouse
    Ingest(IngestFlags),
    /// Land what the raw store has and the warehouse has not
    Extract(ExtractFlags),
    /// Compare raw store and warehouse, event by event, and warehouse and BigQuery; land what is missing, name what is extra
    Verify(Project),
    /// Follow MongoDB: land and build in small batches, until Ctrl-C
    Watch(WatchFlags),
    /// Extract, then build changed seeds and models
    Run(BuildFlags),
    /// Load seeds
    Seed(BuildFlags),
    /// Run the checks: golden snapshots and replays of the sample, unit tests, data tests on the warehouse
    Test(TestFlags),
    /// Look at snapshots that changed: accept, reject or skip each
    Review(ReviewFlags),
    /// Build a revision and the working tree from the same events, and tell what is otherwise
    Diff(DiffFlags),
    /// Show what producers have changed without a word, and write the edits that take it in
    Drift(DriftFlags),
    /// Say why a row is what it is: the events behind it, in order, and what each changed
    Explain(ExplainFlags),
    /// Render SQL into target/compiled
    Compile(CompileFlags),
    /// List what the project holds
    Ls(LsFlags),
    /// Print rows of a model, or of a query
    Show(ShowFlags),
    /// Check, then publish: all of it, or nothing
    Publish(PublishFlags),
    /// Write the quality report
    Report(ReportFlags),
    /// Write the project as a site of static pages, target/docs
    Docs(DocsFlags),
    /// Make synthetic events: a live day, or a year's history
    Generate(GenerateFlags),
    /// Remove what cp wrote in target/
    Clean(CleanFlags),
    /// Say which project, profile, store and warehouse are in use
    Debug(Project),
    /// Print the version
    Version,
}

/// Flags that every verb has.
#[derive(Args, Default)]
pub struct Project {
    #[command(flatten)]
    pub common: Common,
    /// text for a person, json for a program
    #[arg(long, value_enum, default_value_t = Output::Text, hide_default_value = true, help_heading = "Output")]
    pub output: Output,
}

/// Those of them that say nothing about the form of the output.
#[derive(Args, Default)]
pub struct Common {
    /// The folder that holds dbt_project.yml [default: here or above]
    #[arg(long, value_name = "DIR", help_heading = "Project")]
    pub project_dir: Option<PathBuf>,
    /// The folder that holds profiles.yml [default: the project's]
    #[arg(long, value_name = "DIR", help_heading = "Project")]
    pub profiles_dir: Option<PathBuf>,
    /// The profile's target
    #[arg(long, value_name = "NAME", help_heading = "Project")]
    pub target: Option<String>,
    /// Variables over those of the project, as YAML: '{name: value}'
    #[arg(long, value_name = "YAML", help_heading = "Project")]
    pub vars: Option<String>,
    /// How many nodes run at once
    #[arg(long, value_name = "N", help_heading = "Project")]
    pub threads: Option<usize>,
    /// The MongoDB that holds the raw events [default: MONGO_URI, else the embedded store]
    #[arg(long, value_name = "URI", help_heading = "Project")]
    pub mongo_uri: Option<String>,
    /// Its database [default: MONGO_DB, else commercepulse]
    #[arg(long, value_name = "NAME", help_heading = "Project")]
    pub mongo_db: Option<String>,
    /// Say only what is wrong
    #[arg(long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Say everything
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
}

/// As `--output` takes it.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

/// As `cp diff --output` takes it.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum DiffOutput {
    #[default]
    Text,
    Markdown,
    Json,
    Html,
}

/// Which nodes.
#[derive(Args, Default)]
pub struct Selection {
    /// Nodes to take: names, paths, tag:x, source:x, state:modified, +x, x+, @x; several are joined, commas intersect
    #[arg(short = 's', short_alias = 'm', long, alias = "models", value_name = "NODES")]
    #[arg(num_args = 1.., help_heading = "Selection")]
    pub select: Vec<String>,
    /// Nodes to leave out
    #[arg(long, value_name = "NODES", num_args = 1.., help_heading = "Selection")]
    pub exclude: Vec<String>,
    /// The folder of the manifest that state:modified and state:new compare with [default: DBT_STATE]
    #[arg(long, value_name = "DIR", help_heading = "Selection")]
    pub state: Option<PathBuf>,
}

/// Whether tables of another run are read.
#[derive(Args, Default)]
pub struct Deferral {
    /// Read what is neither selected nor built here from the tables of the manifest in --state
    #[arg(long, help_heading = "Selection")]
    pub defer: bool,
    /// Read all that is not selected from there, built here or not
    #[arg(long, help_heading = "Selection")]
    pub favor_state: bool,
}

/// Where events are read from.
#[derive(Args, Default)]
pub struct Events {
    /// Take this live day (YYYY-MM-DD) and no history
    #[arg(long, value_name = "DAY")]
    pub date: Option<String>,
    /// Read event files from another folder; nothing else moves
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Args)]
pub struct BuildFlags {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub deferral: Deferral,
    #[command(flatten)]
    pub events: Events,
    /// Build every selected model whole
    #[arg(long)]
    pub full_refresh: bool,
    /// Stop at the first failure
    #[arg(long)]
    pub fail_fast: bool,
    /// Print the plan and do nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct TestFlags {
    /// Only name snapshots of models that are gone
    #[arg(long)]
    pub unreferenced: bool,
    /// In how many random orders, cut into runs, events are replayed [default: 3]
    #[arg(long, value_name = "N")]
    pub replays: Option<u64>,
    /// Equal seeds make equal replays [default: another one each time, and printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Only print the beginning of a unit test of this model: real rows of what it reads
    #[arg(long, value_name = "MODEL")]
    pub scaffold: Option<String>,
    #[command(flatten)]
    pub build: BuildFlags,
}

#[derive(Args)]
pub struct ReviewFlags {
    /// Only these, by name
    #[arg(short = 's', long, alias = "models", short_alias = 'm', value_name = "NAMES", num_args = 1..)]
    pub select: Vec<String>,
    /// Take all of them, without asking
    #[arg(long, conflicts_with = "reject")]
    pub accept: bool,
    /// Drop all of them, without asking
    #[arg(long)]
    pub reject: bool,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct DiffFlags {
    /// The revision to compare with; REV... is where REV and HEAD parted [default: where the main branch was left, else HEAD]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Build both sides from the events of this folder [default: snapshots/sample]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// End with exit code 1 where data is otherwise, as git diff does
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub common: Common,
    /// text for a person, markdown for a pull request, json for a program, html for a browser
    #[arg(long, value_enum, default_value_t = DiffOutput::Text, hide_default_value = true, help_heading = "Output")]
    pub output: DiffOutput,
}

#[derive(Args)]
pub struct DocsFlags {
    /// Then serve it to this machine alone, until Ctrl-C
    #[arg(long)]
    pub serve: bool,
    /// On this port; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8080, requires = "serve")]
    pub port: u16,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args)]
pub struct DriftFlags {
    /// Write every proposal of enough confidence into dbt_project.yml
    #[arg(long)]
    pub apply: bool,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct PublishFlags {
    /// Publish every row anew, in place of whatever is there, and from however few events
    #[arg(long)]
    pub full_refresh: bool,
    /// Print what would change and do nothing (BigQuery)
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct ExtractFlags {
    /// Let everything land anew; what was built of it is built whole by the next run
    #[arg(long)]
    pub full_refresh: bool,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct WatchFlags {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct IngestFlags {
    /// Bring the embedded store's events, with their log, into MongoDB
    #[arg(long, conflicts_with_all = ["date", "data"])]
    pub from_embedded: bool,
    #[command(flatten)]
    pub events: Events,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct CompileFlags {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub deferral: Deferral,
    /// Render this text instead
    #[arg(long, value_name = "SQL", conflicts_with_all = ["select", "exclude"])]
    pub inline: Option<String>,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct LsFlags {
    #[command(flatten)]
    pub selection: Selection,
    /// Only these: model, seed, test, source
    #[arg(long, value_name = "TYPE", num_args = 1..)]
    pub resource_type: Vec<String>,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct ShowFlags {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub deferral: Deferral,
    /// A query, in which ref() and source() work
    #[arg(long, value_name = "SQL", conflicts_with_all = ["select", "exclude"])]
    pub inline: Option<String>,
    /// At most so many rows; -1 is all
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub limit: i64,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct ReportFlags {
    /// The report's day (YYYY-MM-DD) [default: the last business date]; an earlier one is told as of then, and goes to
    /// `reports/DAY/seen_from_BUSINESS_DATE/` where a report was made on that day
    #[arg(long, value_name = "DAY")]
    pub date: Option<String>,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct CleanFlags {
    /// Remove the warehouse too; `cp build` makes it again from the raw store
    #[arg(long)]
    pub warehouse: bool,
    /// Print what would be removed
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: Project,
}

#[derive(Args)]
pub struct GenerateFlags {
    /// How many events the live day has
    #[arg(long, value_name = "N", conflicts_with_all = ["history", "orders"])]
    pub events: Option<u64>,
    /// The live day (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DAY", conflicts_with = "history")]
    pub date: Option<String>,
    /// Make the history of this year instead
    #[arg(long, value_name = "YEAR", requires = "orders")]
    pub history: Option<i16>,
    /// How many orders the history has
    #[arg(long, value_name = "N", requires = "history")]
    pub orders: Option<u64>,
    /// Make exchange rates from one day to another instead: 2024-01-01:2025-01-17
    #[arg(long, value_name = "DAYS", conflicts_with_all = ["history", "events", "date"], requires = "out")]
    pub rates: Option<String>,
    /// The folder to write to [default: data/live_events, or data/bootstrap]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Equal seeds give equal bytes
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Share of events delivered twice
    #[arg(long, value_name = "SHARE")]
    pub dup_rate: Option<f64>,
    /// Share of events that arrive days late
    #[arg(long, value_name = "SHARE")]
    pub late_rate: Option<f64>,
    /// Share of events in another spelling than their vendor's
    #[arg(long, value_name = "SHARE")]
    pub schema_drift_rate: Option<f64>,
    /// Share of lines that are no events
    #[arg(long, value_name = "SHARE")]
    pub malformed_rate: Option<f64>,
    #[command(flatten)]
    pub project: Project,
}
