//! Events: every decision, in the order in which it was made.

use async_trait::async_trait;
use mcp_pin_model::leaf::Leaf;

use crate::StorageError;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place: 1, 2, 3 … without gaps. The leaf's index in the transparency log is one less.
    pub sequence: u64,
    /// The leaf's bytes, as written.
    pub leaf: Vec<u8>,
}

/// Reads events.
#[async_trait]
pub trait EventReader {
    /// The events after `after` (0 for the first), at most `limit`, in order.
    async fn events(&mut self, after: u64, limit: u32) -> Result<Vec<Event>, StorageError>;

    /// The sequence of the last event; 0 when there is none.
    async fn last_event(&mut self) -> Result<u64, StorageError>;
}

/// Appends events. There is no way to change or remove one.
#[async_trait]
pub trait EventWriter: EventReader {
    /// Appends an event in this transaction; gives back its sequence.
    async fn append_event(&mut self, leaf: &Leaf) -> Result<u64, StorageError>;
}
