//! What others published: the tree of RFC 6962's first implementation, and the examples of C2SP.

use mcp_pin_tlog::{Edge, Hash, Note, Receipt, TileId, VerifierKey, proof, tile::new_tiles, tree};

use crate::support::Tree;

/// The leaves and the roots that the tests of Certificate Transparency's implementations share.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(hash: &Hash) -> String {
    hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_roots_are_those_of_rfc_6962() {
    let mut edge = Edge::new();
    assert_eq!(edge.root(), Hash::EMPTY_ROOT);
    assert_eq!(hex(&edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        edge.append(Hash::of_leaf(leaf), |_, _| ());
        assert_eq!(hex(&edge.root()), root, "{} leaves", edge.size());
    }
}

#[test]
fn the_paths_are_those_of_the_specification() {
    let path = |level, index, width| TileId::new(level, index, width).unwrap().path();
    assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(0, 273, 112), "tile/0/273.p/112");
    assert_eq!(path(2, 0, 1), "tile/2/000.p/1");
    assert_eq!(TileId::new(0, 5, 256).unwrap().entries_path().unwrap(), "tile/entries/005");
    assert_eq!(TileId::new(1, 5, 256).unwrap().entries_path(), None);
}

/// "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one full
/// level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1."
#[test]
fn a_tree_of_70_000_has_the_tiles_of_the_specification() {
    let tiles: Vec<TileId> = new_tiles(0, 70_000).collect();
    let count = |level, full| tiles.iter().filter(|tile| tile.level() == level && tile.is_full() == full).count();
    assert_eq!([count(0, true), count(0, false), count(1, true), count(1, false)], [273, 1, 1, 1]);
    let partial: Vec<(u8, u64)> =
        tiles.iter().filter(|tile| !tile.is_full()).map(|tile| (tile.level(), tile.width())).collect();
    assert_eq!(partial, [(0, 112), (1, 17), (2, 1)]);
    let of_256: Vec<String> = new_tiles(0, 256).map(|tile| tile.path()).collect();
    assert_eq!(of_256, ["tile/0/000", "tile/1/000.p/1"]);
}

/// The example of the Go module that signed notes come from.
#[test]
fn a_note_of_another_implementation_verifies() {
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\
                \n\
                — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let note = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(note.signed_by(std::slice::from_ref(&key)).unwrap(), [&key]);
    assert_eq!(key.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

/// The form of the examples of C2SP `tlog-checkpoint` and `tlog-cosignature`, whose keys are not published.
#[test]
fn the_example_of_a_checkpoint_is_read() {
    let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
                — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
                — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = Note::parse(note.as_bytes()).unwrap();
    let checkpoint = mcp_pin_tlog::Checkpoint::parse(note.text()).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.text(), note.text());
}

/// The example of RFC 6962 section 2.1.3: the tree of seven leaves, with the names that its figure gives the nodes.
#[test]
fn the_proofs_are_those_of_rfc_6962() {
    let leaves: Vec<Hash> = LEAVES.iter().take(7).map(|leaf| Hash::of_leaf(leaf)).collect();
    let [a, b, c, d, e, f, j] = leaves.clone().try_into().unwrap();
    let [g, h, i] = [(a, b), (c, d), (e, f)].map(|(left, right)| Hash::of_node(&left, &right));
    let (k, l) = (Hash::of_node(&g, &h), Hash::of_node(&i, &j));
    let mut whole = Tree::of_leaves(leaves.clone());
    let root = tree::root(&mut whole, 7).unwrap();
    assert_eq!((root, hex(&root).as_str()), (Hash::of_node(&k, &l), ROOTS[6]));
    for (index, path) in [(0, vec![b, h, l]), (3, vec![c, g, l]), (4, vec![f, j, k]), (6, vec![i, k])] {
        assert_eq!(tree::prove_inclusion(&mut whole, index, 7).unwrap(), path, "{index}");
        let leaf = leaves[usize::try_from(index).unwrap()];
        proof::verify_inclusion(&leaf, index, 7, &path, &root).unwrap();
    }
    for (old, path) in [(3, vec![c, d, g, l]), (4, vec![l]), (6, vec![i, j, k])] {
        assert_eq!(tree::prove_consistency(&mut whole, old, 7).unwrap(), path, "{old}");
        let old_root = tree::root(&mut whole, old).unwrap();
        proof::verify_consistency(old, &old_root, 7, &root, &path).unwrap();
        assert!(proof::verify_consistency(old, &root, 7, &old_root, &path).is_err(), "{old}");
    }
}

/// The form of the example of C2SP `tlog-proof`, whose hashes are not those of a published entry.
#[test]
fn the_form_of_a_receipt_is_that_of_the_specification() {
    let text = "c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMQ==\nindex 73894\n\
                gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n\n\
                example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n\
                — example.com/fancylog AAAAAAAAAAA=\n";
    let receipt = Receipt::parse(text.as_bytes()).unwrap();
    assert_eq!((receipt.index, receipt.proof.len(), receipt.extra.as_deref()), (73_894, 2, Some(&b"age-v1.2.1"[..])));
    assert_eq!(receipt.to_bytes(), text.as_bytes());
    let note = Note::parse(&receipt.checkpoint).unwrap();
    assert_eq!(mcp_pin_tlog::Checkpoint::parse(note.text()).unwrap().size, 109_482);
}
