//! Jinja: what a template says of itself (`scan`), and the SQL it becomes (`compile`).
//!
//! [`Renderer`] is made once from a [`Project`](crate::project::Project); it is immutable and may be used from many
//! threads. [`Renderer::scan`] renders every file with `execute` false and notes `config`, `ref` and `source`;
//! [`Renderer::compile`] renders one node against the names that were found.
//!
//! The engine is minijinja, which is Jinja but not all of what dbt's Python makes of it. A file goes through these steps:
//!
//! 1. `tokens`, `rewrite`: literals and operators become calls of ours, so that lists can change and `%` formats; `draft`
//!    keeps the way back from every byte of the new text to the file.
//! 2. `definitions`: each macro and generic test becomes a module of the engine; the rest of the file is the template.
//!    What they mention is known from here on, whichever branch a rendering takes.
//! 3. `library`: macros by name, `adapter.dispatch`, the macros that come with the tool (`builtin/`).
//! 4. `rendering`: one rendering's names and what it notes; `verbs`, `references`, `settings`, `namespaces` are the
//!    functions behind the names; `values`, `relations`, `rows`, `clock`, `patterns` the values that they give.
//! 5. `fault`: the engine's errors as diagnostics with a place in the file, and who called what.

mod builtins;
mod call;
mod clock;
mod compile;
mod definitions;
mod digest;
mod door;
mod draft;
mod expand;
mod facts;
mod fault;
mod generic;
mod library;
mod mentions;
mod methods;
mod namespaces;
mod notation;
mod patterns;
mod references;
mod relations;
mod renderer;
mod rendering;
mod rewrite;
mod rows;
mod scan;
mod scanned;
mod settings;
mod shared;
mod syntax;
#[cfg(test)]
mod tests;
mod tokens;
mod values;
mod verbs;
mod with_clause;

pub use expand::expand;
pub use references::cte_name;
pub use renderer::{Mode, Options, Renderer};
pub use scanned::{Compiled, Introspect, Reference, Rows, Scan, Scanned};

/// The version of dbt-core whose behaviour templates can count on.
pub(crate) const DBT_VERSION: &str = "1.10.0";
