//! Two builds of one project from the same events: which models are otherwise, in code, columns, rows and sums, and what
//! lies downstream of them; and the reviewer's page about it, as text, Markdown, JSON and HTML.

mod build;
mod code;
mod html;
mod markdown;
mod pair;
mod phrase;
mod report;
mod revision;
mod rows;
mod text;
mod value;

pub use build::{Sides, diff};
pub use html::html;
pub use markdown::{LIMIT, markdown};
pub use report::{Code, Counts, Model, Report, Standing};
pub use revision::{Checkout, Revision};
pub use rows::{CellChange, ColumnChange, Retyped, RowChange, Rows, Sum};
pub use text::{Lines, Paragraph, text};
pub use value::{beside, brief, shown};
