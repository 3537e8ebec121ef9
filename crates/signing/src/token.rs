//! Identity tokens: what they say is read to fail early and kindly, and trusted by nobody; Fulcio verifies them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mcp_pin_model::json;
use sigstore_sign::oidc;
use thiserror::Error;

/// The most bytes of a token: GitHub's have 2 kB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a text is no identity token that could be used. Messages hold nothing of the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// More bytes than a token has.
    #[error("the identity token is larger than {MAX_TOKEN_BYTES} bytes")]
    TooLarge,
    /// Not a JSON Web Token in compact form (RFC 7519 section 7.2).
    #[error("the identity token is not a JSON Web Token")]
    Malformed,
    /// It lacks a claim, or has one of another type.
    #[error("the identity token lacks the claims `iss`, `sub` and `exp`, or they are not what they should be")]
    Claims,
    /// It is too old.
    #[error("the identity token expired at {0}")]
    Expired(Timestamp),
}

/// A token that says who signs. Wiped from memory when dropped, never shown.
#[derive(Clone)]
pub struct IdentityToken(pub(crate) oidc::IdentityToken);

impl IdentityToken {
    /// Takes a JSON Web Token; white space around it is not part of it.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn from_text(text: &str, now: Timestamp) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let mut parts = text.split('.');
        let (Some(_header), Some(claims), Some(_signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed);
        };
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError::Malformed)?;
        json::parse(&claims).map_err(|_| TokenError::Malformed)?;
        let token = oidc::IdentityToken::from_jwt(text).map_err(|_| TokenError::Claims)?;
        if token.expiration() <= now {
            return Err(TokenError::Expired(token.expiration()));
        }
        Ok(Self(token))
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken").finish_non_exhaustive()
    }
}
