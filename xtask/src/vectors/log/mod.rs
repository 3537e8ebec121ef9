//! The transparency log: trees and proofs, tiles, signed checkpoints, receipts. Both verdicts of each, and for what is refused the reason.
//!
//! Entry `n` of every tree is the text `entry n`, so that other implementations can make them, however large. What is here
//! is held against this implementation by `crates/tlog/tests/suite/published.rs`, and against others by `.ci/log-audits`.

mod checkpoints;
mod receipts;
mod tiles;
mod trees;

use mcp_pin_tlog::{
    Checkpoint, CheckpointError, Hash, LogKeys, NoteError, ProofError, Signer, VerifierKey, WitnessPolicy,
    note::KeyKind,
    tree::{self, HashReader},
};
use serde_json::{Value, json};

pub(crate) use self::{checkpoints::log_checkpoints, receipts::log_receipts, tiles::log_tiles, trees::log_trees};
use super::say;

const ORIGIN: &str = "registry.acme.example/log";

/// The seed of the log's key. Published, so worth nothing.
const SEED: [u8; 32] = [7; 32];

/// When all of this happens, in seconds since the Unix epoch.
const NOW: u64 = 1_800_000_000;

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn leaf(index: u64) -> Hash {
    Hash::of_leaf(&entry(index))
}

/// A tree with all hashes of its whole subtrees, by height: it has every smaller tree in it.
struct Tree(Vec<Vec<Hash>>);

impl Tree {
    fn with_entries(size: u64) -> Self {
        Self::of_leaves((0..size).map(leaf).collect())
    }

    fn of_leaves(leaves: Vec<Hash>) -> Self {
        let mut rows = vec![leaves];
        while let Some(row) = rows.last().filter(|row| row.len() > 1) {
            let (pairs, _) = row.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| Hash::of_node(left, right)).collect();
            rows.push(above);
        }
        Self(rows)
    }

    fn root(&mut self, size: u64) -> Result<Hash, String> {
        tree::root(self, size)
    }

    fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Hash>, String> {
        tree::prove_inclusion(self, index, size)
    }

    fn consistency(&mut self, old: u64, new: u64) -> Result<Vec<Hash>, String> {
        tree::prove_consistency(self, old, new)
    }

    /// The checkpoint of a size, signed at [`NOW`].
    fn signed(&mut self, size: u64) -> Result<Vec<u8>, String> {
        checkpoint(size, self.root(size)?).sign(&SEED, NOW).map_err(say)
    }
}

impl HashReader for Tree {
    type Error = String;

    fn subtree(&mut self, height: u8, index: u64) -> Result<Hash, String> {
        let row = self.0.get(usize::from(height));
        let hash = row.and_then(|row| row.get(usize::try_from(index).ok()?));
        hash.copied().ok_or_else(|| format!("no subtree of height {height} at {index}"))
    }
}

fn checkpoint(size: u64, root: Hash) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }
}

fn signer(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Signer, String> {
    Signer::from_seed(name, kind, seed).map_err(say)
}

fn key(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<VerifierKey, String> {
    Ok(signer(name, kind, seed)?.key().clone())
}

fn keys(origin: &str, seeds: &[[u8; 32]]) -> Result<LogKeys, String> {
    let mut keys = Vec::new();
    for seed in seeds {
        keys.push(*key("any", KeyKind::Ed25519, seed)?.key());
    }
    LogKeys::new(origin, keys).map_err(say)
}

/// What a verifier of a vector is given beside the bytes.
fn given(log: &LogKeys, policy: &WitnessPolicy, now: u64) -> Value {
    let list = |keys: &[VerifierKey]| keys.iter().map(VerifierKey::to_string).collect::<Vec<_>>();
    json!({
        "origin": log.origin(),
        "keys": list(log.keys()),
        "witnesses": list(policy.witnesses()),
        "needed": policy.needed(),
        "at": now,
    })
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(say)
}

fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}

fn proof_word(error: &ProofError) -> Result<&'static str, String> {
    Ok(match error {
        ProofError::Outside { .. } => "outside",
        ProofError::Shrunk { .. } => "shrunk",
        ProofError::Length { .. } => "length",
        ProofError::Root => "root",
        ProofError::OldRoot => "old-root",
        other => return Err(format!("{other:?} has no word yet")),
    })
}

fn checkpoint_word(error: &CheckpointError) -> Result<&'static str, String> {
    Ok(match error {
        CheckpointError::Note(NoteError::TooLarge) => "too-large",
        CheckpointError::Note(NoteError::Text) => "text",
        CheckpointError::Note(NoteError::Layout) => "layout",
        CheckpointError::Note(NoteError::SignatureLine(_)) => "signature-line",
        CheckpointError::Note(NoteError::TooManySignatures) => "too-many-signatures",
        CheckpointError::Note(NoteError::Forged(_)) => "forged",
        CheckpointError::Note(NoteError::NotSigned) => "not-signed",
        CheckpointError::Form(_) => "form",
        CheckpointError::Origin { .. } => "origin",
        CheckpointError::Witnesses { .. } => "witnesses",
        CheckpointError::Future { .. } => "future",
        other => return Err(format!("{other:?} has no word yet")),
    })
}

/// The outcome must be the one that the author of the vector says: a reader that begins to accept what it has to refuse does
/// not get its vectors rewritten.
fn expect(what: &str, expected: &str, outcome: &str) -> Result<(), String> {
    if expected == outcome { Ok(()) } else { Err(format!("{what}: {outcome} instead of {expected}")) }
}
