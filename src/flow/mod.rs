//! Both journeys: an event from its file to a publication, a model from its file to checked rows. Every verb is a
//! slice of them.

mod deferral;
mod diff;
mod docs;
mod drift;
mod explain;
mod golden;
mod house;
mod journey;
mod replay;
mod stop;
mod unit;
mod verdict;
mod warehouse;
mod watch;

pub use crate::check::{Difference, Golden, Mark, Pending, Replay, Replays, Snapshots, Unit, Verdict};
pub use crate::diff::{LIMIT as DIFF_LIMIT, Report, html as diff_html, markdown as diff_markdown, text as diff_text};
pub use crate::docs::Served;
pub use crate::drift::{Applied, Drift, Finding};
pub use crate::explain::{Explanation, text as explain_text};
pub use crate::extract::{Comparison, Named};
pub use crate::publish::{Changes, ComparedTable, Published, PublishedTable};
pub use golden::snapshots;
pub use house::House;
pub use journey::Done;
pub use stop::Stop;
pub use warehouse::explore;
pub use watch::{Watched, WatchedBatch};
