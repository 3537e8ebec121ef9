//! Checkpoints (C2SP `tlog-checkpoint`): the size and the root of a log, signed.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{
    Hash, Note, NoteError, Signer, VerifierKey,
    cosignature::{self, CLOCK_SKEW_SECONDS},
    note::{self, KeyKind},
    tile::decimal,
};

/// The largest size of a log: index arithmetic stays clear of the limits of 64 bits.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// What a log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: its URL without the scheme.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// Lines that only its operator can explain.
    pub extensions: Vec<String>,
}

/// Why a checkpoint says nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is no note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not that of a checkpoint.
    #[error("the note is not a checkpoint: {0}")]
    Form(&'static str),
    /// Of another log.
    #[error("a checkpoint of the log `{found}` instead of `{expected}`")]
    Origin {
        /// Which one it is of.
        found: String,
        /// Which one it should be of.
        expected: String,
    },
    /// Not enough of the witnesses that count cosigned it.
    #[error("{found} of the {needed} witnesses that it takes cosigned the checkpoint")]
    Witnesses {
        /// How many did.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// The log says that it is from the future.
    #[error("the checkpoint is from {ahead} seconds in the future: one of the clocks is wrong")]
    Future {
        /// How far ahead of our clock.
        ahead: u64,
    },
}

impl Checkpoint {
    /// Reads the text of a checkpoint.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let form = CheckpointError::Form;
        let text = text.strip_suffix('\n').ok_or(form("its last line does not end"))?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(form("it has no origin"))?;
        let size = lines.next().and_then(|line| decimal(line, MAX_SIZE)).ok_or(form("its second line is no size"))?;
        let root = lines.next().and_then(Hash::from_base64).ok_or(form("its third line is no root hash"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(form("it has an empty line"));
        }
        if size == 0 && root != Hash::EMPTY_ROOT {
            return Err(form("its root is not that of a log without entries"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The text: the origin, the size and the root, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Signs the checkpoint twice with the log's key: as any client verifies it, and with the time, in seconds since the
    /// Unix epoch. The first signature is always the same; the second tells a view that is new from one that is old.
    ///
    /// # Errors
    /// When the origin or an extension cannot stand in a note, or the origin is no name of a key.
    pub fn sign(&self, seed: &[u8; 32], seconds: u64) -> Result<Vec<u8>, CheckpointError> {
        let form = |_| CheckpointError::Form("its origin is no name of a key");
        let text = self.text();
        let log = Signer::from_seed(&self.origin, KeyKind::Ed25519, seed).map_err(form)?;
        let clock = Signer::from_seed(&self.origin, KeyKind::Cosignature, seed).map_err(form)?;
        Ok(note::write(&text, &[log.sign(&text)?, clock.cosign(&text, seconds)?])?)
    }
}

/// A log that is known: its origin, and the keys that speak for it. After a rotation the old ones stay, for checkpoints of
/// their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKeys {
    origin: String,
    keys: Vec<VerifierKey>,
}

impl LogKeys {
    /// A log with the Ed25519 keys that speak for it.
    ///
    /// # Errors
    /// When the origin cannot be the name of a key.
    pub fn new(origin: &str, keys: impl IntoIterator<Item = [u8; 32]>) -> Result<Self, note::KeyError> {
        let keys =
            keys.into_iter().map(|key| VerifierKey::new(origin, KeyKind::Ed25519, key)).collect::<Result<_, _>>()?;
        Ok(Self { origin: origin.to_owned(), keys })
    }

    /// Which log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }
}

/// How many of which witnesses have to have seen a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessPolicy {
    witnesses: Vec<VerifierKey>,
    needed: usize,
}

impl WitnessPolicy {
    /// A policy; `None` when it needs more than there are, or two of them have one key: they would be one witness.
    #[must_use]
    pub fn new(witnesses: Vec<VerifierKey>, needed: usize) -> Option<Self> {
        let keys: BTreeSet<_> = witnesses.iter().map(VerifierKey::key).collect();
        let distinct = keys.len() == witnesses.len();
        let kind = witnesses.iter().all(|witness| witness.kind() == KeyKind::Cosignature);
        (distinct && kind && needed <= witnesses.len()).then_some(Self { witnesses, needed })
    }

    /// How many it takes.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// The witnesses that count.
    #[must_use]
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }
}

/// A checkpoint that a log's key signed, and that enough witnesses saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    signed_at: Option<u64>,
    witnesses: Vec<(String, u64)>,
    bytes: Vec<u8>,
}

impl VerifiedCheckpoint {
    /// Verifies a checkpoint as it was received. `now` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When it is not one of that log, or not enough witnesses saw it. A cosignature from the future counts as none.
    pub fn verify(bytes: &[u8], log: &LogKeys, policy: &WitnessPolicy, now: u64) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let signers = note.signed_by(log.keys())?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != log.origin {
            return Err(CheckpointError::Origin { found: checkpoint.origin, expected: log.origin.clone() });
        }
        let mut signed_at = None;
        for key in signers {
            signed_at = signed_at.max(cosignature::cosigned_at(&note, &key.of_kind(KeyKind::Cosignature))?);
        }
        let latest = now.saturating_add(CLOCK_SKEW_SECONDS);
        if let Some(at) = signed_at.filter(|at| *at > latest) {
            return Err(CheckpointError::Future { ahead: at.saturating_sub(now) });
        }
        let mut witnesses = Vec::new();
        for witness in &policy.witnesses {
            if let Some(at) = cosignature::cosigned_at(&note, witness)?.filter(|at| *at <= latest) {
                witnesses.push((witness.name().to_owned(), at));
            }
        }
        if witnesses.len() < policy.needed {
            return Err(CheckpointError::Witnesses { found: witnesses.len(), needed: policy.needed });
        }
        Ok(Self { checkpoint, signed_at, witnesses, bytes: bytes.to_vec() })
    }

    /// What the log said.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// When the log signed it, in seconds since the Unix epoch, where it says so.
    #[must_use]
    pub fn signed_at(&self) -> Option<u64> {
        self.signed_at
    }

    /// The witnesses that count and saw it, each with when, in seconds since the Unix epoch.
    #[must_use]
    pub fn witnesses(&self) -> &[(String, u64)] {
        &self.witnesses
    }

    /// The bytes, as received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
