//! Why a signed capability manifest is not accepted.

use jiff::Timestamp;
use mcp_pin_model::{capability_manifest::CapabilityManifestError, hostile::quoted, json::ParseError};
use thiserror::Error;

use super::MAX_CAPABILITY_MANIFEST_BYTES;

/// Why a signed capability manifest is not accepted. Messages quote foreign text with its hidden characters escaped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapabilityManifestProblem {
    /// More bytes than one has.
    #[error("it is larger than {MAX_CAPABILITY_MANIFEST_BYTES} bytes, or its signature than 64 KiB")]
    TooLarge,
    /// Not JSON, or not JSON that all readers read alike.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// Not the document of SEP-3140.
    #[error("it is not an object with a `manifest`")]
    NotADocument,
    /// No signature.
    #[error("it has no `signature` text")]
    NotSigned,
    /// Not three parts.
    #[error("`signature` is not a JWS in compact form")]
    NotCompact,
    /// The payload is in the signature, too: then there are two, and which one counts is anybody's guess.
    #[error("`signature` holds a payload, and must be detached")]
    AttachedPayload,
    /// Not the one encoding of RFC 7515.
    #[error("`signature` is not base64url without padding")]
    NotBase64Url,
    /// The header is not strict JSON.
    #[error("the signature's header: {0}")]
    HeaderJson(ParseError),
    /// The header names no algorithm.
    #[error("the signature's header names no algorithm")]
    NoAlgorithm,
    /// `alg: none`.
    #[error("the signature's header says that it is not signed (`none`)")]
    AlgorithmNone,
    /// An algorithm other than ES256 and EdDSA; with a shared secret, whoever verifies could have signed.
    #[error("the signature's algorithm is not supported; ES256 and EdDSA are")]
    UnsupportedAlgorithm,
    /// `crit`.
    #[error("the signature's header demands an extension (`crit`), and none is supported")]
    CriticalExtension,
    /// `b64`.
    #[error("the signature's header changes what is signed (`b64`)")]
    UnencodedPayload,
    /// `kid` is something else than text.
    #[error("the signature's `kid` is not text")]
    KeyIdNotText,
    /// None of the trusted keys made the signature.
    #[error("no trusted key made the signature{}", key_words(.key_id.as_deref()))]
    UnknownKey {
        /// The key that the header names. Hostile text.
        key_id: Option<String>,
    },
    /// The header names a trusted key, and that key did not make the signature.
    #[error("the signature is not that of the key {key} over this manifest")]
    BadSignature {
        /// The key's id.
        key: String,
    },
    /// The header names a trusted key with another algorithm than that key's.
    #[error("the signature's algorithm is not that of the key {key}")]
    AlgorithmMismatch {
        /// The key's id.
        key: String,
    },
    /// The key counts with a log entry only, which this form cannot carry.
    #[error("the key {key} is trusted with an entry in a transparency log only, and this form has none")]
    LogRequired {
        /// The key's id.
        key: String,
    },
    /// Signed, and no capability manifest.
    #[error("`manifest`: {0}")]
    Manifest(#[from] CapabilityManifestError),
    /// For another server.
    #[error("it is for the server {}, not for {expected}", quoted(.found))]
    WrongAudience {
        /// The audience it has. Hostile text.
        found: String,
        /// The one it should have.
        expected: String,
    },
    /// From the future.
    #[error("it was issued in the future ({issued_at})")]
    NotYetValid {
        /// From when on it holds.
        issued_at: Timestamp,
    },
    /// Out of date.
    #[error("it expired at {expires_at}")]
    Expired {
        /// Until when it held.
        expires_at: Timestamp,
    },
}

fn key_words(key_id: Option<&str>) -> String {
    key_id.map(|key_id| format!("; it names the key {}", quoted(key_id))).unwrap_or_default()
}
