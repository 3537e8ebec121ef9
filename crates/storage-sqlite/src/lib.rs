//! The registry's storage on SQLite.
//!
//! One file in WAL mode with `synchronous = FULL`: what was committed survives the end of the process and of the
//! machine. One connection writes, with immediate transactions, so that decisions follow one another; any number read,
//! each from a consistent snapshot. Every query is checked against `migrations/` when it is compiled; `.sqlx/` holds
//! what the check found, so that a build needs no database (`cargo xtask sqlx-prepare` renews it).
//!
//! A transaction must not be held over anything slow, least of all over the network.

mod access;
mod agreement;
mod answer;
mod approver;
mod archive;
mod connection;
mod consent;
mod copy;
mod document;
mod draft;
mod event;
mod grant;
mod open;
mod principal;
mod revocation;
mod rollout;
mod state;
mod submission;
mod token;
mod version_status;
mod webhook;

use mcp_pin_storage::{StorageError, rows::columns::unavailable};

pub use open::SqliteStore;

/// A failed insert: somebody was there first, or the database failed.
fn insert_error(what: &'static str) -> impl Fn(sqlx::Error) -> StorageError {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StorageError::Exists(what),
        _ => unavailable(error),
    }
}
