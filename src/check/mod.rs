//! Checks: data tests with their severities, golden snapshots; and `Verified`, without which nothing can be published.

mod data_test;
mod golden;
mod verified;

pub use data_test::check;
pub use golden::{
    Difference, Golden, Mark, Pending, Picture, Snapshots, Verdict, masked, statement_hash, without_places,
};
pub use verified::{Publishable, Verified, publishable, verify};
