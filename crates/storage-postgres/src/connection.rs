//! A transaction of the database, for reading or for deciding: what it is used for is decided by the trait it is handed
//! out as.
//!
//! sqlx has a type for this. It loses track of a transaction whose beginning is cut off, and gives such a connection back
//! to the pool with the transaction, and our lock, still open; it also takes the server's word for a commit that was in
//! truth a rollback. So beginning and ending are done here.

use async_trait::async_trait;
use mcp_pin_storage::{Snapshot, StorageError, Transaction};
use sqlx::{Executor as _, PgConnection, PgPool, Postgres, pool::PoolConnection};

use crate::{answer::Answer as _, gate::Gate};

/// A transaction; dropping it rolls it back.
pub(crate) struct Connection {
    /// Gone when the transaction has ended.
    inner: Option<PoolConnection<Postgres>>,
}

impl Connection {
    /// Begins with these statements, the first of which is a `BEGIN`.
    pub(crate) async fn begin(gate: &Gate, pool: &PgPool, statements: &[&'static str]) -> Result<Self, StorageError> {
        let mut connection = Self { inner: Some(gate.acquire(pool).await?) };
        for statement in statements {
            connection.db().execute(*statement).answer().await?;
        }
        Ok(connection)
    }

    /// What queries run on.
    pub(crate) fn db(&mut self) -> &mut PgConnection {
        self.inner.as_mut().expect("it is taken only by what ends the transaction")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut connection) = self.inner.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Nobody can wait for an answer any more; without its connection the server undoes the transaction itself.
            drop(connection.detach());
            return;
        };
        runtime.spawn(async move {
            // This first waits for the answer to whatever was cut off. Without one, what state the connection is in can
            // never be known: it is given up.
            if let Err(error) = connection.execute("ROLLBACK").answer().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection is given up");
                drop(connection.detach());
            }
        });
    }
}

impl Snapshot for Connection {}

#[async_trait]
impl Transaction for Connection {
    #[tracing::instrument(name = "db.commit", skip_all)]
    async fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        // `COMMIT` alone succeeds after a statement that failed, and undoes everything: the query before it fails then.
        self.db().execute("SELECT 1; COMMIT").answer().await?;
        // In no transaction any more, so the pool may have it back.
        self.inner.take();
        Ok(())
    }
}
