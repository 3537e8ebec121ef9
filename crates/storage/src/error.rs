//! Why the store could not do what was asked.

use thiserror::Error;

/// An error of the store. That something does not exist is not one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A record with this identity is there already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// Another writer changed the record since it was read; nothing was written.
    #[error("{0} changed since it was read")]
    Conflict(&'static str),
    /// A record says something else than the signed statement that it comes with. A fault of the caller.
    #[error("the record of the {0} does not match its statement")]
    Mismatch(&'static str),
    /// The database was written by a newer version of this program.
    #[error(
        "the database has schema {found}, this version knows up to {known}: use the newer program, or restore a backup"
    )]
    NewerSchema {
        /// The version that was found.
        found: i64,
        /// The highest version that this program knows.
        known: i64,
    },
    /// The database was written by an older version of this program, and was opened as it is.
    #[error("the database has schema {found}, and this program needs {known}")]
    OlderSchema {
        /// The version that was found.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// The database does not keep what the registry relies on.
    #[error("the database cannot be used: {0}")]
    Unsuitable(String),
    /// What was read cannot have been written by this program.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The database could not be reached, read or written.
    #[error("the database failed")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
