//! Failing soon while the database is away.
//!
//! Waiting for a connection takes seconds before it fails. While the database is known to be away, only one at a time
//! tries; everybody else is told at once.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mcp_pin_storage::{StorageError, rows::columns::unavailable};
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use thiserror::Error;
use tokio::time::Instant;

use crate::answer::Answer as _;

/// For how long after a failure nobody tries again: recovery is noticed within this time.
const PAUSE: Duration = Duration::from_millis(250);

/// The database was away a moment ago.
#[derive(Debug, Error)]
#[error("the database was away a moment ago")]
struct Away;

/// Lets everybody through while the database answers, and one at a time while it does not.
#[derive(Default)]
pub(crate) struct Gate {
    /// When the last attempt failed; none while the database answers.
    failed: Mutex<Option<Instant>>,
    /// Whether somebody tries.
    trying: AtomicBool,
}

/// Gives the turn to try back, whatever becomes of the attempt.
struct Turn<'g>(&'g AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Gate {
    /// A connection of the pool.
    pub(crate) async fn acquire(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, StorageError> {
        let failed = *self.failed.lock().map_err(|_| unavailable(Away))?;
        let turn = match failed {
            None => None,
            Some(at) if at.elapsed() < PAUSE || self.trying.swap(true, Ordering::AcqRel) => {
                return Err(unavailable(Away));
            }
            Some(_) => Some(Turn(&self.trying)),
        };
        let result = pool.acquire().answer().await;
        // That all connections are in use is not that the database is away.
        let away = result.is_err() && (pool.num_idle() > 0 || pool.size() < pool.options().get_max_connections());
        if let Ok(mut failed) = self.failed.lock() {
            match (&result, away) {
                (Ok(_), _) => *failed = None,
                (Err(_), true) => *failed = Some(Instant::now()),
                (Err(_), false) => {}
            }
        }
        drop(turn);
        result
    }
}
