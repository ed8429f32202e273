//! DuckDB: the only place that says `duckdb::`.
//!
//! An [`Engine`] is one open database; a [`Session`] is one connection to it, and each thread has its own. Results
//! come back as a [`Table`] of [`Value`]s; a failing statement as an [`SqlError`] with its place in the SQL.

mod append;
mod ceiling;
mod clock;
mod database;
mod relation;
mod signature;
mod sql_error;
mod texts;
mod value;

pub use append::Filled;
pub use ceiling::Ceiling;
pub use clock::time_in_duckdb;
pub use database::{Cell, Engine, Interrupt, Session};
pub use relation::RelationKind;
pub use sql_error::SqlError;
pub use texts::Texts;
pub use value::{Column, Table, Value};
