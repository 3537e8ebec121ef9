//! The root of a registry: which keys speak for it, and who may say so.
//!
//! Its bytes are the canonical form, signed as they are (in `mcp_pin_attest::registry_root`) and never rebuilt. Versions
//! form a chain: each is signed by enough holders of the one before it and of its own. The rule is that of TUF (The Update
//! Framework specification 1.0, section 5.3), without its other roles.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Digest,
    json::{self, Value},
};

/// The `_type` of a root.
pub const ROOT_TYPE: &str = "urn:mcp-pin:root:v1";

/// The most keys of a root: a handful of people, and two or three keys of the registry.
pub const MAX_ROOT_KEYS: usize = 64;

/// A root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootDocument {
    /// [`ROOT_TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// 1, 2, 3 … without gaps.
    pub version: u64,
    /// When it is worth nothing any more, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub expires: Timestamp,
    /// The keys, by their ids: base64 of the SHA-256 of the DER `SubjectPublicKeyInfo`.
    pub keys: BTreeMap<String, RootKey>,
    /// What which keys are for. A key has one role.
    pub roles: RootRoles,
}

/// A key. What it signs with follows from the key itself and from its role, never from a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootKey {
    /// Base64 of the DER `SubjectPublicKeyInfo`.
    pub public_key: String,
}

/// The roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootRoles {
    /// Who says what the next root is. Held by people, offline.
    pub root: RoleKeys,
    /// Who signs checkpoints of the transparency log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<RoleKeys>,
    /// Who signs the snapshot of the current state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<RoleKeys>,
    /// Who says who the approvers are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver_authority: Option<RoleKeys>,
}

impl RootRoles {
    /// Every role with its keys.
    pub fn iter(&self) -> impl Iterator<Item = &RoleKeys> {
        [Some(&self.root), self.log.as_ref(), self.snapshot.as_ref(), self.approver_authority.as_ref()]
            .into_iter()
            .flatten()
    }
}

/// The keys of a role, and how many of them it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleKeys {
    /// The ids, sorted, each once.
    pub keyids: Vec<String>,
    /// How many distinct keys have to sign.
    pub threshold: NonZero<u8>,
}

/// Why bytes are no root.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootDocumentError {
    /// Not acceptable JSON, or of another shape.
    #[error(transparent)]
    Json(#[from] json::TypedError),
    /// Another kind of document, or a newer one.
    #[error("it is no `{ROOT_TYPE}`")]
    Type,
    /// Not in the one form that is signed.
    #[error("it is not in canonical form")]
    NotCanonical,
    /// Not a version.
    #[error("its version is not 1 or higher")]
    Version,
    /// More keys than any registry has.
    #[error("it has more than {MAX_ROOT_KEYS} keys")]
    TooManyKeys,
    /// A key under an id that is not its own.
    #[error("the key {0} has another id")]
    KeyId(String),
    /// A role without order among its keys, or with one twice.
    #[error("the keys of a role are not sorted, or one stands there twice")]
    KeyOrder,
    /// A role with a key that is not there.
    #[error("a role names the key {0}, which is not there")]
    UnknownKey(String),
    /// A key in two roles: whoever has an online key would have a say in the other.
    #[error("the key {0} has two roles")]
    TwoRoles(String),
    /// A key without a role.
    #[error("the key {0} has no role")]
    NoRole(String),
    /// A role that nobody could fill.
    #[error("a role takes more keys than it has")]
    Threshold,
}

impl RootDocument {
    /// Reads a root from the bytes that were signed.
    ///
    /// # Errors
    /// See [`RootDocumentError`].
    pub fn from_payload(payload: &[u8]) -> Result<Self, RootDocumentError> {
        let value = json::parse(payload).map_err(json::TypedError::from)?;
        // The type first: a newer root may have members that this one does not know.
        if value.get("_type").and_then(Value::as_str) != Some(ROOT_TYPE) {
            return Err(RootDocumentError::Type);
        }
        let root: Self = json::from_value(&value)?;
        root.check()?;
        if root.to_payload()? == payload { Ok(root) } else { Err(RootDocumentError::NotCanonical) }
    }

    /// The bytes that are signed.
    ///
    /// # Errors
    /// When a number is too large for JSON.
    pub fn to_payload(&self) -> Result<Vec<u8>, RootDocumentError> {
        Ok(json::to_value(self)?.to_canonical_bytes())
    }

    /// Checks what its form alone does not say.
    ///
    /// # Errors
    /// See [`RootDocumentError`].
    pub fn check(&self) -> Result<(), RootDocumentError> {
        if self.kind != ROOT_TYPE {
            return Err(RootDocumentError::Type);
        }
        if self.version == 0 {
            return Err(RootDocumentError::Version);
        }
        if self.keys.len() > MAX_ROOT_KEYS {
            return Err(RootDocumentError::TooManyKeys);
        }
        for (id, key) in &self.keys {
            let der = STANDARD.decode(&key.public_key).map_err(|_| RootDocumentError::KeyId(id.clone()))?;
            if STANDARD.encode(Digest::of(&der).as_bytes()) != *id {
                return Err(RootDocumentError::KeyId(id.clone()));
            }
        }
        let mut with_role = BTreeSet::new();
        for role in self.roles.iter() {
            if !role.keyids.is_sorted_by(|a, b| a < b) {
                return Err(RootDocumentError::KeyOrder);
            }
            if usize::from(role.threshold.get()) > role.keyids.len() {
                return Err(RootDocumentError::Threshold);
            }
            for id in &role.keyids {
                if !self.keys.contains_key(id) {
                    return Err(RootDocumentError::UnknownKey(id.clone()));
                }
                if !with_role.insert(id) {
                    return Err(RootDocumentError::TwoRoles(id.clone()));
                }
            }
        }
        match self.keys.keys().find(|id| !with_role.contains(id)) {
            Some(id) => Err(RootDocumentError::NoRole(id.clone())),
            None => Ok(()),
        }
    }
}
