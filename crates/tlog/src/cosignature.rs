//! Cosignatures (C2SP `tlog-cosignature`): a checkpoint, and when somebody saw it.

use crate::{Note, NoteError, Signer, VerifierKey, note::KeyKind};

/// How far ahead of ours the clock of a cosigner may be, in seconds: one that is wrong by more says nothing about when it
/// saw the checkpoint.
pub const CLOCK_SKEW_SECONDS: u64 = 5 * 60;

/// What is signed: the time, and the text of the checkpoint.
fn message(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

impl Signer {
    /// Signs the text of a checkpoint as seen at that time, in seconds since the Unix epoch; gives back the line that
    /// goes below it.
    ///
    /// # Errors
    /// When the key is not one for cosignatures.
    pub fn cosign(&self, text: &str, seconds: u64) -> Result<String, NoteError> {
        if self.key().kind() != KeyKind::Cosignature {
            return Err(NoteError::Kind);
        }
        Ok(self.line(&seconds.to_be_bytes(), &message(text, seconds)))
    }
}

/// When this key cosigned the note, in seconds since the Unix epoch: the latest time, if it did so more than once.
///
/// # Errors
/// When a signature that claims to be by this key is not.
pub fn cosigned_at(note: &Note, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
    if key.kind() != KeyKind::Cosignature {
        return Err(NoteError::Kind);
    }
    let mut latest = None;
    for bytes in note.signatures_of(key) {
        let forged = || NoteError::Forged(key.name().to_owned());
        let (time, signature) = bytes.split_first_chunk().ok_or_else(forged)?;
        let seconds = u64::from_be_bytes(*time);
        if i64::try_from(seconds).is_err() || !key.verifies(&message(note.text(), seconds), signature) {
            return Err(forged());
        }
        latest = latest.max(Some(seconds));
    }
    Ok(latest)
}
