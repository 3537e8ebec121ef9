//! From events to tiles to a checkpoint.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_storage::Store;
use mcp_pin_tlog::{
    Checkpoint, Edge, Hash, LogKeys, Receipt, TileId, VerifiedCheckpoint, VerifierKey, WitnessPolicy, entries,
    note::{KeyKind, Signer},
    reader::{self, TileSource},
    tile::FULL_WIDTH,
    tree,
};
use zeroize::Zeroizing;

use super::{LogError, LogFiles};

/// How many events are read at once: their leaves stay in memory until their tiles are written.
const PAGE: u32 = 1_000;

/// How old the signature of a checkpoint may become before it is signed again: whoever shows an older one is seen to hold
/// something back. Clients are told 10 minutes; half of it leaves room for a missed turn.
pub(super) const SIGNED_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Who the log is.
pub struct LogIdentity {
    /// What its checkpoints begin with.
    pub origin: String,
    /// The seed of its Ed25519 key.
    pub seed: Zeroizing<[u8; 32]>,
}

impl LogIdentity {
    /// What verifies its checkpoints.
    ///
    /// # Errors
    /// When the origin cannot be the name of a key.
    pub fn keys(&self) -> Result<LogKeys, LogError> {
        let signer = Signer::from_seed(&self.origin, KeyKind::Ed25519, &self.seed)?;
        Ok(LogKeys::new(&self.origin, [*signer.key().key()])?)
    }
}

impl std::fmt::Debug for LogIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogIdentity").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// A log, as it is published.
#[derive(Clone, Debug)]
pub struct PublishedLog {
    /// Its files.
    pub files: LogFiles,
    /// What verifies its checkpoints (C2SP `signed-note`): `<origin>+<id>+<key>`.
    pub key: String,
}

impl PublishedLog {
    /// The checkpoint that is published; none before the first one.
    ///
    /// # Errors
    /// When it cannot be read, or is none of this log's key.
    pub fn checkpoint(&self) -> Result<Option<VerifiedCheckpoint>, LogError> {
        let Some(bytes) = self.files.checkpoint()? else { return Ok(None) };
        let key: VerifierKey = self.key.parse()?;
        let keys = LogKeys::new(key.name(), [*key.key()])?;
        // Its own checkpoint: whether the clock was set back since is for clients to complain about.
        Ok(Some(VerifiedCheckpoint::verify(&bytes, &keys, &WitnessPolicy::default(), u64::MAX)?))
    }

    /// The receipt (C2SP `tlog-proof`) of an entry, by a checkpoint of its own.
    ///
    /// # Errors
    /// When the tiles are not whole.
    pub fn receipt(&self, index: u64, by: &VerifiedCheckpoint) -> Result<Vec<u8>, LogError> {
        let mut tiles = tiles_of(&self.files, by.checkpoint())?;
        let proof = tree::prove_inclusion(&mut tiles, index, by.checkpoint().size)?;
        Ok(Receipt { index, proof, checkpoint: by.bytes().to_vec(), extra: None }.to_bytes())
    }
}

/// What publishes a log. There is one for a folder.
#[derive(Debug)]
pub struct Publisher {
    files: LogFiles,
    identity: LogIdentity,
    edge: Edge,
    /// The entries of the bundle that is not full yet.
    open_bundle: Vec<Vec<u8>>,
    published: Option<Signed>,
}

/// A checkpoint that was published.
#[derive(Clone, Debug)]
struct Signed {
    size: u64,
    at: Timestamp,
}

impl Publisher {
    /// Takes up where the folder's checkpoint ends. It must be one of this log's key, and the store must have as many events
    /// and in the last bundle the very same ones: a store that went another way since is noticed by what it did last. Older
    /// events that somebody changed are found by recomputing all of them, which a start has no time for.
    ///
    /// # Errors
    /// See [`LogError`]. Nothing is published then: another log under the same key would be proof against its operator.
    pub async fn open(
        files: LogFiles,
        identity: LogIdentity,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let mut publisher = Self { files, identity, edge: Edge::new(), open_bundle: Vec::new(), published: None };
        let Some(bytes) = publisher.files.checkpoint()? else { return Ok(publisher) };
        // The clock may have been set back since. That is for clients to complain about; the log goes on.
        let signed =
            VerifiedCheckpoint::verify(&bytes, &publisher.identity.keys()?, &WitnessPolicy::default(), u64::MAX)?;
        let size = signed.checkpoint().size;
        let stored = store.read().await?.last_event().await?;
        if size > stored {
            return Err(LogError::Ahead { published: size, stored });
        }
        publisher.resume(signed.checkpoint(), store).await?;
        let at = signed.signed_at().and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
        publisher.published = Some(Signed { size, at: at.unwrap_or(now) });
        Ok(publisher)
    }

    /// Makes the edge of a tree that was published: from its tiles where they are whole, from the events otherwise. In the
    /// first case the entries of the last bundle are held against the store, in the second all of them; before that
    /// nothing is written.
    async fn resume(&mut self, signed: &Checkpoint, store: &dyn Store) -> Result<(), LogError> {
        let size = signed.size;
        let Some((edge, leaves)) = self.edge_and_last_leaves(signed)? else {
            tracing::warn!(log.size = size, "the tiles of the log are not whole: they are made anew from the events");
            if self.edge_from_events(store, size).await?.root() != signed.root {
                return Err(LogError::Forked { size });
            }
            return self.append(store, size).await;
        };
        let entries = self.read_events(store, size - leaves.len() as u64, size).await?;
        if !entries.iter().map(|entry| Hash::of_leaf(entry)).eq(leaves) {
            return Err(LogError::Forked { size });
        }
        self.edge = edge;
        // A bundle that is full is closed.
        self.open_bundle = if size.is_multiple_of(FULL_WIDTH) { Vec::new() } else { entries };
        Ok(())
    }

    /// The edge from its tiles, and the leaves of the last bundle, full or not; none where they are not those of the root.
    fn edge_and_last_leaves(&self, signed: &Checkpoint) -> Result<Option<(Edge, Vec<Hash>)>, LogError> {
        let Some(edge) = self.edge_from_tiles(signed.size)?.filter(|edge| edge.root() == signed.root) else {
            return Ok(None);
        };
        let last = signed.size.saturating_sub(1) / FULL_WIDTH;
        let Some(tile) = TileId::in_tree(0, last, signed.size) else { return Ok(Some((edge, Vec::new()))) };
        let leaves = tiles_of(&self.files, signed).and_then(|mut tiles| Ok(tiles.tile(&tile)?.to_vec()));
        Ok(leaves.ok().map(|leaves| (edge, leaves)))
    }

    async fn edge_from_events(&self, store: &dyn Store, size: u64) -> Result<Edge, LogError> {
        let mut edge = Edge::new();
        while edge.size() < size {
            let to = size.min(edge.size() + u64::from(PAGE));
            for entry in self.read_events(store, edge.size(), to).await? {
                edge.append(Hash::of_leaf(&entry), |_, _| ());
            }
        }
        Ok(edge)
    }

    fn edge_from_tiles(&self, size: u64) -> Result<Option<Edge>, LogError> {
        let mut tiles = Vec::new();
        for tile in Edge::tiles_of(size) {
            let bytes = self.files.tile(&tile)?;
            let Some(hashes) = bytes.and_then(|bytes| mcp_pin_tlog::tile::parse_tile(&tile, &bytes)) else {
                return Ok(None);
            };
            tiles.push(hashes);
        }
        Ok(Edge::from_tiles(size, tiles))
    }

    /// What is served of it.
    ///
    /// # Errors
    /// When the origin cannot be the name of a key.
    pub fn published(&self) -> Result<PublishedLog, LogError> {
        let key = Signer::from_seed(&self.identity.origin, KeyKind::Ed25519, &self.identity.seed)?.key().to_string();
        Ok(PublishedLog { files: self.files.clone(), key })
    }

    /// What the log is called.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.identity.origin
    }

    /// How many entries the published checkpoint has.
    #[must_use]
    pub fn published_size(&self) -> u64 {
        self.published.as_ref().map_or(0, |signed| signed.size)
    }

    /// Whether there is something to publish: events up to `last` that are in no checkpoint yet, or a signature that is old.
    #[must_use]
    pub fn is_due(&self, last: u64, now: Timestamp) -> bool {
        // A clock that was set back does not keep the log from being signed.
        self.published
            .as_ref()
            .is_none_or(|signed| last > signed.size || now.duration_since(signed.at).abs() >= SIGNED_AGAIN_AFTER)
    }

    /// Publishes the events of the store up to `last`; those that were published stay. When this returns, the checkpoint and
    /// everything that it names is on the disk.
    ///
    /// # Errors
    /// See [`LogError`]; what was published before stays, and publishing can be tried again.
    pub async fn publish(&mut self, store: &dyn Store, last: u64, now: Timestamp) -> Result<Vec<u8>, LogError> {
        let before = (self.edge.clone(), self.open_bundle.clone());
        let published = self.publish_or_fail(store, last, now).await;
        if published.is_err() {
            // A tile may have been filled without being written.
            (self.edge, self.open_bundle) = before;
        }
        published
    }

    async fn publish_or_fail(&mut self, store: &dyn Store, last: u64, now: Timestamp) -> Result<Vec<u8>, LogError> {
        self.append(store, last).await?;
        let mut writes = Vec::new();
        for (tile, hashes) in self.edge.partial_tiles() {
            self.write_tile(&mut writes, &tile, hashes)?;
        }
        let size = self.edge.size();
        let origin = self.identity.origin.clone();
        let checkpoint = Checkpoint { origin, size, root: self.edge.root(), extensions: Vec::new() };
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let bytes = checkpoint.sign(&self.identity.seed, seconds)?;
        let (previous, signed) = (self.published_size(), bytes.clone());
        self.on_disk(move |files| {
            write_all(files, &writes)?;
            files.publish(&signed)?;
            let narrow = Edge::tiles_of(previous).filter_map(|tile| TileId::in_tree(tile.level(), tile.index(), size));
            narrow.filter(TileId::is_full).for_each(|full| files.forget_partial(&full));
            Ok(())
        })
        .await?;
        self.published = Some(Signed { size, at: now });
        Ok(bytes)
    }

    /// Appends the events up to `last`, and writes the tiles and bundles that they fill.
    async fn append(&mut self, store: &dyn Store, last: u64) -> Result<(), LogError> {
        while self.edge.size() < last {
            let to = last.min(self.edge.size() + u64::from(PAGE));
            let mut writes = Vec::new();
            for entry in self.read_events(store, self.edge.size(), to).await? {
                let mut full = Vec::new();
                self.edge.append(Hash::of_leaf(&entry), |tile, hashes| full.push((tile, hashes.to_vec())));
                self.open_bundle.push(entry);
                for (tile, hashes) in full {
                    self.write_tile(&mut writes, &tile, &hashes)?;
                    if tile.level() == 0 {
                        self.open_bundle.clear();
                    }
                }
            }
            self.on_disk(move |files| write_all(files, &writes)).await?;
        }
        Ok(())
    }

    /// What has to be written of a tile, and, at level 0, of its entries.
    fn write_tile(&self, writes: &mut Vec<(String, Vec<u8>)>, tile: &TileId, hashes: &[Hash]) -> Result<(), LogError> {
        if let Some(path) = tile.entries_path() {
            writes.push((path, entries::write(self.open_bundle.iter().map(Vec::as_slice))?));
        }
        writes.push((tile.path(), hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()));
        Ok(())
    }

    /// Does something slow where no request waits for it.
    async fn on_disk(
        &self,
        work: impl FnOnce(&LogFiles) -> Result<(), LogError> + Send + 'static,
    ) -> Result<(), LogError> {
        let files = self.files.clone();
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.unwrap_or_else(|error| {
            Err(LogError::Io { path: self.files.folder().to_owned(), source: std::io::Error::other(error) })
        })
    }

    /// The events from index `from` to before index `to`: all of them, in order.
    async fn read_events(&self, store: &dyn Store, from: u64, to: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let mut read = Vec::new();
        let mut snapshot = store.read().await?;
        let mut at = from;
        while at < to {
            let limit = u32::try_from(to - at).unwrap_or(PAGE).min(PAGE);
            let page = snapshot.events(at, limit).await?;
            if page.is_empty() {
                return Err(LogError::Gap { expected: at + 1, found: at });
            }
            for event in page {
                // Sequences begin with 1.
                if event.sequence != at + 1 {
                    return Err(LogError::Gap { expected: at + 1, found: event.sequence });
                }
                read.push(event.leaf);
                at += 1;
            }
        }
        Ok(read)
    }
}

fn write_all(files: &LogFiles, writes: &[(String, Vec<u8>)]) -> Result<(), LogError> {
    writes.iter().try_for_each(|(path, bytes)| files.write_once(path, bytes))
}

/// The published tiles as a source of proofs, which hold them against the root.
impl TileSource for &LogFiles {
    type Error = LogError;

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, LogError> {
        let found = LogFiles::tile(self, tile)?;
        // A tile that is full by now is no longer there in the width that an older checkpoint has.
        let found = match found {
            None if !tile.is_full() => LogFiles::tile(self, &tile.full())?.map(|mut bytes| {
                bytes.truncate(usize::try_from(tile.width()).unwrap_or(0) * mcp_pin_tlog::hash::HASH_BYTES);
                bytes
            }),
            found => found,
        };
        found.ok_or_else(|| LogError::Io {
            path: tile.path().into(),
            source: std::io::Error::from(std::io::ErrorKind::NotFound),
        })
    }
}

/// Opens the published tiles of a tree for proofs.
///
/// # Errors
/// When they are not whole.
pub fn tiles_of<'f>(
    files: &'f LogFiles,
    checkpoint: &Checkpoint,
) -> Result<reader::AuthenticatedTiles<&'f LogFiles>, mcp_pin_tlog::TileError<LogError>> {
    reader::AuthenticatedTiles::open(files, checkpoint.size, &checkpoint.root)
}
