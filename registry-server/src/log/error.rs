//! What can be wrong with a log.

use std::{io, path::PathBuf};

use mcp_pin_storage::StorageError;
use mcp_pin_tlog::{CheckpointError, TileError, entries::EntriesError, note::KeyError};
use thiserror::Error;

use crate::service::ServiceError;

/// Why the log cannot be published, or must not be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file system refused.
    #[error("cannot use `{path}`")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store could not say.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The published checkpoint is not one of this log's key.
    #[error("the published checkpoint does not verify with the log's key")]
    Checkpoint(#[from] CheckpointError),
    /// The public address cannot name a log.
    #[error("the public address cannot be the name of a log")]
    Name(#[from] KeyError),
    /// More was published than the store has: the store is an older one.
    #[error(
        "a checkpoint of {published} entries was published, and the store has {stored}: it is older than its log, as after \
         a restore from a backup"
    )]
    Ahead {
        /// How many entries the published checkpoint has.
        published: u64,
        /// How many events the store has.
        stored: u64,
    },
    /// The store's events are not those that were published.
    #[error("the events of the store are not those of the checkpoint of {size} entries that was published")]
    Forked {
        /// The checkpoint's size.
        size: u64,
    },
    /// A file that never changes would change.
    #[error("`{0}` was published with other bytes")]
    Changed(PathBuf),
    /// The store gives events that do not follow each other.
    #[error("event {expected} is missing: the store gave {found}")]
    Gap {
        /// The sequence that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// An event is longer than an entry of a log can be.
    #[error("an event cannot be an entry of the log")]
    Entry(#[from] EntriesError),
    /// The published tiles are not those of the checkpoint.
    #[error("a published tile is not what the checkpoint commits to")]
    Tile(#[source] Box<TileError<Self>>),
    /// The state could not be committed to.
    #[error("the state could not be committed to")]
    State(#[from] ServiceError),
}

impl From<TileError<Self>> for LogError {
    fn from(error: TileError<Self>) -> Self {
        Self::Tile(Box::new(error))
    }
}

impl LogError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Ahead { .. } | Self::Forked { .. } => Some(
                "clients have seen the published log and will refuse another one under the same key: restore the newer \
                 store; when it is lost, publish under a new public address with a new key",
            ),
            Self::Checkpoint(_) => Some(
                "the name of a log is the registry's public address: keep both, or put the folder of the old log away \
                 and publish another one",
            ),
            Self::Changed(_) | Self::Tile(_) => {
                Some("remove the folder of the log: it is made anew from the events of the store")
            }
            _ => None,
        }
    }
}
