//! A log in memory, and who serves it.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use mcp_pin_tlog::{
    Checkpoint, Edge, Hash, LogKeys, TileId, VerifierKey,
    note::KeyKind,
    reader::TileSource,
    tile::{FULL_WIDTH, TILE_HEIGHT},
    tree::HashReader,
};

pub(crate) const ORIGIN: &str = "mcp.acme.example/log";
pub(crate) const SEED: [u8; 32] = [7; 32];
pub(crate) const NOW: u64 = 1_800_000_000;

/// The entry at that index.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// A tree, all hashes of its whole subtrees in memory: by height.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    rows: Vec<Vec<Hash>>,
}

impl Tree {
    pub(crate) fn of_leaves(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut rows = vec![leaves.into_iter().collect::<Vec<_>>()];
        while rows.last().unwrap().len() > 1 {
            let pairs = rows.last().unwrap().chunks_exact(2);
            rows.push(pairs.map(|pair| Hash::of_node(&pair[0], &pair[1])).collect());
        }
        Self { rows }
    }

    pub(crate) fn with_entries(size: u64) -> Self {
        Self::of_leaves((0..size).map(|index| Hash::of_leaf(&entry(index))))
    }
}

impl HashReader for Tree {
    type Error = ();

    fn subtree(&mut self, height: u8, index: u64) -> Result<Hash, ()> {
        let row = self.rows.get(usize::from(height)).ok_or(())?;
        row.get(usize::try_from(index).unwrap()).copied().ok_or(())
    }
}

/// The root of RFC 6962, as its definition has it.
pub(crate) fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            Hash::of_node(&root_by_definition(&leaves[..split]), &root_by_definition(&leaves[split..]))
        }
    }
}

/// Tiles as they lie on a disk, by path, and which were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) asked: Rc<RefCell<Vec<TileId>>>,
}

impl Disk {
    /// Appends that many entries, tile by tile, as a log does, and gives back the edge.
    pub(crate) fn written(size: u64) -> (Self, Edge) {
        let (mut disk, mut edge) = (Self::default(), Edge::new());
        for index in 0..size {
            edge.append(Hash::of_leaf(&entry(index)), |tile, hashes| disk.put(tile, hashes));
        }
        let partial: Vec<_> = edge.partial_tiles().map(|(tile, hashes)| (tile, hashes.to_vec())).collect();
        for (tile, hashes) in partial {
            disk.put(tile, &hashes);
        }
        (disk, edge)
    }

    pub(crate) fn put(&mut self, tile: TileId, hashes: &[Hash]) {
        let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        assert!(self.files.insert(tile.path(), bytes).is_none(), "{tile} was written twice");
    }
}

impl TileSource for &Disk {
    type Error = String;

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, String> {
        self.asked.borrow_mut().push(*tile);
        self.files.get(&tile.path()).cloned().ok_or_else(|| format!("no {tile}"))
    }
}

/// A checkpoint of the log, signed.
pub(crate) fn signed(size: u64, root: Hash) -> Vec<u8> {
    checkpoint(size, root).sign(&SEED, NOW).unwrap()
}

pub(crate) fn checkpoint(size: u64, root: Hash) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }
}

pub(crate) fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    *mcp_pin_tlog::Signer::from_seed("any", KeyKind::Ed25519, seed).unwrap().key().key()
}

pub(crate) fn log() -> LogKeys {
    LogKeys::new(ORIGIN, [public_key(&SEED)]).unwrap()
}

pub(crate) fn witness(name: &str, seed: &[u8; 32]) -> VerifierKey {
    VerifierKey::new(name, KeyKind::Cosignature, public_key(seed)).unwrap()
}

/// Where a whole subtree's first leaf is.
pub(crate) fn first_leaf(tile: &TileId) -> u64 {
    (tile.index() * FULL_WIDTH) << (tile.level() * TILE_HEIGHT)
}
