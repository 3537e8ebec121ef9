//! Proofs, verified.

use thiserror::Error;

use crate::Hash;

/// The most hashes of one proof: a tree has at most 2^63 leaves.
pub const MAX_PROOF_HASHES: usize = 63;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf would be outside of the tree.
    #[error("entry {index} is not in a log of {size} entries")]
    Outside {
        /// The leaf's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error("a log of {new} entries cannot continue one of {old}")]
    Shrunk {
        /// The earlier tree's size.
        old: u64,
        /// The later tree's size.
        new: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("the proof has {found} hashes, which is not what these sizes take")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root of the log")]
    Root,
    /// The hashes do not lead to the earlier root.
    #[error("the proof does not lead to the earlier root of the log")]
    OldRoot,
}

/// On which side of a node its neighbour stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root, one neighbour a step (RFC 9162 sections 2.1.3.2 and 2.1.4.2, where these are `fn` and
/// `sn`).
struct Way {
    node: u64,
    last: u64,
}

impl Way {
    /// Goes one step up, and tells on which side the neighbour stands; none at the root.
    fn up(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last { Side::Left } else { Side::Right };
        // A last node without a right neighbour is its own parent, as often as it has none.
        let skipped = if self.node == self.last { self.node.trailing_zeros() } else { 0 };
        // Not at once: both together can be all 64 bits.
        self.node = self.node >> skipped >> 1;
        self.last = self.last >> skipped >> 1;
        Some(side)
    }

    fn is_at_the_root(&self) -> bool {
        self.last == 0
    }
}

/// Verifies that a leaf is in a tree (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// When it is not proved.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let wrong_length = ProofError::Length { found: proof.len() };
    let mut way = Way { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match way.up().ok_or(wrong_length)? {
            Side::Left => Hash::of_node(sibling, &hash),
            Side::Right => Hash::of_node(&hash, sibling),
        };
    }
    if !way.is_at_the_root() {
        return Err(wrong_length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Verifies that a tree continues an earlier one (RFC 9162 section 2.1.4.2).
///
/// Every tree continues the tree without leaves, and itself; those proofs have no hashes.
///
/// # Errors
/// When it is not proved.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let wrong_length = ProofError::Length { found: proof.len() };
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 && *old_root != Hash::EMPTY_ROOT {
        return Err(ProofError::OldRoot);
    }
    if old == new && old_root != new_root {
        return Err(ProofError::Root);
    }
    if old == 0 || old == new {
        return if proof.is_empty() { Ok(()) } else { Err(wrong_length) };
    }
    // A whole subtree is its own first hash: whoever has the old root has it.
    let mut hashes = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let Some(&first) = first else { return Err(wrong_length) };
    let shift = (old - 1).trailing_ones();
    let mut way = Way { node: (old - 1) >> shift, last: (new - 1) >> shift };
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in hashes {
        match way.up().ok_or(wrong_length)? {
            Side::Left => {
                old_hash = Hash::of_node(sibling, &old_hash);
                new_hash = Hash::of_node(sibling, &new_hash);
            }
            // What is to the right was not there before.
            Side::Right => new_hash = Hash::of_node(&new_hash, sibling),
        }
    }
    if !way.is_at_the_root() {
        return Err(wrong_length);
    }
    if old_hash != *old_root {
        return Err(ProofError::OldRoot);
    }
    if new_hash == *new_root { Ok(()) } else { Err(ProofError::Root) }
}
