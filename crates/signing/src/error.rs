//! Why nothing was signed.

use std::fmt;

use mcp_pin_attest::VerificationError;
use mcp_pin_model::statement::StatementError;
use sigstore_sign::{Error, fulcio, rekor, tsa};
use thiserror::Error;

/// A service that takes part in keyless signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// The certificate authority.
    Fulcio,
    /// The transparency log.
    Rekor,
    /// The timestamp authority.
    TimestampAuthority,
    /// The provider of identity tokens, for a login in the browser.
    IdentityProvider,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fulcio => "the certificate authority (Fulcio)",
            Self::Rekor => "the transparency log (Rekor)",
            Self::TimestampAuthority => "the timestamp authority",
            Self::IdentityProvider => "the identity provider",
        })
    }
}

/// Why nothing was signed. No message holds text that a service sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A service did not answer, or its answer was cut off.
    #[error("{service} did not answer")]
    Unreachable {
        /// Which.
        service: Service,
    },
    /// A service refused with an HTTP status.
    #[error("{service} refused, with HTTP status {status}")]
    Refused {
        /// Which.
        service: Service,
        /// The status.
        status: u16,
    },
    /// A service's answer is not what its interface says.
    #[error("{service} gave an answer that is none")]
    InvalidAnswer {
        /// Which.
        service: Service,
    },
    /// What is to be signed is no statement that a verifier would accept.
    #[error("the statement is not one that would be accepted: {0}")]
    Statement(#[from] StatementError),
    /// The statement has no subject with a digest that can be checked.
    #[error("the statement has no subject with a SHA-256 or SHA-512 digest")]
    NoSubjectDigest,
    /// The bundle signs other bytes than were to be signed.
    #[error("the bundle that was made signs something else")]
    OtherContent,
    /// The bundle does not verify under the trusted root, so it is worth nothing to anybody.
    #[error("what was signed does not verify under the trusted root: {0}")]
    DoesNotVerify(#[from] VerificationError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be set up")]
    Setup,
    /// Anything else that went wrong here, before or between the requests.
    #[error("the signature could not be made")]
    Internal,
}

impl SigningError {
    /// Whether trying again may help: nobody refused, somebody was not there.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Setup | Self::Internal => true,
            // Timeouts, rate limits and failures of the service say nothing about what was asked.
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500..),
            Self::DoesNotVerify(error) => error.is_could_not_check(),
            _ => false,
        }
    }
}

/// Takes the kind of a library's error and leaves its text, which quotes what the service sent.
pub(crate) fn of_library(error: &Error) -> SigningError {
    use Service::{Fulcio, Rekor, TimestampAuthority};
    match error {
        Error::Fulcio(fulcio::Error::Http(_)) => SigningError::Unreachable { service: Fulcio },
        Error::Fulcio(fulcio::Error::Status { status, .. }) => {
            SigningError::Refused { service: Fulcio, status: *status }
        }
        Error::Fulcio(_) => SigningError::InvalidAnswer { service: Fulcio },
        Error::Rekor(rekor::Error::Http(_)) => SigningError::Unreachable { service: Rekor },
        Error::Rekor(rekor::Error::Status { status, .. }) => SigningError::Refused { service: Rekor, status: *status },
        Error::Rekor(_) => SigningError::InvalidAnswer { service: Rekor },
        // The library does not tell a status from a broken connection here.
        Error::Tsa(tsa::Error::Http(_)) => SigningError::Unreachable { service: TimestampAuthority },
        Error::Tsa(_) => SigningError::InvalidAnswer { service: TimestampAuthority },
        _ => SigningError::Internal,
    }
}
