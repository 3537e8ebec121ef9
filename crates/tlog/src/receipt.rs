//! Receipts (C2SP `tlog-proof`): that an entry is in a log, for verifying without a network.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;

use crate::{
    CheckpointError, Hash, LogKeys, ProofError, VerifiedCheckpoint, WitnessPolicy,
    checkpoint::MAX_SIZE,
    note::MAX_NOTE_BYTES,
    proof::{self, MAX_PROOF_HASHES},
    tile::decimal,
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The longest extra data: nothing needs them, and they are not signed.
pub const MAX_EXTRA_BYTES: usize = 4_096;

/// The largest receipt: the checkpoint, the proof and the extra data.
pub const MAX_RECEIPT_BYTES: usize = MAX_NOTE_BYTES + 16 * 1024;

/// A receipt as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's index.
    pub index: u64,
    /// The inclusion proof, from the entry's neighbour up to the root's child.
    pub proof: Vec<Hash>,
    /// The checkpoint, as the log signed it.
    pub checkpoint: Vec<u8>,
    /// Data that nobody signed.
    pub extra: Option<Vec<u8>>,
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Larger than a receipt may be.
    #[error("a receipt of more than {MAX_RECEIPT_BYTES} bytes")]
    TooLarge,
    /// Not the form of a receipt.
    #[error("not a receipt of a log: {0}")]
    Form(&'static str),
    /// The checkpoint says nothing.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not proved to be in the log.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Receipt {
    /// Reads a receipt.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::TooLarge);
        }
        let form = ReceiptError::Form;
        let text = std::str::from_utf8(bytes).map_err(|_| form("it is not UTF-8 text"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(form("it has no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(form("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra = extra
            .map(|text| STANDARD.decode(text).ok().filter(|data| data.len() <= MAX_EXTRA_BYTES))
            .map(|data| data.ok_or(form("its extra data are not base64 of at most 4096 bytes")))
            .transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|index| decimal(index, MAX_SIZE)).ok_or(form("it has no index"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF_HASHES {
                return Err(form("its proof has too many hashes"));
            }
            proof.push(Hash::from_base64(line).ok_or(form("a line of its proof is no hash"))?);
        }
        Ok(Self { index, proof, checkpoint: checkpoint.as_bytes().to_vec(), extra })
    }

    /// The bytes of the receipt.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            head.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        head.push_str(&format!("index {}\n", self.index));
        for hash in &self.proof {
            head.push_str(&format!("{hash}\n"));
        }
        head.push('\n');
        [head.as_bytes(), &self.checkpoint].concat()
    }

    /// Verifies that the entry is in the log. `now` is in seconds since the Unix epoch. Gives back the checkpoint that it
    /// was proved against.
    ///
    /// # Errors
    /// When it is not proved.
    pub fn verify(
        &self,
        entry: &[u8],
        log: &LogKeys,
        policy: &WitnessPolicy,
        now: u64,
    ) -> Result<VerifiedCheckpoint, ReceiptError> {
        let verified = VerifiedCheckpoint::verify(&self.checkpoint, log, policy, now)?;
        let (size, root) = (verified.checkpoint().size, verified.checkpoint().root);
        proof::verify_inclusion(&Hash::of_leaf(entry), self.index, size, &self.proof, &root)?;
        Ok(verified)
    }
}
