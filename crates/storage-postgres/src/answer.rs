//! Waiting for the server's answer.

use std::time::Duration;

use mcp_pin_storage::{StorageError, rows::columns::unavailable};
use thiserror::Error;

/// How long a statement may run before the server ends it. The longest one reads what the live set is made of.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long to wait for the turn of other nodes. A decision takes milliseconds; a node that died in the middle of one has
/// lost its session, and with it the lock, long before.
pub(crate) const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a transaction may stand still before the server ends it: a node that is frozen must not stop the others.
pub(crate) const STANDSTILL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long to wait for an answer at all. A little longer than the server's own limits, so that this one strikes only when
/// the server, or the network to it, is gone without a word.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);

/// The server did not answer in time.
#[derive(Debug, Error)]
#[error("the database did not answer within {} seconds", ANSWER_TIMEOUT.as_secs())]
pub(crate) struct NoAnswer;

/// What a query gives back.
pub(crate) trait Answer<T>: Future<Output = Result<T, sqlx::Error>> + Send + Sized {
    /// Waits for it, within limits.
    fn answer(self) -> impl Future<Output = Result<T, StorageError>> + Send {
        async move {
            match tokio::time::timeout(ANSWER_TIMEOUT, self).await {
                Ok(result) => result.map_err(unavailable),
                Err(_) => Err(unavailable(NoAnswer)),
            }
        }
    }
}

impl<T, F: Future<Output = Result<T, sqlx::Error>> + Send> Answer<T> for F {}
