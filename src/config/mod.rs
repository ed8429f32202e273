//! Settings, resolved once: flag > environment > `.env` > profile > default. The only reader of the environment.

mod environment;
mod settings;

pub use environment::{Environment, Secret};
pub use settings::{Flags, Layout, OutputFormat, ProfileValues, Settings};
