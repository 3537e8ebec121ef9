//! Signed in-toto statements in Sigstore bundles: made, checked, and nothing else.
//!
//! A statement (manifest, consent, revocation) is signed in a DSSE envelope inside a Sigstore bundle v0.3. This crate
//! makes such bundles with P-256 keys and checks them against the keys and certificate identities that the caller trusts
//! ([`verify`]). It also checks what others attest about artifacts, in bundles of any version ([`verify_artifact`]). No
//! type of a cryptography or Sigstore library appears in its API.
//!
//! Rules of the crate:
//! * no I/O, no clock, no printing; the only randomness is that of key generation, key encryption and ECDSA;
//! * the signature is checked over the bytes that were received, and the statement is read from those same bytes;
//! * a [`Verified`] can only be made by verifying;
//! * nothing in a bundle chooses the algorithm or the key's trust: a key has one algorithm, trust comes from the caller;
//! * "could not check" is an error of its own kind ([`VerificationError::is_could_not_check`]), never a pass.

mod artifact;
mod attestation;
mod bundle;
mod capability_manifest;
mod dsse;
mod error;
mod evidence;
mod foreign;
mod identity;
mod instance;
mod key;
pub mod package;
pub mod registry_root;
mod sign;
mod sigstore;
mod trust;
mod verify;

pub use artifact::{
    ArtifactInput, ArtifactSigner, Bundle, MAX_BUNDLE_BYTES, VerifiedArtifact, artifact_evidence_of_anybody,
    verify_artifact,
};
pub use attestation::{Attestation, MAX_ATTESTATION_BYTES};
pub use capability_manifest::{
    CLOCK_LEEWAY, CapabilityManifestProblem, MAX_CAPABILITY_MANIFEST_BYTES, SignedCapabilityManifest,
    VerifiedCapabilityManifest, sign_capability_manifest, verify_capability_manifest,
};
pub use error::{CertificateProblem, LogProblem, TimestampProblem, VerificationError};
pub use evidence::{Evidence, LogEntry};
pub use foreign::ForeignStatement;
pub use identity::{
    IdentityClaims, IdentityMismatch, IdentityPolicy, IdentityPolicyError, MAX_PATTERN_BYTES, PatternError,
    ReferencePattern, SignerTarget, SignerTargetError, SubjectPattern,
};
pub use instance::{
    InstanceName, InstanceNameError, MAX_TRUSTED_ROOT_BYTES, RequiredEvidence, RootMember, Roots, TrustedRoot,
    TrustedRootError,
};
pub use key::{EncryptedKey, KeyAlgorithm, KeyError, MAX_KEY_TEXT_BYTES, PublicKey, SigningKey};
pub use sign::{SignError, Signer, sign};
pub use trust::{KeyEvidence, Trust};
pub use verify::{Verified, evidence_of_anybody, verify, verify_with_keys_only};
