//! The live set: what the catalogue answers, prepared in memory.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use mcp_pin_model::{
    Digest, Ring, ServerName, ServerVersion,
    json::{self, Object, Value},
};
use mcp_pin_storage::{Snapshot, State, StateKind};

use super::ServiceError;

/// One version of the catalogue.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    /// The server.
    pub name: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The official `server.json`, verbatim.
    pub server: Object,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the bundle that carries the manifest.
    pub attestation: Digest,
    /// The principal who published it.
    pub publisher: String,
    /// The rings it is live in, sorted; none once it is no longer live.
    pub rings: Vec<Ring>,
    /// `live`, or `superseded` or `revoked` for a version that was.
    pub state: StateKind,
    /// When it went live here.
    pub published_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// Whether it is the highest live version of its server.
    pub is_latest: bool,
}

/// Everything that is live, as of one decision. Immutable: a decision makes another one.
#[derive(Debug, Default)]
pub struct LiveSet {
    /// The sequence of the last event that it takes into account: its identity for caches.
    pub sequence: u64,
    live: BTreeMap<ServerName, Vec<Arc<CatalogueEntry>>>,
    former: Vec<Arc<CatalogueEntry>>,
}

impl LiveSet {
    /// Sorts the entries.
    pub(super) fn new(sequence: u64, entries: impl IntoIterator<Item = CatalogueEntry>) -> Self {
        let mut live: BTreeMap<ServerName, Vec<CatalogueEntry>> = BTreeMap::new();
        let mut former = Vec::new();
        for entry in entries {
            if entry.state == StateKind::Live {
                live.entry(entry.name.clone()).or_default().push(entry);
            } else {
                former.push(Arc::new(entry));
            }
        }
        let live = live
            .into_iter()
            .map(|(name, mut versions)| {
                versions.sort_by(|a, b| a.version.cmp(&b.version));
                let last = versions.len().saturating_sub(1);
                let versions = versions.into_iter().enumerate().map(|(index, mut entry)| {
                    entry.is_latest = index == last;
                    Arc::new(entry)
                });
                (name, versions.collect())
            })
            .collect();
        former.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.version.cmp(&b.version)));
        Self { sequence, live, former }
    }

    /// All live versions, by name, then by version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CatalogueEntry>> {
        self.live.values().flatten()
    }

    /// The live versions of one server, lowest first; none for a name that is unknown or has nothing live.
    #[must_use]
    pub fn versions(&self, name: &ServerName) -> &[Arc<CatalogueEntry>] {
        self.live.get(name).map_or(&[], Vec::as_slice)
    }

    /// One live version.
    #[must_use]
    pub fn version(&self, name: &ServerName, version: &ServerVersion) -> Option<&Arc<CatalogueEntry>> {
        self.versions(name).iter().find(|entry| entry.version == *version)
    }

    /// The highest live version of a server.
    #[must_use]
    pub fn latest(&self, name: &ServerName) -> Option<&Arc<CatalogueEntry>> {
        self.versions(name).last()
    }

    /// Versions that were live and are no longer, by name, then by version: for `updated_since` and
    /// `include_deleted`, which tell mirrors what to drop.
    pub fn former(&self) -> impl Iterator<Item = &Arc<CatalogueEntry>> {
        self.former.iter()
    }

    /// Whether this manifest is live, or was: whether everybody may read it.
    #[must_use]
    pub fn has_manifest(&self, manifest: &Digest) -> bool {
        self.iter().any(|entry| entry.manifest == *manifest)
            || self.former.iter().any(|entry| entry.manifest == *manifest)
    }

    /// How many versions are live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.values().map(Vec::len).sum()
    }

    /// Whether nothing is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }
}

/// Makes the live set from the store.
pub(super) async fn read(snapshot: &mut (dyn Snapshot + '_)) -> Result<LiveSet, ServiceError> {
    let mut rings: BTreeMap<String, Vec<Ring>> = BTreeMap::new();
    for (_, ring, submission) in snapshot.live_rings().await? {
        rings.entry(submission.as_str().to_owned()).or_default().push(ring);
    }
    let mut entries = Vec::new();
    for submission in snapshot.once_live(None).await? {
        let Some(published_at) = submission.state.live_since() else { continue };
        let updated_at = match &submission.state {
            State::Superseded { at, .. } | State::Revoked { at, .. } => *at,
            State::Pending | State::Live { .. } | State::Rejected { .. } => published_at,
        };
        // It passed the strict parser before it was signed, as part of the manifest, within the limits of manifests.
        let parsed = json::parse_with(submission.server_json.as_bytes(), &json::Limits::OURS);
        let Ok(Value::Object(server)) = parsed else {
            return Err(ServiceError::Unsound(format!("submission {}: server.json is damaged", submission.id)));
        };
        entries.push(CatalogueEntry {
            rings: rings.remove(submission.id.as_str()).unwrap_or_default(),
            state: submission.state.kind(),
            name: submission.server,
            version: submission.version,
            server,
            manifest: submission.manifest,
            attestation: submission.attestation,
            publisher: submission.publisher.to_string(),
            published_at,
            updated_at,
            is_latest: false,
        });
    }
    Ok(LiveSet::new(snapshot.last_event().await?, entries))
}
