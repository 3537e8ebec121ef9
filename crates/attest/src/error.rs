//! Why an attestation does not stand.

use mcp_pin_model::{json::ParseError, statement::StatementError};
use thiserror::Error;

use crate::MAX_ATTESTATION_BYTES;

/// Why an attestation does not stand.
///
/// Messages hold no text of the bundle, except a key hint after it was found to be nothing but the base64 of 32 bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// More bytes than any attestation may have; nothing was parsed.
    #[error("the attestation is larger than {MAX_ATTESTATION_BYTES} bytes")]
    TooLarge,
    /// Not JSON, cut off, or not JSON that all readers read alike.
    #[error("the attestation is not acceptable JSON: {0}")]
    Json(#[from] ParseError),
    /// `mediaType` is not that of a Sigstore bundle.
    #[error("`mediaType` is not that of a Sigstore bundle")]
    NotABundle,
    /// A Sigstore bundle of another version.
    #[error("only version 0.3 of the Sigstore bundle format is supported")]
    UnsupportedBundleVersion,
    /// A member is missing, or is not what the bundle format says.
    #[error("bundle: `{member}` {problem}")]
    Malformed {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The bundle signs a digest of some bytes (`messageSignature`), not a statement.
    #[error("the bundle holds a bare message signature, not a signed statement (DSSE envelope)")]
    MessageSignature,
    /// The envelope's payload is no in-toto statement by its declared type.
    #[error("`payloadType` is not `{}`", mcp_pin_model::statement::PAYLOAD_TYPE)]
    WrongPayloadType,
    /// The envelope is unsigned, or signed more than once.
    #[error("the envelope must have exactly one signature, and has {found}")]
    SignatureCount {
        /// How many it has.
        found: usize,
    },
    /// A member is not base64 in the standard alphabet, padded, and without stray bits.
    #[error("bundle: `{member}` is not strict base64")]
    Base64 {
        /// The member.
        member: &'static str,
    },
    /// The key hint is not the base64 of the SHA-256 of a public key.
    #[error("the bundle's key hint is not the base64 of a SHA-256 digest")]
    MalformedHint,
    /// The bundle was signed with a certificate, and nothing is configured to check one against.
    #[error("the bundle is signed with a certificate (keyless), and keyless verification is not configured")]
    KeylessNotConfigured,
    /// The bundle names a key that nobody trusted holds.
    #[error("the bundle names key {hint}, which is not a trusted key")]
    UnknownKey {
        /// The hint.
        hint: String,
    },
    /// The trusted key that the bundle names did not make this signature over this payload.
    #[error("the signature by key {key} does not match the payload")]
    BadSignature {
        /// The key's id.
        key: String,
    },
    /// The signature is good, but what it signs is not the kind of statement asked for, or none at all.
    #[error("the signed payload is not acceptable: {0}")]
    Statement(#[from] StatementError),
}

impl VerificationError {
    /// Whether this says "could not check" rather than "checked and refused": the attestation may be good, but not
    /// by the means at hand. It is a failure either way.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        matches!(self, Self::KeylessNotConfigured | Self::UnsupportedBundleVersion)
    }
}
