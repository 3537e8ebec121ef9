//! Drafts, what is said about versions, and answers that are kept.

use std::sync::Arc;

use mcp_pin_model::Digest;

use super::samples::{at, id, parse, principal, submitted};
use crate::{Advice, Draft, DraftEnd, DraftOutcome, StorageError, Store, StoredAnswer, VersionStatus};

fn draft(number: u32, server: &str, version: &str) -> Draft {
    Draft {
        id: id(number),
        server: parse(server),
        version: parse(version),
        server_json: format!("{{\"description\":\"für ✓\",\"name\":\"{server}\",\"version\":\"{version}\"}}"),
        submitted_by: parse("publisher"),
        submitted_at: at(i64::from(number)),
        end: None,
    }
}

pub(super) async fn a_version_has_one_draft_at_a_time(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "publisher").await;
    let submission = submitted(&mut *tx, 1, "io.example/one", "0.9.0").await;
    let first = draft(1, "io.example/one", "1.0.0");
    tx.insert_draft(&first).await.expect("a draft");
    let second = draft(2, "io.example/one", "1.0.0");
    assert!(matches!(tx.insert_draft(&second).await, Err(StorageError::Exists(_))), "the version has one");
    tx.insert_draft(&draft(3, "io.example/one", "1.0.1")).await.expect("another version");
    assert_eq!(tx.open_draft(&first.server, &first.version).await.expect("an answer"), Some(first.clone()));

    let replaced = DraftEnd { at: at(5), how: DraftOutcome::Replaced(second.id.clone()) };
    assert!(tx.end_draft(&first.id, &replaced).await.expect("an answer"), "it had not ended");
    assert!(!tx.end_draft(&first.id, &replaced).await.expect("an answer"), "it ends once");
    tx.insert_draft(&second).await.expect("the one that takes its place");
    let ended = DraftEnd { at: at(6), how: DraftOutcome::Submitted(submission.id) };
    assert!(tx.end_draft(&second.id, &ended).await.expect("an answer"));
    let taken_back = DraftEnd { at: at(7), how: DraftOutcome::Withdrawn(parse("publisher")) };
    assert!(tx.end_draft(&id(3), &taken_back).await.expect("an answer"));
    assert!(!tx.end_draft(&id(9), &taken_back).await.expect("an answer"), "there is none");
    tx.commit().await.expect("a commit");

    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.open_draft(&first.server, &first.version).await.expect("an answer"), None);
    let read = snapshot.draft(&first.id).await.expect("an answer");
    assert_eq!(read, Some(Draft { end: Some(replaced), ..first }), "it comes back as it went in");
    let read = snapshot.draft(&second.id).await.expect("an answer");
    assert_eq!(read, Some(Draft { end: Some(ended), ..second }));
    assert_eq!(snapshot.draft(&id(3)).await.expect("an answer").and_then(|draft| draft.end), Some(taken_back));
}

pub(super) async fn open_drafts_are_listed_and_counted(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "publisher").await;
    for (number, server) in [(1, "io.example/one"), (2, "io.example/two"), (3, "io.example.more/one"), (4, "io.x/one")]
    {
        tx.insert_draft(&draft(number, server, "1.0.0")).await.expect("a draft");
    }
    let end = DraftEnd { at: at(9), how: DraftOutcome::Withdrawn(parse("publisher")) };
    assert!(tx.end_draft(&id(2), &end).await.expect("an answer"));
    assert_eq!(tx.count_open_drafts("io.example").await.expect("an answer"), 1, "neither ended ones nor longer names");
    assert_eq!(tx.count_open_drafts("io.none").await.expect("an answer"), 0);
    let all = tx.open_drafts(None, 10).await.expect("an answer");
    assert_eq!(all.iter().map(|draft| draft.id.clone()).collect::<Vec<_>>(), [id(1), id(3), id(4)]);
    let page = tx.open_drafts(Some(&id(1)), 1).await.expect("an answer");
    assert_eq!(page.iter().map(|draft| draft.id.clone()).collect::<Vec<_>>(), [id(3)]);
}

pub(super) async fn the_last_word_about_a_version_counts(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "publisher").await;
    principal(&mut *tx, "admin").await;
    let one = submitted(&mut *tx, 1, "io.example/one", "1.0.0").await;
    let two = submitted(&mut *tx, 2, "io.example/two", "1.0.0").await;
    let first = VersionStatus {
        submission: two.id.clone(),
        advice: Advice::Deprecated,
        message: Some("use `three` ✓".to_owned()),
        changed_at: at(3),
        changed_by: parse("publisher"),
    };
    tx.set_version_status(&first).await.expect("a status");
    assert_eq!(tx.version_status(&two.id).await.expect("an answer"), Some(first.clone()));
    let second =
        VersionStatus { advice: Advice::Active, message: None, changed_at: at(4), changed_by: parse("admin"), ..first };
    tx.set_version_status(&second).await.expect("a status");
    let other = VersionStatus { submission: one.id.clone(), advice: Advice::Deprecated, ..second.clone() };
    tx.set_version_status(&other).await.expect("a status");
    let nobody = VersionStatus { submission: id(9), ..second.clone() };
    assert!(tx.set_version_status(&nobody).await.is_err(), "there is no such version");
    drop(tx);
    assert_eq!(store.read().await.expect("a snapshot").version_statuses().await.expect("an answer"), []);

    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "admin").await;
    submitted(&mut *tx, 1, "io.example/one", "1.0.0").await;
    submitted(&mut *tx, 2, "io.example/two", "1.0.0").await;
    tx.set_version_status(&second).await.expect("a status");
    tx.set_version_status(&other).await.expect("a status");
    tx.commit().await.expect("a commit");
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.version_statuses().await.expect("an answer"), [other, second]);
    assert_eq!(snapshot.version_status(&id(9)).await.expect("an answer"), None);
}

pub(super) async fn answers_are_kept_once_and_forgotten(store: Arc<dyn Store>) {
    let answer = |key: &str, ends: i64| StoredAnswer {
        id: Digest::of(key.as_bytes()),
        request: Digest::of(b"request"),
        sealed: vec![0, 159, 146, 150],
        ends_at: at(ends),
    };
    let mut tx = store.begin().await.expect("a transaction");
    let first = answer("first", 10);
    tx.insert_answer(&first, at(0)).await.expect("an answer");
    assert!(matches!(tx.insert_answer(&first, at(1)).await, Err(StorageError::Exists(_))), "it is kept once");
    drop(tx);
    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.answer(&first.id, at(1)).await.expect("an answer"), None, "without a commit nothing is kept");
    tx.insert_answer(&first, at(0)).await.expect("an answer");
    tx.commit().await.expect("a commit");

    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.answer(&first.id, at(9)).await.expect("an answer"), Some(first.clone()));
    assert_eq!(tx.answer(&first.id, at(10)).await.expect("an answer"), None, "it has ended");
    assert_eq!(tx.answer(&Digest::of(b"other"), at(0)).await.expect("an answer"), None);
    tx.insert_answer(&answer("second", 30), at(10)).await.expect("an answer");
    assert_eq!(tx.answer(&first.id, at(0)).await.expect("an answer"), None, "it is forgotten for good");
    tx.insert_answer(&answer("first", 40), at(11)).await.expect("the key is free again");
}
