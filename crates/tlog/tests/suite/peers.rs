//! The same trees by another implementation: proofs are the same, and each verifies the other's.

use mcp_pin_tlog::{
    AuthenticatedTiles, Hash, TileId, proof,
    reader::TileSource,
    tile::{new_tiles, tile_bytes},
    tree,
};
use proptest::prelude::*;
use tlog_tiles::{tile as peer_tile, tlog as peer};

use crate::support::{Tree, entry, root_by_definition};

#[derive(Default)]
struct PeerTree(Vec<peer::Hash>);

impl peer::HashReader for PeerTree {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<peer::Hash>, peer::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn peer_tree(size: u64) -> PeerTree {
    let mut tree = PeerTree::default();
    for index in 0..size {
        let hashes = peer::stored_hashes(index, &entry(index), &tree).unwrap();
        tree.0.extend(hashes);
    }
    tree
}

/// The path without the height, which C2SP's layout does not name.
fn path_of(tile: &peer_tile::Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

/// A tree whose tiles the peer makes, with the first bit of one of them changed.
struct PeerTiles {
    tree: PeerTree,
    changed: Option<TileId>,
}

impl TileSource for &PeerTiles {
    type Error = String;

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, String> {
        let width = u32::try_from(tile.width()).unwrap();
        let theirs = peer_tile::Tile::new(8, tile.level(), tile.index(), width, false);
        let mut bytes = theirs.read_data(&self.tree).map_err(|error| error.to_string())?;
        if self.changed.as_ref() == Some(tile) {
            bytes[0] ^= 0x80;
        }
        Ok(bytes)
    }
}

/// Tiles that we make, for the peer's reader.
struct OurTiles(Tree);

impl peer_tile::TileReader for OurTiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[peer_tile::Tile]) -> Result<Vec<Vec<u8>>, peer::Error> {
        let read = |tile: &peer_tile::Tile| {
            let ours = TileId::new(tile.level(), tile.level_index(), tile.width().into()).unwrap();
            tile_bytes(&mut self.0.clone(), &ours).unwrap()
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[peer_tile::Tile], _: &[Vec<u8>]) {}
}

fn theirs(hashes: &[Hash]) -> Vec<peer::Hash> {
    hashes.iter().map(|hash| peer::Hash(*hash.as_bytes())).collect()
}

#[test]
fn every_proof_of_small_trees_is_the_same() {
    let their_tree = peer_tree(70);
    let mut ours = Tree::with_entries(70);
    for size in 1..=70_u64 {
        let root = tree::root(&mut ours, size).unwrap();
        assert_eq!(root.as_bytes(), &peer::tree_hash(size, &their_tree).unwrap().0);
        for index in 0..size {
            let proof = tree::prove_inclusion(&mut ours, index, size).unwrap();
            assert_eq!(theirs(&proof), peer::prove_record(size, index, &their_tree).unwrap());
            proof::verify_inclusion(&Hash::of_leaf(&entry(index)), index, size, &proof, &root).unwrap();
        }
        for old in 1..size {
            let proof = tree::prove_consistency(&mut ours, old, size).unwrap();
            assert_eq!(theirs(&proof), peer::prove_tree(size, old, &their_tree).unwrap());
            let old_root = tree::root(&mut ours, old).unwrap();
            proof::verify_consistency(old, &old_root, size, &root, &proof).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proofs_of_any_size_verify_here_and_there(size in 1_u64..3_000, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let mut ours = Tree::with_entries(size);
        let root = tree::root(&mut ours, size).unwrap();
        let leaves: Vec<Hash> = (0..size).map(|index| Hash::of_leaf(&entry(index))).collect();
        prop_assert_eq!(root, root_by_definition(&leaves));
        let index = a.index(usize::try_from(size).unwrap()) as u64;
        let leaf = leaves[usize::try_from(index).unwrap()];
        let inclusion = tree::prove_inclusion(&mut ours, index, size).unwrap();
        proof::verify_inclusion(&leaf, index, size, &inclusion, &root).unwrap();
        let their_root = peer::Hash(*root.as_bytes());
        peer::check_record(&theirs(&inclusion), size, their_root, index, peer::Hash(*leaf.as_bytes())).unwrap();

        let old = b.index(usize::try_from(size).unwrap()) as u64 + 1;
        let old_root = tree::root(&mut ours, old).unwrap();
        let consistency = tree::prove_consistency(&mut ours, old, size).unwrap();
        proof::verify_consistency(old, &old_root, size, &root, &consistency).unwrap();
        peer::check_tree(&theirs(&consistency), size, their_root, old, peer::Hash(*old_root.as_bytes())).unwrap();
    }

    /// The same tiles under the same names, from any size to any other.
    #[test]
    fn tiles_are_the_same(old in 0_u64..70_000, more in 0_u64..3_000) {
        let new = old + more;
        let ours: Vec<String> = new_tiles(old, new).map(|tile| tile.path()).collect();
        let theirs: Vec<String> = peer_tile::Tile::new_tiles(8, old, new).iter().map(path_of).collect();
        prop_assert_eq!(ours, theirs);
    }

    /// Each reads the other's tiles, and ours refuses one that was changed. Theirs would not refuse each: some of its tiles are
    /// held against nothing, as in CVE-2026-56865.
    #[test]
    fn tiles_are_read_here_and_there(size in 1_u64..1_500, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let mut ours = Tree::with_entries(size);
        let root = tree::root(&mut ours, size).unwrap();
        let index = a.index(usize::try_from(size).unwrap()) as u64;
        let expected = tree::prove_inclusion(&mut ours, index, size).unwrap();

        let mut their_tiles = PeerTiles { tree: peer_tree(size), changed: None };
        let mut reader = AuthenticatedTiles::open(&their_tiles, size, &root).unwrap();
        prop_assert_eq!(&tree::prove_inclusion(&mut reader, index, size).unwrap(), &expected);

        let our_tiles = OurTiles(ours);
        let reader = peer_tile::TileHashReader::new(size, peer::Hash(*root.as_bytes()), &our_tiles);
        prop_assert_eq!(peer::prove_record(size, index, &reader).unwrap(), theirs(&expected));

        let tiles: Vec<TileId> = new_tiles(0, size).collect();
        let changed = tiles[b.index(tiles.len())];
        their_tiles.changed = Some(changed);
        let read = AuthenticatedTiles::open(&their_tiles, size, &root).and_then(|mut reader| reader.tile(&changed).map(<[Hash]>::len));
        prop_assert!(read.is_err(), "{} of {}", changed, size);
    }

    /// Whatever is changed of a proof, it proves nothing any more.
    #[test]
    fn a_proof_that_was_touched_is_refused(size in 2_u64..600, a in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), how in 0..4) {
        let mut ours = Tree::with_entries(size);
        let root = tree::root(&mut ours, size).unwrap();
        let index = a.index(usize::try_from(size).unwrap()) as u64;
        let leaf = Hash::of_leaf(&entry(index));
        let mut proof = tree::prove_inclusion(&mut ours, index, size).unwrap();
        let place = at.index(proof.len());
        match how {
            0 => proof[place] = Hash::of_node(&proof[place], &leaf),
            1 => { proof.remove(place); }
            2 => proof.insert(place, leaf),
            _ => proof.push(root),
        }
        prop_assert!(proof::verify_inclusion(&leaf, index, size, &proof, &root).is_err());
    }

    #[test]
    fn a_consistency_proof_that_was_touched_is_refused(size in 3_u64..600, a in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), how in 0..4) {
        let mut ours = Tree::with_entries(size);
        let root = tree::root(&mut ours, size).unwrap();
        let old = a.index(usize::try_from(size - 1).unwrap()) as u64 + 1;
        let old_root = tree::root(&mut ours, old).unwrap();
        let mut proof = tree::prove_consistency(&mut ours, old, size).unwrap();
        let place = at.index(proof.len());
        match how {
            0 => proof[place] = Hash::of_node(&proof[place], &root),
            1 => { proof.remove(place); }
            2 => proof.insert(place, root),
            _ => proof.push(root),
        }
        prop_assert!(proof::verify_consistency(old, &old_root, size, &root, &proof).is_err());
    }

    /// Proofs of nonsense never panic and never verify.
    #[test]
    fn foreign_proofs_do_no_harm(index in any::<u64>(), old in any::<u64>(), size in any::<u64>(), hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<Hash> = hashes.into_iter().map(Hash::from_bytes).collect();
        let root = Hash::of_leaf(b"root");
        let _ = proof::verify_inclusion(&Hash::of_leaf(b"leaf"), index, size, &proof, &root);
        prop_assert!(old == 0 || old == size || proof::verify_consistency(old, &Hash::of_leaf(b"old"), size, &root, &proof).is_err());
    }
}
