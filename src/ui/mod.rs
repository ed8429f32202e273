//! What a person sees: progress, tables, summaries, and faults with a caret. stdout is data, stderr is talk.

mod changes;
mod console;
mod fault;
mod print;
mod tabular;

pub use changes::{Sign, changes};
pub use console::{Console, Talk};
pub use fault::{show_diagnostic, show_error};
pub use print::{ask, can_ask, is_terminal, say, write_out};
pub use tabular::{columns, to_json, to_text};
