//! Why a registry could not be asked, or what it said no to.

use mcp_pin_attest::VerificationError;
use mcp_pin_model::Digest;
use thiserror::Error;

/// The kind of a refusal: what a program can branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// No token, or none that is valid.
    Unauthorized,
    /// The token's owner may not do this.
    Forbidden,
    /// What is there already forbids it.
    Conflict,
    /// The document or a parameter is not acceptable.
    Invalid,
    /// The document is too large.
    TooLarge,
}

/// An error of the client. Text that the registry sent is kept in members of its own, as hostile text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is no address of a registry.
    #[error("`{url}` is not the address of a registry: {problem}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The client could not be set up.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// The registry cannot be reached.
    #[error("cannot reach the registry at {url}")]
    Unreachable {
        /// The registry.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The registry did not answer in time.
    #[error("the registry at {url} did not answer in time")]
    Timeout {
        /// The registry.
        url: String,
    },
    /// The registry is there and cannot answer, after repeating where that is safe.
    #[error("the registry at {url} answered with status {status}")]
    Unavailable {
        /// The registry.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// There is no such thing, or not for this caller.
    #[error("the registry at {url} has no such {what}")]
    NotFound {
        /// The registry.
        url: String,
        /// What was asked for.
        what: &'static str,
    },
    /// The registry said no.
    #[error("the registry refused with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What kind of no.
        kind: RefusalKind,
        /// The registry's stable word for the reason, if it is one of ours; such as `stale` or `version-taken`.
        code: Option<String>,
        /// What the registry said: foreign text, to be sanitised before it is shown.
        detail: String,
    },
    /// The registry wants the client elsewhere.
    #[error("the registry at {url} redirects to another origin, which is not followed")]
    ForeignRedirect {
        /// The registry.
        url: String,
    },
    /// More bytes than an answer of this kind may have.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not what the interface says.
    #[error("the registry's answer is not understood: {problem}")]
    Shape {
        /// Why, in our words.
        problem: String,
    },
    /// The document that came back is another one than was asked for.
    #[error("the registry sent a document with digest {found} where {expected} was asked for")]
    WrongDigest {
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// What came back as an attestation is none.
    #[error("the registry sent an attestation that is not acceptable")]
    Attestation(#[source] VerificationError),
}

impl ClientError {
    /// Whether nobody answered who could have. An answer that is not understood is one.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. } | Self::Unavailable { .. })
    }

    /// Whether nothing can be said about what was asked: neither yes nor no. It is never to be taken for a yes.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Unavailable { .. }
            | Self::ForeignRedirect { .. }
            | Self::TooLarge { .. }
            | Self::Shape { .. }
            | Self::Setup(_) => true,
            Self::Refused { kind, .. } => matches!(kind, RefusalKind::Unauthorized),
            Self::Address { .. } | Self::NotFound { .. } | Self::WrongDigest { .. } => false,
            Self::Attestation(error) => error.is_could_not_check(),
        }
    }
}
