//! Why a package could not be looked at.

use mcp_pin_attest::package::DocumentError;
use mcp_pin_model::hostile;
use thiserror::Error;

use crate::{EndpointError, archive::MAX_ARCHIVE_BYTES};

/// Why a request came to nothing. Addresses are shown without their query, which may hold a token.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not an address that is spoken to.
    #[error("{} is not fetched: {problem}", hostile::quoted(.address))]
    Address {
        /// The address; may be foreign text.
        address: String,
        /// Why not.
        problem: &'static str,
    },
    /// The client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    /// No answer, or one that broke off.
    #[error("{address} cannot be reached")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No end of the answer in time.
    #[error("{address} did not answer in time")]
    Timeout {
        /// Where.
        address: String,
    },
    /// An answer that says neither "here it is" nor "there is none".
    #[error("{address} answered {status}")]
    Status {
        /// Where.
        address: String,
        /// The HTTP status.
        status: u16,
    },
    /// More bytes than such an answer has.
    #[error("{address} sent more than {limit} bytes")]
    TooLarge {
        /// Where.
        address: String,
        /// The limit.
        limit: u64,
    },
    /// Sent elsewhere.
    #[error("{address} redirects to another host, which is not followed for this")]
    Redirect {
        /// Where.
        address: String,
    },
}

/// Why a package could not be resolved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The launch does not say which version.
    #[error("{name} is not pinned to a version or digest, so there is no one package to look at")]
    NotPinned {
        /// The package.
        name: String,
    },
    /// Nothing says where it comes from.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A request came to nothing.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The host says that there is no such package or version.
    #[error("{address} has no {purl}")]
    NotFound {
        /// Where.
        address: String,
        /// What.
        purl: String,
    },
    /// An answer that is not what the protocol says.
    #[error("{address} answered with what cannot be read: {problem}")]
    Document {
        /// Where.
        address: String,
        /// Why.
        problem: DocumentError,
    },
    /// More files than a version of a server has.
    #[error("{purl} has more than {limit} files")]
    TooManyFiles {
        /// What.
        purl: String,
        /// The limit.
        limit: usize,
    },
    /// All files of a version together are too large.
    #[error("{purl} is larger than {MAX_ARCHIVE_BYTES} bytes")]
    TooLarge {
        /// What.
        purl: String,
    },
}

impl ResolveError {
    /// Whether the host itself says that the package is not there. Everything else is "could not check".
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
