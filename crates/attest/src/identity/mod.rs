//! Identities that a certificate authority or an OIDC issuer vouched for, and the policies that they are matched with.
//!
//! The same [`IdentityPolicy`] judges the certificate of a bundle and the token of a publisher who logs in at a
//! registry, so that neither door is wider than the other. What GitHub puts into `sub` is never matched: its form
//! changed in 2026, and it can be customised by whoever owns the repository.

mod claims;
mod mismatch;
mod pattern;
mod policy;
mod target;

pub use claims::IdentityClaims;
pub use mismatch::IdentityMismatch;
pub use pattern::{MAX_PATTERN_BYTES, PatternError, ReferencePattern, SubjectPattern};
pub use policy::{IdentityPolicy, IdentityPolicyError};
pub use target::{SignerTarget, SignerTargetError};
