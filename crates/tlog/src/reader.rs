//! Tiles from a source that nobody has to trust.
//!
//! Only the root of a tree is signed. Every tile is checked before one of its hashes is used: the tiles at the right edge
//! together against the root, every other one against the hash of it in the tile above, which was checked before. So a
//! tile that was altered is found when it is read, not when a proof made of it fails (compare CVE-2026-56865, where tiles
//! were kept that had never been held against their parents).

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    Edge, Hash, TileId,
    tile::{self, FULL_WIDTH},
    tree::HashReader,
};

/// How many tiles are kept: the way from the root to a leaf is eight at most, and a proof walks along few such ways.
const KEPT_TILES: usize = 256;

/// Where tiles come from.
pub trait TileSource {
    /// Why a tile could not be read.
    type Error;

    /// The bytes of a tile, as received.
    ///
    /// # Errors
    /// When it cannot be read.
    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, Self::Error>;
}

/// Why a hash cannot be had from tiles.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TileError<E> {
    /// The source does not give it.
    #[error("{tile} cannot be read")]
    Source {
        /// The tile.
        tile: TileId,
        /// Why.
        source: E,
    },
    /// It does not have as many bytes as its hashes take.
    #[error("{tile} has {bytes} bytes, which is not what {width} hashes take", width = .tile.width())]
    Length {
        /// The tile.
        tile: TileId,
        /// How many there are.
        bytes: usize,
    },
    /// Its hashes are not those that the tile above it commits to.
    #[error("{tile} is not the one that the log commits to")]
    Altered {
        /// The tile.
        tile: TileId,
    },
    /// The tiles at the right edge do not lead to the root.
    #[error("the tiles at the right edge do not lead to the root that is signed")]
    Root,
    /// A subtree that the tree does not have.
    #[error("the log has no subtree of height {height} and index {index}")]
    NoSubtree {
        /// Its height.
        height: u8,
        /// Its index.
        index: u64,
    },
}

/// The hashes of a tree whose root is known, from tiles that were checked.
#[derive(Debug)]
pub struct AuthenticatedTiles<S> {
    source: S,
    size: u64,
    edge: BTreeMap<TileId, Vec<Hash>>,
    full: BTreeMap<TileId, Vec<Hash>>,
}

impl<S: TileSource> AuthenticatedTiles<S> {
    /// Reads the tiles at the right edge and holds them against the root.
    ///
    /// # Errors
    /// When they cannot be read, or are not those of a tree of that size with that root.
    pub fn open(mut source: S, size: u64, root: &Hash) -> Result<Self, TileError<S::Error>> {
        let mut tiles = Vec::new();
        for tile in Edge::tiles_of(size) {
            tiles.push(read(&mut source, &tile)?);
        }
        let edge = Edge::from_tiles(size, tiles).filter(|edge| edge.root() == *root).ok_or(TileError::Root)?;
        let edge = edge.partial_tiles().map(|(tile, hashes)| (tile, hashes.to_vec())).collect();
        Ok(Self { source, size, edge, full: BTreeMap::new() })
    }

    /// The tree's size.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of a tile of the tree.
    ///
    /// # Errors
    /// When it cannot be read, or is not the one that the tree has there.
    pub fn tile(&mut self, tile: &TileId) -> Result<&[Hash], TileError<S::Error>> {
        if self.edge.contains_key(tile) {
            return Ok(self.edge.get(tile).map_or(&[], Vec::as_slice));
        }
        // From the tile that is known, or the edge, down to the one that is asked for.
        let mut unknown = Vec::new();
        let mut at = *tile;
        while !self.edge.contains_key(&at) && !self.full.contains_key(&at) {
            let none = TileError::NoSubtree { height: at.level(), index: at.index() };
            let (parent, position) = at.parent(self.size).ok_or(none)?;
            unknown.push((at, parent, position));
            at = parent;
        }
        if self.full.len() + unknown.len() > KEPT_TILES {
            self.full.retain(|kept, _| *kept == at);
        }
        while let Some((at, parent, position)) = unknown.pop() {
            let hashes = read(&mut self.source, &at)?;
            let committed = self.known(&parent).and_then(|hashes| hashes.get(usize::try_from(position).ok()?));
            if committed.is_none() || committed != Hash::of_subtree(&hashes).as_ref() {
                return Err(TileError::Altered { tile: at });
            }
            self.full.insert(at, hashes);
        }
        Ok(self.known(tile).unwrap_or_default())
    }

    fn known(&self, tile: &TileId) -> Option<&[Hash]> {
        self.edge.get(tile).or_else(|| self.full.get(tile)).map(Vec::as_slice)
    }
}

fn read<S: TileSource>(source: &mut S, id: &TileId) -> Result<Vec<Hash>, TileError<S::Error>> {
    let bytes = source.tile(id).map_err(|source| TileError::Source { tile: *id, source })?;
    tile::parse_tile(id, &bytes).ok_or(TileError::Length { tile: *id, bytes: bytes.len() })
}

impl<S: TileSource> HashReader for AuthenticatedTiles<S> {
    type Error = TileError<S::Error>;

    fn subtree(&mut self, height: u8, index: u64) -> Result<Hash, Self::Error> {
        let none = || TileError::NoSubtree { height, index };
        let (tile, first, count) = tile::tile_of_subtree((height, index), self.size).ok_or_else(none)?;
        let range = usize::try_from(first).ok().zip(usize::try_from(first + count).ok()).ok_or_else(none)?;
        let hashes = self.tile(&tile)?.get(range.0..range.1).ok_or_else(none)?;
        Hash::of_subtree(hashes).ok_or_else(none)
    }
}

/// The tiles that are read for subtrees of a tree of that size, each once: what somebody who has to fetch them over a
/// network fetches at once beforehand. The edge's are among them.
#[must_use]
pub fn tiles_for(size: u64, subtrees: &[crate::tree::Subtree]) -> Vec<TileId> {
    let mut tiles: std::collections::BTreeSet<TileId> = Edge::tiles_of(size).collect();
    for subtree in subtrees {
        let mut at = tile::tile_of_subtree(*subtree, size).map(|(tile, _, _)| tile);
        while let Some(tile) = at.filter(|tile| tile.width() == FULL_WIDTH && tiles.insert(*tile)) {
            at = tile.parent(size).map(|(parent, _)| parent);
        }
    }
    tiles.into_iter().collect()
}
