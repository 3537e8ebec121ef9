//! The live set: what the catalogue answers, prepared in memory.
//!
//! A [`LiveSet`] never changes. A decision makes another one, which shares all servers with it that the decision was not
//! about, and the two are swapped at once: a reader has the state before the decision or the one after it, never a mix,
//! for as long as the reader keeps it. What is served for an entry is written when the entry is made.

mod advance;
mod entry;
mod label;
mod server;
mod shelves;
mod start;

use std::sync::Arc;

use mcp_pin_model::{Digest, Ring, ServerName, ServerVersion};
use mcp_pin_storage::StateKind;

pub(super) use advance::{Unverified, advance, servers_of_events};
pub(super) use entry::Standing;
pub use entry::{CatalogueEntry, Deprecation, Facts, Tag};
use label::Label;
pub use label::Wanted;
pub(super) use server::Stored;
pub use server::{Server, View};
use shelves::{Shelved, Shelves};
pub(super) use start::start;

/// Everything that is live, as of one decision. Immutable: a decision makes another one.
pub struct LiveSet {
    /// The sequence of the last event that it takes into account: its identity for caches.
    pub sequence: u64,
    /// In the order in which versions reach them.
    rings: Vec<Ring>,
    servers: Shelves<Arc<Server>>,
    manifests: Shelves<(Digest, ServerName)>,
}

impl Shelved for Arc<Server> {
    type Key = ServerName;
    type Label = Label;

    fn key(&self) -> &ServerName {
        self.name()
    }

    fn label(items: &[Self]) -> Label {
        Label::new(items.iter().map(|server| &**server))
    }
}

impl Shelved for (Digest, ServerName) {
    type Key = Digest;
    type Label = ();

    fn key(&self) -> &Digest {
        &self.0
    }

    fn label(_: &[Self]) {}
}

impl LiveSet {
    /// A catalogue in which nothing is or was live.
    pub(super) fn empty(rings: Vec<Ring>) -> Self {
        Self { sequence: 0, rings, servers: Shelves::default(), manifests: Shelves::default() }
    }

    /// The same as of a later event, with these servers in place of what they were before.
    pub(super) fn with(&self, sequence: u64, servers: Vec<Arc<Server>>) -> Self {
        let is_new = |entry: &CatalogueEntry| self.manifests.get(&entry.manifest).is_none();
        let entries = servers.iter().flat_map(|server| server.everything());
        let manifests =
            entries.filter(|entry| is_new(entry)).map(|entry| (entry.manifest, entry.name.clone())).collect();
        Self {
            sequence,
            rings: self.rings.clone(),
            servers: self.servers.with(servers),
            manifests: self.manifests.with(manifests),
        }
    }

    /// One server, of which something is or was live.
    #[must_use]
    pub fn server(&self, name: &ServerName) -> Option<&Arc<Server>> {
        self.servers.get(name)
    }

    /// All servers of which something is or was live, by name.
    pub fn servers(&self) -> impl Iterator<Item = &Arc<Server>> {
        self.servers.iter()
    }

    /// The servers from a name on (from the first, where there is none), by name, without most of those that have
    /// nothing that is wanted.
    pub fn walk<'s>(&'s self, from: Option<&ServerName>, wanted: Wanted<'s>) -> impl Iterator<Item = &'s Arc<Server>> {
        self.servers.from(from, move |label| label.may_have(&wanted))
    }

    /// All live versions, by name, then by version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CatalogueEntry>> {
        self.servers.iter().flat_map(|server| server.default_view().live())
    }

    /// The live versions of one server, lowest first; none for a name that is unknown or has nothing live.
    #[must_use]
    pub fn versions(&self, name: &ServerName) -> &[Arc<CatalogueEntry>] {
        self.server(name).map_or(&[], |server| server.default_view().live())
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
        let all = self.servers.iter().flat_map(|server| server.default_view().all());
        all.filter(|entry| entry.state != StateKind::Live)
    }

    /// Whether this manifest is live in some ring, or was: whether everybody may read it.
    #[must_use]
    pub fn has_manifest(&self, manifest: &Digest) -> bool {
        self.manifests.get(manifest).is_some()
    }

    /// The server of a manifest that is or was live.
    #[must_use]
    pub fn server_of_manifest(&self, manifest: &Digest) -> Option<&Arc<Server>> {
        self.server(&self.manifests.get(manifest)?.1)
    }

    /// The rings, in the order in which versions reach them. Who is in no other is in the last.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// How many versions are live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.servers.labels().map(|label| label.live).sum()
    }

    /// Whether nothing is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for LiveSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveSet").field("sequence", &self.sequence).field("len", &self.len()).finish_non_exhaustive()
    }
}
