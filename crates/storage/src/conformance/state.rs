//! Snapshots of the state.

use std::sync::Arc;

use mcp_pin_model::Digest;

use crate::{Store, StoredState};

pub(super) async fn snapshots_of_the_state_are_kept_and_forgotten(store: Arc<dyn Store>) {
    let part = |text: &str| (Digest::of(text.as_bytes()), text.as_bytes().to_vec());
    let state = |sequence: u64, text: &str| StoredState { sequence, document: text.as_bytes().to_vec() };
    let (one, two, three) = (part("one"), part("two"), part("three"));
    let (first, second, third) = (state(3, "first"), state(7, "second"), state(9, "third"));

    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.state_snapshot(u64::MAX).await.expect("an answer"), None);
    tx.add_state_snapshot(&first, &[one.clone(), two.clone()]).await.expect("a state");
    tx.add_state_snapshot(&second, std::slice::from_ref(&three)).await.expect("a state");
    tx.replace_state_parts(&[two.0], 7).await.expect("parts that are gone");
    assert!(tx.add_state_snapshot(&second, &[]).await.is_err(), "an event commits to one state");
    drop(tx);
    assert_eq!(store.read().await.expect("a snapshot").state_snapshot(u64::MAX).await.expect("an answer"), None);

    let mut tx = store.begin().await.expect("a transaction");
    tx.add_state_snapshot(&first, &[one.clone(), two.clone()]).await.expect("a state");
    tx.add_state_snapshot(&second, std::slice::from_ref(&three)).await.expect("a state");
    tx.replace_state_parts(&[two.0], 7).await.expect("parts that are gone");
    tx.commit().await.expect("a commit");

    let mut tx = store.begin().await.expect("a transaction");
    for (at_most, found) in
        [(2, None), (3, Some(&first)), (6, Some(&first)), (7, Some(&second)), (u64::MAX, Some(&second))]
    {
        assert_eq!(tx.state_snapshot(at_most).await.expect("an answer").as_ref(), found, "{at_most}");
    }
    assert_eq!(tx.state_part(&two.0).await.expect("an answer"), Some(two.1.clone()), "older snapshots have it still");
    assert_eq!(tx.state_part(&Digest::of(b"none")).await.expect("an answer"), None);

    // A part that was replaced comes back, another one goes.
    tx.add_state_snapshot(&third, std::slice::from_ref(&two)).await.expect("a state");
    tx.replace_state_parts(&[three.0], 9).await.expect("parts that are gone");
    tx.forget_state_before(7).await.expect("forgetting");
    assert_eq!(tx.state_snapshot(6).await.expect("an answer"), None);
    assert_eq!(tx.state_snapshot(8).await.expect("an answer"), Some(second));
    for (digest, document) in [&one, &two, &three] {
        assert_eq!(tx.state_part(digest).await.expect("an answer").as_ref(), Some(document));
    }
    tx.forget_state_before(9).await.expect("forgetting");
    assert_eq!(tx.state_part(&three.0).await.expect("an answer"), None);
    assert_eq!(tx.state_part(&one.0).await.expect("an answer"), Some(one.1));
    assert_eq!(tx.state_part(&two.0).await.expect("an answer"), Some(two.1));
}
