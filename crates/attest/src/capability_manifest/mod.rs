//! Signed capability manifests of MCP SEP-3140 (draft): a detached JWS (RFC 7515 appendix F) over the canonical form
//! (RFC 8785) of the `manifest` member.
//!
//! What is signed is foreign: no statement of ours, no transparency evidence. What verifies says who stands for which
//! hashes, for whom and until when; whether a surface holds those hashes is
//! [`agreement`](mcp_pin_model::capability_manifest::agreement)'s to say, and whether it is admitted the lock's.

mod document;
mod error;
mod header;
mod sign;
mod signature;
mod verify;

pub use document::{MAX_CAPABILITY_MANIFEST_BYTES, SignedCapabilityManifest};
pub use error::CapabilityManifestProblem;
pub use sign::sign_capability_manifest;
pub use verify::{CLOCK_LEEWAY, VerifiedCapabilityManifest, verify_capability_manifest};
