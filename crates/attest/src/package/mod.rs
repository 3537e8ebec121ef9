//! Evidence about packages: what their ecosystem, their builder and the package itself say, each checked or not.
//!
//! Input is bytes that somebody fetched and digests that somebody computed; nothing here fetches. Each check has its own
//! outcome and its own reason. There is no score, because half a proof is none.

mod documents;
mod mcpb;
mod npm;
mod oci;
mod ownership;
mod pypi;
mod repository;
mod slsa;
mod workload;

use mcp_pin_model::{
    Provenance, ServerName,
    artifact::{ArtifactDigest, HashAlgorithm},
};
use serde::Serialize;
use thiserror::Error;

use crate::{Bundle, IdentityMismatch, IdentityPolicy, VerificationError};

pub use documents::{DocumentError, MAX_ATTESTATIONS, bundle_of_pep740};
pub use mcpb::{Mcpb, judge_mcpb};
pub use npm::{Npm, judge_npm};
pub use oci::{Oci, judge_oci};
pub use pypi::{Pypi, judge_pypi};
pub use repository::normal_repository;
pub use workload::{RELEASE_PREDICATE_PREFIX, reverify};

/// What was to be fetched, and became of it. Not reached is not the same as not there.
#[derive(Clone, Copy, Debug)]
pub enum Fetched<T> {
    /// It is there.
    Found(T),
    /// The host says that there is none.
    Absent,
    /// Nobody knows: the host was not reached, or does not answer such questions.
    NotReached,
}

/// The digests of the bytes, computed by whoever read them.
#[derive(Clone, Debug)]
pub struct Hashed {
    /// SHA-256.
    pub sha256: ArtifactDigest,
    /// SHA-512.
    pub sha512: ArtifactDigest,
}

impl Hashed {
    fn get(&self, algorithm: HashAlgorithm) -> Option<&ArtifactDigest> {
        match algorithm {
            HashAlgorithm::Sha256 => Some(&self.sha256),
            HashAlgorithm::Sha512 => Some(&self.sha512),
            HashAlgorithm::Sha384 => None,
        }
    }
}

/// What a package should turn out to be. Whatever is `None` is not asked.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its name, as its ecosystem spells it.
    pub name: &'a str,
    /// Its version; for an image its digest.
    pub version: &'a str,
    /// The repository that `server.json` names.
    pub repository: Option<&'a str>,
    /// The server whose package it should be, by its own word.
    pub server: Option<&'a ServerName>,
    /// Who has to have built it.
    pub builder: Option<&'a IdentityPolicy>,
}

/// What is checked about a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckKind {
    /// The bytes are those that the host says.
    Integrity,
    /// The host's own signature over name, version and digest.
    RegistrySignature,
    /// The host's attestation that it published these bytes.
    Publication,
    /// An attestation of where the package was built.
    Provenance,
    /// It was built from the repository that `server.json` names.
    Repository,
    /// It was built by whom the configuration demands.
    Builder,
    /// The package itself says that it is this server's.
    Ownership,
}

impl CheckKind {
    /// The word in JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::RegistrySignature => "registry-signature",
            Self::Publication => "publication",
            Self::Provenance => "provenance",
            Self::Repository => "repository",
            Self::Builder => "builder",
            Self::Ownership => "ownership",
        }
    }
}

/// What a check came to. Neither of the last two is a pass.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed(PackageFailure),
    /// There is nothing to check, as its host says.
    Absent(Absence),
    /// It could not be checked.
    Unsupported(Unsupported),
}

impl Outcome {
    /// `passed`, `failed`, `absent` or `unsupported`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Absent(_) => "absent",
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// Why, unless it passed.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Passed => None,
            Self::Failed(reason) => Some(reason.to_string()),
            Self::Absent(reason) => Some(reason.to_string()),
            Self::Unsupported(reason) => Some(reason.to_string()),
        }
    }
}

impl From<VerificationError> for Outcome {
    fn from(error: VerificationError) -> Self {
        if error.is_could_not_check() {
            Self::Unsupported(Unsupported::Bundle(error))
        } else {
            Self::Failed(PackageFailure::Bundle(error))
        }
    }
}

impl From<PackageFailure> for Outcome {
    fn from(failure: PackageFailure) -> Self {
        Self::Failed(failure)
    }
}

/// Why a check failed. Foreign text is shown without its power.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackageFailure {
    /// The bytes are not those that the host says.
    #[error("the bytes that were fetched are not those whose digest is published")]
    IntegrityMismatch,
    /// The host answered about another package.
    #[error("the host answered about another package or version")]
    OtherPackage,
    /// A document is not what it should be.
    #[error("{what} cannot be read: {problem}")]
    Document {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        problem: DocumentError,
    },
    /// The signature does not match.
    #[error("the registry's signature over name, version and digest does not match")]
    RegistrySignature,
    /// The bundle does not verify.
    #[error(transparent)]
    Bundle(VerificationError),
    /// The attestation holds a bare signature where a statement is needed.
    #[error("the attestation holds no statement")]
    NoStatement,
    /// It has more subjects than the package.
    #[error("the attestation is about {found} things, and must be about this package alone")]
    Subjects {
        /// How many.
        found: usize,
    },
    /// Its subject with these bytes is called otherwise.
    #[error("the attestation calls these bytes {}, and not {expected}", mcp_pin_model::hostile::quoted(.found))]
    SubjectName {
        /// As it should be called.
        expected: String,
        /// As it is; foreign text.
        found: String,
    },
    /// What the statement says about the build is not what the certificate says about the signer.
    #[error("`{member}` in the attestation is not what its certificate says")]
    Inconsistent {
        /// Which member.
        member: &'static str,
    },
    /// The build ran on a machine of somebody's own, who could have changed anything.
    #[error("it was built on a self-hosted runner")]
    SelfHosted,
    /// The build ran for a pull request of a stranger, with the repository's rights.
    #[error("it was built by an event that runs a stranger's code with the repository's rights")]
    UntrustedTrigger,
    /// The identity provider does not belong to the repository's host.
    #[error("the signer was not authenticated by the host of the repository")]
    IssuerOfOtherHost,
    /// Another repository.
    #[error("it was built from {}, and server.json names {}", mcp_pin_model::hostile::quoted(.found), mcp_pin_model::hostile::quoted(.expected))]
    OtherRepository {
        /// As `server.json` has it.
        expected: String,
        /// As the certificate has it.
        found: String,
    },
    /// Two attestations of one file name different origins.
    #[error("two attestations name different origins")]
    Contradiction,
    /// Not who was to build it.
    #[error(transparent)]
    Builder(IdentityMismatch),
    /// The package says that it belongs to another server.
    #[error("the package says that it belongs to {}, and not to {expected}", mcp_pin_model::hostile::quoted(.found))]
    OtherServer {
        /// This server.
        expected: String,
        /// The other; foreign text.
        found: String,
    },
}

/// Why there is nothing to check.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Absence {
    /// No digest is published.
    #[error("no digest is published for it")]
    Digest,
    /// No signature of the registry.
    #[error("the registry does not sign it")]
    RegistrySignature,
    /// No attestation.
    #[error("no attestation is published for it")]
    Attestation,
    /// None of the attestations is of this kind.
    #[error("none of its attestations is of this kind")]
    Kind,
    /// The package does not say whose it is.
    #[error("the package does not say which server it belongs to")]
    Ownership,
}

/// Why something could not be checked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// The host was not reached, or does not answer such questions.
    #[error("{what} could not be fetched")]
    NotReached {
        /// What.
        what: &'static str,
    },
    /// Nothing but a broken hash.
    #[error("its digest is published with a hash function that is broken or unknown")]
    Hash,
    /// The key is not among those that the registry publishes.
    #[error("the registry signed with a key that it does not publish, or one that has ended")]
    RegistryKey,
    /// By the means at hand.
    #[error(transparent)]
    Bundle(VerificationError),
    /// A signer of a kind whose word is not understood.
    #[error("it was signed by an identity provider whose statements are not understood: {}", mcp_pin_model::hostile::quoted(.issuer))]
    Issuer {
        /// Which; foreign text.
        issuer: String,
    },
    /// The certificate does not say where it was built.
    #[error("the certificate does not state the {member}")]
    NotStated {
        /// Which member.
        member: &'static str,
    },
    /// Without an attestation nothing says where it was built.
    #[error("nothing says where it was built")]
    NoProvenance,
    /// The archive could not be read for it.
    #[error("the package's own description could not be read")]
    Archive,
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// What was checked.
    pub kind: CheckKind,
    /// What it came to.
    pub outcome: Outcome,
}

/// What is known about a package.
#[derive(Debug, Default)]
pub struct PackageEvidence {
    /// The checks, each once, in the order of their kinds.
    pub checks: Vec<Check>,
    /// Where it was built, where an attestation of that verified.
    pub provenance: Option<Provenance>,
    /// The bundle that says so, to be verified again offline.
    pub bundle: Option<Bundle>,
}

impl PackageEvidence {
    /// What a check came to; `None` where it was not asked.
    #[must_use]
    pub fn outcome(&self, kind: CheckKind) -> Option<&Outcome> {
        self.checks.iter().find(|check| check.kind == kind).map(|check| &check.outcome)
    }

    fn push(&mut self, kind: CheckKind, outcome: Outcome) {
        self.checks.push(Check { kind, outcome });
        self.checks.sort_by_key(|check| check.kind);
    }
}
