//! What a person sees: progress, tables, summaries, and faults with a caret. stdout is data, stderr is talk.

mod console;
mod fault;
mod print;
mod tabular;

pub use console::{Console, Talk};
pub use fault::{show_diagnostic, show_error};
pub use print::{is_terminal, say, write_out};
pub use tabular::{columns, to_json, to_text};
