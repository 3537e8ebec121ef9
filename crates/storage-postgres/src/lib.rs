//! The registry's storage on PostgreSQL, for several nodes at once.
//!
//! Deciding transactions follow one another over all nodes: each takes one advisory lock when it begins and gives it back
//! when it ends, however it ends; the server takes it from a session that died. So a decision sees everything that was
//! decided before it, and events are numbered without gaps. Any number read, each from a snapshot of its own.
//!
//! Nothing waits for ever: the server ends statements, waits for the lock and idle transactions after a while, and a
//! server that does not even answer is given up. A connection that may be in the middle of something is never used again.
//!
//! Every query is checked against `migrations/` when it is compiled; `.sqlx/` holds what the check found, so that a build
//! needs no database (`cargo xtask sqlx-prepare` renews it). Queries name their columns: with `SELECT *` a node of this
//! version could not go on while one of the next version adds a column.
//!
//! A transaction must not be held over anything slow, least of all over the network.

mod access;
mod address;
mod agreement;
mod answer;
mod answers;
mod approver;
mod archive;
mod connection;
mod consent;
mod document;
mod draft;
mod event;
mod gate;
mod grant;
mod open;
mod principal;
mod revocation;
mod rollout;
pub mod scratch;
mod state;
mod submission;
mod suitable;
mod token;
mod version_status;
mod watch;
mod webhook;

use mcp_pin_storage::StorageError;
use sqlx::postgres::PgQueryResult;

pub use address::{DatabaseUrl, DatabaseUrlError, Protection};
pub use open::PostgresStore;

/// What became of an insert with `ON CONFLICT DO NOTHING`. A statement that fails would take the whole transaction with it,
/// so that an insert of what is there already must not fail.
fn inserted(result: &PgQueryResult, what: &'static str) -> Result<(), StorageError> {
    if result.rows_affected() == 1 { Ok(()) } else { Err(StorageError::Exists(what)) }
}
