//! A transparency log: the tree, its tiles, and what is signed about it.
//!
//! Everything here is pure: no clock, no network, no files. Bytes go in, bytes and verdicts come out.
//!
//! * [`hash`]: leaves and nodes of the Merkle tree (RFC 6962 section 2.1).
//! * [`edge`]: the right edge of a growing tree: what is kept to append to it, and the tiles that appending completes.
//! * [`tree`]: roots and proofs, made from a [`tree::HashReader`].
//! * [`proof`]: inclusion and consistency, verified (RFC 9162 section 2.1.3 and 2.1.4).
//! * [`tile`], [`entries`]: C2SP `tlog-tiles`: the names and the contents of tiles and entry bundles.
//! * [`reader`]: tiles that were authenticated from the root down, whoever served them.
//! * [`note`], [`checkpoint`], [`cosignature`]: C2SP `signed-note`, `tlog-checkpoint`, `tlog-cosignature`.
//! * [`receipt`]: C2SP `tlog-proof`: that an entry is in the log, for verifying without a network.
//! * [`witness`]: C2SP `tlog-witness`: what a witness is asked, and when it says yes.
//! * [`history`]: a checkpoint against the one that was seen before: the same, later, rolled back, or a fork.
//!
//! Nothing of a checkpoint, a tile or a receipt is worth anything before it was verified; the types say which was:
//! [`checkpoint::VerifiedCheckpoint`] comes from verified signatures alone, and proofs are checked against it.

pub mod checkpoint;
pub mod cosignature;
pub mod edge;
pub mod entries;
pub mod hash;
pub mod history;
pub mod note;
pub mod proof;
pub mod reader;
pub mod receipt;
pub mod tile;
pub mod tree;
pub mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, LogKeys, VerifiedCheckpoint, WitnessPolicy};
pub use edge::Edge;
pub use hash::Hash;
pub use history::{History, HistoryError};
pub use note::{Note, NoteError, Signer, VerifierKey};
pub use proof::ProofError;
pub use reader::{AuthenticatedTiles, TileError};
pub use receipt::{Receipt, ReceiptError};
pub use tile::TileId;
