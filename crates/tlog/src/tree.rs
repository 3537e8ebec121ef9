//! Roots and proofs of a tree whose hashes can be read.

use crate::Hash;

/// Where the hashes of a tree come from.
pub trait HashReader {
    /// Why a hash could not be read.
    type Error;

    /// The root of the whole subtree of `2^height` leaves that begins at leaf `index * 2^height`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn subtree(&mut self, height: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// A whole subtree: its height, and its index among those of that height.
pub type Subtree = (u8, u64);

/// The whole subtrees that the leaves from `start` to before `end` are made of, in order.
///
/// `start` must be a multiple of the largest power of two that is at most `end - start`, as it is for every half of a
/// tree of RFC 6962; the halves of other ranges are no nodes of the tree.
fn parts(start: u64, end: u64) -> Vec<Subtree> {
    let (mut at, mut parts) = (start, Vec::new());
    while at < end {
        let height = (end - at).ilog2();
        parts.push((u8::try_from(height).unwrap_or(63), at >> height));
        at += 1 << height;
    }
    parts
}

/// The whole subtrees of a tree of that size, largest first.
#[must_use]
pub fn subtrees(size: u64) -> Vec<Subtree> {
    parts(0, size)
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Ranges of leaves whose hashes make an inclusion proof, from the leaf's neighbour up to the root's child.
fn inclusion_ranges(index: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut start, mut end, mut ranges) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// Ranges of leaves whose hashes make a consistency proof (RFC 6962 section 2.1.2).
fn consistency_ranges(old: u64, new: u64) -> Vec<(u64, u64)> {
    if old == 0 || old >= new {
        return Vec::new();
    }
    let (mut start, mut end, mut ranges) = (0, new, Vec::new());
    // Whether the range is, so far, a node that a tree of the old size has as well.
    let mut shared = true;
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
            shared = false;
        }
    }
    // Whoever has the old root knows the hash of all of it.
    if !shared {
        ranges.push((start, end));
    }
    ranges.reverse();
    ranges
}

/// The subtrees that have to be read for an inclusion proof.
#[must_use]
pub fn subtrees_for_inclusion(index: u64, size: u64) -> Vec<Subtree> {
    inclusion_ranges(index, size).into_iter().flat_map(|(start, end)| parts(start, end)).collect()
}

/// The subtrees that have to be read for a consistency proof.
#[must_use]
pub fn subtrees_for_consistency(old: u64, new: u64) -> Vec<Subtree> {
    consistency_ranges(old, new).into_iter().flat_map(|(start, end)| parts(start, end)).collect()
}

/// The root of what the subtrees are next to each other, largest first; of none, that of the empty tree.
pub(crate) fn join(subtrees: &[Hash]) -> Hash {
    let mut smallest_first = subtrees.iter().rev();
    let Some(&last) = smallest_first.next() else { return Hash::EMPTY_ROOT };
    smallest_first.fold(last, |right, left| Hash::of_node(left, &right))
}

fn hash_of<R: HashReader + ?Sized>(reader: &mut R, (start, end): (u64, u64)) -> Result<Hash, R::Error> {
    let mut hashes = Vec::new();
    for (height, index) in parts(start, end) {
        hashes.push(reader.subtree(height, index)?);
    }
    Ok(join(&hashes))
}

/// The root of the tree of that size.
///
/// # Errors
/// The reader's.
pub fn root<R: HashReader + ?Sized>(reader: &mut R, size: u64) -> Result<Hash, R::Error> {
    hash_of(reader, (0, size))
}

/// The proof that a leaf is in the tree of that size (RFC 6962 section 2.1.1). Empty when the index is not below the
/// size, which no verifier accepts.
///
/// # Errors
/// The reader's.
pub fn prove_inclusion<R: HashReader + ?Sized>(reader: &mut R, index: u64, size: u64) -> Result<Vec<Hash>, R::Error> {
    if index >= size {
        return Ok(Vec::new());
    }
    inclusion_ranges(index, size).into_iter().map(|range| hash_of(reader, range)).collect()
}

/// The proof that the tree of the new size continues that of the old one (RFC 6962 section 2.1.2). Empty when they are
/// equal, or the old one has no leaves.
///
/// # Errors
/// The reader's.
pub fn prove_consistency<R: HashReader + ?Sized>(reader: &mut R, old: u64, new: u64) -> Result<Vec<Hash>, R::Error> {
    consistency_ranges(old, new).into_iter().map(|range| hash_of(reader, range)).collect()
}
