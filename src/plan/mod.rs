//! What will be done, in which order and why; and what came of it.

mod outcome;

pub use outcome::{Outcome, RunRecord};
