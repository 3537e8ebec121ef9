//! What the log commits to beside decisions: what is live or revoked after them.

use async_trait::async_trait;
use mcp_pin_model::Digest;

use crate::StorageError;

/// A snapshot of the state, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// The sequence of the event that commits to it.
    pub sequence: u64,
    /// Its bytes.
    pub document: Vec<u8>,
}

/// Looks snapshots of the state up.
#[async_trait]
pub trait StateReader {
    /// The last one whose event has at most this sequence.
    async fn state_snapshot(&mut self, at_most: u64) -> Result<Option<StoredState>, StorageError>;

    /// A part of one, by its digest.
    async fn state_part(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError>;
}

/// Keeps snapshots of the state.
#[async_trait]
pub trait StateWriter: StateReader {
    /// Adds one, with the parts that are in it and were not in the one before.
    async fn add_state_snapshot(
        &mut self,
        state: &StoredState,
        added: &[(Digest, Vec<u8>)],
    ) -> Result<(), StorageError>;

    /// Notes which parts the snapshot of that event has no longer.
    async fn replace_state_parts(&mut self, gone: &[Digest], sequence: u64) -> Result<(), StorageError>;

    /// Forgets the snapshots before that event, and the parts that were replaced by then.
    async fn forget_state_before(&mut self, sequence: u64) -> Result<(), StorageError>;
}
