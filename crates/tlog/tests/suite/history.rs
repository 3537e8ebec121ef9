//! A log against what was seen of it, by clients and by witnesses.

use mcp_pin_tlog::{
    Hash, History, HistoryError, VerifiedCheckpoint, WitnessPolicy,
    history::follow,
    tree,
    witness::{AddCheckpoint, Refusal, decide},
};

use crate::support::{NOW, SEED, Tree, checkpoint, log, signed};

fn seen_at(size: u64) -> (Tree, mcp_pin_tlog::Checkpoint) {
    let mut whole = Tree::with_entries(size);
    let root = tree::root(&mut whole, size).unwrap();
    (whole, checkpoint(size, root))
}

fn verified(bytes: &[u8]) -> VerifiedCheckpoint {
    VerifiedCheckpoint::verify(bytes, &log(), &WitnessPolicy::default(), NOW).unwrap()
}

fn shown(size: u64) -> VerifiedCheckpoint {
    verified(&seen_at(size).1.sign(&SEED, NOW).unwrap())
}

#[test]
fn a_log_that_grew_is_followed() {
    let (_, seen) = seen_at(300);
    let mut later = Tree::with_entries(1_000);
    let proof = tree::prove_consistency(&mut later, 300, 1_000).unwrap();
    assert_eq!(follow(&seen, &shown(1_000), &proof), Ok(History::Continued));
    assert_eq!(follow(&seen, &shown(300), &[]), Ok(History::Same));
}

#[test]
fn a_log_that_was_rolled_back_is_refused() {
    let (_, seen) = seen_at(300);
    let error = follow(&seen, &shown(299), &[]).unwrap_err();
    assert_eq!(error, HistoryError::RolledBack { seen: 300, now: 299 });
    assert!(!error.is_equivocation());
}

#[test]
fn a_forked_log_of_equal_size_is_equivocation() {
    let (_, seen) = seen_at(300);
    let forked = verified(&signed(300, Hash::of_leaf(b"another root")));
    let error = follow(&seen, &forked, &[]).unwrap_err();
    assert_eq!(error, HistoryError::Forked { size: 300 });
    assert!(error.is_equivocation());
}

#[test]
fn a_forked_log_that_grew_is_refused() {
    let (_, seen) = seen_at(300);
    let mut forked = Tree::of_leaves((0..1_000).map(|index: u64| Hash::of_leaf(format!("fork {index}").as_bytes())));
    let root = tree::root(&mut forked, 1_000).unwrap();
    let proof = tree::prove_consistency(&mut forked, 300, 1_000).unwrap();
    let error = follow(&seen, &verified(&signed(1_000, root)), &proof).unwrap_err();
    assert!(matches!(error, HistoryError::NotContinued { seen: 300, now: 1_000, .. }), "{error}");
    assert!(follow(&seen, &shown(1_000), &[]).is_err(), "no proof is no proof");
}

#[test]
fn another_log_is_refused() {
    let (_, mut seen) = seen_at(300);
    seen.origin = "other.example/log".to_owned();
    assert!(matches!(follow(&seen, &shown(300), &[]), Err(HistoryError::OtherLog { .. })));
}

fn request(old: u64, new: u64) -> AddCheckpoint {
    let mut whole = Tree::with_entries(new);
    let proof = tree::prove_consistency(&mut whole, old, new).unwrap();
    let root = tree::root(&mut whole, new).unwrap();
    AddCheckpoint { old_size: old, proof, checkpoint: signed(new, root) }
}

#[test]
fn a_witness_cosigns_what_continues() {
    let first = decide(&AddCheckpoint::parse(&request(0, 300).to_bytes()).unwrap(), &log(), None, NOW).unwrap();
    let seen = first.checkpoint().clone();
    let next = decide(&request(300, 1_000), &log(), Some(&seen), NOW).unwrap();
    assert_eq!(next.checkpoint().size, 1_000);
    // Once more, for a fresh time.
    assert!(decide(&request(1_000, 1_000), &log(), Some(next.checkpoint()), NOW).is_ok());
}

#[test]
fn a_witness_refuses_everything_else() {
    let (_, seen) = seen_at(300);
    let refusal = |request: &AddCheckpoint| decide(request, &log(), Some(&seen), NOW).unwrap_err();
    let stale = refusal(&request(200, 1_000));
    assert_eq!((stale.status(), &stale), (409, &Refusal::Stale(300)));
    let shrunk = refusal(&AddCheckpoint { old_size: 300, ..request(0, 200) });
    assert_eq!(shrunk.status(), 400);
    let unproved = refusal(&AddCheckpoint { proof: Vec::new(), ..request(300, 1_000) });
    assert_eq!(unproved.status(), 422);
    let forked = AddCheckpoint { old_size: 300, proof: Vec::new(), checkpoint: signed(300, Hash::of_leaf(b"fork")) };
    let forked = refusal(&forked);
    assert_eq!((forked.status(), matches!(forked, Refusal::Forked(_))), (409, true));
    let other_key = checkpoint(1_000, Hash::of_leaf(b"root")).sign(&[9; 32], NOW).unwrap();
    assert_eq!(refusal(&AddCheckpoint { checkpoint: other_key, ..request(300, 1_000) }).status(), 403);
}
