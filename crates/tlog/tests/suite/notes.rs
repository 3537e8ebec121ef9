//! Notes, checkpoints, cosignatures and receipts.

use mcp_pin_tlog::{
    Checkpoint, CheckpointError, Hash, LogKeys, Note, NoteError, Receipt, ReceiptError, Signer, VerifiedCheckpoint,
    VerifierKey, WitnessPolicy, note, note::KeyKind, tree,
};
use proptest::prelude::*;

use crate::support::{NOW, ORIGIN, SEED, Tree, checkpoint, entry, log, public_key, signed, witness};

fn verify(bytes: &[u8]) -> Result<VerifiedCheckpoint, CheckpointError> {
    VerifiedCheckpoint::verify(bytes, &log(), &WitnessPolicy::default(), NOW)
}

#[test]
fn a_checkpoint_verifies_and_tells_its_time() {
    let bytes = signed(3, Hash::of_leaf(b"root"));
    let verified = verify(&bytes).unwrap();
    assert_eq!(verified.checkpoint(), &checkpoint(3, Hash::of_leaf(b"root")));
    assert_eq!(verified.signed_at(), Some(NOW));
    assert_eq!(verified.bytes(), bytes);
}

#[test]
fn signing_again_later_tells_the_later_time() {
    let earlier = checkpoint(3, Hash::of_leaf(b"root"));
    let later = earlier.sign(&SEED, NOW + 60).unwrap();
    assert_ne!(later, earlier.sign(&SEED, NOW).unwrap());
    assert_eq!(verify(&later).unwrap().signed_at(), Some(NOW + 60));
}

#[test]
fn a_checkpoint_from_the_future_is_refused() {
    let bytes = checkpoint(3, Hash::of_leaf(b"root")).sign(&SEED, NOW + 301).unwrap();
    assert_eq!(verify(&bytes), Err(CheckpointError::Future { ahead: 301 }));
    let bytes = checkpoint(3, Hash::of_leaf(b"root")).sign(&SEED, NOW + 300).unwrap();
    assert!(verify(&bytes).is_ok());
}

#[test]
fn a_checkpoint_by_another_key_is_refused() {
    let bytes = checkpoint(3, Hash::of_leaf(b"root")).sign(&[8; 32], NOW).unwrap();
    assert_eq!(verify(&bytes), Err(CheckpointError::Note(NoteError::NotSigned)));
}

#[test]
fn a_checkpoint_of_another_log_by_the_same_key_is_refused() {
    // The key's name is that of our log; the text is about another one.
    let text = Checkpoint { origin: "other.example/log".to_owned(), ..checkpoint(3, Hash::of_leaf(b"root")) }.text();
    let line = Signer::from_seed(ORIGIN, KeyKind::Ed25519, &SEED).unwrap().sign(&text).unwrap();
    let bytes = note::write(&text, &[line]).unwrap();
    let error = verify(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "a checkpoint of the log `other.example/log` instead of `mcp.acme.example/log`");
}

#[test]
fn every_byte_of_a_checkpoint_counts() {
    let bytes = signed(300, Hash::of_leaf(b"root"));
    for at in 0..bytes.len() {
        for flip in [1, 0x20, 0x80] {
            let mut other = bytes.clone();
            other[at] ^= flip;
            if let Ok(verified) = verify(&other) {
                // Only the line of the time can be spoilt without anybody noticing: then there is no time.
                assert_eq!((verified.checkpoint().size, verified.signed_at()), (300, None), "byte {at} ^ {flip}");
            }
        }
    }
}

#[test]
fn old_keys_stay_for_checkpoints_of_their_time() {
    let both = LogKeys::new(ORIGIN, [public_key(&[9; 32]), public_key(&SEED)]).unwrap();
    let policy = WitnessPolicy::default();
    for seed in [[9; 32], SEED] {
        let bytes = checkpoint(3, Hash::of_leaf(b"root")).sign(&seed, NOW).unwrap();
        assert!(VerifiedCheckpoint::verify(&bytes, &both, &policy, NOW).is_ok());
    }
}

fn cosigned(names: &[(&str, [u8; 32], u64)]) -> Vec<u8> {
    let text = checkpoint(3, Hash::of_leaf(b"root")).text();
    let mut bytes = signed(3, Hash::of_leaf(b"root"));
    for (name, seed, at) in names {
        let line = Signer::from_seed(name, KeyKind::Cosignature, seed).unwrap().cosign(&text, *at).unwrap();
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes
}

#[test]
fn so_many_witnesses_as_the_policy_takes() {
    let (anna, ben, cleo) = (("anna.example", [1; 32]), ("ben.example", [2; 32]), ("cleo.example", [3; 32]));
    let keys = [anna, ben, cleo].map(|(name, seed)| witness(name, &seed));
    let policy = WitnessPolicy::new(keys.to_vec(), 2).unwrap();
    let verify = |bytes: &[u8]| VerifiedCheckpoint::verify(bytes, &log(), &policy, NOW);
    let verified = verify(&cosigned(&[(anna.0, anna.1, NOW - 5), (cleo.0, cleo.1, NOW)])).unwrap();
    assert_eq!(verified.witnesses(), [("anna.example".to_owned(), NOW - 5), ("cleo.example".to_owned(), NOW)]);
    let too_few = Err(CheckpointError::Witnesses { found: 1, needed: 2 });
    assert_eq!(verify(&cosigned(&[(anna.0, anna.1, NOW)])), too_few);
    // The same one twice is one.
    assert_eq!(verify(&cosigned(&[(anna.0, anna.1, NOW), (anna.0, anna.1, NOW - 1)])), too_few);
    // One from the future says nothing.
    assert_eq!(verify(&cosigned(&[(anna.0, anna.1, NOW), (ben.0, ben.1, NOW + 301)])), too_few);
    // Somebody who is not asked.
    assert_eq!(verify(&cosigned(&[(anna.0, anna.1, NOW), ("dan.example", [4; 32], NOW)])), too_few);
    // Somebody else under a known name.
    assert_eq!(verify(&cosigned(&[(anna.0, anna.1, NOW), (ben.0, [4; 32], NOW)])), too_few);
}

#[test]
fn a_policy_that_cannot_be_met_is_none() {
    let anna = witness("anna.example", &[1; 32]);
    let same_key = witness("other.example", &[1; 32]);
    assert!(WitnessPolicy::new(vec![anna.clone()], 2).is_none());
    assert!(WitnessPolicy::new(vec![anna.clone(), same_key], 2).is_none());
    assert!(WitnessPolicy::new(vec![anna.of_kind(KeyKind::Ed25519)], 1).is_none());
}

#[test]
fn a_forged_cosignature_of_a_known_witness_is_no_absence() {
    let mut bytes = cosigned(&[("anna.example", [1; 32], NOW)]);
    let end = bytes.len() - 20;
    bytes[end] = if bytes[end] == b'A' { b'B' } else { b'A' };
    let policy = WitnessPolicy::new(vec![witness("anna.example", &[1; 32])], 0).unwrap();
    let error = VerifiedCheckpoint::verify(&bytes, &log(), &policy, NOW).unwrap_err();
    assert_eq!(error, CheckpointError::Note(NoteError::Forged("anna.example".to_owned())));
}

#[test]
fn texts_that_are_no_checkpoint() {
    let root = Hash::of_leaf(b"root").to_base64();
    for (text, problem) in [
        (format!("\n3\n{root}\n"), "it has no origin"),
        (format!("log\n03\n{root}\n"), "its second line is no size"),
        (format!("log\n-3\n{root}\n"), "its second line is no size"),
        (format!("log\n9223372036854775808\n{root}\n"), "its second line is no size"),
        ("log\n3\nAAAA\n".to_owned(), "its third line is no root hash"),
        ("log\n3\n".to_owned(), "its third line is no root hash"),
        (format!("log\n3\n{root}\n\nmore\n"), "it has an empty line"),
        (format!("log\n3\n{root}"), "its last line does not end"),
        (format!("log\n0\n{root}\n"), "its root is not that of a log without entries"),
    ] {
        assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Form(problem)), "{text:?}");
    }
}

#[test]
fn notes_that_are_none() {
    let good = String::from_utf8(signed(3, Hash::of_leaf(b"root"))).unwrap();
    for (bytes, error) in [
        (vec![b'\n'; note::MAX_NOTE_BYTES + 1], NoteError::TooLarge),
        (b"\xff\n\n".to_vec(), NoteError::Text),
        (good.replace("\n3\n", "\n\t3\n").into_bytes(), NoteError::Text),
        (good.replace("\n\n", "\n").into_bytes(), NoteError::Layout),
        (good.trim_end().as_bytes().to_vec(), NoteError::Layout),
        (good.replace("— ", "- ").into_bytes(), NoteError::SignatureLine(1)),
        (good.replace("— mcp", "— m+p").into_bytes(), NoteError::SignatureLine(1)),
        (format!("{good}{}", "— a.example AAAAAAAAAAA=\n".repeat(63)).into_bytes(), NoteError::TooManySignatures),
    ] {
        assert_eq!(Note::parse(&bytes), Err(error), "{:?}", String::from_utf8_lossy(&bytes).get(..80));
    }
}

#[test]
fn keys_that_are_none() {
    let good = witness("anna.example", &[1; 32]).to_string();
    assert_eq!(good.parse::<VerifierKey>().unwrap(), witness("anna.example", &[1; 32]));
    let (_, rest) = good.split_once('+').unwrap();
    for text in ["", "a", "a+b", &format!("ann a+{rest}"), &format!("ben.example+{rest}"), &good[..good.len() - 4]] {
        assert!(text.parse::<VerifierKey>().is_err(), "{text}");
    }
}

fn receipt(index: u64, size: u64) -> Receipt {
    let mut whole = Tree::with_entries(size);
    let proof = tree::prove_inclusion(&mut whole, index, size).unwrap();
    let root = tree::root(&mut whole, size).unwrap();
    Receipt { index, proof, checkpoint: signed(size, root), extra: None }
}

#[test]
fn a_receipt_is_kept_and_verified_without_a_network() {
    let bytes = receipt(70, 300).to_bytes();
    let again = Receipt::parse(&bytes).unwrap();
    assert_eq!(again, receipt(70, 300));
    let verified = again.verify(&entry(70), &log(), &WitnessPolicy::default(), NOW).unwrap();
    assert_eq!(verified.checkpoint().size, 300);
    let with_extra = Receipt { extra: Some(b"anything".to_vec()), ..again };
    assert_eq!(Receipt::parse(&with_extra.to_bytes()).unwrap(), with_extra);
}

#[test]
fn a_receipt_for_another_entry_is_refused() {
    let receipt = receipt(70, 300);
    let policy = WitnessPolicy::default();
    assert!(matches!(receipt.verify(&entry(71), &log(), &policy, NOW), Err(ReceiptError::Proof(_))));
    let moved = Receipt { index: 71, ..receipt.clone() };
    assert!(matches!(moved.verify(&entry(70), &log(), &policy, NOW), Err(ReceiptError::Proof(_))));
    let other = LogKeys::new(ORIGIN, [public_key(&[9; 32])]).unwrap();
    assert!(matches!(receipt.verify(&entry(70), &other, &policy, NOW), Err(ReceiptError::Checkpoint(_))));
}

#[test]
fn receipts_that_are_none() {
    let good = String::from_utf8(receipt(70, 300).to_bytes()).unwrap();
    for text in [
        good.replace("@v1", "@v2"),
        good.replace("index 70", "index 070"),
        good.replace("index 70\n", ""),
        good.replace("index 70\n", "index 70\nAAAA\n"),
        good.replace("index 70\n", "extra !\nindex 70\n"),
        good.replace("\n\n", "\n"),
        good.replace("index 70\n", &format!("index 70\n{}", format!("{}\n", Hash::EMPTY_ROOT).repeat(64))),
    ] {
        assert!(Receipt::parse(text.as_bytes()).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "(log\n3\n[A-Za-z0-9+/=]{40,50}\n)?\n(— [a-z.]{1,5} [A-Za-z0-9+/=]{0,20}\n){0,3}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = Note::parse(bytes).map(|note| Checkpoint::parse(note.text()));
            let _ = Receipt::parse(bytes);
            let _ = mcp_pin_tlog::witness::AddCheckpoint::parse(bytes);
        }
    }
}
