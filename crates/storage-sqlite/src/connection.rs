//! A transaction of the database, for reading or for deciding: what it is used for is decided by the trait it is handed
//! out as.

use async_trait::async_trait;
use mcp_pin_storage::{Snapshot, StorageError, Transaction, rows::columns::unavailable};
use sqlx::{Sqlite, SqliteConnection};

/// A transaction; dropping it rolls it back.
pub(crate) struct Connection {
    inner: sqlx::Transaction<'static, Sqlite>,
}

impl Connection {
    pub(crate) fn new(inner: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self { inner }
    }

    /// What queries run on.
    pub(crate) fn db(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }
}

impl Snapshot for Connection {}

#[async_trait]
impl Transaction for Connection {
    #[tracing::instrument(name = "db.commit", skip_all)]
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.inner.commit().await.map_err(unavailable)
    }
}
