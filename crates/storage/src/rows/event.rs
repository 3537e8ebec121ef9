//! Events.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use super::columns::damaged;
use crate::{Event, StorageError};

/// A row of `events`.
pub struct EventRow {
    pub sequence: i64,
    pub leaf: Vec<u8>,
}

/// Reads an event's sequence.
///
/// # Errors
/// When it is negative.
pub fn event_sequence(value: i64) -> Result<u64, StorageError> {
    u64::try_from(value).map_err(|error| damaged("events.sequence", error))
}

/// The sequence after the last one, as a number and as a column.
///
/// # Errors
/// When there is none.
pub fn next_sequence(last: u64) -> Result<(u64, i64), StorageError> {
    let next = last.checked_add(1).ok_or_else(|| damaged("events.sequence", "there is no next one"))?;
    Ok((next, i64::try_from(next).map_err(|error| damaged("events.sequence", error))?))
}

impl TryFrom<EventRow> for Event {
    type Error = StorageError;

    fn try_from(row: EventRow) -> Result<Self, StorageError> {
        Ok(Self { sequence: event_sequence(row.sequence)?, leaf: row.leaf })
    }
}
