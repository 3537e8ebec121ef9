//! Tiles: runs of hashes of one level, under immutable names (C2SP `tlog-tiles`).

use std::fmt;

use crate::{
    Hash,
    hash::HASH_BYTES,
    tree::{self, HashReader},
};

/// How many levels of the tree one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// How many hashes, or entries, a full tile has.
pub const FULL_WIDTH: u64 = 1 << TILE_HEIGHT;

/// The highest level of a tile. A tree of 2^63 leaves has levels up to 7; the names allow for 63.
pub const MAX_LEVEL: u8 = 63;

/// A tile: its level (0 for leaves), its index in the level, and how many hashes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

impl TileId {
    /// `None` unless the level is at most [`MAX_LEVEL`] and the width is between 1 and [`FULL_WIDTH`].
    #[must_use]
    pub fn new(level: u8, index: u64, width: u64) -> Option<Self> {
        (level <= MAX_LEVEL && (1..=FULL_WIDTH).contains(&width)).then(|| Self {
            level,
            index,
            width: u16::try_from(width).unwrap_or(u16::MAX),
        })
    }

    /// The tile at that place in a tree of that size, as wide as the tree has it; `None` where it has none.
    #[must_use]
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = hashes_of_level(level, size);
        let start = index.checked_mul(FULL_WIDTH)?;
        Self::new(level, index, hashes.checked_sub(start)?.min(FULL_WIDTH))
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The index in the level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it has.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.width.into()
    }

    /// Whether it has all hashes that a tile can have.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width() == FULL_WIDTH
    }

    /// The full tile at the same place: what may be there instead, once the tree has grown.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: u16::try_from(FULL_WIDTH).unwrap_or(u16::MAX), ..*self }
    }

    /// The tile one level up that has this one's root among its hashes, and where. `None` at the highest level.
    #[must_use]
    pub fn parent(&self, size: u64) -> Option<(Self, u64)> {
        let parent = Self::in_tree(self.level.checked_add(1)?, self.index / FULL_WIDTH, size)?;
        let position = self.index % FULL_WIDTH;
        (position < parent.width()).then_some((parent, position))
    }

    /// The path below the log's prefix: `tile/<level>/<index>[.p/<width>]`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, index_path(self.index, self.width()))
    }

    /// The path of the entry bundle with the entries that this tile of level 0 has the hashes of:
    /// `tile/entries/<index>[.p/<width>]`. `None` at other levels.
    #[must_use]
    pub fn entries_path(&self) -> Option<String> {
        (self.level == 0).then(|| format!("tile/entries/{}", index_path(self.index, self.width())))
    }

    /// Reads a path that [`TileId::path`] or [`TileId::entries_path`] writes; every tile has exactly one of each.
    #[must_use]
    pub fn from_path(path: &str) -> Option<TilePath> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, decimal(width, FULL_WIDTH - 1).filter(|width| *width > 0)?),
            None => (rest, FULL_WIDTH),
        };
        let index = parse_index(index)?;
        if level == "entries" {
            return Some(TilePath::Entries(Self::new(0, index, width)?));
        }
        let level = u8::try_from(decimal(level, MAX_LEVEL.into())?).ok()?;
        Some(TilePath::Hashes(Self::new(level, index, width)?))
    }
}

/// What a path under `tile/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// A tile of hashes.
    Hashes(TileId),
    /// The entries of a tile of level 0.
    Entries(TileId),
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// How many hashes a level has in a tree of that size: of whole subtrees only.
fn hashes_of_level(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// Digits in groups of three, all groups but the last with an `x`: files and folders never collide.
fn index_path(index: u64, width: u64) -> String {
    let mut path = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    if width < FULL_WIDTH {
        path = format!("{path}.p/{width}");
    }
    path
}

fn parse_index(path: &str) -> Option<u64> {
    // 2^64 has twenty digits: seven groups.
    let groups: Vec<&str> = path.split('/').collect();
    let (last, before) = groups.split_last()?;
    if before.len() > 6 {
        return None;
    }
    let mut digits = String::new();
    for group in before {
        digits.push_str(three_digits(group.strip_prefix('x')?)?);
    }
    digits.push_str(three_digits(last)?);
    // One spelling each: no leading group of zeros.
    if before.first() == Some(&"x000") {
        return None;
    }
    digits.parse().ok()
}

fn three_digits(group: &str) -> Option<&str> {
    (group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit())).then_some(group)
}

/// A decimal number without leading zeros.
pub(crate) fn decimal(text: &str, most: u64) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|number| plain && canonical && *number <= most)
}

/// The tile that holds the hashes of a subtree, and which of them: `(first, how many)`.
#[must_use]
pub fn tile_of_subtree((height, index): tree::Subtree, size: u64) -> Option<(TileId, u64, u64)> {
    let level = height / TILE_HEIGHT;
    let inside = height % TILE_HEIGHT;
    // In units of the tile's hashes.
    let first = index.checked_shl(inside.into())?;
    let count = 1 << inside;
    let tile = TileId::in_tree(level, first / FULL_WIDTH, size)?;
    let first = first % FULL_WIDTH;
    (first + count <= tile.width()).then_some((tile, first, count))
}

/// The tiles of a tree that a tree of the earlier size does not have under the same name, lowest level first: what has
/// to be written before a checkpoint of the new size is published.
pub fn new_tiles(old: u64, new: u64) -> impl Iterator<Item = TileId> {
    (0..=MAX_LEVEL).flat_map(move |level| {
        let (before, now) = (hashes_of_level(level, old), hashes_of_level(level, new));
        let tiles = if before < now { before / FULL_WIDTH..now.div_ceil(FULL_WIDTH) } else { 0..0 };
        tiles.filter_map(move |index| TileId::in_tree(level, index, new))
    })
}

/// The bytes of a tile.
///
/// # Errors
/// The reader's.
pub fn tile_bytes<R: HashReader + ?Sized>(reader: &mut R, tile: &TileId) -> Result<Vec<u8>, R::Error> {
    let mut bytes = Vec::with_capacity(usize::from(tile.width) * HASH_BYTES);
    for position in 0..tile.width() {
        let hash = reader.subtree(tile.level * TILE_HEIGHT, tile.index * FULL_WIDTH + position)?;
        bytes.extend_from_slice(hash.as_bytes());
    }
    Ok(bytes)
}

/// The hashes of a tile's bytes; `None` unless there are exactly as many as the tile has.
#[must_use]
pub fn parse_tile(tile: &TileId, bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    (rest.is_empty() && hashes.len() == usize::from(tile.width))
        .then(|| hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect())
}
