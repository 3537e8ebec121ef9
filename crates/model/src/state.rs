//! The signed state: what is live or revoked in a registry at one moment, and until when that may be believed.
//!
//! That a decision is in the log does not say that it still holds. A [`StateSnapshot`] does: it commits to the state of every
//! version that is or was live, and to every revocation, and it expires. Its digest is an entry of the log, right after the
//! entries that it takes into account, so that the signature of a checkpoint covers it, and nobody can be shown another one
//! without a log of their own.
//!
//! The snapshot is small whatever the size of the registry: it names parts by digest, of which one holds all servers whose
//! names' SHA-256 begins with the same byte. A client reads the parts of the servers that it has.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::{
    Digest, Ring, ServerName, ServerVersion,
    json::{self, Value},
    revocation::RevocationScope,
};

/// The version of the format.
pub const STATE_VERSION: u32 = 1;

/// The longest time that a snapshot may be believed: so long can a revocation be hidden from somebody who is shown an old one.
pub const MAX_STATE_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// The largest snapshot: 256 parts and what stands beside them.
pub const MAX_STATE_BYTES: usize = 64 << 10;

/// The largest part: some 100,000 versions of servers whose names begin, hashed, with the same byte.
pub const MAX_STATE_PART_BYTES: usize = 16 << 20;

/// What a registry commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateSnapshot {
    /// The version of the format, [`STATE_VERSION`].
    pub v: u32,
    /// The origin of the log that commits to it.
    pub origin: String,
    /// How many entries of the log it takes into account. Its own entry is the next one.
    pub log_size: u64,
    /// When it was made, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub issued: Timestamp,
    /// From when on it says nothing any more.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub expires: Timestamp,
    /// The digest of the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// The digest of [`StateRevocations`].
    pub revocations: Digest,
    /// The digests of [`StateServers`], by [`StateSnapshot::part_of`]. A part without servers is not named.
    pub servers: BTreeMap<String, Digest>,
}

/// The servers of one part, with their versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateServers(pub BTreeMap<ServerName, BTreeMap<ServerVersion, VersionState>>);

/// Where a version stands that is or was live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VersionState {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// What has become of it.
    pub state: Standing,
    /// The rings that serve it, sorted; none once it is no longer live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<Ring>,
}

/// What has become of a version that went live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Standing {
    /// It is live.
    Live,
    /// Another version took its place.
    Superseded,
    /// It was revoked.
    Revoked,
    /// What it was live by has ended.
    Expired,
}

impl Standing {
    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// Everything that was revoked, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateRevocations(pub Vec<StateRevocation>);

/// A revocation, as the state has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateRevocation {
    /// What kind of thing is revoked.
    #[cfg_attr(feature = "schema", schemars(with = "RevocationScope"))]
    pub scope: RevocationScope,
    /// The SHA-256 of the target's text: the state is for everybody, and people's identities are not.
    pub target: Digest,
}

impl StateRevocation {
    /// The form of a revocation of this.
    #[must_use]
    pub fn of(scope: RevocationScope, target: &str) -> Self {
        Self { scope, target: Digest::of(target.as_bytes()) }
    }
}

impl StateRevocations {
    /// Whether exactly this was revoked.
    #[must_use]
    pub fn has(&self, scope: RevocationScope, target: &str) -> bool {
        self.0.binary_search(&StateRevocation::of(scope, target)).is_ok()
    }
}

/// Why bytes are no state, or none that may be believed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// Larger than a snapshot or a part may be.
    #[error("{0} bytes are more than a part of the state may have")]
    TooLarge(usize),
    /// Of another version of the format.
    #[error("a state of another version than {STATE_VERSION}")]
    Version,
    /// Not in the one form that is committed to.
    #[error("a state that is not in canonical form")]
    NotCanonical,
    /// Its times do not fit together.
    #[error("a state that may be believed for longer than a day, or that ends before it begins")]
    Lifetime,
    /// A part is not named by a byte.
    #[error("a part of the state with a name that is none")]
    Part,
    /// Not representable, or of another shape.
    #[error(transparent)]
    Json(#[from] json::TypedError),
}

impl StateSnapshot {
    /// The name of the part that holds a server: the first byte of the SHA-256 of its name, in hexadecimal digits.
    #[must_use]
    pub fn part_of(server: &ServerName) -> String {
        let digest = Digest::of(server.as_str().as_bytes());
        digest.as_bytes().first().map_or_else(String::new, |byte| format!("{byte:02x}"))
    }

    /// Reads a snapshot. Whether it may be believed now is for the caller, who knows the time.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.len() > MAX_STATE_BYTES {
            return Err(StateError::TooLarge(bytes.len()));
        }
        let value = json::parse(bytes).map_err(json::TypedError::from)?;
        // The version first: a newer snapshot may have members that this one does not know.
        if value.get("v").and_then(Value::as_number).and_then(json::Number::as_u64) != Some(u64::from(STATE_VERSION)) {
            return Err(StateError::Version);
        }
        let snapshot: Self = json::from_value(&value)?;
        if snapshot.to_bytes()? != bytes {
            return Err(StateError::NotCanonical);
        }
        let lifetime = snapshot.expires.duration_since(snapshot.issued);
        if lifetime.is_negative() || lifetime > MAX_STATE_LIFETIME {
            return Err(StateError::Lifetime);
        }
        let is_byte = |name: &String| name.len() == 2 && name.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        if snapshot.servers.keys().all(is_byte) { Ok(snapshot) } else { Err(StateError::Part) }
    }

    /// The bytes that are committed to.
    ///
    /// # Errors
    /// When they cannot be represented.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        to_bytes(self, MAX_STATE_BYTES)
    }
}

impl StateServers {
    /// Reads a part. That it is the one which a snapshot names is for the caller: by its digest.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        from_bytes(bytes)
    }

    /// The bytes of the part.
    ///
    /// # Errors
    /// When they are too many.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        to_bytes(self, MAX_STATE_PART_BYTES)
    }

    /// Where a version stands, if it ever went live.
    #[must_use]
    pub fn version(&self, server: &ServerName, version: &ServerVersion) -> Option<&VersionState> {
        self.0.get(server)?.get(version)
    }
}

impl StateRevocations {
    /// Reads the part.
    ///
    /// # Errors
    /// See [`StateError`]; among them that it is not sorted.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let read: Self = from_bytes(bytes)?;
        if read.0.is_sorted_by(|a, b| a < b) { Ok(read) } else { Err(StateError::NotCanonical) }
    }

    /// The bytes of the part.
    ///
    /// # Errors
    /// When they are too many.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        to_bytes(self, MAX_STATE_PART_BYTES)
    }
}

fn from_bytes<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, StateError> {
    if bytes.len() > MAX_STATE_PART_BYTES {
        return Err(StateError::TooLarge(bytes.len()));
    }
    let value = json::parse_with(bytes, &json::Limits::OURS).map_err(json::TypedError::from)?;
    let read: T = json::from_value(&value)?;
    if to_bytes(&read, MAX_STATE_PART_BYTES)? == bytes { Ok(read) } else { Err(StateError::NotCanonical) }
}

fn to_bytes(document: &impl Serialize, limit: usize) -> Result<Vec<u8>, StateError> {
    let value: Value = json::to_value(document)?;
    let bytes = value.to_canonical_bytes();
    if bytes.len() > limit { Err(StateError::TooLarge(bytes.len())) } else { Ok(bytes) }
}
