//! Issuers, as the configuration names them.

use serde::Deserialize;
use url::{Host, Url};

/// An algorithm that tokens may be signed with. One per issuer: that of a token's header is only compared with it, so
/// that no token chooses (RFC 8725 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what GitHub and GitLab use.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
}

impl Algorithm {
    /// The word in headers and key sets (RFC 7518 section 3.1).
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
        }
    }
}

/// What an issuer's claims mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum IssuerKind {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Any other: whoever it vouches for is a verified e-mail address.
    Generic,
}

/// An issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IssuerConfig {
    /// Its address, exactly as its tokens have it in `iss`.
    pub url: String,
    /// Where its keys are; without it, where its discovery document says.
    pub jwks_url: Option<Url>,
    /// What its tokens are signed with.
    pub algorithm: Algorithm,
    /// What its claims mean.
    pub kind: IssuerKind,
}

impl IssuerConfig {
    /// Whether the addresses are what they must be: `https`, or `http` on this machine, without user, query and fragment.
    pub(crate) fn is_acceptable(&self) -> bool {
        Url::parse(&self.url).is_ok_and(|url| is_fetchable(&url)) && self.jwks_url.as_ref().is_none_or(is_fetchable)
    }
}

/// Whether something may be fetched from an address: over TLS, or from this machine.
pub(crate) fn is_fetchable(url: &Url) -> bool {
    is_secure(url) && url.query().is_none()
}

/// Whether a browser may be sent to an address: over TLS, or on this machine.
pub(crate) fn is_secure(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => return false,
    };
    (url.scheme() == "https" || url.scheme() == "http" && loopback)
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}
