//! What Sigstore's crates say, in our words. Theirs may hold text of the bundle, so it is made visible first.

use jiff::Timestamp;
use mcp_pin_model::hostile::visible;
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use crate::{CertificateProblem, LogProblem, TimestampProblem, VerificationError};

/// Why their verifier refused.
pub(super) fn of_verification(error: &Error) -> VerificationError {
    match error {
        Error::SignatureInvalid(_) => VerificationError::SignatureMismatch,
        Error::ArtifactMismatch(_) => VerificationError::ArtifactMismatch,
        Error::UnsupportedArtifact(_) | Error::ArtifactRead(_) => VerificationError::UnsupportedArtifact,
        Error::Certificate(problem) => VerificationError::Certificate(certificate(problem)),
        Error::TransparencyLog(problem) => VerificationError::Log(log(problem)),
        Error::Timestamp(problem) => VerificationError::Timestamp(timestamp(problem)),
        Error::UnsupportedBundle(_) => VerificationError::UnsupportedBundle,
        Error::Bundle(problem) => of_bundle(problem),
        Error::Types(problem) => of_types(problem),
        // Never asked for: identities are ours to judge. If it is said all the same, it is no pass.
        Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => {
            VerificationError::EvidenceNotChecked { what: "the identity" }
        }
        Error::InvalidTrustRoot(detail) => VerificationError::UnusableRoot(visible(detail)),
        Error::TrustRoot(problem) => VerificationError::UnusableRoot(visible(&problem.to_string())),
        Error::TrustedCertificate(problem) => VerificationError::UnusableRoot(visible(&problem.to_string())),
        Error::InvalidBundle(detail) => VerificationError::InvalidBundle(visible(detail)),
        Error::Crypto(problem) => VerificationError::InvalidBundle(visible(&problem.to_string())),
        other => VerificationError::InvalidBundle(visible(&other.to_string())),
    }
}

/// Why their reader refused.
pub(super) fn of_types(error: &sigstore_types::Error) -> VerificationError {
    match error {
        sigstore_types::Error::InvalidMediaType(_) => VerificationError::UnsupportedBundleVersion,
        sigstore_types::Error::InvalidCheckpoint(detail) => {
            VerificationError::Log(LogProblem::Checkpoint(visible(detail)))
        }
        other => {
            // Found while the bundle was read, a checkpoint's error arrives as one of the reader, with its text alone.
            let detail = other.to_string();
            if detail.contains("Invalid checkpoint format") {
                VerificationError::Log(LogProblem::Checkpoint(visible(&detail)))
            } else {
                VerificationError::InvalidBundle(visible(&detail))
            }
        }
    }
}

/// A chain that was refused because a certificate of it had ended, or not begun, when it was signed: said by `webpki` in
/// its own text, and worth a kind of its own. The tests hold this to the version that is pinned.
fn of_chain(detail: &str) -> CertificateProblem {
    let mut times = detail.split("UnixTime(").skip(1).filter_map(|rest| {
        let digits = rest.split(')').next()?;
        Timestamp::from_second(digits.parse().ok()?).ok()
    });
    match (times.next(), times.next()) {
        (Some(time), Some(not_after)) if detail.contains("CertExpired") => {
            CertificateProblem::Expired { time, not_after }
        }
        (Some(time), Some(not_before)) if detail.contains("CertNotValidYet") => {
            CertificateProblem::NotYetValid { time, not_before }
        }
        _ => CertificateProblem::Chain(visible(detail)),
    }
}

fn of_bundle(error: &sigstore_bundle::Error) -> VerificationError {
    use sigstore_bundle::Error as Theirs;
    match error {
        Theirs::UnsupportedMediaType(_) => VerificationError::UnsupportedBundleVersion,
        Theirs::UnsupportedVerificationMaterial => VerificationError::UnsupportedBundle,
        Theirs::CertificateChainNotAllowed(_) => {
            VerificationError::Malformed { member: "x509CertificateChain", problem: "is not allowed in version 0.3" }
        }
        Theirs::MissingInclusionPromise(_) => VerificationError::Log(LogProblem::NoInclusionPromise),
        Theirs::MissingInclusionProof(_) => VerificationError::Log(LogProblem::NoInclusionProof),
        Theirs::MissingSigningTimeEvidence => VerificationError::Timestamp(TimestampProblem::NoEvidence),
        Theirs::MissingTimestamp => VerificationError::Timestamp(TimestampProblem::NoTimestamp),
        Theirs::MissingCheckpoint => VerificationError::Log(LogProblem::NoCheckpoint),
        Theirs::LogIndexOutOfRange { .. } => VerificationError::Log(LogProblem::IndexOutOfRange),
        Theirs::CheckpointRootMismatch => VerificationError::Log(LogProblem::CheckpointRootMismatch),
        other => VerificationError::InvalidBundle(visible(&other.to_string())),
    }
}

fn certificate(error: &CertificateError) -> CertificateProblem {
    match error {
        CertificateError::Malformed(_) => CertificateProblem::Malformed,
        CertificateError::ChainInvalid(detail) => of_chain(detail),
        CertificateError::NoValidAuthority { time } => CertificateProblem::NoAuthority { time: *time },
        CertificateError::NotYetValid { time, not_before } => {
            CertificateProblem::NotYetValid { time: *time, not_before: *not_before }
        }
        CertificateError::Expired { time, not_after } => {
            CertificateProblem::Expired { time: *time, not_after: *not_after }
        }
        CertificateError::Sct(detail) => CertificateProblem::CertificateLog(visible(detail)),
        other => CertificateProblem::Chain(visible(&other.to_string())),
    }
}

fn log(error: &TransparencyLogError) -> LogProblem {
    match error {
        TransparencyLogError::UnknownLog { log_id } => LogProblem::UnknownLog(visible(log_id)),
        TransparencyLogError::InclusionProof(detail) => LogProblem::InclusionProof(visible(detail)),
        TransparencyLogError::Checkpoint(detail) => LogProblem::Checkpoint(visible(detail)),
        // An inclusion promise by a log that the root does not know is said in these words.
        TransparencyLogError::InclusionPromise(detail) if detail.starts_with("No log key valid") => {
            LogProblem::UnknownLog(visible(detail))
        }
        TransparencyLogError::InclusionPromise(detail) => LogProblem::InclusionPromise(visible(detail)),
        TransparencyLogError::EntryMismatch(detail) => LogProblem::EntryMismatch(visible(detail)),
        TransparencyLogError::IntegratedTime(detail) => LogProblem::IntegratedTime(visible(detail)),
        TransparencyLogError::MalformedEntry(detail) => LogProblem::MalformedEntry(visible(detail)),
        other => LogProblem::MalformedEntry(visible(&other.to_string())),
    }
}

fn timestamp(error: &TimestampError) -> TimestampProblem {
    match error {
        // A timestamp by an authority that the root does not know is said in these words.
        TimestampError::Invalid(detail) if detail.contains("does not match any trusted TSA") => {
            TimestampProblem::UnknownAuthority
        }
        TimestampError::Invalid(detail) => TimestampProblem::Invalid(visible(detail)),
        TimestampError::OutsideAuthorityValidity { time } => TimestampProblem::OutsideAuthorityValidity { time: *time },
        TimestampError::NoVerifiedTimestamp(_) => TimestampProblem::NoTimestamp,
        other => TimestampProblem::Invalid(visible(&other.to_string())),
    }
}
