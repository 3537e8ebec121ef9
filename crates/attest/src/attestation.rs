//! An attestation: the exact bytes of a bundle, and what was read out of them.

use std::fmt;

use mcp_pin_model::{
    Digest,
    json::{self, Limits, Value},
    statement::{Statement, StatementError},
};

use crate::{
    VerificationError,
    bundle::{Envelope, Material},
};

/// The most bytes that an attestation may have: 4 MiB, twice what a surface of 1,000 tools of 1.3 kB takes in base64 and
/// twenty times the largest real surface seen, and little enough to be checked in bulk.
pub const MAX_ATTESTATION_BYTES: usize = 4 << 20;

/// The bytes of a Sigstore bundle, exactly as made or received. Well-formed, not verified.
///
/// The bytes are kept because members unknown to this version are legal in a bundle: what is stored, digested and
/// passed on is what was received.
#[derive(Clone, PartialEq, Eq)]
pub struct Attestation {
    bytes: Vec<u8>,
    envelope: Envelope,
}

impl Attestation {
    /// Takes the bytes of a bundle and checks their form; no signature is checked here.
    ///
    /// # Errors
    /// Everything in [`VerificationError`] that can be said without keys.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, VerificationError> {
        if bytes.len() > MAX_ATTESTATION_BYTES {
            return Err(VerificationError::TooLarge);
        }
        let value = json::parse_with(&bytes, &Limits { bytes: MAX_ATTESTATION_BYTES, ..Limits::FOREIGN })?;
        let envelope = Envelope::from_value(&value)?;
        Ok(Self { bytes, envelope })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the bytes. Two attestations of one statement have different ones; the statement's identity is
    /// the digest of its payload.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The digest that the payload has, whoever signed it and whatever it is: for finding and filing, never for
    /// trusting.
    #[must_use]
    pub fn payload_digest_unverified(&self) -> Digest {
        Digest::of(&self.envelope.payload)
    }

    /// The `predicateType` that the payload claims, if it is JSON that claims one. Foreign text: compare it with known
    /// types, never show it.
    #[must_use]
    pub fn predicate_type_unverified(&self) -> Option<String> {
        let payload = json::parse_with(&self.envelope.payload, &Limits::OURS).ok()?;
        payload.get("predicateType").and_then(Value::as_str).map(str::to_owned)
    }

    /// The statement in the payload, whoever signed it, if anybody did: for showing to somebody who is about to decide,
    /// and for whom the payload's digest is what counts. Nothing may be admitted on it.
    ///
    /// # Errors
    /// When the payload is not such a statement.
    pub fn statement_unverified<T: Statement>(&self) -> Result<T, StatementError> {
        T::from_payload(&self.envelope.payload)
    }

    /// The id of the key that the bundle claims to be signed with; none when it is signed with a certificate.
    #[must_use]
    pub fn key_id_unverified(&self) -> Option<&str> {
        match &self.envelope.material {
            Material::KeyHint(hint) => Some(hint),
            Material::Certificate => None,
        }
    }

    pub(crate) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl fmt::Debug for Attestation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attestation").field("digest", &self.digest()).field("bytes", &self.bytes.len()).finish()
    }
}
