//! Why the service did not do what was asked.

use std::collections::BTreeSet;

use mcp_pin_attest::VerificationError;
use mcp_pin_model::{Digest, server_json::Issue};
use mcp_pin_storage::StorageError;
use thiserror::Error;

use crate::{authorization::Action, login::LoginError, oidc::TokenRefusal};

/// What a caller can make of an error. The HTTP layer maps each to one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It does not exist, or not for this caller.
    NotFound,
    /// The caller's token does not hold any more.
    Unauthenticated,
    /// The caller's roles do not allow it.
    Forbidden,
    /// The request is not one that can be made here.
    BadRequest,
    /// The request can never succeed as it is.
    Invalid,
    /// The request is larger than its limit.
    TooLarge,
    /// The request contradicts what is there now.
    Conflict,
    /// What was sent may be good, but not by the means at hand.
    CouldNotCheck,
    /// The registry failed; the request may succeed later.
    Unavailable,
    /// The registry is at fault; details are for its log only.
    Internal,
}

/// An error of the service. Messages hold our words, digests and checked names only, never text of a tool server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// It does not exist, or not for this caller: the two are not told apart.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The token ended between the request's head and the decision.
    #[error("a valid token is needed")]
    TokenEnded,
    /// The policies do not permit it.
    #[error("{}", forbidden(*action, policies))]
    Forbidden {
        /// What was to be done.
        action: Action,
        /// The policies that forbid it; none where no policy permits it.
        policies: BTreeSet<String>,
    },
    /// The token is not that of the person who signed.
    #[error("the statement is signed by `{signer}`, the token is that of `{caller}`")]
    NotTheSigner {
        /// Whose key signed.
        signer: String,
        /// Whose token it is.
        caller: String,
    },
    /// Larger than it may be.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A member of the request is not acceptable.
    #[error("`{member}`: {problem}")]
    Invalid {
        /// Which one.
        member: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The request is not one that can be made here.
    #[error("{0}")]
    BadRequest(String),
    /// A document is not an acceptable `server.json`.
    #[error("the document is not an acceptable `server.json`: {}; `/v0.1/validate` says everything that is wrong", first_error(.0))]
    Document(Vec<Issue>),
    /// Everything is as it should become already.
    #[error("no changes to apply: {0}")]
    NoChange(&'static str),
    /// A namespace has as many drafts as it may have.
    #[error("the namespace has 100 drafts in quarantine already: submit their signed manifests, or withdraw some")]
    TooManyDrafts,
    /// Another request was done under this idempotency key.
    #[error("another request was made with this idempotency key")]
    KeyReused,
    /// No error: the request was done before, and this is the answer that it got.
    #[error("the request was done before")]
    Replay(Box<super::Answer>),
    /// The bundle does not verify against the keys that count here.
    #[error("the signature or statement is not acceptable: {0}")]
    Verification(#[source] VerificationError),
    /// The bundle may be good, but this registry has not the root to say so.
    #[error("the signature could not be checked: {0}")]
    CouldNotCheck(#[source] VerificationError),
    /// An identity token is not exchanged.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
    /// Somebody is not logged in.
    #[error("{}", login_words(.0))]
    Login(LoginError),
    /// An evidence bundle is not acceptable.
    #[error("an evidence bundle is not acceptable: {0}")]
    Evidence(#[source] VerificationError),
    /// What the manifest says about where a package was built is not what the evidence says.
    #[error("where {} was built is not proven: {reason}", mcp_pin_model::hostile::quoted(.purl))]
    Provenance {
        /// The package; text of the publisher.
        purl: String,
        /// Why.
        reason: String,
    },
    /// Nobody here was granted anything for the key or identity that signed.
    #[error("the signing key or identity is granted no namespace")]
    UnknownSigner,
    /// One identity falls under the policies of two principals, so that it would count as two people.
    #[error("the signing identity falls under the policies of two principals")]
    AmbiguousIdentity,
    /// Somebody who left: nothing is given to them any more.
    #[error("`{0}` was offboarded, and nothing is given to a principal that was")]
    Offboarded(String),
    /// Neither the key nor the identity that signed, or the token, is good for the namespace.
    #[error("the signer or the token is not granted the namespace `{namespace}`")]
    NotGranted {
        /// The namespace.
        namespace: String,
    },
    /// The key or identity that signed is not that of an approver of this server.
    #[error("the signing key or identity is not that of an approver of this server")]
    NotAnApprover,
    /// This name and version exist with another content.
    #[error("version {version} of `{server}` exists already with another content, and content never changes")]
    VersionTaken {
        /// The server.
        server: String,
        /// The version.
        version: String,
    },
    /// The version is not higher than one that is or was live.
    #[error("version {version} is not higher than {highest}, which is or was live")]
    VersionNotHigher {
        /// The version that was submitted.
        version: String,
        /// The highest that went live.
        highest: String,
    },
    /// The name can be mistaken for that of another server.
    #[error("the name `{name}` can be mistaken for {}", .existing.as_ref().map_or_else(|| "another one".to_owned(), |existing| format!("`{existing}`")))]
    ConfusableName {
        /// The name that was submitted.
        name: String,
        /// The name that exists; none where only a few may know of it, because no version of it was ever live.
        existing: Option<String>,
    },
    /// `previous` does not name the manifest that comes before this one.
    #[error("`previous` must be {}", .expected.map_or_else(|| "null".to_owned(), |digest| digest.to_string()))]
    WrongPrevious {
        /// What would have been right.
        expected: Option<Digest>,
    },
    /// What it is about was revoked.
    #[error("the {0} was revoked")]
    Revoked(&'static str),
    /// The consent is about something else than what waits for consent now.
    #[error(
        "the consent is out of date: the submission now replaces {} with change report {changes}",
        .replaces.map_or_else(|| "nothing".to_owned(), |digest| digest.to_string())
    )]
    Stale {
        /// The manifest that would be replaced now.
        replaces: Option<Digest>,
        /// The change report to read now.
        changes: Digest,
    },
    /// Separation of duties: the publisher of a version cannot consent to it.
    #[error("`{0}` published this version and cannot consent to it")]
    PublisherCannotApprove(String),
    /// The consent does not apply: expired, from the future, for another ring.
    #[error("the consent does not apply: {0}")]
    ConsentNotApplicable(&'static str),
    /// The version does not stand where it would have to.
    #[error("the submission is {0}")]
    WrongState(&'static str),
    /// Nothing that the ring served before can be served again.
    #[error("nothing to go back to in the ring `{ring}`: {reason}")]
    NothingBefore {
        /// The ring.
        ring: mcp_pin_model::Ring,
        /// Why not.
        reason: &'static str,
    },
    /// The rollout does not stand where it would have to.
    #[error("the rollout is {0}")]
    WrongProgress(&'static str),
    /// The version is not live in the ring.
    #[error("the version is not live in {0}")]
    NotLive(String),
    /// The next ring takes more consents.
    #[error(
        "the ring `{ring}` takes {needed} approvers, of whom {have} consented, and {missing} findings to be acknowledged"
    )]
    ConsentNeeded {
        /// The ring.
        ring: mcp_pin_model::Ring,
        /// How many approvers.
        needed: u8,
        /// How many of them consented.
        have: usize,
        /// How many findings nobody who counts has acknowledged.
        missing: usize,
    },
    /// What was decided about is not what is there now.
    #[error("the {0} is another one by now")]
    Changed(&'static str),
    /// Nobody could issue a token any more, not even the first start: it makes one only where there is none.
    #[error("this is the last token of an administrator: issue another one first")]
    LastAdministrator,
    /// Exists already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// The key or identity belongs to another principal: two principals with one would be one person counted twice.
    #[error("this key or identity belongs to another principal already")]
    KeyTaken,
    /// The live data does not verify against its own digests and signatures.
    #[error("the store is not sound: {0}")]
    Unsound(String),
    /// Somebody else decided at the same time.
    #[error("another decision came first; read again and repeat")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Storage(StorageError),
    /// A part of the registry that cannot fail did.
    #[error("internal error: {0}")]
    Internal(String),
}

/// The first thing that is wrong with a document; its texts are quoted where they were found.
fn first_error(issues: &[Issue]) -> String {
    issues.iter().find(|issue| issue.is_error()).map_or_else(String::new, ToString::to_string)
}

/// What somebody hears whose login failed: what they can do something about.
fn login_words(error: &LoginError) -> String {
    match error {
        LoginError::Unavailable(_) => "the identity provider cannot be asked".to_owned(),
        LoginError::NoRole => {
            "no group of yours has a role here: an administrator gives it one under [login.roles]".to_owned()
        }
        LoginError::NotLinked(name) => {
            format!(
                "`{name}` is a principal already: an administrator has to say that it is you, by linking your identity"
            )
        }
        LoginError::Offboarded => "you were offboarded".to_owned(),
        LoginError::TooMany => "too many logins are under way: try again in ten minutes".to_owned(),
        _ => "the login is not acceptable: begin again".to_owned(),
    }
}

fn forbidden(action: Action, policies: &BTreeSet<String>) -> String {
    if policies.is_empty() {
        format!("no policy permits `{action}` here")
    } else {
        let names: Vec<String> = policies.iter().map(|policy| format!("`{policy}`")).collect();
        format!("`{action}` is forbidden by {}", names.join(", "))
    }
}

impl From<StorageError> for ServiceError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Exists(what) => Self::Exists(what),
            StorageError::Conflict(_) => Self::Conflict,
            other => Self::Storage(other),
        }
    }
}

impl ServiceError {
    /// What a caller can make of it.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotFound(_) => ErrorClass::NotFound,
            Self::TokenEnded => ErrorClass::Unauthenticated,
            Self::Forbidden { .. } | Self::NotTheSigner { .. } | Self::NotGranted { .. } | Self::NotAnApprover => {
                ErrorClass::Forbidden
            }
            Self::UnknownSigner | Self::AmbiguousIdentity | Self::PublisherCannotApprove(_) => ErrorClass::Forbidden,
            Self::TooLarge { .. } => ErrorClass::TooLarge,
            Self::BadRequest(_) | Self::NoChange(_) => ErrorClass::BadRequest,
            Self::Invalid { .. }
            | Self::Document(_)
            | Self::KeyReused
            | Self::Verification(_)
            | Self::Evidence(_)
            | Self::Provenance { .. }
            | Self::ConfusableName { .. }
            | Self::ConsentNotApplicable(_) => ErrorClass::Invalid,
            Self::VersionTaken { .. }
            | Self::VersionNotHigher { .. }
            | Self::WrongPrevious { .. }
            | Self::Revoked(_)
            | Self::Stale { .. }
            | Self::WrongState(_)
            | Self::NothingBefore { .. }
            | Self::WrongProgress(_)
            | Self::NotLive(_)
            | Self::ConsentNeeded { .. }
            | Self::Changed(_)
            | Self::LastAdministrator
            | Self::Offboarded(_)
            | Self::Exists(_)
            | Self::TooManyDrafts
            | Self::Replay(_)
            | Self::KeyTaken
            | Self::Conflict => ErrorClass::Conflict,
            Self::CouldNotCheck(_) | Self::Token(TokenRefusal::IssuerUnavailable) => ErrorClass::CouldNotCheck,
            Self::Login(LoginError::Unavailable(_) | LoginError::TooMany) => ErrorClass::CouldNotCheck,
            Self::Login(_) => ErrorClass::Forbidden,
            Self::Token(TokenRefusal::Disabled) => ErrorClass::NotFound,
            Self::Token(TokenRefusal::Malformed) => ErrorClass::Invalid,
            Self::Token(_) => ErrorClass::Forbidden,
            Self::Storage(StorageError::Unavailable(_)) => ErrorClass::Unavailable,
            Self::Storage(_) | Self::Unsound(_) | Self::Internal(_) => ErrorClass::Internal,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::TokenEnded => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::NotTheSigner { .. } => "not-the-signer",
            Self::TooLarge { .. } => "too-large",
            Self::Invalid { .. } => "invalid",
            Self::BadRequest(_) => "bad-request",
            Self::Document(_) => "invalid-document",
            Self::NoChange(_) => "no-change",
            Self::TooManyDrafts => "too-many-drafts",
            Self::KeyReused => "idempotency-key-reused",
            Self::Replay(_) => "replay",
            Self::Verification(_) => "verification-failed",
            Self::CouldNotCheck(_) => "could-not-check",
            Self::Token(refusal) => refusal.code(),
            Self::Login(LoginError::Unavailable(_)) => "provider-unavailable",
            Self::Login(LoginError::TooMany) => "too-many-logins",
            Self::Login(LoginError::NoRole) => "no-role",
            Self::Login(LoginError::NotLinked(_)) => "identity-not-linked",
            Self::Login(LoginError::Offboarded) => "offboarded",
            Self::Login(_) => "login-refused",
            Self::Evidence(_) => "evidence-not-acceptable",
            Self::Provenance { .. } => "provenance-not-proven",
            Self::UnknownSigner => "unknown-signer",
            Self::AmbiguousIdentity => "ambiguous-identity",
            Self::NotGranted { .. } => "namespace-not-granted",
            Self::NotAnApprover => "not-an-approver",
            Self::VersionTaken { .. } => "version-taken",
            Self::VersionNotHigher { .. } => "version-not-higher",
            Self::ConfusableName { .. } => "confusable-name",
            Self::WrongPrevious { .. } => "wrong-previous",
            Self::Revoked(_) => "revoked",
            Self::Stale { .. } => "stale",
            Self::PublisherCannotApprove(_) => "publisher-cannot-approve",
            Self::ConsentNotApplicable(_) => "consent-not-applicable",
            Self::WrongState(_) => "wrong-state",
            Self::NothingBefore { .. } => "nothing-before",
            Self::WrongProgress(_) => "wrong-progress",
            Self::NotLive(_) => "not-live",
            Self::ConsentNeeded { .. } => "consent-needed",
            Self::Changed(_) => "changed",
            Self::LastAdministrator => "last-administrator",
            Self::Offboarded(_) => "offboarded",
            Self::Exists(_) => "exists",
            Self::KeyTaken => "key-taken",
            Self::Unsound(_) => "unsound",
            Self::Conflict => "conflict",
            Self::Storage(_) => "storage",
            Self::Internal(_) => "internal",
        }
    }
}
