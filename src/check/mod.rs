//! Checks: data tests with their severities; and `Verified`, without which nothing can be published.

mod data_test;
mod verified;

pub use data_test::check;
pub use verified::{Publishable, Verified, publishable, verify};
