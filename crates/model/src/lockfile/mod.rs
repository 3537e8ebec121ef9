//! `mcp-pin.lock`: generated, reviewed like code, refused when it is anything but exactly what mcp-pin writes.
//!
//! The text has one canonical form. [`Lockfile::parse`] accepts that form only, so two people who see the same locks
//! see the same bytes, and a merge that kept both sides, a hand edit or another tool's file is never read as ours.

pub(crate) mod read;
mod write;

use serde::{Deserialize, Serialize};
use url::Url;

pub use read::LockError;

use crate::{Alias, Artifact, Digest, EntryKind, Launch, ServerName, ServerVersion, Surface, json::utf16_cmp};

/// The file's name.
pub const LOCK_FILE: &str = "mcp-pin.lock";

/// The first value of the file: whose format this is, and which version.
pub const LOCK_FORMAT: &str = "urn:mcp-pin:lock:v1";

/// The whole lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lockfile {
    registries: Vec<LockedRegistry>,
    servers: Vec<LockedServer>,
}

/// A registry that locked servers came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LockedRegistry {
    /// Its base URL.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "uri")))]
    pub url: Url,
    /// The identity of its log.
    pub origin: String,
    /// The size of the last checkpoint seen.
    pub size: u64,
    /// The root of the last checkpoint seen.
    pub root: Digest,
}

/// Where a locked server came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Captured and signed by a developer of this project.
    Local,
    /// Admitted by a registry.
    Registry(Url),
}

/// Who signed a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SignerIdentity {
    /// A key: base64 of the SHA-256 of its `SubjectPublicKeyInfo`, as cosign writes hints.
    Key(KeyIdentity),
    /// A certificate's identity: both parts, never one alone.
    Certificate(CertificateIdentity),
}

/// A key as an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyIdentity {
    /// Base64 of the SHA-256 of the DER `SubjectPublicKeyInfo`.
    pub key: String,
}

/// An identity that a certificate authority vouched for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CertificateIdentity {
    /// The OIDC issuer, exact.
    pub issuer: String,
    /// The certificate's subject alternative name.
    pub subject: String,
}

impl SignerIdentity {
    /// The one text that names it in revocations, logs and databases: the id of a key, or the issuer and the subject of a
    /// certificate, joined by one space. An issuer is an address and holds none, so no text names two signers.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Key(KeyIdentity { key }) => key.clone(),
            Self::Certificate(CertificateIdentity { issuer, subject }) => format!("{issuer} {subject}"),
        }
    }

    /// Reads the text that [`SignerIdentity::id`] writes.
    #[must_use]
    pub fn from_id(id: &str) -> Self {
        match id.split_once(' ') {
            Some((issuer, subject)) => {
                Self::Certificate(CertificateIdentity { issuer: issuer.to_owned(), subject: subject.to_owned() })
            }
            None => Self::Key(KeyIdentity { key: id.to_owned() }),
        }
    }
}

impl std::fmt::Display for SignerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(KeyIdentity { key }) => write!(f, "key {key}"),
            Self::Certificate(CertificateIdentity { issuer, subject }) => write!(f, "{subject} ({issuer})"),
        }
    }
}

/// One locked server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedServer {
    /// What the client's configuration calls it.
    pub alias: Alias,
    /// Its name in a registry, or the local name derived from the alias.
    pub name: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// Where it came from.
    pub source: Source,
    /// The negotiated protocol version; a lower one is refused.
    pub protocol: String,
    /// The digest of the manifest's payload.
    pub manifest: Digest,
    /// The digest of the surface.
    pub surface: Digest,
    /// The digest of what the model reads of it.
    pub model_visible: Digest,
    /// Who signed the manifest.
    pub signer: SignerIdentity,
    /// The digests of the consents' payloads, sorted.
    pub consent: Vec<Digest>,
    /// How it is started or reached.
    pub launch: Launch,
    /// The packages that the launch runs.
    pub artifact: Vec<Artifact>,
    /// The entries of the surface: a kind that the server does not offer is `None`. In the order of
    /// [`EntryKind::ALL`].
    pub entries: [Option<Vec<LockedEntry>>; 5],
    /// Entries that were locked once and are gone, sorted.
    pub tombstones: Vec<Tombstone>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LockedEntry {
    /// Its name or URI.
    pub name: String,
    /// Its content hash.
    pub digest: Digest,
}

/// A gone entry: so that hide-then-return-rewritten is seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tombstone {
    /// The list it stood in.
    pub kind: EntryKind,
    /// Its name or URI.
    pub name: String,
    /// Its last content hash.
    pub digest: Digest,
}

impl LockedServer {
    /// The entries of a surface as the lock holds them.
    #[must_use]
    pub fn entries_of(surface: &Surface) -> [Option<Vec<LockedEntry>>; 5] {
        EntryKind::ALL.map(|kind| {
            surface.section(kind).map(|entries| {
                entries
                    .iter()
                    .map(|entry| LockedEntry { name: entry.key().to_owned(), digest: entry.digest() })
                    .collect()
            })
        })
    }

    /// The entries of one kind.
    #[must_use]
    pub fn section(&self, kind: EntryKind) -> Option<&[LockedEntry]> {
        self.entries.get(kind as usize).and_then(|section| section.as_deref())
    }

    /// The tombstones after an update to `surface`: what was locked or buried and is not in it.
    #[must_use]
    pub fn tombstones_after(&self, surface: &Surface) -> Vec<Tombstone> {
        let locked = EntryKind::ALL.into_iter().flat_map(|kind| {
            self.section(kind).unwrap_or_default().iter().map(move |entry| Tombstone {
                kind,
                name: entry.name.clone(),
                digest: entry.digest,
            })
        });
        let mut tombstones: Vec<Tombstone> = locked
            .chain(self.tombstones.iter().cloned())
            .filter(|tombstone| surface.entry(tombstone.kind, &tombstone.name).is_none())
            .collect();
        // The most recent digest of a name wins: locked ones come first and the sort keeps that order within a name.
        tombstones.sort_by(Tombstone::order);
        tombstones.dedup_by(|later, earlier| later.kind == earlier.kind && later.name == earlier.name);
        tombstones
    }

    /// Brings every list into the order of the file.
    fn normalise(&mut self) {
        self.consent.sort();
        self.consent.dedup();
        self.artifact.iter_mut().for_each(Artifact::normalise);
        self.artifact.sort();
        self.launch.normalise();
        for entries in self.entries.iter_mut().flatten() {
            entries.sort_by(|a, b| utf16_cmp(&a.name, &b.name));
        }
        self.tombstones.sort_by(Tombstone::order);
    }

    /// The name that stands twice in one list, if one does. Lists must be sorted.
    fn duplicate(&self) -> Option<&str> {
        let entries =
            self.entries.iter().flatten().flat_map(|entries| entries.windows(2)).find_map(|pair| match pair {
                [a, b] if a.name == b.name => Some(a.name.as_str()),
                _ => None,
            });
        let tombstones = || {
            self.tombstones.windows(2).find_map(|pair| match pair {
                [a, b] if a.kind == b.kind && a.name == b.name => Some(a.name.as_str()),
                _ => None,
            })
        };
        let artifacts = || {
            self.artifact.windows(2).find_map(|pair| match pair {
                [a, b] if a.purl == b.purl => Some(a.purl.as_str()),
                _ => None,
            })
        };
        entries.or_else(tombstones).or_else(artifacts)
    }
}

impl Tombstone {
    /// By kind, then by name in the order of the surface's lists.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.kind.cmp(&other.kind).then_with(|| utf16_cmp(&self.name, &other.name))
    }
}

impl Lockfile {
    /// An empty lock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The servers, sorted by alias.
    #[must_use]
    pub fn servers(&self) -> &[LockedServer] {
        &self.servers
    }

    /// The registries, sorted by URL.
    #[must_use]
    pub fn registries(&self) -> &[LockedRegistry] {
        &self.registries
    }

    /// One server.
    #[must_use]
    pub fn server(&self, alias: &Alias) -> Option<&LockedServer> {
        let index = self.servers.binary_search_by(|server| server.alias.cmp(alias)).ok()?;
        self.servers.get(index)
    }

    /// Adds or replaces a server; its lists are brought into the order of the file.
    pub fn insert(&mut self, mut server: LockedServer) {
        server.normalise();
        match self.servers.binary_search_by(|existing| existing.alias.cmp(&server.alias)) {
            Ok(index) => {
                if let Some(slot) = self.servers.get_mut(index) {
                    *slot = server;
                }
            }
            Err(index) => self.servers.insert(index, server),
        }
    }

    /// Takes a server out.
    pub fn remove(&mut self, alias: &Alias) -> Option<LockedServer> {
        let index = self.servers.binary_search_by(|server| server.alias.cmp(alias)).ok()?;
        Some(self.servers.remove(index))
    }

    /// A registry that locked servers came from.
    #[must_use]
    pub fn registry(&self, url: &Url) -> Option<&LockedRegistry> {
        self.registries.iter().find(|registry| registry.url == *url)
    }

    /// Takes registries out that no server comes from; gives them back.
    pub fn remove_unused_registries(&mut self) -> Vec<LockedRegistry> {
        let servers = &self.servers;
        let is_used = |registry: &mut LockedRegistry| {
            servers.iter().any(|server| matches!(&server.source, Source::Registry(url) if *url == registry.url))
        };
        self.registries.extract_if(.., |registry| !is_used(registry)).collect()
    }

    /// Adds or replaces a registry.
    pub fn insert_registry(&mut self, registry: LockedRegistry) {
        self.registries.retain(|existing| existing.url != registry.url);
        self.registries.push(registry);
        self.registries.sort_by(|a, b| a.url.as_str().cmp(b.url.as_str()));
    }
}
