//! The live set: what the catalogue answers, prepared in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use mcp_pin_model::{
    Digest, Ring, ServerName, ServerVersion,
    json::{self, Object, Value},
};
use mcp_pin_storage::{LiveRing, Snapshot, State, StateKind, SubmissionId};

use super::{ServiceError, rings::Rings};

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
    /// Until when it is live without the consents that it takes, if it is.
    pub break_glass_until: Option<Timestamp>,
    /// `live`, or `superseded`, `revoked` or `expired` for a version that was.
    pub state: StateKind,
    /// When it went live here.
    pub published_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// Whether `latest` stands for it in the rings that it is live in.
    pub is_latest: bool,
}

/// Everything that is live, as of one decision. Immutable: a decision makes another one.
#[derive(Debug)]
pub struct LiveSet {
    /// The sequence of the last event that it takes into account: its identity for caches.
    pub sequence: u64,
    /// The ring of everybody who is in no other.
    ring: Ring,
    views: BTreeMap<Ring, BTreeMap<ServerName, Vec<Arc<CatalogueEntry>>>>,
    live: usize,
    manifests: BTreeSet<Digest>,
    former: Vec<Arc<CatalogueEntry>>,
}

impl LiveSet {
    /// Sorts the entries. `rings` are in the order in which versions reach them; there is at least one.
    pub(super) fn new(sequence: u64, rings: &Rings, entries: impl IntoIterator<Item = CatalogueEntry>) -> Self {
        let (live, mut former): (Vec<_>, Vec<_>) =
            entries.into_iter().map(Arc::new).partition(|entry| entry.state == StateKind::Live);
        former.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.version.cmp(&b.version)));
        let mut views: BTreeMap<Ring, BTreeMap<ServerName, Vec<Arc<CatalogueEntry>>>> = BTreeMap::new();
        // What a ring has nothing of its own of it has from the ring after it.
        let mut after: BTreeMap<ServerName, Vec<Arc<CatalogueEntry>>> = BTreeMap::new();
        for one in rings.iter().rev() {
            let own = live.iter().filter(|entry| entry.rings.contains(&one.ring));
            after.extend(own.map(|entry| (entry.name.clone(), vec![Arc::clone(entry)])));
            views.insert(one.ring.clone(), after.clone());
        }
        let manifests = live.iter().chain(&former).map(|entry| entry.manifest).collect();
        Self { sequence, ring: rings.last().clone(), views, live: live.len(), manifests, former }
    }

    fn view(&self, ring: &Ring) -> Option<&BTreeMap<ServerName, Vec<Arc<CatalogueEntry>>>> {
        self.views.get(ring)
    }

    /// The ring of everybody who is in no other.
    #[must_use]
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// All that a ring is served, by name, then by version.
    pub fn iter(&self, ring: &Ring) -> impl Iterator<Item = &Arc<CatalogueEntry>> {
        self.view(ring).into_iter().flat_map(|view| view.values().flatten())
    }

    /// The versions of one server that a ring is served, lowest first; none for a name that is unknown or has nothing live
    /// there.
    #[must_use]
    pub fn versions(&self, ring: &Ring, name: &ServerName) -> &[Arc<CatalogueEntry>] {
        self.view(ring).and_then(|view| view.get(name)).map_or(&[], Vec::as_slice)
    }

    /// One version that a ring is served.
    #[must_use]
    pub fn version(&self, ring: &Ring, name: &ServerName, version: &ServerVersion) -> Option<&Arc<CatalogueEntry>> {
        self.versions(ring, name).iter().find(|entry| entry.version == *version)
    }

    /// The highest version of a server that a ring is served.
    #[must_use]
    pub fn latest(&self, ring: &Ring, name: &ServerName) -> Option<&Arc<CatalogueEntry>> {
        self.versions(ring, name).last()
    }

    /// Versions that were live and are no longer in any ring, by name, then by version: for `updated_since` and
    /// `include_deleted`, which tell mirrors what to drop.
    pub fn former(&self) -> impl Iterator<Item = &Arc<CatalogueEntry>> {
        self.former.iter()
    }

    /// Whether this manifest is live in some ring, or was: whether everybody may read it.
    #[must_use]
    pub fn has_manifest(&self, manifest: &Digest) -> bool {
        self.manifests.contains(manifest)
    }

    /// How many versions are live in some ring.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether nothing is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }
}

/// Makes the live set from the store.
pub(super) async fn read(snapshot: &mut (dyn Snapshot + '_), rings: &Rings) -> Result<LiveSet, ServiceError> {
    let mut live: BTreeMap<SubmissionId, Vec<LiveRing>> = BTreeMap::new();
    for one in snapshot.live_rings(None).await? {
        live.entry(one.submission.clone()).or_default().push(one);
    }
    let glasses = snapshot.break_glasses(None, true).await?;
    let mut entries = Vec::new();
    for submission in snapshot.once_live(None).await? {
        let Some(published_at) = submission.state.live_since() else { continue };
        let of_this = live.remove(&submission.id).unwrap_or_default();
        let updated_at = match &submission.state {
            State::Superseded { at, .. } | State::Revoked { at, .. } | State::Expired { at, .. } => *at,
            // It may have come to a further ring, or back to one.
            State::Pending | State::Approved { .. } | State::Live { .. } | State::Rejected { .. } => {
                of_this.iter().map(|live| live.since).max().unwrap_or(published_at)
            }
        };
        // It passed the strict parser before it was signed, as part of the manifest, within the limits of manifests.
        let parsed = json::parse_with(submission.server_json.as_bytes(), &json::Limits::OURS);
        let Ok(Value::Object(server)) = parsed else {
            return Err(ServiceError::Unsound(format!("submission {}: server.json is damaged", submission.id)));
        };
        entries.push(CatalogueEntry {
            rings: of_this.into_iter().map(|live| live.ring).collect(),
            break_glass_until: glasses
                .iter()
                .find(|glass| glass.submission == submission.id)
                .map(|glass| glass.expires_at),
            // A ring serves one version of a server, so each is the latest where it is live.
            is_latest: submission.state.kind() == StateKind::Live,
            state: submission.state.kind(),
            name: submission.server,
            version: submission.version,
            server,
            manifest: submission.manifest,
            attestation: submission.attestation,
            publisher: submission.publisher.to_string(),
            published_at,
            updated_at,
        });
    }
    Ok(LiveSet::new(snapshot.last_event().await?, rings, entries))
}
