//! The way in: one client, one source of tokens, one runtime, and the law by which everything is asked again.
//!
//! Everything here blocks; the asynchronous side ends in this folder.

use std::{sync::Arc, time::Duration};

use gcp_bigquery_client::Client;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::table_reference::TableReference;
use tokio::runtime::Runtime;

use crate::config::BigQuerySettings;
use crate::error::{Error, Result};
use crate::publish::bigquery::credentials::Secrets;
use crate::publish::bigquery::credentials::Tokens;
use crate::publish::bigquery::fault::Failed;
use crate::publish::bigquery::fault::Fault;
use crate::publish::bigquery::fault::Faults;
use crate::publish::bigquery::retry::Retry;
use crate::publish::bigquery::retry::SystemClock;

const GOOGLE: &str = "bigquery.googleapis.com";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may take to begin, or to go on.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The same where a piece of a file goes up first, perhaps over a thin line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// An open connection to one dataset.
pub(super) struct Door {
    pub(super) client: Client,
    /// For the upload, which the client has not.
    pub(super) http: reqwest::Client,
    pub(super) tokens: Tokens,
    pub(super) project: String,
    pub(super) dataset: String,
    /// What a dataset that has to be made is made with; then the dataset's own, which every job has to name.
    pub(super) location: Option<String>,
    /// Scheme, host and port.
    pub(super) address: String,
    pub(super) is_emulator: bool,
    pub(super) retry: Retry,
    /// How long a job is waited for.
    pub(super) deadline: Duration,
    pub(super) faults: Faults,
    runtime: Runtime,
}

impl Door {
    /// Finds the credentials and gets everything ready; nothing is asked of BigQuery yet.
    ///
    /// # Errors
    /// When there are no credentials, or they cannot be used.
    pub(super) fn open(settings: &BigQuerySettings) -> Result<Self> {
        let cannot =
            |error: &dyn std::fmt::Display| Error::call("cannot start BigQuery's client").because(error.to_string());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| cannot(&error))?;
        let secrets = Arc::new(Secrets::default());
        let tokens = runtime.block_on(async { Tokens::find(settings, secrets.clone()).await })?;
        let address = match &settings.emulator {
            Some(emulator) => format!("http://{emulator}"),
            None => format!("https://{GOOGLE}"),
        };
        // One request must not use up the time that is meant for several.
        let bounded = |limit: Duration| limit.min(settings.patience.max(Duration::from_secs(2)));
        let http = |limit| http_client(settings.emulator.is_some(), bounded(limit)).map_err(|error| cannot(&error));
        let mut builder = ClientBuilder::new();
        builder.with_v2_base_url(format!("{address}/bigquery/v2")).with_client(http(ANSWER_TIMEOUT)?);
        let authenticator = Arc::new(tokens.clone());
        let client = runtime
            .block_on(async { builder.build_from_authenticator(authenticator).await })
            .map_err(|error| cannot(&error))?;
        Ok(Self {
            client,
            http: http(UPLOAD_TIMEOUT)?,
            tokens,
            project: settings.project.clone(),
            dataset: settings.dataset.clone(),
            location: settings.location.clone(),
            is_emulator: settings.emulator.is_some(),
            retry: Retry { patience: settings.patience, clock: SystemClock::new() },
            deadline: settings.deadline,
            faults: Faults {
                host: settings.emulator.clone().unwrap_or_else(|| GOOGLE.to_string()),
                project: settings.project.clone(),
                dataset: settings.dataset.clone(),
                secrets,
            },
            address,
            runtime,
        })
    }

    /// The dataset with its project, as SQL names it between back-ticks.
    pub(super) fn place(&self) -> String {
        format!("{}.{}", self.project, self.dataset)
    }

    /// Waits for one answer of BigQuery's client.
    pub(super) fn ask<T>(&self, future: impl Future<Output = std::result::Result<T, BQError>>) -> Result<T, Fault> {
        self.runtime.block_on(future).map_err(Fault::from)
    }

    /// Waits for anything.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Asks, again and again where it may help; `doing` is a verb phrase for the message.
    pub(super) fn insist<T>(&self, doing: &str, attempt: impl FnMut() -> Result<T, Fault>) -> Result<T> {
        self.retry.insist(attempt).map_err(|fault| self.faults.explain(doing, &fault))
    }

    /// A failure of a job, which leaves open whether it happened if it may have passed.
    pub(super) fn failed(&self, doing: &str, fault: &Fault) -> Failed {
        let error = self.faults.explain(doing, fault);
        if fault.is_passing() { Failed::Unknown(error) } else { Failed::Other(error) }
    }

    pub(super) fn table_reference(&self, table: &str) -> TableReference {
        TableReference::new(&self.project, &self.dataset, table)
    }
}

fn http_client(is_emulator: bool, limit: Duration) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(limit))
        .read_timeout(limit)
        // The token goes to nobody else, and a resumable upload says 308 for "go on".
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("commercepulse/", env!("CARGO_PKG_VERSION")));
    if is_emulator { builder.no_proxy() } else { builder }.build()
}
