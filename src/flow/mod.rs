//! Both journeys: an event from its file to a publication, a model from its file to checked rows. Every verb is a
//! slice of them.

mod drift;
mod golden;
mod house;
mod journey;
mod stop;
mod warehouse;
mod watch;

pub use crate::check::{Difference, Golden, Mark, Pending, Snapshots, Verdict};
pub use crate::drift::{Drift, Finding};
pub use crate::extract::{Comparison, Named};
pub use crate::publish::{Changes, ComparedTable, Published, PublishedTable};
pub use golden::snapshots;
pub use house::House;
pub use journey::Done;
pub use stop::Stop;
pub use warehouse::explore;
pub use watch::{Watched, WatchedBatch};
