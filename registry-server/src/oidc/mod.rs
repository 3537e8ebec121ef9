//! Identity tokens of workloads: JSON Web Tokens that an OIDC issuer of the configuration signed (RFC 7519, OpenID
//! Connect Core 1.0 section 2), turned into [`IdentityClaims`].
//!
//! Rules of the module:
//! * issuers come from the configuration; nothing in a token leads anywhere;
//! * the algorithm is the issuer's, by configuration: what a token's header says can only be that;
//! * the audience is this registry and nobody else;
//! * a token is good for once;
//! * claims are read from the bytes that were signed, strictly, after the signature was checked;
//! * what GitHub puts into `sub` is not read.
//!
//! Which identities may do what is decided elsewhere, by the policies that certificates are judged by too.

mod claims;
mod config;
mod fetch;
mod keys;
mod refusal;
mod token;

use jiff::Timestamp;
use mcp_pin_attest::IdentityClaims;
use mcp_pin_model::Digest;

pub use config::{Algorithm, IssuerConfig, IssuerKind};
pub(crate) use config::{is_fetchable, is_secure};
pub use fetch::{FetchError, Fetcher};
pub use refusal::TokenRefusal;

use self::{keys::KeyCache, token::Parts};

/// An identity that an issuer vouches for, by a token that was verified.
#[derive(Clone, Debug)]
pub struct ProvenIdentity {
    /// Who.
    pub claims: IdentityClaims,
    /// Which issuer says so.
    pub issuer: String,
    /// The digest that tells this token from all others of the issuer.
    pub token: Digest,
    /// When the token is refused by its age alone, so that it need not be remembered longer.
    pub forgotten_at: Timestamp,
}

/// The issuers that are believed, and what tokens have to be for.
#[derive(Debug)]
pub struct Issuers {
    audience: String,
    issuers: Vec<(IssuerConfig, KeyCache)>,
}

impl Issuers {
    /// Takes the issuers of the configuration. `audience` is the registry's public address, without a slash at its end.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(audience: String, issuers: Vec<IssuerConfig>) -> Result<Self, FetchError> {
        let fetcher = Fetcher::new()?;
        let with_keys = |issuer: IssuerConfig| (issuer, KeyCache::new(fetcher.clone()));
        Ok(Self { audience, issuers: issuers.into_iter().map(with_keys).collect() })
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// See [`TokenRefusal`].
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<ProvenIdentity, TokenRefusal> {
        if self.issuers.is_empty() {
            return Err(TokenRefusal::Disabled);
        }
        let parts = Parts::read(token)?;
        // The issuer is looked up by what the token says before its signature is checked: it chooses among the
        // configured ones, and the signature is then checked with that one's keys.
        let claimed = parts.issuer_unverified()?;
        let (issuer, keys) =
            self.issuers.iter().find(|(issuer, _)| issuer.url == claimed).ok_or(TokenRefusal::Issuer)?;
        let kid = parts.key_id(issuer.algorithm)?;
        let key = keys.key(issuer, kid, now).await?;
        parts.verify(&key, issuer.algorithm)?;
        let claims = parts.claims(&self.audience, now)?;
        let identity = claims::identity(issuer, claims.all)?;
        Ok(ProvenIdentity {
            claims: identity,
            issuer: issuer.url.clone(),
            token: claims.id,
            forgotten_at: claims.forgotten_at,
        })
    }
}
