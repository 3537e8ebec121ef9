//! in-toto Statements v1: what is signed.
//!
//! The payload bytes are the canonical bytes of the statement; its digest is what locks, consents and logs refer to.
//! A statement is parsed from the bytes whose signature was checked, never from a copy.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Digest,
    artifact::ArtifactError,
    json::{self, Object, ParseError, TypedError, Value},
    name::NameError,
    surface::SurfaceError,
};

/// The `_type` of every statement (in-toto Attestation Framework, Statement v1).
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The DSSE payload type of statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A document that can be the payload of an attestation.
pub trait Statement: Sized {
    /// The statement's `predicateType`.
    const PREDICATE_TYPE: &'static str;

    /// Reads a statement from the exact bytes that were signed.
    ///
    /// # Errors
    /// See [`StatementError`].
    fn from_payload(payload: &[u8]) -> Result<Self, StatementError>;

    /// The bytes to sign.
    fn to_payload(&self) -> Vec<u8>;

    /// The digest of the payload: the statement's identity.
    fn digest(&self) -> Digest {
        Digest::of(&self.to_payload())
    }
}

/// Why a payload is not the statement it should be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// The payload is not in canonical form, so it is not one of ours.
    #[error("the payload is not in canonical form (RFC 8785)")]
    NotCanonical,
    /// Canonical JSON, but not what this statement's own writer makes of it: an unsorted list, a volatile member, an
    /// unknown member, another spelling of a time. Two payloads would mean the same thing under two digests.
    #[error("the payload says the same as another one in other words; only the form that mcp-pin writes is accepted")]
    NotNormal,
    /// `_type` is not an in-toto Statement v1.
    #[error("`_type` is not `{STATEMENT_TYPE}`")]
    WrongType,
    /// Another predicate, or a newer version of it.
    #[error("`predicateType` is not `{expected}`")]
    WrongPredicateType {
        /// The type that was asked for.
        expected: &'static str,
    },
    /// The subject list is not what the predicate implies.
    #[error("`subject`: {0}")]
    Subject(&'static str),
    /// A member of the predicate is missing, or one is unknown.
    #[error("`predicate` is not an object with exactly the members of its type")]
    WrongPredicate,
    /// The predicate has another shape.
    #[error("`predicate`: {0}")]
    Predicate(#[from] TypedError),
    /// The surface inside is none.
    #[error("`predicate.surface`: {0}")]
    Surface(#[from] SurfaceError),
    /// A name or version inside is none.
    #[error("`predicate`: {0}")]
    Name(#[from] NameError),
    /// An artifact's digest is none.
    #[error("`predicate.artifacts`: {0}")]
    Artifact(#[from] ArtifactError),
    /// The same package is listed twice.
    #[error("`predicate.artifacts`: {} is listed twice", crate::hostile::quoted(.0))]
    DuplicateArtifact(String),
    /// The target of a revocation does not fit its scope.
    #[error("`predicate.target`: {0}")]
    Target(&'static str),
    /// `server.json` inside is not acceptable.
    #[error("`predicate.server`: {0}")]
    Server(String),
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The subject's name.
    pub name: String,
    /// Digests by algorithm (`sha256`, `sha512`), in hexadecimal.
    pub digest: std::collections::BTreeMap<String, String>,
}

impl Subject {
    /// A subject with one SHA-256 digest.
    #[must_use]
    pub fn sha256(name: impl Into<String>, digest: &Digest) -> Self {
        Self { name: name.into(), digest: [("sha256".to_owned(), digest.to_hex())].into() }
    }
}

/// A statement whose predicate is still a value.
pub(crate) struct RawStatement {
    pub(crate) subject: Vec<Subject>,
    pub(crate) predicate: Value,
}

impl RawStatement {
    /// Reads the statement around a predicate.
    ///
    /// Callers compare what they made of the predicate with [`RawStatement::is_written_by`], so that one statement
    /// has one payload and [`Statement::digest`] is the digest of the bytes that were signed.
    pub(crate) fn parse(payload: &[u8], predicate_type: &'static str) -> Result<Self, StatementError> {
        let value = json::parse_with(payload, &json::Limits::OURS)?;
        if value.to_canonical_bytes() != payload {
            return Err(StatementError::NotCanonical);
        }
        if value.get("_type").and_then(Value::as_str) != Some(STATEMENT_TYPE) {
            return Err(StatementError::WrongType);
        }
        if value.get("predicateType").and_then(Value::as_str) != Some(predicate_type) {
            return Err(StatementError::WrongPredicateType { expected: predicate_type });
        }
        let subject = value.get("subject").ok_or(StatementError::Subject("is missing"))?;
        let subject = json::from_value(subject).map_err(|_| StatementError::Subject("is not a list of subjects"))?;
        let Value::Object(mut members) = value else { return Err(StatementError::WrongType) };
        let predicate = members.remove("predicate").unwrap_or(Value::Null);
        Ok(Self { subject, predicate })
    }

    /// Checks that a statement read from `payload` writes exactly these bytes.
    pub(crate) fn is_written_by<T: Statement>(statement: T, payload: &[u8]) -> Result<T, StatementError> {
        if statement.to_payload() == payload { Ok(statement) } else { Err(StatementError::NotNormal) }
    }

    pub(crate) fn to_payload(subject: &[Subject], predicate_type: &str, predicate: Value) -> Vec<u8> {
        let subject = subject
            .iter()
            .map(|subject| {
                let digest: Object =
                    subject.digest.iter().map(|(name, hex)| (name.as_str(), Value::from(hex.as_str()))).collect();
                Value::Object(Object::from_iter([
                    ("name", Value::from(subject.name.as_str())),
                    ("digest", Value::Object(digest)),
                ]))
            })
            .collect();
        Value::Object(Object::from_iter([
            ("_type", Value::from(STATEMENT_TYPE)),
            ("subject", Value::Array(subject)),
            ("predicateType", Value::from(predicate_type)),
            ("predicate", predicate),
        ]))
        .to_canonical_bytes()
    }
}
