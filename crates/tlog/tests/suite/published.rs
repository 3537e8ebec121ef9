//! The vectors of `tests/vectors` through the readers, without the code that wrote them.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_tlog::{
    AuthenticatedTiles, Checkpoint, CheckpointError, Edge, Hash, History, HistoryError, LogKeys, NoteError, ProofError,
    Receipt, ReceiptError, TileError, TileId, VerifiedCheckpoint, VerifierKey, WitnessPolicy, entries,
    history::follow,
    note::KeyKind,
    proof,
    reader::TileSource,
    tile::{TilePath, new_tiles, tile_bytes},
    tree,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{Tree, entry};

#[expect(clippy::disallowed_methods, reason = "our own file, and this crate knows none of the others")]
fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn trees() -> Value {
    vectors(include_str!("../../../../tests/vectors/log-trees.json"))
}

fn tiles() -> Value {
    vectors(include_str!("../../../../tests/vectors/log-tiles.json"))
}

fn checkpoints() -> Value {
    vectors(include_str!("../../../../tests/vectors/log-checkpoints.json"))
}

fn list<'v>(vector: &'v Value, member: &str) -> &'v [Value] {
    let list = vector[member].as_array().unwrap();
    assert!(!list.is_empty(), "{member}");
    list
}

fn text<'v>(vector: &'v Value, member: &str) -> &'v str {
    vector[member].as_str().unwrap_or_else(|| panic!("{member} of {vector}"))
}

fn number(vector: &Value, member: &str) -> u64 {
    vector[member].as_u64().unwrap_or_else(|| panic!("{member} of {vector}"))
}

fn hash(vector: &Value, member: &str) -> Hash {
    Hash::from_base64(text(vector, member)).unwrap()
}

fn hashes(vector: &Value) -> Vec<Hash> {
    vector["proof"].as_array().unwrap().iter().map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap()).collect()
}

/// Each outcome has to be there: a list that lost its refusals would hold nothing.
fn assert_outcomes(vectors: &[Value], least: &[(&str, usize)]) {
    let mut counts = BTreeMap::<&str, usize>::new();
    for vector in vectors {
        *counts.entry(text(vector, "outcome")).or_default() += 1;
    }
    for (outcome, least) in least {
        assert!(counts.get(outcome).copied().unwrap_or(0) >= *least, "{outcome}: {counts:?}");
    }
}

#[test]
fn leaves_and_roots() {
    let vectors = trees();
    for vector in list(&vectors, "leaves") {
        assert_eq!(Hash::of_leaf(text(vector, "entry").as_bytes()), hash(vector, "hash"));
    }
    let roots: BTreeMap<u64, Hash> =
        list(&vectors, "roots").iter().map(|vector| (number(vector, "size"), hash(vector, "root"))).collect();
    let largest = *roots.keys().last().unwrap();
    assert_eq!(largest, 131_072);
    let mut edge = Edge::new();
    for size in 0..=largest {
        if let Some(root) = roots.get(&size) {
            assert_eq!(edge.root(), *root, "{size}");
        }
        edge.append(Hash::of_leaf(&entry(size)), |_, _| ());
    }
}

#[test]
fn proofs_of_inclusion() {
    let vectors = trees();
    let mut whole = Tree::with_entries(131_072);
    let vectors = list(&vectors, "inclusion");
    assert_outcomes(vectors, &[("proved", 90), ("root", 6), ("length", 6), ("outside", 3)]);
    for vector in vectors {
        let (index, size, proof) = (number(vector, "index"), number(vector, "size"), hashes(vector));
        let verified = proof::verify_inclusion(&hash(vector, "leaf"), index, size, &proof, &hash(vector, "root"));
        assert_eq!(proof_word(verified), text(vector, "outcome"), "{}", text(vector, "what"));
        if verified.is_ok() {
            assert_eq!(tree::prove_inclusion(&mut whole, index, size).unwrap(), proof, "{index} of {size}");
            assert_eq!(Hash::of_leaf(&entry(index)), hash(vector, "leaf"));
        }
    }
}

#[test]
fn proofs_of_consistency() {
    let vectors = trees();
    let mut whole = Tree::with_entries(131_072);
    let vectors = list(&vectors, "consistency");
    assert_outcomes(vectors, &[("proved", 70), ("root", 4), ("old-root", 5), ("length", 5), ("shrunk", 1)]);
    for vector in vectors {
        let (old, new, proof) = (number(vector, "old"), number(vector, "new"), hashes(vector));
        let (old_root, new_root) = (hash(vector, "oldRoot"), hash(vector, "newRoot"));
        let verified = proof::verify_consistency(old, &old_root, new, &new_root, &proof);
        assert_eq!(proof_word(verified), text(vector, "outcome"), "{}", text(vector, "what"));
        if verified.is_ok() {
            assert_eq!(tree::prove_consistency(&mut whole, old, new).unwrap(), proof, "{old} to {new}");
        }
    }
}

fn proof_word(verified: Result<(), ProofError>) -> &'static str {
    match verified {
        Ok(()) => "proved",
        Err(ProofError::Outside { .. }) => "outside",
        Err(ProofError::Shrunk { .. }) => "shrunk",
        Err(ProofError::Length { .. }) => "length",
        Err(ProofError::Root) => "root",
        Err(ProofError::OldRoot) => "old-root",
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn names_of_tiles() {
    let vectors = tiles();
    for vector in list(&vectors, "paths") {
        let level = u8::try_from(number(vector, "level")).unwrap();
        let tile = TileId::new(level, number(vector, "index"), number(vector, "width")).unwrap();
        assert_eq!(tile.path(), text(vector, "path"));
        assert_eq!(TileId::from_path(text(vector, "path")), Some(TilePath::Hashes(tile)));
        assert_eq!(tile.entries_path().as_deref(), vector.get("entriesPath").and_then(Value::as_str));
        if let Some(path) = tile.entries_path() {
            assert_eq!(TileId::from_path(&path), Some(TilePath::Entries(tile)));
        }
    }
    for path in list(&vectors, "refusedPaths") {
        assert_eq!(TileId::from_path(path.as_str().unwrap()), None, "{path}");
    }
}

#[test]
fn tiles_of_trees() {
    let vectors = tiles();
    let mut whole = Tree::with_entries(131_072);
    for vector in list(&vectors, "trees") {
        let size = number(vector, "size");
        let (mut digest, mut partial, mut full) = (Sha256::new(), Vec::new(), 0);
        for tile in new_tiles(0, size) {
            digest.update(tile_bytes(&mut whole, &tile).unwrap());
            if tile.is_full() { full += 1 } else { partial.push(tile.path()) }
        }
        let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(format!("sha256:{digest}"), text(vector, "bytes"), "{size}");
        assert_eq!(full, number(vector, "full"), "{size}");
        let expected: Vec<&str> =
            vector["partial"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        assert_eq!(partial, expected, "{size}");
    }
}

#[test]
fn bundles_of_entries() {
    let vectors = tiles();
    for vector in list(&vectors, "bundles") {
        let bytes = STANDARD.decode(text(vector, "bytes")).unwrap();
        let expected: Vec<&[u8]> =
            list(vector, "entries").iter().map(|entry| entry.as_str().unwrap().as_bytes()).collect();
        assert_eq!(entries::read(&bytes, expected.len() as u64).unwrap(), expected);
        assert_eq!(entries::write(expected).unwrap(), bytes);
    }
    for vector in list(&vectors, "refusedBundles") {
        let bytes = STANDARD.decode(text(vector, "bytes")).unwrap();
        assert!(entries::read(&bytes, number(vector, "count")).is_err(), "{}", text(vector, "what"));
    }
}

/// The tiles of a tree, one of which somebody changed.
struct Changed<'t> {
    tree: &'t mut Tree,
    path: &'t str,
    how: &'t str,
}

impl TileSource for Changed<'_> {
    type Error = ();

    fn tile(&mut self, tile: &TileId) -> Result<Vec<u8>, ()> {
        let mut bytes = tile_bytes(self.tree, tile)?;
        if tile.path() == self.path {
            match self.how {
                "flipped" => bytes[0] ^= 0x80,
                "cut" => bytes.truncate(bytes.len() - 1),
                "neighbour" => bytes = tile_bytes(self.tree, &TileId::new(0, tile.index() - 1, tile.width()).unwrap())?,
                "nothing" => {}
                how => panic!("{how}"),
            }
        }
        Ok(bytes)
    }
}

fn outcome_of_reading(tree: &mut Tree, vector: &Value, how: &str) -> &'static str {
    let size = number(vector, "size");
    let Some(TilePath::Hashes(tile)) = TileId::from_path(text(vector, "tile")) else { panic!("{vector}") };
    let source = Changed { tree, path: text(vector, "tile"), how };
    let read = AuthenticatedTiles::open(source, size, &hash(vector, "root"))
        .and_then(|mut tiles| tiles.tile(&tile).map(|_| ()));
    match read {
        Ok(()) => "whole",
        Err(TileError::Altered { .. }) => "altered",
        Err(TileError::Root) => "edge",
        Err(TileError::Length { .. }) => "length",
        Err(error) => panic!("{error}"),
    }
}

/// CVE-2026-56865 and what is like it.
#[test]
fn tiles_that_were_changed() {
    let vectors = tiles();
    let mut whole = Tree::with_entries(131_072);
    let vectors = list(&vectors, "altered");
    assert_outcomes(vectors, &[("altered", 30), ("edge", 12), ("length", 30)]);
    for size in [70_000, 99_999, 100_000, 131_071] {
        assert!(vectors.iter().any(|vector| number(vector, "size") == size), "{size}");
    }
    for vector in vectors {
        let what = format!("{} of {}", text(vector, "tile"), number(vector, "size"));
        assert_eq!(outcome_of_reading(&mut whole, vector, "nothing"), "whole", "{what}");
        let outcome = outcome_of_reading(&mut whole, vector, text(vector, "how"));
        assert_eq!(outcome, text(vector, "outcome"), "{what}, {}", text(vector, "how"));
    }
}

/// The log, the witnesses and the time that a verifier is given.
fn given(vector: &Value) -> (LogKeys, WitnessPolicy, u64) {
    let given = &vector["given"];
    let keys = |member: &str| {
        let keys = given[member].as_array().unwrap();
        keys.iter().map(|key| key.as_str().unwrap().parse::<VerifierKey>().unwrap()).collect::<Vec<_>>()
    };
    let log_keys = keys("keys");
    assert!(log_keys.iter().all(|key| key.name() == text(given, "origin") && key.kind() == KeyKind::Ed25519));
    let log = LogKeys::new(text(given, "origin"), log_keys.iter().map(|key| *key.key())).unwrap();
    let needed = usize::try_from(number(given, "needed")).unwrap();
    (log, WitnessPolicy::new(keys("witnesses"), needed).unwrap(), number(given, "at"))
}

fn checkpoint_word(error: &CheckpointError) -> &'static str {
    match error {
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
        error => panic!("{error}"),
    }
}

#[test]
fn signed_checkpoints() {
    let vectors = checkpoints();
    let vectors = list(&vectors, "checkpoints");
    let least = [
        ("trusted", 10),
        ("forged", 5),
        ("not-signed", 3),
        ("witnesses", 4),
        ("form", 8),
        ("future", 1),
        ("origin", 1),
    ];
    assert_outcomes(vectors, &least);
    for vector in vectors {
        let what = text(vector, "what");
        let (log, policy, now) = given(vector);
        let outcome = match VerifiedCheckpoint::verify(text(vector, "note").as_bytes(), &log, &policy, now) {
            Ok(verified) => {
                assert_eq!(verified.checkpoint().size, number(vector, "size"), "{what}");
                assert_eq!(verified.checkpoint().root, hash(vector, "root"), "{what}");
                assert_eq!(verified.signed_at(), vector["signedAt"].as_u64(), "{what}");
                let seen = vector["seenBy"].as_array().unwrap();
                let seen: Vec<(String, u64)> =
                    seen.iter().map(|one| (text(one, "name").to_owned(), number(one, "at"))).collect();
                assert_eq!(verified.witnesses(), seen, "{what}");
                "trusted"
            }
            Err(error) => checkpoint_word(&error),
        };
        assert_eq!(outcome, text(vector, "outcome"), "{what}");
    }
}

#[test]
fn checkpoints_after_one_that_was_seen() {
    let vectors = checkpoints();
    for vector in list(&vectors, "histories") {
        let what = text(vector, "what");
        let (log, policy, now) = given(vector);
        let seen = Checkpoint::parse(text(vector, "seen")).unwrap();
        let shown = VerifiedCheckpoint::verify(text(vector, "shown").as_bytes(), &log, &policy, now).unwrap();
        let outcome = match follow(&seen, &shown, &hashes(vector)) {
            Ok(History::Same) => "same",
            Ok(History::Continued) => "continued",
            Err(HistoryError::OtherLog { .. }) => "other-log",
            Err(HistoryError::RolledBack { .. }) => "rolled-back",
            Err(HistoryError::Forked { .. }) => "forked",
            Err(HistoryError::NotContinued { .. }) => "not-continued",
            Err(error) => panic!("{error}"),
        };
        assert_eq!(outcome, text(vector, "outcome"), "{what}");
    }
}

#[test]
fn receipts() {
    let vectors = vectors(include_str!("../../../../tests/vectors/log-receipts.json"));
    let vectors = vectors.as_array().unwrap();
    assert_outcomes(
        vectors,
        &[("proved", 8), ("form", 7), ("root", 3), ("length", 1), ("not-signed", 2), ("witnesses", 1)],
    );
    for vector in vectors {
        let (log, policy, now) = given(vector);
        let bytes = text(vector, "receipt").as_bytes();
        let read = Receipt::parse(bytes);
        if let Ok(receipt) = &read {
            assert_eq!(receipt.to_bytes(), bytes, "{}", text(vector, "what"));
        }
        let outcome = match read.and_then(|read| read.verify(text(vector, "entry").as_bytes(), &log, &policy, now)) {
            Ok(_) => "proved",
            Err(ReceiptError::TooLarge) => "too-large",
            Err(ReceiptError::Form(_)) => "form",
            Err(ReceiptError::Checkpoint(error)) => checkpoint_word(&error),
            Err(ReceiptError::Proof(error)) => proof_word(Err(error)),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(outcome, text(vector, "outcome"), "{}", text(vector, "what"));
    }
}
