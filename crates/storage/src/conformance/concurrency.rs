//! Several at once: deciders of one process or of several, as the backend has them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use mcp_pin_model::{
    Ring,
    leaf::{Leaf, LeafType},
};

use super::samples::{at, id, manifest, parse, principal, submission, submitted};
use crate::{StorageError, Store};

fn leaf(target: &str) -> Leaf {
    let mut leaf = Leaf::new(LeafType::TokenIssued, at(0), "alice");
    leaf.target = Some(target.to_owned());
    leaf
}

pub(super) async fn one_decision_begins_when_the_other_has_ended(store: Arc<dyn Store>) {
    let log = Mutex::new(Vec::new());
    let note = |what: &'static str, who: u8| log.lock().expect("nobody panicked").push((what, who));
    let decide = async |who: u8| {
        for _ in 0..4 {
            let mut tx = store.begin().await.expect("a turn");
            note("begins", who);
            principal(&mut *tx, "alice").await;
            tx.append_event(&leaf("x")).await.expect("an event");
            note("ends", who);
            tx.commit().await.expect("a commit");
        }
    };
    futures_util::join!(decide(1), decide(2), decide(3));
    let log = log.into_inner().expect("nobody panicked");
    assert_eq!(log.len(), 24);
    for turn in log.chunks(2) {
        assert_eq!((turn[0].0, turn[1].0), ("begins", "ends"), "{log:?}");
        assert_eq!(turn[0].1, turn[1].1, "{log:?}");
    }
}

pub(super) async fn decisions_that_are_given_up_leave_no_gaps(store: Arc<dyn Store>) {
    let decide = async |first: u64| {
        let mut kept = Vec::new();
        for number in first..first + 12 {
            let mut tx = store.begin().await.expect("a turn");
            let sequence = tx.append_event(&leaf(&number.to_string())).await.expect("an event");
            if number % 3 == 0 {
                drop(tx);
            } else {
                tx.commit().await.expect("a commit");
                kept.push((sequence, number));
            }
        }
        kept
    };
    let (one, two) = futures_util::join!(decide(0), decide(100));
    let mut kept = [one, two].concat();
    kept.sort_unstable();
    let mut snapshot = store.read().await.expect("a snapshot");
    let events = snapshot.events(0, 100).await.expect("an answer");
    assert_eq!(events.len(), kept.len());
    for ((event, (sequence, number)), expected) in events.iter().zip(kept).zip(1..) {
        assert_eq!((event.sequence, sequence), (expected, expected), "no gap, and what was told is what is kept");
        assert_eq!(event.leaf, leaf(&number.to_string()).to_bytes().expect("a small leaf"));
    }
}

pub(super) async fn of_two_decisions_about_one_revision_one_is_kept(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let pending = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    tx.commit().await.expect("a commit");
    // Both rest on what was read before either of them began.
    let decide = async |reason: &'static str| {
        let mut tx = store.begin().await.expect("a turn");
        let rejected = pending.clone().reject(at(3), "admin", reason).expect("it was pending");
        let result = tx.update_submission(rejected).await;
        if result.is_ok() {
            tx.append_event(&leaf(reason)).await.expect("an event");
            tx.commit().await.expect("a commit");
        }
        result
    };
    let (one, two) = futures_util::join!(decide("one"), decide("two"));
    let (winner, loser) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(matches!(loser, Err(StorageError::Conflict(_))), "{loser:?}");
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.submission(&pending.id).await.expect("an answer"), Some(winner.expect("one of them won")));
    assert_eq!(snapshot.last_event().await.expect("an answer"), 1);
}

pub(super) async fn of_two_publishers_of_one_version_one_is_kept(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "publisher").await;
    let changes = tx.insert_change_report(b"{}").await.expect("a document");
    tx.commit().await.expect("a commit");
    // Each signed with a key of its own, so the bundles differ.
    let publish = async |number: u32| {
        let signed = manifest("io.example/weather", "1.0.0");
        let mut record = submission(number, &signed, changes);
        record.submitted_at = at(i64::from(number));
        let mut tx = store.begin().await.expect("a turn");
        let skeletons = BTreeSet::from(["io.example/weather".to_owned()]);
        let result = tx.insert_submission(&record, &skeletons, &signed).await;
        if result.is_ok() {
            tx.append_event(&leaf("submitted")).await.expect("an event");
            tx.commit().await.expect("a commit");
        }
        (result, record)
    };
    let (one, two) = futures_util::join!(publish(1), publish(2));
    let (winner, loser) = if one.0.is_ok() { (one, two) } else { (two, one) };
    winner.0.expect("one of them won");
    assert!(matches!(loser.0, Err(StorageError::Exists(_))), "{:?}", loser.0);
    let mut snapshot = store.read().await.expect("a snapshot");
    let kept = snapshot.submission_of_version(&winner.1.server, &winner.1.version).await.expect("an answer");
    assert_eq!(kept, Some(winner.1.clone()));
    assert_eq!(snapshot.submission(&loser.1.id).await.expect("an answer"), None);
    assert!(snapshot.attestation(&winner.1.attestation).await.expect("an answer").is_some());
    assert_eq!(snapshot.attestation(&loser.1.attestation).await.expect("an answer"), None, "nothing of it is left");
    assert_eq!(snapshot.last_event().await.expect("an answer"), 1);
}

pub(super) async fn of_two_that_go_live_at_once_one_does(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let one = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let two = submitted(&mut *tx, 2, "io.example/weather", "1.1.0").await;
    tx.commit().await.expect("a commit");
    let ring = Ring::stable();
    let go_live = async |wanted: &crate::Submission| {
        let mut tx = store.begin().await.expect("a turn");
        let result = tx.set_live(&wanted.server, &ring, None, Some(&wanted.id), at(4)).await;
        if result.is_ok() {
            tx.commit().await.expect("a commit");
        }
        result
    };
    let (first, second) = futures_util::join!(go_live(&one), go_live(&two));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let winner = if first.is_ok() { one } else { two };
    let mut snapshot = store.read().await.expect("a snapshot");
    let live = snapshot.live_rings(None).await.expect("an answer");
    let live: Vec<_> = live.into_iter().map(|live| (live.server, live.ring, live.submission)).collect();
    assert_eq!(live, [(winner.server, ring, winner.id)]);
}

pub(super) async fn a_decision_goes_on_after_a_refused_record(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let first = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let again = manifest("io.example/weather", "1.0.0");
    let taken = tx.insert_submission(&submission(2, &again, first.review.changes), &BTreeSet::new(), &again).await;
    assert!(matches!(taken, Err(StorageError::Exists(_))), "{taken:?}");
    assert!(tx.insert_evidence(&first.id, &[b"one"]).await.is_ok());
    assert!(matches!(tx.insert_evidence(&first.id, &[b"two"]).await, Err(StorageError::Exists(_))));
    let late = tx.set_live(&first.server, &Ring::stable(), Some(&id(9)), None, at(3)).await;
    assert!(matches!(late, Err(StorageError::Conflict(_))), "{late:?}");
    // What refuses may say what to do instead in the very same decision.
    tx.append_event(&leaf("kept")).await.expect("an event");
    tx.commit().await.expect("a commit");
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.submission(&first.id).await.expect("an answer"), Some(first));
    assert_eq!(snapshot.last_event().await.expect("an answer"), 1);
}

pub(super) async fn names_are_sorted_byte_by_byte(store: Arc<dyn Store>) {
    let mut names = ["b", "a_b", "ab", "a.b", "a-b", "a:b", "a@b", "a1", "a", "10", "2"];
    let mut tx = store.begin().await.expect("a transaction");
    for name in names {
        principal(&mut *tx, name).await;
    }
    let mut servers =
        ["io.example/bb", "io.example/AA", "io.example/aa", "io.example/aa-b", "io.example/aa.b", "io.Example/aa"];
    for (number, server) in (1..).zip(servers) {
        let stored = submitted(&mut *tx, number, server, "1.0.0").await;
        let live = stored.approve(at(4)).and_then(|it| it.go_live(at(4))).expect("it is pending");
        tx.update_submission(live).await.expect("a change");
    }
    tx.commit().await.expect("a commit");
    names.sort_unstable();
    servers.sort_unstable();
    let mut snapshot = store.read().await.expect("a snapshot");
    let mut found = snapshot.principals().await.expect("an answer");
    found.retain(|name| name.as_str() != "publisher");
    assert_eq!(found, names.map(parse), "whatever the locale of the database");
    let found = snapshot.once_live(None).await.expect("an answer");
    let found: Vec<&str> = found.iter().map(|submission| submission.server.as_str()).collect();
    assert_eq!(found, servers);
}
