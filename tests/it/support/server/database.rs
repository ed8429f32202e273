//! A database as a test sees it: plain calls of the driver, each waiting for its answer.

use std::{
    future::Future,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use mongodb::{
    Client, ClientSession, IndexModel,
    bson::{Document, doc, oid::ObjectId},
    error::{Error, ErrorKind, InsertManyError, Result},
    options::{Acknowledgment, ClientOptions, IndexOptions, WriteConcern},
};
use tokio::runtime::{Builder, Runtime};

use super::Server;
use crate::support::process::tail;

/// The error of a unique index.
const DUPLICATE_KEY: i32 = 11000;

/// A database on a test's server. It outlives a restart of the server.
pub struct Database {
    runtime: Runtime,
    database: mongodb::Database,
    uri: String,
    log: PathBuf,
    is_shared: bool,
}

impl Database {
    /// An empty database on the server that all tests share; `None` where there is no Python, which is told.
    pub fn fresh() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut database = Server::shared()?.database(&format!("t_{number}_{}", std::process::id()));
        database.is_shared = true;
        Some(database)
    }

    pub(super) fn connect(uri: &str, name: &str, log: PathBuf) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let mut options = ClientOptions::parse(uri).await.unwrap();
            options.server_selection_timeout = Some(Duration::from_secs(60));
            Client::with_options(options).unwrap()
        });
        Self { database: client.database(name), runtime, uri: uri.to_string(), log, is_shared: false }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        self.database.name()
    }

    /// The server's address, for `MONGO_URI`.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Does anything else with the driver's own database, and waits for it.
    pub fn run<T, F: Future<Output = T>>(&self, work: impl FnOnce(mongodb::Database) -> F) -> T {
        self.runtime.block_on(async { work(self.database.clone()).await })
    }

    /// Inserts documents; when this returns, they are in the journal, also where the server was killed meanwhile.
    pub fn insert(&self, collection: &str, documents: Vec<Document>) {
        let identified = |document: Document| match document.contains_key("_id") {
            true => document,
            false => doc! {"_id": ObjectId::new()}.into_iter().chain(document).collect(),
        };
        let documents: Vec<Document> = documents.into_iter().map(identified).collect();
        let into = self.collection(collection);
        let insert = async { into.insert_many(&documents).ordered(false).write_concern(journaled()).await };
        let Err(error) = self.runtime.block_on(insert) else { return };
        // What the server stored before it was killed, it refuses when the driver sends the batch again.
        let refused = match *error.kind {
            ErrorKind::InsertMany(InsertManyError { write_errors: Some(refused), .. }) => refused,
            _ => panic!("{error}"),
        };
        for error in refused {
            let document = &documents[error.index];
            let stored = self.find_all(collection, doc! {"_id": document.get("_id")});
            assert!(error.code == DUPLICATE_KEY && stored == [document.clone()], "{error:?}");
        }
    }

    /// Deletes what the filter finds; how many documents that were.
    pub fn delete(&self, collection: &str, filter: Document) -> u64 {
        let collection = self.collection(collection);
        let delete = || async { collection.delete_many(filter.clone()).write_concern(journaled()).await };
        self.twice(delete).unwrap().deleted_count
    }

    /// The documents that the filter finds, in the order of their `_id`.
    pub fn find_all(&self, collection: &str, filter: Document) -> Vec<Document> {
        let collection = self.collection(collection);
        let found = self.runtime.block_on(async {
            let mut cursor = collection.find(filter).sort(doc! {"_id": 1}).await?;
            let mut documents = Vec::new();
            while cursor.advance().await? {
                documents.push(cursor.deserialize_current()?);
            }
            Ok::<_, Error>(documents)
        });
        found.unwrap()
    }

    /// How many documents the filter finds.
    pub fn count(&self, collection: &str, filter: Document) -> u64 {
        let collection = self.collection(collection);
        self.runtime.block_on(async { collection.count_documents(filter).await }).unwrap()
    }

    /// Drops a collection.
    pub fn drop_collection(&self, name: &str) {
        let collection = self.collection(name);
        self.twice(|| async { collection.drop().await }).unwrap();
    }

    /// Makes an index on these fields.
    pub fn create_index(&self, collection: &str, fields: Document, is_unique: bool) -> Result<()> {
        let options = IndexOptions::builder().unique(is_unique).build();
        let index = IndexModel::builder().keys(fields).options(options).build();
        let collection = self.collection(collection);
        self.twice(|| async { collection.create_index(index.clone()).await }).map(drop)
    }

    /// Runs a command.
    pub fn run_command(&self, command: Document) -> Result<Document> {
        self.twice(|| async { self.database.run_command(command.clone()).await })
    }

    /// Begins a transaction: what is written in it is seen by nobody until it is committed.
    pub fn begin(&self) -> Transaction<'_> {
        let session = self.runtime.block_on(async {
            let mut session = self.database.client().start_session().await?;
            session.start_transaction().write_concern(journaled()).await?;
            Ok::<_, Error>(session)
        });
        Transaction { database: self, session: session.unwrap() }
    }

    /// What the driver does not try again by itself: once more, where the connection was one to a server that has since
    /// been killed.
    fn twice<T, F: Future<Output = Result<T>>>(&self, call: impl Fn() -> F) -> Result<T> {
        let is_stale =
            |error: &Error| matches!(*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. });
        self.runtime.block_on(async {
            match call().await {
                Err(error) if is_stale(&error) => call().await,
                answer => answer,
            }
        })
    }

    fn collection(&self, name: &str) -> mongodb::Collection<Document> {
        self.database.collection(name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server of a test's own tells this itself.
        if self.is_shared && thread::panicking() {
            eprintln!("the server's log ends with:\n{}", tail(&self.log));
        }
    }
}

/// A transaction that is not yet committed; dropped, it is not.
pub struct Transaction<'a> {
    database: &'a Database,
    session: ClientSession,
}

impl Transaction<'_> {
    /// Inserts documents that nobody sees yet.
    pub fn insert(&mut self, collection: &str, documents: Vec<Document>) {
        let collection = self.database.collection(collection);
        let session = &mut self.session;
        let inserted = async move { collection.insert_many(documents).session(session).await };
        self.database.runtime.block_on(inserted).unwrap();
    }

    /// Now everybody sees them.
    pub fn commit(mut self) {
        self.database.runtime.block_on(async { self.session.commit_transaction().await }).unwrap();
    }
}

fn journaled() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}
