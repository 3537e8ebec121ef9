//! The nouns of mcp-pin: strict JSON, canonical form, digests, surfaces, manifests, consents and the lock.
//!
//! Everything here is pure: no I/O, no clock, no randomness, no printing. The registry, the command line and the
//! gate share these types, so none of them can accept what another would refuse.
//!
//! Rules of the crate:
//! * foreign JSON enters through [`json::parse`] only;
//! * bytes that are hashed or signed come from [`json::Value::to_canonical_bytes`] only;
//! * a type that says "surface" is a complete surface: what is incomplete cannot be built.

pub mod artifact;
pub mod capability_manifest;
pub mod consent;
pub mod digest;
pub mod grade;
pub mod hostile;
pub mod json;
pub mod launch;
pub mod leaf;
pub mod lockfile;
pub mod manifest;
pub mod name;
pub mod package_identity;
pub mod placeholder;
pub mod provenance;
pub mod registry_root;
pub mod revocation;
#[cfg(feature = "schema")]
pub mod schema;
pub mod server_json;
pub mod state;
pub mod statement;
pub mod surface;

pub use artifact::Artifact;
pub use capability_manifest::CapabilityManifest;
pub use consent::Consent;
pub use digest::Digest;
pub use grade::Grade;
pub use launch::Launch;
pub use lockfile::Lockfile;
pub use manifest::Manifest;
pub use name::{Alias, Ring, ServerName, ServerVersion};
pub use package_identity::PackageIdentity;
pub use provenance::Provenance;
pub use revocation::Revocation;
pub use state::{StateRevocations, StateServers, StateSnapshot};
pub use surface::{Entry, EntryKind, Surface};
