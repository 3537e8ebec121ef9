//! Opening the file.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use mcp_pin_storage::{
    SchemaState, SchemaStep, Snapshot, StorageError, Store, Transaction, rows::columns::unavailable,
};
use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::connection::Connection;

static MIGRATOR: Migrator = sqlx::migrate!();

/// How long a connection waits for another process that holds the file, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request waits for a connection before it fails instead of piling up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Readers beyond this many wait: more than this many at once gain nothing on one file.
const MAX_READERS: u32 = 8;

/// A database file.
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there (readable by its owner only), and brings its schema up to date.
    ///
    /// # Errors
    /// [`StorageError::NewerSchema`] when a newer version of this program has written it; nothing is changed then.
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        create_private(path).map_err(unavailable)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await
            .map_err(unavailable)?;
        // The migrator would say only that a migration is missing; what a person has to know is that the program is too
        // old.
        state(&writer).await?.not_newer()?;
        MIGRATOR.run(&writer).await.map_err(unavailable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(MAX_READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(unavailable)?;
        Ok(Self { writer, readers })
    }

    /// Opens a file that is there for reading, as it is. A server may run on it.
    ///
    /// # Errors
    /// [`StorageError::OlderSchema`] and [`StorageError::NewerSchema`] for any other schema than this program's.
    pub async fn open_as_it_is(path: &Path) -> Result<Self, StorageError> {
        let readers = look(path).await?;
        state(&readers).await?.exactly()?;
        // Decisions fail on it: it is for reading.
        Ok(Self { writer: readers.clone(), readers })
    }

    /// Which schema a file has that is there.
    ///
    /// # Errors
    /// When it is no database.
    pub async fn schema_state(path: &Path) -> Result<SchemaState, StorageError> {
        let readers = look(path).await?;
        let state = state(&readers).await;
        readers.close().await;
        state
    }
}

/// Connections that change nothing, to a file that is there.
async fn look(path: &Path) -> Result<SqlitePool, StorageError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON");
    SqlitePoolOptions::new()
        .max_connections(MAX_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(unavailable)
}

/// SQLite gives its `-wal` and `-shm` files the permissions of the main file, so that one is made first.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Which schema a file has. This runs before there is a schema to check queries against.
async fn state(pool: &SqlitePool) -> Result<SchemaState, StorageError> {
    let has_table: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    let applied: Vec<i64> = if has_table == 0 {
        Vec::new()
    } else {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(pool).await.map_err(unavailable)?
    };
    let steps = MIGRATOR.iter();
    let steps = steps.map(|step| SchemaStep { version: step.version, name: step.description.to_string() });
    Ok(SchemaState::new(&applied, steps))
}

#[async_trait]
impl Store for SqliteStore {
    #[tracing::instrument(name = "db.read", skip_all)]
    async fn read(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        Ok(Box::new(Connection::new(self.readers.begin().await.map_err(unavailable)?)))
    }

    #[tracing::instrument(name = "db.begin", skip_all)]
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError> {
        // A deferred transaction that reads first and writes later could fail half-way when another process wrote.
        Ok(Box::new(Connection::new(self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?)))
    }

    #[tracing::instrument(name = "db.ping", skip_all)]
    async fn ping(&self) -> Result<(), StorageError> {
        sqlx::query("SELECT 1").execute(&self.readers).await.map_err(unavailable)?;
        Ok(())
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
