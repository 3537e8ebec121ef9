//! The right edge of a growing tree.

use std::collections::VecDeque;

use crate::{
    Hash, TileId,
    tile::{FULL_WIDTH, MAX_LEVEL, TILE_HEIGHT},
    tree,
};

/// The highest level that a tree of less than 2^64 leaves can have hashes in.
const HIGHEST: u8 = 63 / TILE_HEIGHT;

/// All that is needed to append to a tree and to know its root: of each level, the hashes of the tile that is not full
/// yet. At most 255 of them a level, eight levels.
///
/// Appending hashes the leaf and, on average, one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// By level.
    partial: Vec<Vec<Hash>>,
}

impl Edge {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of that size, from the hashes of the tiles that [`Edge::tiles_of`] names, in that order.
    ///
    /// `None` when there are not as many tiles or hashes as that. Whether they are the right ones shows the root.
    #[must_use]
    pub fn from_tiles(size: u64, tiles: Vec<Vec<Hash>>) -> Option<Self> {
        let mut tiles = VecDeque::from(tiles);
        let mut partial = Vec::new();
        for id in Self::tiles_of(size) {
            let hashes = tiles.pop_front().filter(|hashes| hashes.len() as u64 == id.width())?;
            partial.resize_with(usize::from(id.level()) + 1, Vec::new);
            *partial.last_mut()? = hashes;
        }
        tiles.is_empty().then_some(Self { size, partial })
    }

    /// The tiles of a tree that are not full: at most one a level, lowest level first.
    pub fn tiles_of(size: u64) -> impl Iterator<Item = TileId> {
        (0..=HIGHEST).filter_map(move |level| {
            let hashes = size >> (level * TILE_HEIGHT);
            TileId::new(level, hashes / FULL_WIDTH, hashes % FULL_WIDTH)
        })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. `full` is told each tile that the leaf completes, with its hashes: lowest level first.
    pub fn append(&mut self, leaf: Hash, mut full: impl FnMut(TileId, &[Hash])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..=MAX_LEVEL {
            let at = usize::from(level);
            if self.partial.len() <= at {
                self.partial.resize_with(at + 1, Vec::new);
            }
            let Some(hashes) = self.partial.get_mut(at) else { return };
            hashes.push(hash);
            let Some(root) = (hashes.len() as u64 == FULL_WIDTH).then(|| Hash::of_subtree(hashes)).flatten() else {
                return;
            };
            let index = (self.size >> (u32::from(level) * u32::from(TILE_HEIGHT))) / FULL_WIDTH - 1;
            if let Some(tile) = TileId::new(level, index, FULL_WIDTH) {
                full(tile, hashes);
            }
            hashes.clear();
            hash = root;
        }
    }

    /// The tiles that are not full, with their hashes: lowest level first.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        let tiles = Self::tiles_of(self.size);
        tiles.filter_map(|tile| Some((tile, self.partial.get(usize::from(tile.level()))?.as_slice())))
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut subtrees = Vec::new();
        for hashes in self.partial.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (subtree, after) = rest.split_at(1 << rest.len().ilog2());
                subtrees.extend(Hash::of_subtree(subtree));
                rest = after;
            }
        }
        tree::join(&subtrees)
    }
}
