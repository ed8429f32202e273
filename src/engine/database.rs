//! Opening a database, and talking to it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Config, Connection, InterruptHandle, types::ToSql};

use crate::engine::SqlError;
use crate::engine::Table;
use crate::engine::clock;
use crate::engine::signature::{self, JsonSignature};
use crate::engine::value;
use crate::error::{Error, MAKE_ROOM, Result, tells_of_full_disk};

/// How long an engine waits for another process that holds the file.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// How long an engine waits for another process to finish making the file.
const BIRTH_PATIENCE: Duration = Duration::from_secs(2);

/// All times are UTC, wherever the machine is. (Each connection begins in the machine's zone, whatever the others have.)
/// DuckDB compiled from source comes without ICU, which alone knows any other zone.
const ZONE: &str = if cfg!(feature = "bundled") { "" } else { "set timezone = 'UTC'" };

/// DuckDB's three headers, in bytes.
const HEADERS: u64 = 3 * 4096;

/// One open DuckDB database.
pub struct Engine {
    root: Mutex<Connection>,
    path: Option<PathBuf>,
    /// The catalog that sessions work in, where it is not the database's own.
    catalog: Option<String>,
}

impl Engine {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When another process holds the file, when a newer DuckDB made it, or when it is no database.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::call(format!("cannot make the folder `{}`", folder.display())).because(error)
            })?;
        }
        Self::connect(path, AccessMode::ReadWrite)
    }

    /// Opens an existing file for reading.
    ///
    /// # Errors
    /// As [`Engine::open`], and when there is no such file.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(
                Error::call(format!("there is no warehouse at `{}`", path.display())).help("run `cp build` first")
            );
        }
        Self::connect(path, AccessMode::ReadOnly)
    }

    /// A database that is gone when the engine is dropped.
    pub fn in_memory() -> Result<Self> {
        let connection = configuration(AccessMode::Automatic)
            .and_then(Connection::open_in_memory_with_flags)
            .map_err(|error| Error::call("cannot open a database in memory").because(error))?;
        Self::prepared(connection, None)
    }

    /// As [`Engine::in_memory`], with a catalog of this name, which statements made for a file of that name find.
    pub fn in_memory_as(catalog: &str) -> Result<Self> {
        let engine = Self::in_memory()?;
        engine
            .root()
            .execute_batch(&format!("attach ':memory:' as {}", crate::name::quote(catalog)))
            .map_err(|error| Error::call("cannot open a database in memory").because(error))?;
        Ok(Self { catalog: Some(catalog.to_string()), ..engine })
    }

    /// Another catalog in memory, in the same database: what is in the one can be compared with what is in the other by a query.
    pub fn beside(&self, catalog: &str) -> Result<Self> {
        let failed = |error| Error::call("cannot open a second database in memory").because(error);
        let connection = self.root().try_clone().map_err(failed)?;
        connection.execute_batch(&format!("attach ':memory:' as {}", crate::name::quote(catalog))).map_err(failed)?;
        Ok(Self { root: Mutex::new(connection), path: None, catalog: Some(catalog.to_string()) })
    }

    /// Makes the tables of another file readable under a catalog of this name.
    ///
    /// # Errors
    /// When another process holds the file for writing, or it is no database.
    pub fn attach_to_read(&self, path: &Path, catalog: &str) -> Result<()> {
        let file = path.to_string_lossy().replace('\'', "''");
        self.root()
            .execute_batch(&format!("attach '{file}' as {} (read_only)", crate::name::quote(catalog)))
            .map_err(|error| cannot_open(path, &error))
    }

    fn connect(path: &Path, mode: AccessMode) -> Result<Self> {
        let _busy = clock::busy();
        let started = Instant::now();
        let is_new = !path.exists();
        loop {
            match configuration(mode.clone()).and_then(|config| Connection::open_with_flags(path, config)) {
                Ok(connection) => return Self::prepared(connection, Some(path.to_path_buf())),
                // What was begun for want of room would be no database for ever after.
                Err(error) if tells_of_full_disk(&error.to_string()) => {
                    if is_new && is_unborn(path) {
                        let _ = std::fs::remove_file(path);
                    }
                    return Err(cannot_open(path, &error));
                }
                Err(error) if is_locked(&error) && started.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(_) if is_unborn(path) && started.elapsed() < BIRTH_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(error) => return Err(cannot_open(path, &error)),
            }
        }
    }

    fn prepared(connection: Connection, path: Option<PathBuf>) -> Result<Self> {
        connection
            .execute_batch("set enable_progress_bar = false; set errors_as_json = false")
            .and_then(|()| connection.register_scalar_function::<JsonSignature>(signature::NAME))
            .map_err(|error| Error::call("cannot configure the database").because(error))?;
        Ok(Self { root: Mutex::new(connection), path, catalog: None })
    }

    /// A connection of its own, for one thread.
    pub fn session(&self) -> Result<Session> {
        let connection =
            self.root().try_clone().map_err(|error| Error::call("cannot connect to the database").because(error))?;
        let session = Session { connection, in_transaction: false.into() };
        session.run(ZONE)?;
        if let Some(catalog) = &self.catalog {
            session.run(&format!("use {}", crate::name::quote(catalog)))?;
        }
        Ok(session)
    }

    /// Applies DuckDB settings by name, as the profile's `settings:` gives them.
    ///
    /// # Errors
    /// An unknown name or an unfit value.
    pub fn configure(&self, settings: &[(String, String)]) -> Result<()> {
        let root = self.root();
        for (name, value) in settings {
            root.execute_batch(&format!("set {} = '{}'", crate::name::quote(name), value.replace('\'', "''")))
                .map_err(|error| {
                    Error::call(format!("cannot set `{name}` of the profile's `settings`"))
                        .because(value::one_line(&error.to_string()))
                })?;
        }
        Ok(())
    }

    /// The file, if the database has one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn root(&self) -> MutexGuard<'_, Connection> {
        self.root.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Closes the database, which writes what is only in its log into the file. Dropping does the same; this one counts as
    /// DuckDB's time. All sessions must be gone.
    pub fn close(self) {
        let _busy = clock::busy();
        drop(self);
    }

    /// DuckDB's version, as in `v1.5.6`.
    pub fn version(&self) -> String {
        self.root().version().unwrap_or_else(|_| "unknown".to_string())
    }
}

fn configuration(mode: AccessMode) -> duckdb::Result<Config> {
    // A pipeline must not fetch code at run time, so extensions are neither loaded nor installed by themselves.
    Config::default().access_mode(mode)?.enable_autoload_extension(false)
}

/// Whether the file is shorter than a database's headers, as one is while another process is making it.
fn is_unborn(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.len() < HEADERS)
}

fn is_locked(error: &duckdb::Error) -> bool {
    error.to_string().contains("Could not set lock on file")
}

fn cannot_open(path: &Path, error: &duckdb::Error) -> Error {
    let text = error.to_string();
    let failed = Error::call(format!("cannot open `{}`", path.display()));
    if is_locked(error) {
        let holder = text.split("Conflicting lock is held in ").nth(1).and_then(|rest| rest.split(". See").next());
        return failed
            .because(format!("another process holds it: {}", holder.unwrap_or("unknown")))
            .help("close the other program, or wait until it is done")
            .passing();
    }
    if text.contains("newer version of DuckDB") || text.contains("storage version") || text.contains("version number") {
        return failed
            .because(format!("a DuckDB newer than the {} in this `cp` made it", env!("CARGO_PKG_VERSION_DUCKDB")))
            .help("upgrade `cp`; the warehouse can also be moved away and rebuilt with `cp build`");
    }
    if tells_of_full_disk(&text) {
        return failed.because(value::one_line(&text)).help(MAKE_ROOM);
    }
    failed.because(value::one_line(&text)).help(
        "is it a DuckDB file, and may you read and write it? A broken warehouse can be moved away: `cp build` makes a new one \
         from the raw store",
    )
}

/// Stops the statement that a session is running, from another thread.
pub struct Interrupt(Arc<InterruptHandle>);

impl Interrupt {
    /// The running statement fails; its transaction is rolled back.
    pub fn stop(&self) {
        self.0.interrupt();
    }
}

/// A value on its way into a table.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    Null,
    Boolean(bool),
    Text(&'a str),
    Integer(i64),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> duckdb::Result<duckdb::types::ToSqlOutput<'_>> {
        use duckdb::types::{TimeUnit, ToSqlOutput, Value, ValueRef};
        Ok(match *self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Boolean(flag) => ToSqlOutput::Owned(Value::Boolean(flag)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Integer(number) => ToSqlOutput::Owned(Value::BigInt(number)),
            Cell::Timestamp(micros) => ToSqlOutput::Owned(Value::Timestamp(TimeUnit::Microsecond, micros)),
        })
    }
}

/// One connection to a database.
pub struct Session {
    pub(super) connection: Connection,
    /// Whether [`Session::transaction`] is at work.
    in_transaction: std::cell::Cell<bool>,
}

impl Session {
    /// Runs one or more statements.
    pub fn run(&self, sql: &str) -> Result<(), SqlError> {
        let _busy = clock::busy();
        self.connection.execute_batch(sql).map_err(|error| SqlError::new(&error.to_string(), sql))
    }

    /// Runs one statement with values for its `?`; says how many rows it changed.
    pub fn execute(&self, sql: &str, values: &[Cell<'_>]) -> Result<u64, SqlError> {
        let _busy = clock::busy();
        let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        self.connection
            .execute(sql, values.as_slice())
            .map(|rows| rows as u64)
            .map_err(|error| SqlError::new(&error.to_string(), sql))
    }

    /// Runs a query and returns all its rows.
    pub fn query(&self, sql: &str) -> Result<Table, SqlError> {
        self.query_with(sql, &[])
    }

    /// Runs a query with values for its `?`.
    pub fn query_with(&self, sql: &str, values: &[Cell<'_>]) -> Result<Table, SqlError> {
        let _busy = clock::busy();
        let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        let failed = |error: duckdb::Error| SqlError::new(&error.to_string(), sql);
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query(values.as_slice()).map_err(failed)?;
        value::collect(&mut rows).map_err(failed)
    }

    /// Runs a query whose answer is too big to hold, and hands out its rows one by one.
    ///
    /// # Errors
    /// The query's own, as an error about the data, or whatever `each` returns.
    pub fn for_each(&self, sql: &str, mut each: impl FnMut(Vec<crate::engine::Value>) -> Result<()>) -> Result<()> {
        let failed = |error: duckdb::Error| Error::from(SqlError::new(&error.to_string(), sql));
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = {
            let _busy = clock::busy();
            statement.query([]).map_err(failed)?
        };
        let mut next = || {
            let _busy = clock::busy();
            rows.next().and_then(|row| row.map(value::row).transpose()).map_err(failed)
        };
        while let Some(row) = next()? {
            each(row)?;
        }
        Ok(())
    }

    /// The first column of the first row as a whole number; 0 where there is no row.
    pub fn count(&self, sql: &str) -> Result<i64, SqlError> {
        Ok(self.query(sql)?.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or(0))
    }

    /// Runs `work` with some of DuckDB's settings, by name, at other values, which are those of the whole database meanwhile.
    pub fn with_settings<T>(&self, settings: &[(&str, &str)], work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let [(name, value), others @ ..] = settings else { return work(self) };
        let before = self.query(&format!("select current_setting('{name}')"))?;
        let before = before.rows.first().map_or_else(String::new, |row| row[0].to_string());
        self.run(&format!("set {name} = '{value}'"))?;
        let worked = self.with_settings(others, work);
        let restored = self.run(&format!("set {name} = '{}'", before.replace('\'', "''")));
        // The first failure is the one to tell.
        let value = worked?;
        restored?;
        Ok(value)
    }

    /// Runs `work` in one transaction: all of it happens, or nothing.
    pub fn transaction<T, E: From<SqlError>>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        self.run("begin transaction")?;
        self.in_transaction.set(true);
        let worked = work(self);
        self.in_transaction.set(false);
        match worked {
            Ok(value) => {
                self.run("commit")?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to tell; a failed statement may have ended the transaction already.
                let _ = self.run("rollback");
                Err(error)
            }
        }
    }

    /// Whether it is inside [`Session::transaction`].
    pub(super) fn is_in_transaction(&self) -> bool {
        self.in_transaction.get()
    }

    /// A handle by which another thread can stop what this session runs.
    pub fn interrupt(&self) -> Interrupt {
        Interrupt(self.connection.interrupt_handle())
    }
}
