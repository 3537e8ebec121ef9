//! Why a token is not exchanged.

use thiserror::Error;

/// Why a token is not exchanged. Messages hold nothing of the token; particulars are for the log.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// No issuer is configured.
    #[error("this registry takes no identity tokens")]
    Disabled,
    /// Not a JSON Web Token in compact form, too large, or not readable in one way only.
    #[error("the identity token is malformed")]
    Malformed,
    /// Of an issuer that is not configured.
    #[error("the issuer of the identity token is not one of this registry's")]
    Issuer,
    /// Signed with another algorithm than the issuer's, or not at all.
    #[error("the algorithm of the identity token is not that of its issuer")]
    Algorithm,
    /// Signed with a key that the issuer does not publish.
    #[error("the issuer of the identity token does not publish the key that it names")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature of the identity token is not valid")]
    Signature,
    /// For somebody else, or for somebody else as well.
    #[error("the audience of the identity token must be the public address of this registry, and nothing else")]
    Audience,
    /// Too old.
    #[error("the identity token has expired")]
    Expired,
    /// Of the future.
    #[error("the identity token is not valid yet")]
    NotYetValid,
    /// Valid for too long to be remembered until its end.
    #[error("the identity token is valid for too long")]
    Lifetime,
    /// Without a claim that its kind of issuer always makes, or with one of another type.
    #[error("the identity token lacks claims that its issuer should make")]
    Claims,
    /// Of a run with the rights of the repository and the code of a stranger.
    #[error("the identity token is of an event that is not trusted")]
    Event,
    /// Exchanged before.
    #[error("the identity token was used before")]
    Replayed,
    /// No grant names the identity.
    #[error("the identity is granted no namespace")]
    NotGranted,
    /// The grants of two principals name the identity.
    #[error("the identity falls under the grants of two principals")]
    Ambiguous,
    /// The issuer's keys cannot be had: the token may be good.
    #[error("the issuer of the identity token cannot be asked for its keys")]
    IssuerUnavailable,
}

impl TokenRefusal {
    /// A stable word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Disabled => "token-exchange-disabled",
            Self::Malformed => "token-malformed",
            Self::Issuer => "token-issuer",
            Self::Algorithm => "token-algorithm",
            Self::UnknownKey => "token-key-unknown",
            Self::Signature => "token-signature",
            Self::Audience => "token-audience",
            Self::Expired => "token-expired",
            Self::NotYetValid => "token-not-yet-valid",
            Self::Lifetime => "token-lifetime",
            Self::Claims => "token-claims",
            Self::Event => "token-event",
            Self::Replayed => "token-replayed",
            Self::NotGranted => "identity-not-granted",
            Self::Ambiguous => "ambiguous-identity",
            Self::IssuerUnavailable => "issuer-unavailable",
        }
    }
}
