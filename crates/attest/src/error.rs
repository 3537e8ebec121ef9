//! Why an attestation does not stand.

use jiff::Timestamp;
use mcp_pin_model::{hostile, json::ParseError, statement::StatementError};
use thiserror::Error;

use crate::{IdentityMismatch, InstanceName, MAX_ATTESTATION_BYTES, MAX_BUNDLE_BYTES};

/// Why an attestation does not stand.
///
/// Messages hold no text of the bundle, except a key hint after it was found to be nothing but the base64 of 32 bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// More bytes than any bundle about an artifact may have; nothing was parsed.
    #[error("the bundle is larger than {MAX_BUNDLE_BYTES} bytes")]
    BundleTooLarge,
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
    /// The signature does not match what it should sign, or was not made with that key.
    #[error("the signature does not match what it is said to sign")]
    SignatureMismatch,
    /// The bundle is about another artifact.
    #[error("the bundle is about another artifact: no digest in it is that of this one")]
    ArtifactMismatch,
    /// A digest was given where the signature needs the bytes, or one of an algorithm that the bundle does not use.
    #[error("this signature cannot be checked over a digest of this kind: give the artifact itself")]
    UnsupportedArtifact,
    /// A signature of Ed25519 over a message: some clients sign the message, others its digest, so none is accepted.
    #[error("an Ed25519 signature without a statement is not accepted: clients differ about what it signs")]
    NotPortable,
    /// The certificate is not accepted.
    #[error("certificate: {0}")]
    Certificate(CertificateProblem),
    /// The evidence of the transparency log is not accepted.
    #[error("transparency log: {0}")]
    Log(LogProblem),
    /// The evidence of when it was signed is not accepted.
    #[error("time of signing: {0}")]
    Timestamp(TimestampProblem),
    /// The bundle contradicts itself or the specification.
    #[error("the bundle is not valid: {0}")]
    InvalidBundle(String),
    /// A valid bundle with content, keys or log entries of a kind that is not supported.
    #[error("the bundle holds content, a key or a log entry of a kind that is not supported")]
    UnsupportedBundle,
    /// Two readers of the same bytes found different payloads in them.
    #[error("two readers of this bundle disagree about what it signs")]
    Ambiguous,
    /// A certificate was asked for, and the bundle names a key.
    #[error("the bundle is signed with a key, and a certificate is wanted")]
    KeyInsteadOfCertificate,
    /// A key was asked for, and the bundle holds a certificate.
    #[error("the bundle is signed with a certificate, and a key is wanted")]
    CertificateInsteadOfKey,
    /// The certificate is good, and its identity is not the one that is wanted.
    #[error(transparent)]
    Identity(#[from] IdentityMismatch),
    /// The certificate is good, and its identity is none of those that are trusted.
    #[error("the signer `{}` (`{}`) is none of the trusted identities{}", hostile::visible(.subject), hostile::visible(.issuer), because(.nearest.as_deref()))]
    UnknownIdentity {
        /// The certificate's subject; foreign text.
        subject: String,
        /// The certificate's issuer; foreign text.
        issuer: String,
        /// Why the only candidate with this issuer does not match.
        nearest: Option<Box<IdentityMismatch>>,
    },
    /// The identity falls under the policies of two principals, so that it is not clear who signed.
    #[error("the signer's identity is claimed by `{first}` and by `{second}` in the configuration of trust")]
    AmbiguousIdentity {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// The root of the instance is not at hand.
    #[error("no trusted root of the instance `{instance}` is configured")]
    NoRoot {
        /// Which.
        instance: InstanceName,
    },
    /// The root cannot be used for this.
    #[error("the trusted root cannot be used: {0}")]
    UnusableRoot(String),
    /// Something that has to be checked was not.
    #[error("{what} was not checked")]
    EvidenceNotChecked {
        /// What.
        what: &'static str,
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
        matches!(
            self,
            Self::KeylessNotConfigured
                | Self::UnsupportedBundleVersion
                | Self::UnsupportedBundle
                | Self::UnsupportedArtifact
                | Self::NoRoot { .. }
                | Self::UnusableRoot(_)
                | Self::EvidenceNotChecked { .. }
        )
    }
}

fn because(mismatch: Option<&IdentityMismatch>) -> String {
    mismatch.map_or_else(String::new, |mismatch| format!(": {mismatch}"))
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It cannot be read.
    #[error("it cannot be read")]
    Malformed,
    /// It does not chain to an authority of the root, or is not for signing.
    #[error("it does not chain to a trusted authority: {0}")]
    Chain(String),
    /// No authority of the root was trusted at that time.
    #[error("no authority of the root was trusted at {time}")]
    NoAuthority {
        /// When it was signed.
        time: Timestamp,
    },
    /// Signed before the certificate began.
    #[error("signed at {time}, before it began at {not_before}")]
    NotYetValid {
        /// When it was signed.
        time: Timestamp,
        /// When it began.
        not_before: Timestamp,
    },
    /// Signed after the certificate ended.
    #[error("signed at {time}, after it ended at {not_after}")]
    Expired {
        /// When it was signed.
        time: Timestamp,
        /// When it ended.
        not_after: Timestamp,
    },
    /// Its signed certificate timestamp is missing or not by a log of the root.
    #[error("its signed certificate timestamp is not valid: {0}")]
    CertificateLog(String),
}

/// What is wrong with the evidence of a transparency log.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogProblem {
    /// An entry of a log that is not in the root.
    #[error("the log of the entry is not in the root, or was not trusted then: {0}")]
    UnknownLog(String),
    /// No proof of inclusion.
    #[error("there is no proof that the entry is in the log")]
    NoInclusionProof,
    /// No promise of inclusion, where the bundle's version needs one.
    #[error("there is no promise of the log to include the entry")]
    NoInclusionPromise,
    /// A proof without the checkpoint that it leads to.
    #[error("the inclusion proof has no checkpoint")]
    NoCheckpoint,
    /// The proof does not lead to the checkpoint.
    #[error("the inclusion proof does not hold: {0}")]
    InclusionProof(String),
    /// The entry's index lies outside the tree.
    #[error("the entry's index lies outside the tree")]
    IndexOutOfRange,
    /// The proof and the checkpoint are of two trees.
    #[error("the inclusion proof and the checkpoint have different root hashes")]
    CheckpointRootMismatch,
    /// The checkpoint is not signed by the log, or cannot be read.
    #[error("the checkpoint is not valid: {0}")]
    Checkpoint(String),
    /// The promise is not signed by the log over this entry.
    #[error("the inclusion promise is not valid: {0}")]
    InclusionPromise(String),
    /// The entry is about another signature, key or artifact.
    #[error("the entry is about something else than this bundle: {0}")]
    EntryMismatch(String),
    /// The entry's time is in the future, or not one at which the certificate was valid.
    #[error("the time of the entry is not acceptable: {0}")]
    IntegratedTime(String),
    /// The entry cannot be read.
    #[error("the entry cannot be read: {0}")]
    MalformedEntry(String),
}

/// What is wrong with the evidence of when something was signed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampProblem {
    /// Neither a log entry nor a timestamp.
    #[error("there is neither a log entry nor a timestamp")]
    NoEvidence,
    /// Nothing that says when.
    #[error("nothing that verifies says when it was signed")]
    NoTimestamp,
    /// A timestamp by an authority that is not in the root.
    #[error("the timestamp is by an authority that is not in the root")]
    UnknownAuthority,
    /// A timestamp that does not verify, or is of something else.
    #[error("the timestamp is not valid: {0}")]
    Invalid(String),
    /// A timestamp of a time at which its authority was not trusted.
    #[error("the timestamp {time} lies outside the time in which its authority is trusted")]
    OutsideAuthorityValidity {
        /// When.
        time: Timestamp,
    },
}
