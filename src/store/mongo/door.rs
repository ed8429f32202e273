//! Where the blocking side meets the driver: one client, one runtime, and every failure said in our words.

use std::fmt;
use std::future::Future;
use std::time::Duration;
use std::time::Instant;

use mongodb::Client;
use mongodb::Collection;
use mongodb::Database;
use mongodb::bson::RawDocumentBuf;
use mongodb::bson::doc;
use mongodb::options::ClientOptions;
use mongodb::options::DatabaseOptions;
use mongodb::options::ReadPreference;
use mongodb::options::SelectionCriteria;
use tokio::runtime::Runtime;

use crate::config::Secret;
use crate::error::Error;
use crate::error::Result;
use crate::store::mongo::fault::Faults;

/// How long a server is looked for, where the connection string does not say.
const SELECTION_PATIENCE: Duration = Duration::from_secs(15);

/// How long a write is tried again while the server is away: longer than a restart or an election takes.
const RETRY_PATIENCE: Duration = Duration::from_secs(60);

/// How long the driver may take to end its sessions.
const FAREWELL: Duration = Duration::from_secs(2);

/// The wire version of MongoDB 5.0.
const OLDEST_WIRE: i32 = 13;

/// What kind of deployment answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topology {
    Standalone,
    ReplicaSet(String),
    Sharded,
}

impl Topology {
    pub(super) fn has_change_streams(&self) -> bool {
        *self != Self::Standalone
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standalone => f.write_str("standalone server, read in overlapping pages"),
            Self::ReplicaSet(name) => write!(f, "replica set `{name}`, read by change stream"),
            Self::Sharded => f.write_str("sharded cluster, read by change stream"),
        }
    }
}

/// What the server says of itself.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) topology: Topology,
}

/// An open connection.
pub(super) struct Door {
    pub(super) client: Client,
    pub(super) database: Database,
    pub(super) server: Server,
    /// As a message calls the store.
    pub(super) described: String,
    pub(super) faults: Faults,
    runtime: Runtime,
}

impl Door {
    pub(super) fn open(uri: &Secret, database: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Error::call("cannot start the MongoDB driver").because(error))?;
        let mut options = runtime
            .block_on(async { ClientOptions::parse(uri.reveal()).await })
            .map_err(|error| Faults::unread(uri, &error))?;
        options.app_name.get_or_insert_with(|| "cp".to_string());
        let patience = *options.server_selection_timeout.get_or_insert(SELECTION_PATIENCE);
        let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
        let faults = Faults::new(uri, &options, hosts.join(","), database.to_string(), patience);
        let described = format!("MongoDB database `{database}` at `{}`", hosts.join(","));
        let client = runtime
            .block_on(async { Client::with_options(options) })
            .map_err(|error| faults.explain("connect", &error))?;
        // Whatever the connection string prefers: what is looked up must not be older than what was written.
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        let database =
            client.database_with_options(database, DatabaseOptions::builder().selection_criteria(primary).build());
        let server = runtime.block_on(ask(&client, &database)).map_err(|error| faults.explain("connect", &error))?;
        if server.1 < OLDEST_WIRE {
            return Err(Error::call(format!("the {described} is a MongoDB {}, which is too old", server.0.version))
                .help("MongoDB 5.0 or later is needed"));
        }
        Ok(Self { client, database, server: server.0, described, faults, runtime })
    }

    /// Waits for an answer. `doing` is a verb phrase, as in "count the events".
    pub(super) fn wait<T, F>(&self, doing: &str, future: F) -> Result<T>
    where
        F: IntoFuture<Output = mongodb::error::Result<T>>,
    {
        let future = future.into_future();
        self.runtime.block_on(future).map_err(|error| self.faults.explain(doing, &error))
    }

    /// Waits for an answer, and tells a failure as the driver tells it.
    pub(super) fn try_wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Does something beside the blocking side.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(future)
    }

    /// Does what may be done twice until it succeeds, as long as a server may come back.
    pub(super) fn insist<T>(
        &self,
        doing: &str,
        mut attempt: impl FnMut(bool) -> mongodb::error::Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut is_again = false;
        loop {
            match attempt(is_again) {
                Ok(value) => return Ok(value),
                Err(error) if Faults::may_pass(&error) && started.elapsed() < RETRY_PATIENCE => {
                    std::thread::sleep(pause);
                    pause = (2 * pause).min(Duration::from_secs(3));
                    is_again = true;
                }
                Err(error) => return Err(self.faults.explain(doing, &error)),
            }
        }
    }

    /// A collection, read where the connection string prefers: only for reads in a session that orders them.
    pub(super) fn preferred(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.client.database(self.database.name()).collection(name)
    }

    pub(super) fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.database.collection(name)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The driver ends its sessions in the background, and panics where its runtime is gone by then.
        let ended = self.client.clone().shutdown().immediate(true).into_future();
        let _ = self.runtime.block_on(async { tokio::time::timeout(FAREWELL, ended).await });
    }
}

/// Version and topology, and the wire version.
async fn ask(client: &Client, database: &Database) -> mongodb::error::Result<(Server, i32)> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    let build = client.database("admin").run_command(doc! { "buildInfo": 1 }).await?;
    let topology = match (hello.get_str("setName"), hello.get_str("msg")) {
        (Ok(name), _) => Topology::ReplicaSet(name.to_string()),
        (_, Ok("isdbgrid")) => Topology::Sharded,
        _ => Topology::Standalone,
    };
    let version = build.get_str("version").unwrap_or("of unknown version").to_string();
    Ok((Server { version, topology }, hello.get_i32("maxWireVersion").unwrap_or(0)))
}
