//! What will be done, in which order and why; and what came of it.
//!
//! A [`Plan`] is made before anything runs, from what the project says now and what the warehouse was built from
//! ([`Built`]); `--dry-run` prints the very plan that runs. [`walk`] carries it out in parallel.

mod fingerprint;
mod outcome;
mod step;
mod walk;

pub use fingerprint::{Fingerprint, NoDatabase, fingerprints};
pub use outcome::{Outcome, RunRecord};
pub use step::{Action, Aim, Built, Existing, Inputs, Plan, Step};
pub use walk::{Walk, skipped, walk};
