//! Copies of the file, made while somebody else writes.

use std::path::Path;

use mcp_pin_storage::{StorageError, rows::columns::unavailable};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{SqliteStore, open::create_private};

impl SqliteStore {
    /// Makes a copy of a file, as of one moment, and checks that it is whole. A server may run on the file.
    ///
    /// # Errors
    /// When the file cannot be read, the copy is there already, or what was written is not a whole database.
    pub async fn copy(from: &Path, to: &Path) -> Result<(), StorageError> {
        if to.exists() {
            return Err(StorageError::Exists("the copy"));
        }
        let options = SqliteConnectOptions::new().filename(from).create_if_missing(false);
        let mut source = SqliteConnection::connect_with(&options).await.map_err(unavailable)?;
        let Some(target) = to.to_str() else {
            return Err(StorageError::Unsuitable("the name of the copy is not UTF-8".to_owned()));
        };
        // Into an empty file that only its owner can read.
        create_private(to).map_err(unavailable)?;
        // One read transaction of SQLite: what is written meanwhile is not in it, and nobody waits for it.
        sqlx::query("VACUUM INTO ?").bind(target).execute(&mut source).await.map_err(unavailable)?;
        source.close().await.map_err(unavailable)?;
        let options = SqliteConnectOptions::new().filename(to).create_if_missing(false);
        let mut copy = SqliteConnection::connect_with(&options).await.map_err(unavailable)?;
        let said: String =
            sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await.map_err(unavailable)?;
        let dangling: Option<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1")
            .fetch_optional(&mut copy)
            .await
            .map_err(unavailable)?;
        copy.close().await.map_err(unavailable)?;
        if said != "ok" {
            return Err(StorageError::Damaged(format!("the copy is not whole: {said}")));
        }
        if let Some(table) = dangling {
            return Err(StorageError::Damaged(format!("a row of {table} refers to nothing")));
        }
        std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(unavailable)
    }
}
