//! Whether a server keeps what this crate relies on. Asked once, when the store is opened.

use mcp_pin_storage::{StorageError, rows::columns::unavailable};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

/// PostgreSQL 14: older ones get no security fixes any more.
const OLDEST_VERSION: i32 = 140_000;

/// The advisory lock that is tried out. Another than the one of decisions, which may be taken at any time.
const TRIAL_LOCK: i64 = 0x6d63_7070_696e_0002;

/// Refuses a server on which something acknowledged could be lost, or two nodes could decide at once.
///
/// These queries run before there is a schema to check them against.
pub(crate) async fn check(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<(), StorageError> {
    let (version, encoding, fsync, recovery): (i32, String, String, bool) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), \
                current_setting('fsync'), pg_is_in_recovery()",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(unavailable)?;
    let refuse = |why: String| Err(StorageError::Unsuitable(why));
    if version < OLDEST_VERSION {
        return refuse(format!(
            "the server is PostgreSQL {}, which gets no security fixes any more: 14 is the oldest that is used",
            version / 10_000
        ));
    }
    if encoding != "UTF8" {
        return refuse(format!("the database has the encoding {encoding}: create it with `ENCODING 'UTF8'`"));
    }
    if fsync != "on" {
        return refuse("the server runs with `fsync = off`: what it acknowledged could be lost".to_owned());
    }
    if recovery {
        return refuse("the server is a standby: give the address of the primary".to_owned());
    }
    locks_exclude(connection, options).await
}

/// Databases that speak PostgreSQL's protocol accept the functions for advisory locks, and not all of them lock anything.
async fn locks_exclude(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<(), StorageError> {
    // By another node that starts at the same time: then they do.
    if !try_lock(connection).await? {
        return Ok(());
    }
    let mut other = PgConnection::connect_with(options).await.map_err(unavailable)?;
    let twice = try_lock(&mut other).await?;
    // Ends with the sessions at the latest.
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(TRIAL_LOCK).execute(connection).await.map_err(unavailable)?;
    other.close().await.map_err(unavailable)?;
    if twice {
        let why = "advisory locks of the server do not exclude one another: two nodes could decide at once";
        return Err(StorageError::Unsuitable(why.to_owned()));
    }
    Ok(())
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, StorageError> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(TRIAL_LOCK)
        .fetch_one(connection)
        .await
        .map_err(unavailable)
}
