//! The graph of what depends on what, and the selections that are made on it.
//!
//! [`Graph`] is made once of what was scanned; a cycle is told with its path. [`select`] reads dbt's selection syntax.

mod criterion;
mod dag;
mod method;
mod pattern;
mod select;
mod state;

pub use dag::Graph;
pub use select::{Selection, select};
pub use state::{Aspect, State};
