//! Checks: data tests with their severities; and `Verified`, without which nothing can be published.

mod verified;

pub use verified::{Publishable, Verified};
