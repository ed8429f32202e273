//! Running the plan against the warehouse: one materialization per file, each in one transaction.
//!
//! A table is made aside and takes the old one's place in the transaction that also notes what it was built from
//! ([`state`]), so a reader never sees half, and a crash leaves either the old table or the new one, noted as such.

mod blame;
mod hooks;
mod incremental;
mod seed;
pub mod state;
mod statement;
mod table;
mod view;
mod worker;

pub use blame::{explain, placed};
pub use hooks::Hooks;
pub use statement::statement;
pub use table::make as replace;
pub use worker::{Database, Failure, Worker};

use crate::dialect::Dialect;

/// What a session understands.
const HERE: Dialect = Dialect::DuckDb;
