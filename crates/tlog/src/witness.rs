//! Witnesses (C2SP `tlog-witness`): what one is asked, and when it says yes. Keeping what was seen, and answering, is the
//! caller's.

use thiserror::Error;

use crate::{
    Checkpoint, CheckpointError, Hash, HistoryError, LogKeys, NoteError, ProofError, VerifiedCheckpoint, WitnessPolicy,
    checkpoint::MAX_SIZE, history, note::MAX_NOTE_BYTES, proof::MAX_PROOF_HASHES, tile::decimal,
};

/// The largest request: a checkpoint and a proof.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + 8 * 1024;

/// What a witness is asked: to cosign a checkpoint that continues the one it cosigned last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last; 0 when it never did.
    pub old_size: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint, as the log signed it.
    pub checkpoint: Vec<u8>,
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let bad = Refusal::Malformed;
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(bad("the request is too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| bad("the request is not UTF-8 text"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(bad("the request has no checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old_size.and_then(|size| decimal(size, MAX_SIZE)).ok_or(bad("the first line is no old size"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF_HASHES {
                return Err(bad("the proof has too many hashes"));
            }
            proof.push(Hash::from_base64(line).ok_or(bad("a line of the proof is no hash"))?);
        }
        Ok(Self { old_size, proof, checkpoint: checkpoint.as_bytes().to_vec() })
    }

    /// The body of the request.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            head.push_str(&format!("{hash}\n"));
        }
        head.push('\n');
        [head.as_bytes(), &self.checkpoint].concat()
    }
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Not a request.
    #[error("{0}")]
    Malformed(&'static str),
    /// A log that the witness does not watch.
    #[error("the log `{0}` is not watched")]
    UnknownLog(String),
    /// Not signed by the log.
    #[error(transparent)]
    Signature(CheckpointError),
    /// The checkpoint is smaller than what it is said to continue.
    #[error("a checkpoint of {new} entries cannot continue one of {old}")]
    Shrunk {
        /// What it is said to continue.
        old: u64,
        /// Its size.
        new: u64,
    },
    /// The witness cosigned another one last.
    #[error("the last checkpoint that was cosigned has {0} entries")]
    Stale(u64),
    /// The log was signed twice.
    #[error(transparent)]
    Forked(HistoryError),
    /// The checkpoint is not proved to continue the last one.
    #[error(transparent)]
    Proof(ProofError),
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Shrunk { .. } => 400,
            Self::Signature(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Stale(_) | Self::Forked(_) => 409,
            Self::Proof(_) => 422,
        }
    }
}

/// Decides about a request. `seen` is what was cosigned last for that log. Whoever calls this keeps the checkpoint that
/// comes back, durably and only if `seen` is still the last one, before it gives out a cosignature.
///
/// # Errors
/// When it must not be cosigned.
pub fn decide(
    request: &AddCheckpoint,
    log: &LogKeys,
    seen: Option<&Checkpoint>,
    now: u64,
) -> Result<VerifiedCheckpoint, Refusal> {
    let verified = match VerifiedCheckpoint::verify(&request.checkpoint, log, &WitnessPolicy::default(), now) {
        Err(CheckpointError::Origin { found, .. }) => return Err(Refusal::UnknownLog(found)),
        Err(CheckpointError::Form(problem)) => return Err(Refusal::Malformed(problem)),
        Err(error @ CheckpointError::Note(NoteError::NotSigned | NoteError::Forged(_))) => {
            return Err(Refusal::Signature(error));
        }
        Err(CheckpointError::Note(_)) => return Err(Refusal::Malformed("the checkpoint is no note")),
        Err(error) => return Err(Refusal::Signature(error)),
        Ok(verified) => verified,
    };
    let (old, new) = (request.old_size, verified.checkpoint().size);
    if old > new {
        return Err(Refusal::Shrunk { old, new });
    }
    let last = seen.map_or(0, |seen| seen.size);
    if old != last {
        return Err(Refusal::Stale(last));
    }
    let empty;
    let seen = match seen {
        Some(seen) => seen,
        None => {
            empty =
                Checkpoint { origin: log.origin().to_owned(), size: 0, root: Hash::EMPTY_ROOT, extensions: Vec::new() };
            &empty
        }
    };
    match history::follow(seen, &verified, &request.proof) {
        Ok(_) => Ok(verified),
        Err(HistoryError::NotContinued { source, .. }) => Err(Refusal::Proof(source)),
        Err(error) => Err(Refusal::Forked(error)),
    }
}
