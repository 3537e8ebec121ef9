//! Rollouts, what rings served, break-glass and clients' reports.

use std::{collections::BTreeSet, sync::Arc};

use mcp_pin_model::{Digest, Ring};

use super::samples::{at, id, parse, principal, submitted};
use crate::{
    BreakGlass, BreakGlassEnd, DriftKind, DriftReport, HaltCause, MoveCause, Progress, RingMove, Rollout, Stop,
    StorageError, Store, Submission,
};

fn canary() -> Ring {
    parse("canary")
}

fn rollout(of: &Submission) -> Rollout {
    Rollout {
        submission: of.id.clone(),
        server: of.server.clone(),
        ring: None,
        since: at(3),
        progress: Progress::Running,
        revision: 0,
    }
}

pub(super) async fn a_rollout_changes_by_compare_and_swap(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let first = submitted(&mut *tx, 1, "io.example/aa", "1.0.0").await;
    let second = submitted(&mut *tx, 2, "io.example/bb", "1.0.0").await;
    let stored = rollout(&first);
    tx.insert_rollout(&stored).await.expect("a rollout");
    assert!(matches!(tx.insert_rollout(&stored).await, Err(StorageError::Exists(_))), "a version has one");
    tx.insert_rollout(&rollout(&second)).await.expect("another one");
    assert_eq!(tx.rollout(&first.id).await.expect("an answer"), Some(stored.clone()));
    assert_eq!(tx.rollout(&id(9)).await.expect("an answer"), None);

    let stop = Stop { at: at(4), by: "alice".to_owned(), reason: "a holiday".to_owned() };
    let mut known = stored.clone();
    for progress in [
        Progress::Paused(stop.clone()),
        Progress::Halted(HaltCause::Drift, Stop { by: "registry".to_owned(), ..stop.clone() }),
        Progress::Running,
        Progress::Complete,
        Progress::Ended,
    ] {
        let next = Rollout { ring: Some(canary()), since: at(5), progress, ..known.clone() };
        let open = next.progress.is_open();
        known = tx.update_rollout(next.clone()).await.expect("a change");
        assert_eq!(known, Rollout { revision: next.revision + 1, ..next });
        assert_eq!(tx.rollout(&first.id).await.expect("an answer"), Some(known.clone()));
        let expected = if open { vec![known.clone(), rollout(&second)] } else { vec![rollout(&second)] };
        assert_eq!(tx.rollouts(None, true).await.expect("an answer"), expected);
    }
    let late = tx.update_rollout(stored).await;
    assert!(matches!(late, Err(StorageError::Conflict(_))), "somebody else changed it");
    assert_eq!(tx.rollouts(Some(&first.server), false).await.expect("an answer"), [known]);
    assert_eq!(tx.rollouts(Some(&first.server), true).await.expect("an answer"), []);
    assert_eq!(tx.rollouts(None, false).await.expect("an answer").len(), 2);
}

pub(super) async fn what_a_ring_served_comes_back_in_order(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let first = submitted(&mut *tx, 1, "io.example/aa", "1.0.0").await;
    let second = submitted(&mut *tx, 2, "io.example/aa", "1.1.0").await;
    let one = RingMove {
        server: first.server.clone(),
        ring: canary(),
        before: None,
        after: Some(first.id.clone()),
        cause: MoveCause::Approval,
        actor: "registry".to_owned(),
        reason: String::new(),
        at: at(3),
    };
    let mut expected = vec![one.clone()];
    for cause in MoveCause::ALL {
        let after = if *cause == MoveCause::Revocation { None } else { Some(second.id.clone()) };
        expected.push(RingMove {
            ring: Ring::stable(),
            before: Some(first.id.clone()),
            after,
            cause: *cause,
            actor: "alice".to_owned(),
            reason: "because".to_owned(),
            // A clock that was set back changes nothing about the order.
            at: at(1),
            ..one.clone()
        });
    }
    for change in &expected {
        tx.append_ring_move(change).await.expect("an entry");
    }
    assert_eq!(tx.ring_moves(&first.server).await.expect("an answer"), expected);
    assert_eq!(tx.ring_moves(&parse("io.example/bb")).await.expect("an answer"), []);
}

pub(super) async fn a_break_glass_ends_once(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let version = submitted(&mut *tx, 1, "io.example/aa", "1.0.0").await;
    let glass = BreakGlass {
        id: id(1),
        submission: version.id.clone(),
        server: version.server.clone(),
        rings: BTreeSet::from([canary(), Ring::stable()]),
        principal: principal(&mut *tx, "alice").await,
        reason: "the old one leaks".to_owned(),
        at: at(3),
        expires_at: at(30),
        ended: None,
    };
    let nowhere = BreakGlass { rings: BTreeSet::new(), ..glass.clone() };
    assert!(tx.insert_break_glass(&nowhere).await.is_err(), "a break-glass is about some ring");
    tx.insert_break_glass(&glass).await.expect("a record");
    assert_eq!(tx.break_glasses(None, true).await.expect("an answer"), std::slice::from_ref(&glass));
    assert!(tx.end_break_glass(&glass.id, at(30), BreakGlassEnd::Expired).await.expect("an answer"));
    assert!(!tx.end_break_glass(&glass.id, at(31), BreakGlassEnd::Approved).await.expect("an answer"), "it has ended");
    assert!(!tx.end_break_glass(&id(9), at(31), BreakGlassEnd::Approved).await.expect("an answer"), "there is none");
    assert_eq!(tx.break_glasses(Some(&version.server), true).await.expect("an answer"), []);
    let ended = BreakGlass { ended: Some((at(30), BreakGlassEnd::Expired)), ..glass };
    assert_eq!(tx.break_glasses(Some(&version.server), false).await.expect("an answer"), [ended]);
    assert_eq!(tx.break_glasses(Some(&parse("io.example/bb")), false).await.expect("an answer"), []);
}

pub(super) async fn a_client_counts_once(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let version = submitted(&mut *tx, 1, "io.example/aa", "1.0.0").await;
    let report = DriftReport {
        id: id(1),
        submission: version.id.clone(),
        principal: principal(&mut *tx, "alice").await,
        kind: DriftKind::Drift,
        seen: Some(Digest::of(b"seen")),
        detail: "a tool is new".to_owned(),
        at: at(3),
    };
    assert!(tx.insert_drift_report(&report).await.expect("an answer"), "it is new");
    let again = DriftReport { id: id(2), detail: "still".to_owned(), ..report.clone() };
    assert!(!tx.insert_drift_report(&again).await.expect("an answer"), "it is known");
    let other = DriftReport { id: id(3), kind: DriftKind::Error, seen: None, ..report.clone() };
    assert!(tx.insert_drift_report(&other).await.expect("an answer"), "it is another kind");
    let bob = DriftReport { id: id(4), principal: principal(&mut *tx, "bob").await, ..report.clone() };
    assert!(tx.insert_drift_report(&bob).await.expect("an answer"), "it is somebody else");
    assert_eq!(tx.drift_reports(&version.id).await.expect("an answer"), [report, other, bob]);
    assert_eq!(tx.drift_reports(&id(9)).await.expect("an answer"), []);
}
