//! Many names at once: what a lock pins, held against what is live.

use std::sync::Arc;

use mcp_pin_model::{Digest, Ring, ServerName, ServerVersion};
use mcp_pin_storage::StateKind;

use super::{CatalogueEntry, LiveSet, View};

/// A name to look up, as a client has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookup<'w> {
    /// The server.
    pub name: &'w str,
    /// An exact version; the latest, where absent.
    pub version: Option<&'w str>,
    /// The digest of the manifest that a lock pins.
    pub manifest: Option<&'w str>,
}

/// How what a lock pins stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// It is served.
    Live,
    /// It was, until another version took its place.
    Superseded,
    /// It was, until trust in it ended.
    Revoked,
    /// It was, until the time of an emergency consent ran out.
    Expired,
    /// The version is or was served with another manifest than this.
    Mismatch,
    /// It was never served here, or not to this caller.
    Unknown,
}

impl Pinned {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Mismatch => "mismatch",
            Self::Unknown => "unknown",
        }
    }
}

/// What was found for one name.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The version that was asked for, if it is live.
    pub entry: Option<Arc<CatalogueEntry>>,
    /// The latest live version of the server.
    pub latest: Option<Arc<CatalogueEntry>>,
    /// How the pinned manifest stands, where one was given.
    pub pinned: Option<Pinned>,
}

/// Looks one name up, as a ring sees it. What is no name, version or digest is not there.
#[must_use]
pub fn resolve(live: &LiveSet, ring: &Ring, wanted: &Lookup<'_>) -> Resolved {
    let Ok(name) = wanted.name.parse::<ServerName>() else {
        return Resolved { pinned: wanted.manifest.map(|_| Pinned::Unknown), ..Resolved::default() };
    };
    let version = wanted.version.map(str::parse::<ServerVersion>);
    let view = live.server(&name).map(|server| server.view(ring));
    let latest = view.and_then(View::latest).cloned();
    let entry = match &version {
        None => latest.clone(),
        Some(Ok(version)) => view.and_then(|view| view.live().iter().find(|entry| entry.version == *version)).cloned(),
        Some(Err(_)) => None,
    };
    let version = version.and_then(Result::ok);
    let pinned = wanted
        .manifest
        .map(|manifest| manifest.parse().map_or(Pinned::Unknown, |manifest| pinned(view, version.as_ref(), &manifest)));
    Resolved { entry, latest, pinned }
}

fn pinned(view: Option<&View>, version: Option<&ServerVersion>, manifest: &Digest) -> Pinned {
    let of_name = || view.into_iter().flat_map(View::all);
    match of_name().find(|entry| entry.manifest == *manifest) {
        // A lock that says another version of this manifest than the manifest does was not made from it.
        Some(entry) if version.is_some_and(|version| *version != entry.version) => Pinned::Mismatch,
        Some(entry) => match entry.state {
            StateKind::Live => Pinned::Live,
            StateKind::Superseded => Pinned::Superseded,
            StateKind::Expired => Pinned::Expired,
            _ => Pinned::Revoked,
        },
        None if version.is_some_and(|version| of_name().any(|entry| entry.version == *version)) => Pinned::Mismatch,
        None => Pinned::Unknown,
    }
}
