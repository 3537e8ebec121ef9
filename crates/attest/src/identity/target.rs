//! Which signers a revocation is about.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::lockfile::SignerIdentity;
use thiserror::Error;

use super::{IdentityPolicy, IdentityPolicyError};

/// Why a text names no signer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignerTargetError {
    /// Without a space, and no key's id either.
    #[error("it is neither the id of a key (the base64 of a SHA-256) nor `<issuer> <subject>`")]
    Neither,
    /// An issuer or subject that no policy could name.
    #[error(transparent)]
    Identity(#[from] IdentityPolicyError),
}

/// The target of a revocation with the scope `signer` or `approver`: a key by its id, or identities by their issuer and
/// a subject that may be an anchored pattern, written `<issuer> <subject>` with one space.
///
/// A pattern, because the subject of a workflow holds the ref that was built: whoever revokes the workflow means all of
/// its refs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerTarget {
    /// The key with this id.
    Key(String),
    /// The identities of this issuer and subject, whichever instance vouched for them. The other members of the policy
    /// are never set: a revocation does not depend on what a certificate says beside.
    Identity(IdentityPolicy),
}

impl SignerTarget {
    /// Whether a signer is among them.
    #[must_use]
    pub fn covers(&self, signer: &SignerIdentity) -> bool {
        match (self, signer) {
            (Self::Key(id), SignerIdentity::Key(key)) => *id == key.key,
            (Self::Identity(policy), SignerIdentity::Certificate(identity)) => {
                policy.issuer() == identity.issuer && policy.subject().matches(&identity.subject)
            }
            _ => false,
        }
    }

    /// Whether everything that a policy accepts is among them, as far as the two texts show it.
    #[must_use]
    pub fn covers_policy(&self, other: &IdentityPolicy) -> bool {
        match self {
            Self::Key(_) => false,
            Self::Identity(policy) => {
                policy.issuer() == other.issuer()
                    && (policy.subject() == other.subject() || policy.subject().matches(other.subject().as_str()))
            }
        }
    }
}

impl FromStr for SignerTarget {
    type Err = SignerTargetError;

    fn from_str(text: &str) -> Result<Self, SignerTargetError> {
        match text.split_once(' ') {
            Some((issuer, subject)) => Ok(Self::Identity(IdentityPolicy::new(issuer, subject)?)),
            None => match STANDARD.decode(text) {
                Ok(bytes) if bytes.len() == 32 => Ok(Self::Key(text.to_owned())),
                _ => Err(SignerTargetError::Neither),
            },
        }
    }
}

impl fmt::Display for SignerTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => f.pad(id),
            Self::Identity(policy) => write!(f, "{} {}", policy.issuer(), policy.subject()),
        }
    }
}

#[cfg(test)]
mod tests {
    use mcp_pin_model::lockfile::{CertificateIdentity, KeyIdentity};

    use super::*;

    const ISSUER: &str = "https://token.actions.githubusercontent.com";
    const WORKFLOW: &str = "https://github.com/acme/weather/.github/workflows/release.yml";

    fn identity(issuer: &str, subject: &str) -> SignerIdentity {
        SignerIdentity::Certificate(CertificateIdentity { issuer: issuer.to_owned(), subject: subject.to_owned() })
    }

    #[test]
    fn a_target_is_read_as_it_is_written() {
        let key = "qQ6kMFfUjGGkrBqYHBYJ6wlhnzOTJTh/hsCLzRxvTlQ=";
        for text in [key.to_owned(), format!("{ISSUER} {WORKFLOW}@refs/tags/*"), format!("{ISSUER} a@b.example")] {
            assert_eq!(text.parse::<SignerTarget>().unwrap().to_string(), text);
        }
        for text in ["", "AAAA", "not a key", &format!("{ISSUER} https://github.com/*"), &format!("{ISSUER}  x")] {
            assert!(text.parse::<SignerTarget>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_workflow_is_revoked_with_all_its_refs_and_nobody_else() {
        let target: SignerTarget = format!("{ISSUER} {WORKFLOW}@refs/tags/*").parse().unwrap();
        assert!(target.covers(&identity(ISSUER, &format!("{WORKFLOW}@refs/tags/v1.0.0"))));
        assert!(!target.covers(&identity(ISSUER, &format!("{WORKFLOW}@refs/heads/main"))));
        assert!(!target.covers(&identity("https://gitlab.com", &format!("{WORKFLOW}@refs/tags/v1.0.0"))));
        assert!(!target.covers(&SignerIdentity::Key(KeyIdentity { key: WORKFLOW.to_owned() })));
        let policy = |subject: &str| IdentityPolicy::new(ISSUER, subject).unwrap();
        assert!(target.covers_policy(&policy(&format!("{WORKFLOW}@refs/tags/*"))));
        assert!(target.covers_policy(&policy(&format!("{WORKFLOW}@refs/tags/v1"))));
        assert!(!target.covers_policy(&policy(&format!("{WORKFLOW}@refs/heads/main"))));
    }
}
