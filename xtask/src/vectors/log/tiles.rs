//! The names and the contents of tiles and bundles, and tiles that are not those of the signed root.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::Digest;
use mcp_pin_tlog::{
    AuthenticatedTiles, Hash, TileError, TileId, entries,
    reader::TileSource,
    tile::{FULL_WIDTH, TilePath, new_tiles, tile_bytes},
    tree,
};
use serde_json::{Value, json};

use super::{Tree, entry, expect};
use crate::{
    generate::pretty,
    vectors::{Text, say},
};

/// Level, index and width.
const NAMED: [(u8, u64, u64); 14] = [
    (0, 0, 256),
    (0, 0, 1),
    (0, 0, 255),
    (0, 999, 256),
    (0, 1_000, 256),
    (0, 1_234_067, 256),
    (0, 1_234_067, 7),
    (0, 273, 112),
    (0, (1 << 53) - 1, 256),
    (1, 0, 17),
    (2, 0, 1),
    (7, 127, 255),
    (8, 0, 256),
    (63, 0, 1),
];

const NAMING_NOTHING: [&str; 24] = [
    "",
    "tile",
    "tile/0",
    "tile/0/",
    "/tile/0/000",
    "tile/0/000/",
    "tile//000",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/0/0",
    "tile/0/0000",
    "tile/0/+01",
    "tile/0/x000",
    "tile/0/x000/000",
    "tile/0/000/000",
    "tile/0/x001/67",
    "tile/0/X001/067",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/../000",
    "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/data/000",
];

/// Sizes whose tiles are listed.
const LISTED: [u64; 12] = [0, 1, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 70_000];

/// The sizes of CVE-2026-56865.
const BYPASSED: [u64; 4] = [70_000, 99_999, 100_000, 131_071];

/// Paths, what tiles a tree has, bundles, and tiles that were changed.
pub(crate) fn log_tiles() -> Text {
    let mut named = Vec::new();
    for (level, index, width) in NAMED {
        let tile = TileId::new(level, index, width).ok_or("no tile")?;
        let mut vector = json!({ "level": level, "index": index, "width": width, "path": tile.path() });
        if let Some(path) = tile.entries_path() {
            vector["entriesPath"] = json!(path);
        }
        if TileId::from_path(&tile.path()) != Some(TilePath::Hashes(tile)) {
            return Err(format!("{tile} is not read back"));
        }
        named.push(vector);
    }
    if let Some(path) = NAMING_NOTHING.into_iter().find(|path| TileId::from_path(path).is_some()) {
        return Err(format!("{path:?} names a tile"));
    }
    let mut tree = Tree::with_entries(131_072);
    let mut altered = Vec::new();
    for size in [700].into_iter().chain(BYPASSED) {
        altered.extend(altered_tiles(&mut tree, size)?);
    }
    pretty(&json!({
        "paths": named,
        "refusedPaths": NAMING_NOTHING,
        "trees": LISTED.map(|size| tiles_of(&mut tree, size)).into_iter().collect::<Result<Vec<_>, _>>()?,
        "bundles": bundles()?,
        "refusedBundles": refused_bundles()?,
        "altered": altered,
    }))
}

/// The tiles of a tree: which are not full, how many are, and the digest of all their bytes, level by level.
fn tiles_of(tree: &mut Tree, size: u64) -> Result<Value, String> {
    let mut bytes = Vec::new();
    for tile in new_tiles(0, size) {
        bytes.extend(tile_bytes(tree, &tile)?);
    }
    let partial: Vec<String> = new_tiles(0, size).filter(|tile| !tile.is_full()).map(|tile| tile.path()).collect();
    let full = new_tiles(0, size).filter(TileId::is_full).count();
    Ok(json!({ "size": size, "partial": partial, "full": full, "bytes": Digest::of(&bytes).to_string() }))
}

fn bundles() -> Result<Vec<Value>, String> {
    let lists: [Vec<Vec<u8>>; 3] =
        [vec![entry(0)], (0..4).map(entry).collect(), vec![Vec::new(), entry(1), Vec::new()]];
    let mut vectors = Vec::new();
    for list in lists {
        let bytes = entries::write(list.iter().map(Vec::as_slice)).map_err(say)?;
        let texts: Vec<_> = list.iter().map(|entry| String::from_utf8_lossy(entry)).collect();
        vectors.push(json!({ "entries": texts, "bytes": STANDARD.encode(bytes) }));
    }
    Ok(vectors)
}

fn refused_bundles() -> Result<Vec<Value>, String> {
    let good = entries::write([entry(0), entry(1)].iter().map(Vec::as_slice)).map_err(say)?;
    let cut = |by: usize| good.get(..good.len() - by).unwrap_or_default().to_vec();
    let more = |bytes: &[u8]| [good.as_slice(), bytes].concat();
    let cases = [
        ("an entry fewer", good.clone(), 3),
        ("an entry more", good.clone(), 1),
        ("it ends within an entry", cut(1), 2),
        ("it ends within a length", more(&[0]), 2),
        ("a length and no entry", more(&[0, 5]), 3),
        ("empty entries, more than a bundle has", vec![0; 2 * 300], FULL_WIDTH),
    ];
    let mut vectors = Vec::new();
    for (what, bytes, count) in cases {
        if entries::read(&bytes, count).is_ok() {
            return Err(format!("{what}: it is accepted"));
        }
        vectors.push(json!({ "what": what, "count": count, "bytes": STANDARD.encode(bytes) }));
    }
    Ok(vectors)
}

/// The tiles of a tree, one of which somebody changed.
struct Source<'t> {
    tree: &'t mut Tree,
    tile: TileId,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    /// Its first bit is another one.
    Flipped,
    /// Its last byte is missing.
    Cut,
    /// It is the tile of leaves that comes before it.
    Neighbour,
}

impl TileSource for Source<'_> {
    type Error = String;

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, String> {
        let mut bytes = tile_bytes(self.tree, tile)?;
        if *tile == self.tile {
            match self.how {
                How::Flipped => bytes.iter_mut().take(1).for_each(|byte| *byte ^= 0x80),
                How::Cut => bytes.truncate(bytes.len() - 1),
                How::Neighbour => {
                    let before = tile.index().checked_sub(1).and_then(|index| TileId::new(0, index, tile.width()));
                    bytes = tile_bytes(self.tree, &before.ok_or("it is the first")?)?;
                }
            }
        }
        Ok(bytes)
    }
}

/// All tiles above the leaves, and of the leaves' those at the ends and in the middle.
fn altered_tiles(tree: &mut Tree, size: u64) -> Result<Vec<Value>, String> {
    let last = size / FULL_WIDTH;
    let tiles = new_tiles(0, size)
        .filter(|tile| tile.level() > 0 || [0, 1, last / 2, last.saturating_sub(1), last].contains(&tile.index()));
    let mut vectors = Vec::new();
    for tile in tiles.collect::<Vec<_>>() {
        let expected = if tile.is_full() { "altered" } else { "edge" };
        vectors.push(altered(tree, size, tile, How::Flipped, expected)?);
        vectors.push(altered(tree, size, tile, How::Cut, "length")?);
        if tile.level() == 0 && tile.index() > 0 {
            vectors.push(altered(tree, size, tile, How::Neighbour, expected)?);
        }
    }
    Ok(vectors)
}

fn altered(tree: &mut Tree, size: u64, tile: TileId, how: How, expected: &str) -> Result<Value, String> {
    let root = tree.root(size)?;
    let what = match how {
        How::Flipped => "flipped",
        How::Cut => "cut",
        How::Neighbour => "neighbour",
    };
    let outcome = match read(Source { tree, tile, how }, size, &root) {
        Ok(()) => "whole",
        Err(TileError::Altered { .. }) => "altered",
        Err(TileError::Root) => "edge",
        Err(TileError::Length { .. }) => "length",
        Err(other) => return Err(format!("{tile} of {size}: {other}")),
    };
    expect(&format!("{tile} of {size}, {what}"), expected, outcome)?;
    Ok(json!({ "size": size, "root": root.to_base64(), "tile": tile.path(), "how": what, "outcome": outcome }))
}

/// Reads the tile that was changed as whoever makes a proof would: the edge, the way down from it, and the tile itself.
fn read(source: Source<'_>, size: u64, root: &Hash) -> Result<(), TileError<String>> {
    let changed = source.tile;
    let mut tiles = AuthenticatedTiles::open(source, size, root)?;
    let below = (changed.index() * FULL_WIDTH) << (u32::from(changed.level()) * 8);
    tree::prove_inclusion(&mut tiles, below.min(size - 1), size)?;
    tiles.tile(&changed)?;
    Ok(())
}
