//! A log against what was seen of it before.

use thiserror::Error;

use crate::{Checkpoint, Hash, ProofError, VerifiedCheckpoint, proof};

/// What a checkpoint is to the one that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The log has not grown.
    Same,
    /// The log has grown, and everything that was in it is in it still.
    Continued,
}

/// Why a checkpoint cannot be believed beside the one that was seen before. Each is something that an honest log, whatever
/// happened to it, never shows to anybody.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistoryError {
    /// Another log.
    #[error("the log was `{seen}` and is `{now}`")]
    OtherLog {
        /// Which one was seen.
        seen: String,
        /// Which one is shown.
        now: String,
    },
    /// Entries were taken back.
    #[error("the log had {seen} entries and has {now}: it was rolled back, or an old view of it is shown")]
    RolledBack {
        /// How many entries were seen.
        seen: u64,
        /// How many are shown.
        now: u64,
    },
    /// Two logs of one size with different entries.
    #[error("the log of {size} entries is not the one that was seen: two different logs were signed")]
    Forked {
        /// The size of both.
        size: u64,
    },
    /// The later log is not proved to continue the earlier one.
    #[error("the log of {now} entries is not shown to continue the one of {seen} that was seen")]
    NotContinued {
        /// How many entries were seen.
        seen: u64,
        /// How many are shown.
        now: u64,
        /// What is wrong with the proof.
        source: ProofError,
    },
}

impl HistoryError {
    /// Whether the two checkpoints together prove, to everybody, that the log's key signed two different logs. A roll
    /// back or a missing proof can also be somebody in between.
    #[must_use]
    pub fn is_equivocation(&self) -> bool {
        matches!(self, Self::Forked { .. })
    }
}

/// Holds a checkpoint against the one that was seen before. `proof` is the consistency proof from the one to the other;
/// it has no hashes where the sizes are equal or nothing was in the log.
///
/// # Errors
/// When the log that is shown does not continue the one that was seen.
pub fn follow(seen: &Checkpoint, now: &VerifiedCheckpoint, proof: &[Hash]) -> Result<History, HistoryError> {
    let now = now.checkpoint();
    if seen.origin != now.origin {
        return Err(HistoryError::OtherLog { seen: seen.origin.clone(), now: now.origin.clone() });
    }
    if now.size < seen.size {
        return Err(HistoryError::RolledBack { seen: seen.size, now: now.size });
    }
    if now.size == seen.size {
        return if now.root == seen.root { Ok(History::Same) } else { Err(HistoryError::Forked { size: now.size }) };
    }
    proof::verify_consistency(seen.size, &seen.root, now.size, &now.root, proof)
        .map(|()| History::Continued)
        .map_err(|source| HistoryError::NotContinued { seen: seen.size, now: now.size, source })
}
