//! How far a mirror came: one file a pair of registries, written after every page.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use mcp_pin_model::{Digest, json};
use serde::{Deserialize, Serialize};

use crate::{
    error::CommandError,
    render::json::text_of,
    state::{read_bounded, write_atomic},
};

/// The version of the file's form.
const VERSION: u32 = 1;

/// The largest such file: a hundred thousand versions.
const MAX_BYTES: u64 = 64 << 20;

/// How far a mirror came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MirrorState {
    version: u32,
    /// From where.
    pub(super) upstream: String,
    /// To where.
    pub(super) registry: String,
    /// Everything that was changed before this was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) watermark: Option<Timestamp>,
    /// The pass that has not come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pass: Option<Pass>,
    /// What is known of each version, by `name@version`.
    #[serde(default)]
    pub(super) versions: BTreeMap<String, Known>,
}

/// A pass over what was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pass {
    /// When it began.
    pub(super) began: Timestamp,
    /// Where it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// The latest change that it saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) latest: Option<Timestamp>,
    /// How many pages it took.
    pub(super) pages: u32,
}

/// What is known of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Known {
    /// The document that the upstream had.
    pub(super) digest: Digest,
    /// The draft in quarantine; none for a tombstone, and for what the registry refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) draft: Option<String>,
    /// Whether the upstream deleted it.
    #[serde(default)]
    pub(super) deleted: bool,
}

impl MirrorState {
    /// Reads the file; nothing was done where there is none.
    ///
    /// # Errors
    /// When it is of another pair of registries, of a newer version, or damaged.
    pub(super) fn read(path: &Path, upstream: &str, registry: &str) -> Result<Self, CommandError> {
        let Some(bytes) = read_bounded(path, MAX_BYTES)? else {
            return Ok(Self {
                version: VERSION,
                upstream: upstream.to_owned(),
                registry: registry.to_owned(),
                watermark: None,
                pass: None,
                versions: BTreeMap::new(),
            });
        };
        let damaged = |problem: String| {
            CommandError::could_not_check(format!("{} does not say how far the mirror came: {problem}", path.display()))
                .hint("remove it to start from the beginning; what is in quarantine already stays as it is")
        };
        let value = json::parse_with(&bytes, &json::Limits { bytes: bytes.len(), ..json::Limits::OURS })
            .map_err(|error| damaged(error.to_string()))?;
        let state: Self = json::from_value(&value).map_err(|error| damaged(error.to_string()))?;
        if state.version != VERSION {
            return Err(damaged(format!("it has version {}, and this program knows {VERSION}", state.version)));
        }
        if state.upstream != upstream || state.registry != registry {
            return Err(CommandError::usage(format!(
                "{} is of another mirror: {} to {}",
                path.display(),
                state.upstream,
                state.registry
            ))
            .hint("name another file with --state"));
        }
        Ok(state)
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), CommandError> {
        let value = json::to_value(self).map_err(|error| CommandError::internal(error.to_string()))?;
        write_atomic(path, text_of(&value).as_bytes()).map(drop)
    }
}
