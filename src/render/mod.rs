//! Jinja: what a template says of itself (`scan`), and the SQL it becomes (`compile`).
//!
//! [`Renderer`] is made once from a [`Project`]; it is immutable and may be used from many threads.
//! `scan` renders every file with `execute` false and notes `config`, `ref` and `source`; `compile` renders one node
//! against the names that were found.

mod scanned;

pub use scanned::{Compiled, Introspect, Reference, Rows, Scan, Scanned};
