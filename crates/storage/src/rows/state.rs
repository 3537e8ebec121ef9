//! Snapshots of the state.

#![expect(missing_docs, reason = "the fields are columns, which the migrations explain")]

use super::event_sequence;
use crate::{StorageError, StoredState};

/// A row of `state_snapshots`.
pub struct StateSnapshotRow {
    pub sequence: i64,
    pub document: Vec<u8>,
}

impl TryFrom<StateSnapshotRow> for StoredState {
    type Error = StorageError;

    fn try_from(row: StateSnapshotRow) -> Result<Self, StorageError> {
        Ok(Self { sequence: event_sequence(row.sequence)?, document: row.document })
    }
}
