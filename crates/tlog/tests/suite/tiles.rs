//! Tiles and entry bundles: what is written is what the tree has, and what is read was held against the root.

use std::collections::BTreeSet;

use mcp_pin_tlog::{
    AuthenticatedTiles, Edge, Hash, TileError, TileId, entries,
    reader::tiles_for,
    tile::{self, TilePath, new_tiles},
    tree,
};
use proptest::prelude::*;

use crate::support::{Disk, Tree, entry, first_leaf};

#[test]
fn what_a_growing_log_writes_is_what_its_tree_has() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000] {
        let (disk, edge) = Disk::written(size);
        let mut whole = Tree::with_entries(size);
        assert_eq!(edge.root(), tree::root(&mut whole, size).unwrap(), "{size}");
        let expected: BTreeSet<String> = new_tiles(0, size).map(|tile| tile.path()).collect();
        assert_eq!(disk.files.keys().cloned().collect::<BTreeSet<_>>(), expected, "{size}");
        for tile in new_tiles(0, size) {
            assert_eq!(disk.files[&tile.path()], tile::tile_bytes(&mut whole, &tile).unwrap(), "{tile} of {size}");
        }
        let kept = edge.partial_tiles().map(|(_, hashes)| hashes.to_vec()).collect();
        assert_eq!(Edge::from_tiles(size, kept), Some(edge), "{size}");
    }
}

#[test]
fn an_edge_of_the_wrong_tiles_is_none() {
    let (_, edge) = Disk::written(300);
    let tiles: Vec<Vec<Hash>> = edge.partial_tiles().map(|(_, hashes)| hashes.to_vec()).collect();
    assert!(Edge::from_tiles(301, tiles.clone()).is_none());
    assert!(Edge::from_tiles(300, tiles[..1].to_vec()).is_none());
    assert!(Edge::from_tiles(300, [tiles.clone(), tiles[..1].to_vec()].concat()).is_none());
}

#[test]
fn proofs_from_tiles_are_those_from_the_tree() {
    for size in [1, 256, 257, 1_000, 65_536, 70_000] {
        let (disk, edge) = Disk::written(size);
        let mut whole = Tree::with_entries(size);
        let mut tiles = AuthenticatedTiles::open(&disk, size, &edge.root()).unwrap();
        for index in [0, 1, size / 3, size / 2, size - 1] {
            let ours = tree::prove_inclusion(&mut tiles, index, size).unwrap();
            assert_eq!(ours, tree::prove_inclusion(&mut whole, index, size).unwrap(), "{index} of {size}");
            let old = index + 1;
            let ours = tree::prove_consistency(&mut tiles, old, size).unwrap();
            assert_eq!(ours, tree::prove_consistency(&mut whole, old, size).unwrap(), "{old} to {size}");
        }
    }
}

/// Whoever fetches over a network fetches these, and needs no other.
#[test]
fn the_tiles_of_a_proof_are_known_beforehand() {
    let size = 70_000;
    let (disk, edge) = Disk::written(size);
    for index in [0, 33_333, 65_535, 65_536, 69_999] {
        let planned = tiles_for(size, &tree::subtrees_for_inclusion(index, size));
        disk.asked.borrow_mut().clear();
        let mut tiles = AuthenticatedTiles::open(&disk, size, &edge.root()).unwrap();
        tree::prove_inclusion(&mut tiles, index, size).unwrap();
        let asked: BTreeSet<TileId> = disk.asked.borrow().iter().copied().collect();
        assert_eq!(asked, planned.into_iter().collect(), "{index}");
        assert!(asked.len() <= 7, "{index}: {asked:?}");
    }
    let planned = tiles_for(size, &tree::subtrees_for_consistency(300, size));
    disk.asked.borrow_mut().clear();
    let mut tiles = AuthenticatedTiles::open(&disk, size, &edge.root()).unwrap();
    tree::prove_consistency(&mut tiles, 300, size).unwrap();
    assert_eq!(disk.asked.borrow().iter().copied().collect::<BTreeSet<_>>(), planned.into_iter().collect());
}

/// CVE-2026-56865: readers that held some tiles against nothing. Every tile of the sizes at which it was found, each
/// altered in turn.
#[test]
fn an_altered_tile_is_found_when_it_is_read() {
    for size in [70_000, 99_999, 100_000, 131_071] {
        let (mut disk, edge) = Disk::written(size);
        for tile in new_tiles(0, size) {
            let flip = |disk: &mut Disk| disk.files.get_mut(&tile.path()).unwrap()[5] ^= 1;
            flip(&mut disk);
            let found = match AuthenticatedTiles::open(&disk, size, &edge.root()) {
                Err(error) => error,
                Ok(mut tiles) => {
                    let index = first_leaf(&tile).min(size - 1);
                    match tree::prove_inclusion(&mut tiles, index, size) {
                        Err(error) => error,
                        // The proof takes no hash of this tile: it has to be asked for.
                        Ok(_) => tiles.tile(&tile).unwrap_err(),
                    }
                }
            };
            let expected = if tile.is_full() { TileError::Altered { tile } } else { TileError::Root };
            assert_eq!(found, expected, "{tile} of {size}");
            flip(&mut disk);
        }
        assert!(AuthenticatedTiles::open(&disk, size, &edge.root()).is_ok());
    }
}

#[test]
fn a_tile_of_another_length_is_none() {
    let (mut disk, edge) = Disk::written(70_000);
    disk.files.get_mut("tile/0/001").unwrap().push(0);
    let mut tiles = AuthenticatedTiles::open(&disk, 70_000, &edge.root()).unwrap();
    let tile = TileId::new(0, 1, 256).unwrap();
    assert_eq!(tiles.tile(&tile).unwrap_err(), TileError::Length { tile, bytes: 8_193 });
}

#[test]
fn a_tile_that_is_missing_is_named() {
    let (mut disk, edge) = Disk::written(70_000);
    disk.files.remove("tile/0/001");
    let mut tiles = AuthenticatedTiles::open(&disk, 70_000, &edge.root()).unwrap();
    let error = tree::prove_inclusion(&mut tiles, 256, 70_000).unwrap_err();
    assert_eq!(error.to_string(), "tile/0/001 cannot be read");
    assert!(matches!(tiles.tile(&TileId::new(5, 0, 256).unwrap()), Err(TileError::NoSubtree { .. })));
}

proptest! {
    #[test]
    fn a_path_names_one_tile(level in 0_u8..64, index in any::<u64>(), width in 1_u64..=256) {
        let tile = TileId::new(level, index, width).unwrap();
        prop_assert_eq!(TileId::from_path(&tile.path()), Some(TilePath::Hashes(tile)));
        if level == 0 {
            prop_assert_eq!(TileId::from_path(&tile.entries_path().unwrap()), Some(TilePath::Entries(tile)));
        }
    }

    #[test]
    fn any_other_spelling_names_none(path in "tile/(entries|[0-9]{1,3})/(x?[0-9]{2,4}/){0,3}x?[0-9]{2,4}(\\.p/[0-9]{1,4})?") {
        match TileId::from_path(&path) {
            Some(TilePath::Hashes(tile)) => prop_assert_eq!(tile.path(), path),
            Some(TilePath::Entries(tile)) => prop_assert_eq!(tile.entries_path().unwrap(), path),
            None => {}
        }
    }

    #[test]
    fn a_bundle_comes_back_as_it_was(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..256)) {
        let bytes = entries::write(entries.iter().map(Vec::as_slice)).unwrap();
        let count = entries.len() as u64;
        prop_assert_eq!(entries::read(&bytes, count).unwrap(), entries);
        prop_assert!(entries::read(&bytes, count + 1).is_err());
        if !bytes.is_empty() {
            prop_assert!(entries::read(&bytes[..bytes.len() - 1], count).is_err());
        }
    }

    #[test]
    fn foreign_bundles_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2_000), count in 0_u64..300) {
        if let Ok(entries) = entries::read(&bytes, count) {
            prop_assert_eq!(entries::write(entries).unwrap(), bytes);
        }
    }
}

#[test]
fn paths_that_are_none() {
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/../000",
        "tile/-1/000",
        "tile/0/+01",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/000",
        "tile/data/000",
    ] {
        assert_eq!(TileId::from_path(path), None, "{path}");
    }
}

#[test]
fn an_entry_is_no_longer_than_its_length_can_say() {
    assert!(entries::write([vec![0; 65_535].as_slice()]).is_ok());
    assert_eq!(entries::write([vec![0; 65_536].as_slice()]), Err(entries::EntriesError::TooLong(65_536)));
    // 40,000 empty entries in 80,000 bytes: counted no further than a bundle can have.
    assert_eq!(entries::read(&[0; 80_000], 256), Err(entries::EntriesError::Count { found: 257, expected: 256 }));
}

#[test]
fn entries_hash_to_the_leaves_of_their_tile() {
    let (disk, _) = Disk::written(300);
    let tile = TileId::new(0, 0, 256).unwrap();
    let entries: Vec<Vec<u8>> = (0..256).map(entry).collect();
    let bytes = entries::write(entries.iter().map(Vec::as_slice)).unwrap();
    let leaves = tile::parse_tile(&tile, &disk.files[&tile.path()]).unwrap();
    let hashed: Vec<Hash> = entries::read(&bytes, 256).unwrap().into_iter().map(Hash::of_leaf).collect();
    assert_eq!(hashed, leaves);
}
