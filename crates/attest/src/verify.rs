//! Verifying attestations.

use std::fmt;

use mcp_pin_model::{
    Digest,
    lockfile::{KeyIdentity, SignerIdentity},
    statement::{PAYLOAD_TYPE, Statement},
};

use crate::{Attestation, Trust, VerificationError, bundle::Material, dsse::pre_authentication_encoding};

/// What was checked beside the payload, for people and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// A signature by a key that the verifier trusts, and nothing else: no log says when it was made or that others
    /// could see it.
    KeyOnly {
        /// The key.
        key: KeyIdentity,
        /// Transparency log entries that came along. This mode neither needs nor checks them.
        log_entries_ignored: usize,
        /// RFC 3161 timestamps that came along. This mode neither needs nor checks them.
        timestamps_ignored: usize,
    },
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyOnly { key, log_entries_ignored, timestamps_ignored } => {
                write!(f, "signed with key {}; no transparency evidence checked", key.key)?;
                if log_entries_ignored + timestamps_ignored > 0 {
                    write!(f, " ({log_entries_ignored} log entries and {timestamps_ignored} timestamps ignored)")?;
                }
                Ok(())
            }
        }
    }
}

/// A statement whose signature was checked. There is no other way to make one.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    statement: T,
    digest: Digest,
    attestation: Attestation,
    signer: SignerIdentity,
    principal: String,
    evidence: Evidence,
}

impl<T> Verified<T> {
    /// The statement, read from the bytes that were signed.
    #[must_use]
    pub fn statement(&self) -> &T {
        &self.statement
    }

    /// The digest of the payload: the statement's identity.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The attestation.
    #[must_use]
    pub fn attestation(&self) -> &Attestation {
        &self.attestation
    }

    /// The key that signed.
    #[must_use]
    pub fn signer(&self) -> &SignerIdentity {
        &self.signer
    }

    /// The principal, by the verifier's own trust, whose key that is. This is what counts in a quorum.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// What was checked.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Verifies in local mode, by its name: the signature of a trusted key alone, no transparency evidence.
///
/// For a project's own lock, where the keys stand in the verifier's configuration and no log exists. Log entries and
/// timestamps in the bundle add nothing here and are ignored, with a note in the evidence: an unchecked entry must
/// neither help a bad signature nor spoil a good one. Modes with a log or certificates will stand beside this function.
///
/// # Errors
/// See [`VerificationError`]. A bundle that is signed with a certificate cannot be checked in this mode.
pub fn verify_with_keys_only<T: Statement>(
    attestation: &Attestation,
    trust: &Trust,
) -> Result<Verified<T>, VerificationError> {
    let envelope = attestation.envelope();
    let hint = match &envelope.material {
        Material::KeyHint(hint) => hint,
        Material::Certificate => return Err(VerificationError::KeylessNotConfigured),
    };
    let trusted = trust.key(hint).ok_or_else(|| VerificationError::UnknownKey { hint: hint.clone() })?;
    let message = pre_authentication_encoding(PAYLOAD_TYPE, &envelope.payload);
    if !trusted.key.verify(&message, &envelope.signature) {
        return Err(VerificationError::BadSignature { key: hint.clone() });
    }
    let statement = T::from_payload(&envelope.payload)?;
    let key = trusted.key.id();
    Ok(Verified {
        statement,
        digest: Digest::of(&envelope.payload),
        attestation: attestation.clone(),
        signer: SignerIdentity::Key(key.clone()),
        principal: trusted.principal.clone(),
        evidence: Evidence::KeyOnly {
            key,
            log_entries_ignored: envelope.log_entries,
            timestamps_ignored: envelope.timestamps,
        },
    })
}
