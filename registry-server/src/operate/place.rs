//! Where a registry is: a data directory with a file in it, or a database on a server.

use std::{path::PathBuf, sync::Arc};

use mcp_pin_storage::{SchemaState, Store};
use mcp_pin_storage_postgres::{DatabaseUrl, PostgresStore};
use mcp_pin_storage_sqlite::SqliteStore;

use super::OperateError;
use crate::config::Config;

/// What a command comes to, beside errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Clean,
    /// Something was found that somebody has to look at.
    Found,
}

/// Where a registry is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A database on a server.
    Postgres(DatabaseUrl),
}

impl Place {
    /// Where the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        match &config.database {
            Some(url) => Self::Postgres(url.clone()),
            None => Self::Sqlite(config.data_dir.join("registry.sqlite")),
        }
    }

    /// Opens what is there as it is, for reading: nothing is made and nothing is brought up to date. A server may run.
    ///
    /// # Errors
    /// When there is nothing, or it is of another schema.
    pub async fn look(&self) -> Result<Arc<dyn Store>, OperateError> {
        Ok(match self {
            Self::Sqlite(path) if !path.exists() => return Err(OperateError::NoRegistry(path.clone())),
            Self::Sqlite(path) => Arc::new(SqliteStore::open_as_it_is(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::open_as_it_is(url).await?),
        })
    }

    /// Opens it for deciding, brings it up to date, and makes it where there is none.
    ///
    /// # Errors
    /// See [`SqliteStore::open`] and [`PostgresStore::open`].
    pub async fn open(&self) -> Result<Arc<dyn Store>, OperateError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::open(url).await?),
        })
    }

    /// Which schema it has, and what this program would do about it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn schema(&self) -> Result<SchemaState, OperateError> {
        Ok(match self {
            Self::Sqlite(path) if !path.exists() => return Err(OperateError::NoRegistry(path.clone())),
            Self::Sqlite(path) => SqliteStore::schema_state(path).await?,
            Self::Postgres(url) => PostgresStore::schema_state(url).await?,
        })
    }
}
