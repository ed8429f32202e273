//! The map of the house: one binary, `cp`, and the warehouse project it works on.
//!
//! Two journeys meet in DuckDB. **An event**: line in a file → raw store → landing table → staged → fact or dimension →
//! checked → published. **A model**: file → parsed → scanned (config, refs) → compiled → placed in the graph → planned →
//! executed → checked. Nothing in `src/` knows what the business says: that is in `models/`, `macros/`, `seeds/` and
//! yml (`sample`, which makes up events, is the one exception).
//!
//! In the order of flow; a module imports only modules above it, and each foreign crate has one owner:
//!
//! | module | what it does |
//! |---|---|
//! | `error` | the operation failed, or your file is wrong: message, place, help |
//! | `name` `event` `progress` | names checked once; the raw envelope; how stages tell what happened |
//! | `page` | pages of HTML from templates, every value escaped |
//! | `dialect` | the databases that models can be written for: names, quotes, types, statements |
//! | `config` | settings, resolved once; the only reader of the environment |
//! | `engine` | DuckDB; the only place that says `duckdb::` |
//! | `project` | what the files of a dbt project say; never touches a database |
//! | `store` | the raw store, which loses nothing: a DuckDB file of its own, or MongoDB (the only place that says `mongodb::`) |
//! | `sample` | the deterministic generator of events |
//! | `ingest` | files → events in the raw store, and the log of what was read |
//! | `extract` | raw store → landing table, rows and position in one transaction; the comparison of both |
//! | `render` | Jinja: what a model refers to, and the SQL it becomes |
//! | `graph` | the DAG, and selection in it |
//! | `lineage` | where columns come from: DuckDB's syntax tree of a query, followed down to columns and JSON paths |
//! | `plan` | what will be done, in which order and why; the parallel walk |
//! | `run` | one materialization a file |
//! | `rebuild` | a whole build in memory, from given events, as they arrive |
//! | `artifact` | compiled SQL, `manifest.json` and `run_results.json`, as dbt writes them; what changed since an earlier manifest |
//! | `check` | tests, severity, golden snapshots, replays, unit tests, and what may be published |
//! | `publish` | verified tables only, as Parquet or into BigQuery |
//! | `diff` | two builds of one project: which models are otherwise, and the reviewer's page about it |
//! | `docs` | the project as a static site: pages, the graph, columns from field to publication; and serving it |
//! | `drift` | what producers have changed, and the edits that take it in |
//! | `explain` | why a row is what it is: the events behind it, in order, and what each changed |
//! | `report` | what happened to the data, as a page with charts, text and JSON |
//! | `flow` | both journeys, each on one screen; every verb is a slice of it |
//! | `ui` | all printing |
//! | `cli` | one thin file a verb |
//!
//! A database is open in one line:
//!
//! ```
//! let session = commercepulse::engine::Engine::in_memory()?.session()?;
//! assert_eq!(session.count("select count(*) from range(42)")?, 42);
//! # Ok::<(), commercepulse::error::Error>(())
//! ```

pub mod artifact;
pub mod check;
pub mod cli;
pub mod config;
pub mod dialect;
pub mod diff;
pub mod docs;
pub mod drift;
pub mod engine;
pub mod error;
pub mod event;
pub mod explain;
pub mod extract;
pub mod flow;
pub mod graph;
pub mod ingest;
pub mod lineage;
pub mod name;
pub mod page;
pub mod plan;
pub mod progress;
pub mod project;
pub mod publish;
pub mod rebuild;
pub mod render;
pub mod report;
pub mod run;
pub mod sample;
pub mod store;
pub mod ui;
