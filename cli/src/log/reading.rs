//! Tiles and entries of a log whose checkpoint was verified. Every tile is held against the root before anything of it is
//! used, and every entry against its tile.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use mcp_pin_registry_client::{ClientError, RegistryClient};
use mcp_pin_tlog::{
    AuthenticatedTiles, Checkpoint, Hash, TileId, entries,
    hash::HASH_BYTES,
    reader::{TileSource, tiles_for},
    tile::FULL_WIDTH,
    tree::{self, Subtree},
};

use super::{LogProblem, problem::Missing};

/// Tiles that were fetched and are not yet read.
#[derive(Clone, Debug, Default)]
struct Fetched(Arc<Mutex<BTreeMap<TileId, Vec<u8>>>>);

impl Fetched {
    fn insert(&self, tile: TileId, bytes: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tile, bytes);
    }
}

impl TileSource for Fetched {
    type Error = Missing;

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, Missing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tile).cloned().ok_or(Missing)
    }
}

/// Reads a log.
pub(crate) struct LogReader<'c> {
    client: &'c RegistryClient,
    fetched: Fetched,
    tiles: AuthenticatedTiles<Fetched>,
}

impl<'c> LogReader<'c> {
    /// Fetches the tiles at the right edge and those that the subtrees need, and holds the edge against the root.
    pub(crate) async fn open(
        client: &'c RegistryClient,
        checkpoint: &Checkpoint,
        subtrees: &[Subtree],
    ) -> Result<Self, LogProblem> {
        let fetched = Fetched::default();
        fetch(client, &fetched, &tiles_for(checkpoint.size, subtrees)).await?;
        let tiles =
            AuthenticatedTiles::open(fetched.clone(), checkpoint.size, &checkpoint.root).map_err(LogProblem::Tile)?;
        Ok(Self { client, fetched, tiles })
    }

    /// The proof that the log continues the one of that size. Its subtrees were named when the reader was made.
    pub(crate) fn prove_consistency(&mut self, old: u64) -> Result<Vec<Hash>, LogProblem> {
        let size = self.tiles.size();
        tree::prove_consistency(&mut self.tiles, old, size).map_err(LogProblem::Tile)
    }

    /// The hashes of the leaves of the tile in which an entry is.
    pub(crate) async fn leaves(&mut self, index: u64) -> Result<(TileId, Vec<Hash>), LogProblem> {
        let size = self.tiles.size();
        let tile = TileId::in_tree(0, index / FULL_WIDTH, size).ok_or(LogProblem::Entry { sequence: index + 1 })?;
        let needed: Vec<TileId> = {
            let known = self.fetched.0.lock().unwrap_or_else(PoisonError::into_inner);
            tiles_for(size, &[(0, index)]).into_iter().filter(|tile| !known.contains_key(tile)).collect()
        };
        fetch(self.client, &self.fetched, &needed).await?;
        let hashes = self.tiles.tile(&tile).map_err(LogProblem::Tile)?.to_vec();
        // Leaves are read once, in order; the tiles above them are needed again and again.
        self.fetched.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&tile);
        Ok((tile, hashes))
    }

    /// The entries of a range, in order, at most those of one tile at once: each is the one that the log commits to.
    pub(crate) async fn entries(&mut self, range: Range<u64>) -> Result<Vec<Vec<u8>>, LogProblem> {
        let (tile, leaves) = self.leaves(range.start).await?;
        let path = tile.entries_path().ok_or(LogProblem::Entry { sequence: range.start + 1 })?;
        let (bytes, width) = match self.client.log_file(&path).await {
            // It was filled since the checkpoint was signed, and its narrower form is gone.
            Err(ClientError::NotFound { .. }) if !tile.is_full() => {
                let full = tile.full().entries_path().unwrap_or_default();
                (self.client.log_file(&full).await?, FULL_WIDTH)
            }
            bytes => (bytes?, tile.width()),
        };
        let found = entries::read(&bytes, width).map_err(|source| LogProblem::Bundle { path, source })?;
        let first = tile.index() * FULL_WIDTH;
        let mut wanted = Vec::new();
        for ((entry, leaf), index) in found.into_iter().zip(leaves).zip(first..) {
            if Hash::of_leaf(entry) != leaf {
                return Err(LogProblem::Entry { sequence: index + 1 });
            }
            if range.contains(&index) {
                wanted.push(entry.to_vec());
            }
        }
        Ok(wanted)
    }
}

async fn fetch(client: &RegistryClient, fetched: &Fetched, tiles: &[TileId]) -> Result<(), LogProblem> {
    for tile in tiles {
        let bytes = match client.log_file(&tile.path()).await {
            // It was filled since the checkpoint was signed, and its narrower form is gone.
            Err(ClientError::NotFound { .. }) if !tile.is_full() => {
                let mut bytes = client.log_file(&tile.full().path()).await?;
                bytes.truncate(usize::try_from(tile.width()).unwrap_or(0) * HASH_BYTES);
                bytes
            }
            bytes => bytes?,
        };
        fetched.insert(*tile, bytes);
    }
    Ok(())
}
