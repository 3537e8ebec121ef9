//! Between columns and types. What does not convert was not written by this program.

use std::{fmt::Display, str::FromStr};

use jiff::Timestamp;
use mcp_pin_storage::StorageError;

/// The database failed.
pub(crate) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StorageError {
    StorageError::Unavailable(Box::new(error))
}

/// A failed insert: somebody was there first, or the database failed.
pub(crate) fn insert_error(what: &'static str) -> impl Fn(sqlx::Error) -> StorageError {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StorageError::Exists(what),
        _ => unavailable(error),
    }
}

/// A column that cannot be what it should be.
pub(crate) fn damaged(column: &str, problem: impl Display) -> StorageError {
    StorageError::Damaged(format!("{column}: {problem}"))
}

/// Reads a text column.
pub(crate) fn parsed<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, StorageError> {
    text.parse().map_err(|error| damaged(column, error))
}

/// Reads a text column that may be absent.
pub(crate) fn parsed_option<T: FromStr<Err: Display>>(
    column: &str,
    text: Option<&str>,
) -> Result<Option<T>, StorageError> {
    text.map(|text| parsed(column, text)).transpose()
}

/// Reads a time.
pub(crate) fn time(column: &str, milliseconds: i64) -> Result<Timestamp, StorageError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| damaged(column, error))
}

/// Reads a time that may be absent.
pub(crate) fn time_option(column: &str, milliseconds: Option<i64>) -> Result<Option<Timestamp>, StorageError> {
    milliseconds.map(|milliseconds| time(column, milliseconds)).transpose()
}

/// Reads a count.
pub(crate) fn count(column: &str, value: i64) -> Result<u32, StorageError> {
    u32::try_from(value).map_err(|error| damaged(column, error))
}
