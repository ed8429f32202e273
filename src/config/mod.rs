//! Settings, resolved once: flag > environment > `.env` > profile > default. The only reader of the environment.

mod bigquery;
mod environment;
mod invocation;
mod process;
mod settings;

pub use bigquery::BigQuerySettings;
pub use environment::{Environment, Secret};
pub use invocation::Invocation;
pub use process::Process;
pub use settings::{Flags, Layout, MongoSettings, OutputFormat, ProfileValues, Settings};
