//! Leaves: the registry's decisions in the form that the transparency log hashes.
//!
//! A leaf holds digests and names, never documents and no personal data beyond the actor's id. Its bytes are the
//! canonical form of the object; they are stored as written and never rebuilt.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Digest, ServerName, ServerVersion,
    json::{self, Value},
};

/// The version of the leaf format.
pub const LEAF_VERSION: u32 = 1;

/// The largest leaf: entry bundles of C2SP tlog-tiles hold a 16-bit length.
pub const MAX_LEAF_BYTES: usize = 65_535;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LeafType {
    /// A version was submitted.
    Submitted,
    /// Its signature and provenance were verified.
    Verified,
    /// It was rejected.
    Rejected,
    /// An approver consented.
    Consented,
    /// Enough people have consented for it to go live.
    Approved,
    /// What it was approved by holds no longer: it waits for consent again.
    Lapsed,
    /// Its time has passed: nobody decided, or what it was live by has ended.
    Expired,
    /// A ring serves another version than before or, where the leaf names none, nothing of its own.
    RingMoved,
    /// A live version was replaced.
    Superseded,
    /// A version does not go further by itself.
    RolloutPaused,
    /// It goes further again.
    RolloutResumed,
    /// A version goes no further, because something was found out about it.
    RolloutHalted,
    /// A ring serves what it served before.
    RolledBack,
    /// A version was put or kept live without the consents that it takes.
    BreakGlass,
    /// That has ended.
    BreakGlassEnded,
    /// A client saw something else than the manifest says.
    DriftReported,
    /// Something was revoked.
    Revoked,
    /// An unsigned document was put into quarantine.
    Drafted,
    /// A draft ended: a signed manifest came, another document took its place, or it was taken back.
    DraftEnded,
    /// Something was said about a version beside its content: `active` or `deprecated`.
    StatusChanged,
    /// The policy changed.
    PolicyChanged,
    /// A namespace was granted to an identity.
    NamespaceGranted,
    /// A grant was withdrawn.
    NamespaceWithdrawn,
    /// An approver's identity was registered.
    ApproverGranted,
    /// An approver's registration was withdrawn.
    ApproverWithdrawn,
    /// A token was issued.
    TokenIssued,
    /// A token was revoked.
    TokenRevoked,
    /// A key of the registry was replaced.
    KeyRotated,
    /// The log commits to what is live and revoked after the entries before this one; the target is the digest of the
    /// [`StateSnapshot`](crate::StateSnapshot).
    StateCommitted,
    /// A webhook was added.
    WebhookAdded,
    /// A webhook was removed.
    WebhookRemoved,
    /// A webhook is told nothing any more.
    WebhookDisabled,
    /// A webhook is told again, from where it stood.
    WebhookEnabled,
    /// A webhook got a new signing secret.
    WebhookRotated,
}

/// A leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Leaf {
    /// The format's version, [`LEAF_VERSION`].
    pub v: u32,
    /// When, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub time: Timestamp,
    /// What.
    #[serde(rename = "type")]
    pub kind: LeafType,
    /// The id of the principal who decided.
    pub actor: String,
    /// The server it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerName>,
    /// The version it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<ServerVersion>,
    /// The manifest it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The digest of the attestation bundle, byte for byte, that carries the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Digest>,
    /// The ring it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<crate::Ring>,
    /// What else it is about: a namespace, a key id, a token id, a revocation's target, why a ring changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A leaf that cannot be logged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LeafError {
    /// Larger than an entry of the log may be.
    #[error("a log entry of {0} bytes is larger than {MAX_LEAF_BYTES}")]
    TooLarge(usize),
    /// Of another version of the format.
    #[error("a log entry of another version than {LEAF_VERSION}")]
    Version,
    /// Not in the one form that is logged.
    #[error("a log entry that is not in canonical form")]
    NotCanonical,
    /// Not representable, or of another shape.
    #[error(transparent)]
    Json(#[from] json::TypedError),
}

impl Leaf {
    /// A leaf with only what every leaf has.
    #[must_use]
    pub fn new(kind: LeafType, time: Timestamp, actor: impl Into<String>) -> Self {
        Self {
            v: LEAF_VERSION,
            time,
            kind,
            actor: actor.into(),
            server: None,
            version: None,
            manifest: None,
            attestation: None,
            ring: None,
            target: None,
        }
    }

    /// Reads a leaf from the bytes that were logged.
    ///
    /// # Errors
    /// When they are not exactly what [`Leaf::to_bytes`] writes, or of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > MAX_LEAF_BYTES {
            return Err(LeafError::TooLarge(bytes.len()));
        }
        let value = json::parse(bytes).map_err(json::TypedError::from)?;
        // The version first: a newer leaf may have members that this one does not know.
        if value.get("v").and_then(Value::as_number).and_then(json::Number::as_u64) != Some(u64::from(LEAF_VERSION)) {
            return Err(LeafError::Version);
        }
        let leaf: Self = json::from_value(&value)?;
        if leaf.to_bytes()? == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
    }

    /// The bytes that are logged.
    ///
    /// # Errors
    /// When it is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        let value: Value = json::to_value(self)?;
        let bytes = value.to_canonical_bytes();
        if bytes.len() > MAX_LEAF_BYTES { Err(LeafError::TooLarge(bytes.len())) } else { Ok(bytes) }
    }
}
