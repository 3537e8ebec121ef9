//! The transparency log: the registry's events as a Merkle tree, published as static files.
//!
//! The events of the store are the log; everything here follows from them and from the log's key. So every node that
//! follows one store publishes the same tiles, and no node can publish another log than the others without another store.
//!
//! ```text
//! checkpoint               size and root, signed: replaced, never before what it names is on the disk
//! tile/<level>/<index>     hashes: written once
//! tile/entries/<index>     the events themselves: written once
//! ```

mod error;
mod files;
mod publisher;
mod task;
#[cfg(test)]
mod tests;

pub use error::LogError;
pub use files::LogFiles;
pub use publisher::{LogIdentity, PublishedLog, Publisher, tiles_of};
pub(crate) use task::keep_published;
