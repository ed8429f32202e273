//! Checks: data tests with their severities, golden snapshots, replays, unit tests; and `Verified`, without which nothing can be published.

mod data_test;
mod golden;
mod replay;
mod unit;
mod verified;

pub use data_test::check;
pub use golden::{
    Difference, Golden, Mark, Pending, Picture, Snapshots, Unbuilt, Verdict, origins, statement_hash, volatile,
    without_places,
};
pub use replay::{Replay, Replays, Tries, replay, replayed};
pub use unit::{Bound, Unit, bind, scaffold, unit};
pub use verified::{Publishable, Verified, publishable, verify};
