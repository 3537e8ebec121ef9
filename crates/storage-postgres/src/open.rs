//! Opening the database.

use std::time::Duration;

use async_trait::async_trait;
use mcp_pin_storage::{
    SchemaState, SchemaStep, Snapshot, StorageError, Store, Transaction, Watch, rows::columns::unavailable,
};
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    address::DatabaseUrl,
    answer::{Answer as _, STANDSTILL_TIMEOUT, STATEMENT_TIMEOUT, TURN_TIMEOUT},
    connection::Connection,
    gate::Gate,
    suitable,
    watch::Listening,
};

static MIGRATOR: Migrator = sqlx::migrate!();

/// How long a request waits for a connection before it fails instead of piling up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Readers beyond this many wait: reads that are asked for often come from memory.
const MAX_READERS: u32 = 8;

/// One decision at a time, and one that is being rolled back.
const MAX_DECIDERS: u32 = 2;

/// The statements that a decision begins with.
///
/// Not one snapshot for all of the transaction: that would be taken before the lock is, and not show what was decided
/// while it was waited for. Nothing changes in between, as everything that writes holds the lock. Its number is `mcppin`
/// and 1 in ASCII.
const BEGIN_DECIDING: [&str; 2] =
    ["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "SELECT pg_advisory_xact_lock(7882267400935964673)"];

/// The statements that a snapshot begins with. The query makes it one of this moment; without it, it would be one of the
/// moment when it is first used.
const BEGIN_READING: [&str; 1] = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"];

/// Acknowledged means durable, whatever the server, the database or the role has as its default. What waits for more than
/// the server's own disk is left as it is.
const DURABLE: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// A database on a PostgreSQL server.
pub struct PostgresStore {
    deciders: PgPool,
    readers: PgPool,
    /// Whoever listens has a connection for himself.
    watchers: PgPool,
    gate: Gate,
}

impl PostgresStore {
    /// Connects, checks that the server keeps what is relied on, and brings the schema up to date, one node at a time.
    ///
    /// # Errors
    /// [`StorageError::Unsuitable`] for a server that would not keep it, [`StorageError::NewerSchema`] when a newer version
    /// of this program has written the database; nothing is changed then.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StorageError> {
        let options = named(url)?;
        // A migration may take longer than any statement of the service, so its session has no limits.
        let mut connection = PgConnection::connect_with(&options).answer().await?;
        suitable::check(&mut connection, &options).await?;
        // The migrator would say only that a migration is missing; what a person has to know is that the program is too
        // old.
        let state = state(&mut connection).await?;
        state.not_newer()?;
        MIGRATOR.run(&mut connection).await.map_err(|error| match error {
            // Another node brought it to a newer version since.
            MigrateError::VersionMissing(found) => StorageError::NewerSchema { found, known: state.known },
            error => unavailable(error),
        })?;
        connection.close().answer().await?;
        Self::with_pools(&options).await
    }

    /// Opens a database for reading, as it is. Servers may run on it.
    ///
    /// # Errors
    /// [`StorageError::OlderSchema`] and [`StorageError::NewerSchema`] for any other schema than this program's.
    pub async fn open_as_it_is(url: &DatabaseUrl) -> Result<Self, StorageError> {
        Self::schema_state(url).await?.exactly()?;
        Self::with_pools(&named(url)?).await
    }

    /// Which schema a database has.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn schema_state(url: &DatabaseUrl) -> Result<SchemaState, StorageError> {
        let mut connection = PgConnection::connect_with(&named(url)?).answer().await?;
        let state = state(&mut connection).await?;
        connection.close().answer().await?;
        Ok(state)
    }

    async fn with_pools(options: &PgConnectOptions) -> Result<Self, StorageError> {
        let milliseconds = |limit: Duration| limit.as_millis().to_string();
        let options = options.clone().options([
            ("statement_timeout", milliseconds(STATEMENT_TIMEOUT)),
            ("lock_timeout", milliseconds(TURN_TIMEOUT)),
            ("idle_in_transaction_session_timeout", milliseconds(STANDSTILL_TIMEOUT)),
        ]);
        Ok(Self {
            deciders: pool(MAX_DECIDERS, &options).await?,
            readers: pool(MAX_READERS, &options).await?,
            watchers: pool(1, &options).await?,
            gate: Gate::default(),
        })
    }
}

/// What to connect with, under our name unless the URL has another.
fn named(url: &DatabaseUrl) -> Result<PgConnectOptions, StorageError> {
    let options = url.options().map_err(unavailable)?;
    Ok(if options.get_application_name().is_none() { options.application_name("mcp-pin-registry") } else { options })
}

async fn pool(connections: u32, options: &PgConnectOptions) -> Result<PgPool, StorageError> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(DURABLE).await?;
                Ok(())
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(unavailable)
}

/// Which schema a database has. This runs before there is a schema to check queries against.
async fn state(connection: &mut PgConnection) -> Result<SchemaState, StorageError> {
    let has_table: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .answer()
        .await?;
    let applied: Vec<i64> = if has_table {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(connection).answer().await?
    } else {
        Vec::new()
    };
    let steps = MIGRATOR.iter();
    let steps = steps.map(|step| SchemaStep { version: step.version, name: step.description.to_string() });
    Ok(SchemaState::new(&applied, steps))
}

#[async_trait]
impl Store for PostgresStore {
    #[tracing::instrument(name = "db.read", skip_all)]
    async fn read(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        Ok(Box::new(Connection::begin(&self.gate, &self.readers, &BEGIN_READING).await?))
    }

    #[tracing::instrument(name = "db.begin", skip_all)]
    async fn begin(&self) -> Result<Box<dyn Transaction>, StorageError> {
        Ok(Box::new(Connection::begin(&self.gate, &self.deciders, &BEGIN_DECIDING).await?))
    }

    async fn watch(&self) -> Result<Option<Box<dyn Watch>>, StorageError> {
        Ok(Some(Box::new(Listening::new(&self.watchers).await?)))
    }

    #[tracing::instrument(name = "db.ping", skip_all)]
    async fn ping(&self) -> Result<(), StorageError> {
        self.gate.acquire(&self.readers).await?.execute("SELECT 1").answer().await?;
        Ok(())
    }

    async fn close(&self) {
        self.watchers.close().await;
        self.readers.close().await;
        self.deciders.close().await;
    }
}
