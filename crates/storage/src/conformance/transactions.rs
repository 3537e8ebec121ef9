//! Transactions, snapshots and the order of events.

use std::sync::Arc;

use mcp_pin_model::leaf::{Leaf, LeafType};

use super::samples::{at, parse, principal, submitted};
use crate::{Event, Store};

fn leaf(target: &str) -> Leaf {
    let mut leaf = Leaf::new(LeafType::TokenIssued, at(0), "alice");
    leaf.target = Some(target.to_owned());
    leaf
}

pub(super) async fn nothing_is_kept_without_a_commit(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let stored = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    tx.append_event(&leaf("lost")).await.expect("an event");
    drop(tx);
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.submission(&stored.id).await.expect("an answer"), None);
    assert_eq!(snapshot.attestation(&stored.attestation).await.expect("an answer"), None);
    assert_eq!(snapshot.principals().await.expect("an answer"), []);
    assert_eq!(snapshot.last_event().await.expect("an answer"), 0);
}

pub(super) async fn events_have_no_gaps(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.append_event(&leaf("1")).await.expect("an event"), 1);
    assert_eq!(tx.append_event(&leaf("2")).await.expect("an event"), 2);
    tx.commit().await.expect("a commit");
    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.append_event(&leaf("lost")).await.expect("an event"), 3);
    drop(tx);
    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.append_event(&leaf("3")).await.expect("an event"), 3);
    tx.commit().await.expect("a commit");

    let mut snapshot = store.read().await.expect("a snapshot");
    let event = |sequence: u64| Event { sequence, leaf: leaf(&sequence.to_string()).to_bytes().expect("a small leaf") };
    assert_eq!(snapshot.events(0, 10).await.expect("an answer"), [event(1), event(2), event(3)]);
    assert_eq!(snapshot.events(1, 1).await.expect("an answer"), [event(2)]);
    assert_eq!(snapshot.events(3, 10).await.expect("an answer"), []);
    assert_eq!(snapshot.events(u64::MAX, 10).await.expect("an answer"), []);
    assert_eq!(snapshot.last_event().await.expect("an answer"), 3);
}

pub(super) async fn a_snapshot_does_not_move(store: Arc<dyn Store>) {
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.last_event().await.expect("an answer"), 0);
    let mut tx = store.begin().await.expect("a transaction, although somebody reads");
    principal(&mut *tx, "alice").await;
    tx.append_event(&leaf("1")).await.expect("an event");
    tx.commit().await.expect("a commit, although somebody reads");
    assert_eq!(snapshot.last_event().await.expect("an answer"), 0, "it is as of one moment");
    assert_eq!(snapshot.principal(&parse("alice")).await.expect("an answer"), None);
    let mut later = store.read().await.expect("a snapshot");
    assert_eq!(later.last_event().await.expect("an answer"), 1);
}

pub(super) async fn writers_take_turns(store: Arc<dyn Store>) {
    let write = async |store: Arc<dyn Store>, number: u64| {
        let mut tx = store.begin().await.expect("a turn");
        let sequence = tx.append_event(&leaf(&number.to_string())).await.expect("an event");
        tx.commit().await.expect("a commit");
        sequence
    };
    // Two at a time, from the same task: no backend may need threads for this.
    let mut seen = Vec::new();
    for round in 0..8 {
        let (one, two) = futures_util::join!(write(store.clone(), 2 * round), write(store.clone(), 2 * round + 1));
        seen.extend([one, two]);
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=16).collect::<Vec<u64>>());
    store.ping().await.expect("an answer");
}
