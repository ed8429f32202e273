//! A project of one's own for a test, and calls of the compiled `cp` in it.

pub mod bigquery;
pub mod browser;
mod call;
pub mod git;
mod process;
mod project;
mod python;
mod running;
pub mod server;

pub use call::{Call, Output, program};
pub use project::Project;
use running::send;
pub use running::{Running, is_thorough, moments};
