//! Whether a consent counts for a case.

use jiff::SignedDuration;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Consent, Digest, consent::Decision};

use crate::{Case, Requirements, SelfConsent};

/// How far ahead of the verifier's clock an approver's clock may be.
pub const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Why a consent does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum NotCounted {
    /// It is about another manifest.
    #[error("it is about another manifest")]
    OtherManifest,
    /// It was given relative to another predecessor.
    #[error("it was given relative to another predecessor")]
    OtherPredecessor,
    /// Its approver was shown another change report.
    #[error("its approver was shown another change report")]
    OtherReport,
    /// It is for another server.
    #[error("it is for another server")]
    OtherServer,
    /// It is for another version.
    #[error("it is for another version")]
    OtherVersion,
    /// It does not hold for this ring.
    #[error("it does not hold for this ring")]
    OtherRing,
    /// It has ended.
    #[error("it has expired")]
    Expired,
    /// It says that it was given in the future.
    #[error("it is dated in the future")]
    NotYet,
    /// Whoever published this consented to it.
    #[error("it is by the publisher of the manifest")]
    ByPublisher,
}

/// Says whether a consent, approving or rejecting, counts for a case.
///
/// # Errors
/// Why not.
pub fn eligibility(
    case: &Case<'_>,
    consent: &Verified<Consent>,
    requirements: &Requirements,
) -> Result<(), NotCounted> {
    eligible(case, case.report.digest(), consent, requirements)
}

/// [`eligibility`] for a caller that has many consents and computes the report's digest once.
pub(crate) fn eligible(
    case: &Case<'_>,
    report: Digest,
    consent: &Verified<Consent>,
    requirements: &Requirements,
) -> Result<(), NotCounted> {
    let statement = consent.statement();
    if statement.manifest != case.manifest {
        return Err(NotCounted::OtherManifest);
    }
    if statement.replaces != case.replaces {
        return Err(NotCounted::OtherPredecessor);
    }
    if statement.changes != report {
        return Err(NotCounted::OtherReport);
    }
    if statement.server != *case.name {
        return Err(NotCounted::OtherServer);
    }
    if statement.version != *case.version {
        return Err(NotCounted::OtherVersion);
    }
    if !statement.rings.contains(case.ring) {
        return Err(NotCounted::OtherRing);
    }
    if statement.expires.is_some_and(|expires| expires <= case.at) {
        return Err(NotCounted::Expired);
    }
    // A rejection counts whatever its date: a clock that is wrong must not let anything through.
    let in_time = case.at.checked_add(MAX_CLOCK_SKEW).is_ok_and(|latest| statement.at <= latest);
    if statement.decision == Decision::Approve && !in_time {
        return Err(NotCounted::NotYet);
    }
    let by_publisher = consent.principal() == case.publisher
        // The key as well as the name: one person may be written down under two names.
        || case.report.to().signer.as_ref() == Some(consent.signer());
    match requirements.self_consent {
        SelfConsent::Never if by_publisher => Err(NotCounted::ByPublisher),
        SelfConsent::Never | SelfConsent::OwnProject => Ok(()),
    }
}
