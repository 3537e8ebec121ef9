//! Leaves, roots, and proofs of both kinds.

use mcp_pin_tlog::{Hash, proof};
use serde_json::{Value, json};

use super::{Tree, base64, expect, leaf, proof_word};
use crate::{generate::pretty, vectors::Text};

/// Every size up to here has its root.
const EVERY_SIZE_TO: u64 = 70;

/// Around the borders of tiles of the first three levels, and the sizes at which readers were found to hold tiles against
/// nothing (CVE-2026-56865).
const BORDERS: [u64; 16] =
    [255, 256, 257, 511, 512, 513, 1_000, 65_535, 65_536, 65_537, 65_792, 70_000, 99_999, 100_000, 131_071, 131_072];

const LARGEST: u64 = 131_072;

/// Every pair up to here has its proofs.
const EVERY_PROOF_TO: u64 = 9;

/// Entries that are no text, with nothing, and of the longest length.
fn unusual_entries() -> [(&'static str, Vec<u8>); 4] {
    [
        ("nothing", Vec::new()),
        ("a zero byte", vec![0]),
        ("64 bytes, as long as what an inner node hashes", vec![1; 64]),
        ("65,535 zero bytes, the longest entry", vec![0; 65_535]),
    ]
}

/// What is claimed of a leaf.
#[derive(Clone)]
struct Inclusion {
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: Vec<Hash>,
}

impl Inclusion {
    fn of(tree: &mut Tree, index: u64, size: u64) -> Result<Self, String> {
        Ok(Self { leaf: leaf(index), index, size, root: tree.root(size)?, proof: tree.inclusion(index, size)? })
    }

    fn vector(&self, what: &str, expected: &str) -> Result<Value, String> {
        let outcome = match proof::verify_inclusion(&self.leaf, self.index, self.size, &self.proof, &self.root) {
            Ok(()) => "proved",
            Err(error) => proof_word(&error)?,
        };
        expect(what, expected, outcome)?;
        Ok(json!({
            "what": what,
            "leaf": self.leaf.to_base64(),
            "index": self.index,
            "size": self.size,
            "root": self.root.to_base64(),
            "proof": base64(&self.proof),
            "outcome": outcome,
        }))
    }
}

/// What is claimed of two trees.
#[derive(Clone)]
struct Consistency {
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: Vec<Hash>,
}

impl Consistency {
    fn of(tree: &mut Tree, old: u64, new: u64) -> Result<Self, String> {
        let (old_root, new_root) = (tree.root(old)?, tree.root(new)?);
        Ok(Self { old, old_root, new, new_root, proof: tree.consistency(old, new)? })
    }

    fn vector(&self, what: &str, expected: &str) -> Result<Value, String> {
        let proved = proof::verify_consistency(self.old, &self.old_root, self.new, &self.new_root, &self.proof);
        let outcome = match proved {
            Ok(()) => "proved",
            Err(error) => proof_word(&error)?,
        };
        expect(what, expected, outcome)?;
        Ok(json!({
            "what": what,
            "old": self.old,
            "oldRoot": self.old_root.to_base64(),
            "new": self.new,
            "newRoot": self.new_root.to_base64(),
            "proof": base64(&self.proof),
            "outcome": outcome,
        }))
    }
}

/// Leaves, roots, and proofs that prove something or nothing.
pub(crate) fn log_trees() -> Text {
    let mut tree = Tree::with_entries(LARGEST);
    let mut roots = Vec::new();
    for size in (0..=EVERY_SIZE_TO).chain(BORDERS) {
        roots.push(json!({ "size": size, "root": tree.root(size)?.to_base64() }));
    }
    let leaves: Vec<Value> =
        (0..8).map(|index| json!({ "entry": format!("entry {index}"), "hash": leaf(index).to_base64() })).collect();
    let unusual: Vec<Value> = unusual_entries()
        .iter()
        .map(|(what, entry)| json!({ "what": what, "length": entry.len(), "hash": Hash::of_leaf(entry).to_base64() }))
        .collect();
    let mut inclusion = proved_inclusions(&mut tree)?;
    inclusion.extend(refused_inclusions(&mut tree)?);
    let mut consistency = proved_consistencies(&mut tree)?;
    consistency.extend(refused_consistencies(&mut tree)?);
    pretty(&json!({
        "leaves": leaves,
        "unusualLeaves": unusual,
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
    }))
}

fn proved_inclusions(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let mut vectors = Vec::new();
    let small = (1..=EVERY_PROOF_TO).flat_map(|size| (0..size).map(move |index| (index, size)));
    let large = BORDERS.into_iter().flat_map(|size| [0, size / 2, size - 1].map(|index| (index, size)));
    for (index, size) in small.chain(large) {
        vectors.push(Inclusion::of(tree, index, size)?.vector(&format!("entry {index} of {size}"), "proved")?);
    }
    Ok(vectors)
}

fn refused_inclusions(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let good = Inclusion::of(tree, 70, 300)?;
    let changed = |change: &dyn Fn(&mut Inclusion)| {
        let mut other = good.clone();
        change(&mut other);
        other
    };
    // Whoever hashes the entry never comes by this leaf: leaves and nodes are hashed differently.
    let mut inner = Inclusion { leaf: Hash::of_node(&leaf(0), &leaf(1)), ..Inclusion::of(tree, 0, 4)? };
    inner.proof.remove(0);
    let earlier = tree.root(299)?;
    let cases = [
        ("another leaf", "root", changed(&|one| one.leaf = leaf(71))),
        ("another index", "root", changed(&|one| one.index = 71)),
        ("an index whose way is shorter", "length", changed(&|one| one.index = 299)),
        ("a tree of another size whose way is longer", "length", changed(&|one| one.size = 600)),
        ("the root of another size", "root", changed(&|one| one.root = earlier)),
        ("the root of the tree without leaves", "root", changed(&|one| one.root = Hash::EMPTY_ROOT)),
        ("no hash", "length", changed(&|one| one.proof.clear())),
        ("the first hash is missing", "length", changed(&|one| drop(one.proof.drain(..1)))),
        ("the last hash is missing", "length", changed(&|one| one.proof.truncate(one.proof.len() - 1))),
        ("one hash more at the end", "length", changed(&|one| one.proof.push(one.root))),
        ("one hash more at the beginning", "length", changed(&|one| one.proof.insert(0, one.leaf))),
        (
            "a hash is another one",
            "root",
            changed(&|one| one.proof.iter_mut().take(1).for_each(|hash| *hash = leaf(9))),
        ),
        ("two hashes changed places", "root", changed(&|one| one.proof.swap(0, 1))),
        ("the hashes from the root down", "root", changed(&|one| one.proof.reverse())),
        ("64 hashes", "length", changed(&|one| one.proof = vec![Hash::EMPTY_ROOT; 64])),
        ("an index at the size", "outside", changed(&|one| one.index = 300)),
        ("an index far beyond the size", "outside", changed(&|one| one.index = (1 << 52) + 70)),
        ("a tree without leaves", "outside", changed(&|one| (one.index, one.size) = (0, 0))),
        ("an inner node as a leaf", "length", inner),
    ];
    let mut vectors = Vec::new();
    for (what, expected, case) in cases {
        vectors.push(case.vector(what, expected)?);
    }
    Ok(vectors)
}

fn proved_consistencies(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let mut vectors = Vec::new();
    let small = (0..=EVERY_PROOF_TO).flat_map(|new| (0..=new).map(move |old| (old, new)));
    let large = BORDERS.into_iter().zip(BORDERS.into_iter().skip(1));
    let far = [(1, LARGEST), (255, 70_000), (256, 65_536), (300, 99_999), (65_537, 131_071)];
    for (old, new) in small.chain(large).chain(far) {
        vectors.push(Consistency::of(tree, old, new)?.vector(&format!("{old} to {new}"), "proved")?);
    }
    Ok(vectors)
}

fn refused_consistencies(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let good = Consistency::of(tree, 300, 1_000)?;
    let whole = Consistency::of(tree, 256, 1_000)?;
    let same = Consistency::of(tree, 300, 300)?;
    let nothing = Consistency::of(tree, 0, 300)?;
    let mut fork = Tree::of_leaves((0..1_000).map(|index| if index == 17 { leaf(18) } else { leaf(index) }).collect());
    let forked = Consistency { old_root: good.old_root, ..Consistency::of(&mut fork, 300, 1_000)? };
    let from = |one: &Consistency, change: &dyn Fn(&mut Consistency)| {
        let mut other = one.clone();
        change(&mut other);
        other
    };
    let changed = |change: &dyn Fn(&mut Consistency)| from(&good, change);
    let cases = [
        (
            "a log that was rolled back",
            "shrunk",
            changed(&|one| {
                std::mem::swap(&mut one.old, &mut one.new);
                std::mem::swap(&mut one.old_root, &mut one.new_root);
            }),
        ),
        ("a log in which one of the earlier entries is another one", "old-root", forked),
        ("another earlier root", "old-root", changed(&|one| one.old_root = leaf(1))),
        ("another later root", "root", changed(&|one| one.new_root = leaf(1))),
        ("another later root of a log that was a whole subtree", "root", from(&whole, &|one| one.new_root = leaf(1))),
        ("another earlier root of a log that was a whole subtree", "root", from(&whole, &|one| one.old_root = leaf(1))),
        ("no hash", "length", changed(&|one| one.proof.clear())),
        ("the first hash is missing", "length", changed(&|one| drop(one.proof.drain(..1)))),
        ("the last hash is missing", "length", changed(&|one| one.proof.truncate(one.proof.len() - 1))),
        ("one hash more at the end", "length", changed(&|one| one.proof.push(one.new_root))),
        ("the earlier root before the proof", "length", from(&whole, &|one| one.proof.insert(0, one.old_root))),
        (
            "a hash is another one",
            "old-root",
            changed(&|one| one.proof.iter_mut().take(1).for_each(|hash| *hash = leaf(9))),
        ),
        ("two hashes changed places", "old-root", changed(&|one| one.proof.swap(0, 1))),
        ("another earlier size", "length", changed(&|one| one.old = 301)),
        ("two roots of one size", "root", from(&same, &|one| one.new_root = leaf(1))),
        (
            "a hash where nothing is to be proved, of one size",
            "length",
            from(&same, &|one| one.proof.push(one.old_root)),
        ),
        (
            "a hash where nothing is to be proved, of no entries",
            "length",
            from(&nothing, &|one| one.proof.push(one.new_root)),
        ),
        ("a root that no log without entries has", "old-root", from(&nothing, &|one| one.old_root = leaf(1))),
    ];
    let mut vectors = Vec::new();
    for (what, expected, case) in cases {
        vectors.push(case.vector(what, expected)?);
    }
    Ok(vectors)
}
