//! Between single columns and types.

use std::{fmt::Display, str::FromStr};

use jiff::Timestamp;

use crate::StorageError;

/// The database failed.
pub fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StorageError {
    StorageError::Unavailable(Box::new(error))
}

/// A column that cannot be what it should be.
pub fn damaged(column: &str, problem: impl Display) -> StorageError {
    StorageError::Damaged(format!("{column}: {problem}"))
}

/// Reads a text column.
///
/// # Errors
/// When the text is not what the type takes.
pub fn parsed<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, StorageError> {
    text.parse().map_err(|error| damaged(column, error))
}

/// Reads a text column that may be absent.
///
/// # Errors
/// When there is a text and it is not what the type takes.
pub fn parsed_option<T: FromStr<Err: Display>>(column: &str, text: Option<&str>) -> Result<Option<T>, StorageError> {
    text.map(|text| parsed(column, text)).transpose()
}

/// Reads a time.
///
/// # Errors
/// When the number is beyond the times that there are.
pub fn time(column: &str, milliseconds: i64) -> Result<Timestamp, StorageError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| damaged(column, error))
}

/// Reads a time that may be absent.
///
/// # Errors
/// When the number is beyond the times that there are.
pub fn time_option(column: &str, milliseconds: Option<i64>) -> Result<Option<Timestamp>, StorageError> {
    milliseconds.map(|milliseconds| time(column, milliseconds)).transpose()
}

/// Reads a count.
///
/// # Errors
/// When the number is negative or too large.
pub fn count(column: &str, value: i64) -> Result<u32, StorageError> {
    u32::try_from(value).map_err(|error| damaged(column, error))
}
