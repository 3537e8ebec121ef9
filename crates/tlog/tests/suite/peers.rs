//! The same trees by another implementation: proofs are the same, and each verifies the other's.

use mcp_pin_tlog::{Hash, proof, tree};
use proptest::prelude::*;
use tlog_tiles::tlog as peer;

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
