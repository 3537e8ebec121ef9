//! Webhooks: everything comes back, changes are compare-and-swap.

use std::{collections::BTreeSet, sync::Arc};

use super::samples::{at, id, parse, principal};
use crate::{StorageError, Store, Webhook, WebhookFailing, WebhookLease, WebhookState};

fn webhook(number: u32) -> Webhook {
    Webhook {
        id: id(number),
        url: "https://siem.example/hook?key=secret".to_owned(),
        label: "the SIEM".to_owned(),
        types: Some(BTreeSet::from(["revoked".to_owned(), "submitted".to_owned()])),
        namespace: Some("io.example".to_owned()),
        form: "ocsf".to_owned(),
        secret: vec![0, 1, 255],
        previous_secret: None,
        created_by: parse("admin"),
        created_at: at(1),
        position: 7,
        state: WebhookState::Active,
        failing: None,
        lease: None,
        revision: 0,
    }
}

pub(super) async fn webhooks_come_back_and_change_by_compare_and_swap(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "admin").await;
    let plain = Webhook { types: None, namespace: None, ..webhook(2) };
    for webhook in [&plain, &webhook(1)] {
        tx.insert_webhook(webhook).await.expect("a new webhook");
    }
    assert!(matches!(tx.insert_webhook(&plain).await, Err(StorageError::Exists(_))));
    tx.commit().await.expect("a commit");

    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.webhooks().await.expect("an answer"), [webhook(1), plain.clone()]);
    let changed = Webhook {
        secret: vec![2],
        previous_secret: Some((vec![0, 1, 255], at(9))),
        position: u64::try_from(i64::MAX).expect("a positive number"),
        state: WebhookState::Disabled { at: at(3), reason: "gone".to_owned() },
        failing: Some(WebhookFailing { since: at(2), attempts: 3, next: at(4) }),
        lease: Some(WebhookLease { owner: "node".to_owned(), until: at(5) }),
        ..plain.clone()
    };
    let stored = tx.update_webhook(changed.clone()).await.expect("a change");
    assert_eq!(stored, Webhook { revision: 1, ..changed.clone() });
    assert_eq!(tx.webhook(&changed.id).await.expect("an answer"), Some(stored.clone()));
    // Somebody who read the revision before.
    assert!(matches!(tx.update_webhook(changed).await, Err(StorageError::Conflict(_))));
    assert_eq!(tx.webhook(&stored.id).await.expect("an answer"), Some(stored.clone()), "nothing was written");
    let quiet =
        Webhook { previous_secret: None, state: WebhookState::Active, failing: None, lease: None, ..stored.clone() };
    assert_eq!(tx.update_webhook(quiet.clone()).await.expect("a change"), Webhook { revision: 2, ..quiet });
    assert!(tx.remove_webhook(&stored.id).await.expect("an answer"));
    assert!(!tx.remove_webhook(&stored.id).await.expect("an answer"));
    assert!(matches!(tx.update_webhook(stored).await, Err(StorageError::Conflict(_))), "what is gone does not change");
    assert_eq!(tx.webhooks().await.expect("an answer"), [webhook(1)]);
}
