//! Submissions, documents, consents, revocations, and what is live.

use std::{collections::BTreeSet, sync::Arc};

use mcp_pin_model::{Digest, Grade, Revocation, Ring, consent::Decision, revocation::RevocationScope};

use super::samples::{at, consent, id, identity, manifest, parse, principal, submission, submitted, verified};
use crate::{
    LiveRing, Review, RevocationSource, State, StateKind, StorageError, Store, Submission, SubmissionFilter,
    Transaction,
};

pub(super) async fn a_submission_comes_back_as_it_went_in(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let stored = submitted(&mut *tx, 1, "io.example/weather", "1.0.0-rc.1+build.7").await;
    tx.commit().await.expect("a commit");
    let mut snapshot = store.read().await.expect("a snapshot");
    let some = Some(stored.clone());
    assert_eq!(snapshot.submission(&stored.id).await.expect("an answer"), some);
    assert_eq!(snapshot.submission_of_manifest(&stored.manifest).await.expect("an answer"), some);
    assert_eq!(snapshot.submission_of_version(&stored.server, &stored.version).await.expect("an answer"), some);
    assert_eq!(snapshot.submission(&id(9)).await.expect("an answer"), None);
    let other = Digest::of(b"other");
    assert_eq!(snapshot.submission_of_manifest(&other).await.expect("an answer"), None);
    assert_eq!(snapshot.submission_of_version(&stored.server, &parse("1.0.0")).await.expect("an answer"), None);
    let bundle = snapshot.attestation(&stored.attestation).await.expect("an answer").expect("a bundle");
    assert_eq!(Digest::of(&bundle), stored.attestation);
}

pub(super) async fn a_record_that_is_not_that_of_its_statement_is_refused(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "publisher").await;
    principal(&mut *tx, "mallory").await;
    let changes = tx.insert_change_report(b"{}").await.expect("a document");
    let signed = manifest("io.example/weather", "1.0.0");
    let honest = submission(1, &signed, changes);
    for forged in [
        Submission { manifest: Digest::of(b"another"), ..honest.clone() },
        Submission { attestation: Digest::of(b"another"), ..honest.clone() },
        Submission { version: parse("1.0.1"), ..honest.clone() },
        Submission { server: parse("io.example/other"), ..honest.clone() },
        Submission { publisher: parse("mallory"), ..honest.clone() },
        Submission { signer: mcp_pin_model::lockfile::SignerIdentity::from_id("another"), ..honest.clone() },
    ] {
        let result = tx.insert_submission(&forged, &BTreeSet::new(), &signed).await;
        assert!(matches!(result, Err(StorageError::Mismatch(_))), "{forged:?}");
    }
    tx.insert_submission(&honest, &BTreeSet::new(), &signed).await.expect("an honest record");
    let signed = consent("alice", &honest, Decision::Approve);
    principal(&mut *tx, "alice").await;
    let result = tx.insert_consent(&signed, &parse("mallory"), at(3)).await;
    assert!(matches!(result, Err(StorageError::Mismatch(_))), "a consent is that of its signer");
}

pub(super) async fn versions_and_look_alikes_are_taken_once(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let stored = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let changes = stored.review.changes;
    // The same version with another content, and another server that looks like the first.
    let again = manifest("io.example/weather", "1.0.0");
    let mut record = submission(2, &again, changes);
    record.manifest = again.digest();
    let skeletons = BTreeSet::from(["io.example/weather".to_owned()]);
    let result = tx.insert_submission(&record, &skeletons, &again).await;
    assert!(matches!(result, Err(StorageError::Exists(_))), "the version is taken");
    drop(tx);

    let mut tx = store.begin().await.expect("a transaction");
    submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let alike = manifest("io.example/vveather", "1.0.0");
    let record = submission(3, &alike, changes);
    let result = tx.insert_submission(&record, &skeletons, &alike).await;
    assert!(matches!(result, Err(StorageError::Exists(_))), "the looks are taken");
    let owner = tx.server_by_skeleton("io.example/weather").await.expect("an answer");
    assert_eq!(owner, Some(parse("io.example/weather")));
    assert_eq!(tx.server_by_skeleton("io.example/vveather").await.expect("an answer"), None);
}

pub(super) async fn states_change_by_compare_and_swap(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let pending = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let changes = tx.insert_change_report(b"[]").await.expect("a document");
    let review = Review { replaces: Some(Digest::of(b"x")), changes, grade: Grade::Block, change_count: 9 };
    let reviewed = pending.clone().review_again(review).expect("it is pending");
    let reviewed = tx.update_submission(reviewed).await.expect("the first change");
    assert_eq!(reviewed.revision, pending.revision + 1);
    let late = tx.update_submission(pending.clone().approve(at(3)).expect("it was pending")).await;
    assert!(matches!(late, Err(StorageError::Conflict(_))), "somebody else changed it");

    let by: Digest = Digest::of(b"the next one");
    let approved = tx.update_submission(reviewed.approve(at(3)).expect("it is pending")).await.expect("a change");
    assert_eq!(tx.submission(&approved.id).await.expect("an answer"), Some(approved.clone()));
    assert!(approved.clone().supersede(at(4), by).is_err(), "what is not live cannot be replaced");
    let live = tx.update_submission(approved.go_live(at(4)).expect("it is approved")).await.expect("a change");
    assert_eq!(tx.submission(&live.id).await.expect("an answer"), Some(live.clone()));
    let over = tx.update_submission(live.supersede(at(5), by).expect("it is live")).await.expect("a change");
    assert_eq!(over.state, State::Superseded { live_since: at(4), at: at(5), by });
    assert_eq!(tx.submission(&over.id).await.expect("an answer"), Some(over.clone()));
    let revoked = tx.update_submission(over.revoke(at(6), id(7)).expect("it was live")).await.expect("a change");
    assert_eq!(tx.submission(&revoked.id).await.expect("an answer"), Some(revoked.clone()));
    assert!(revoked.clone().go_live(at(7)).is_err(), "an end is an end");
    assert_eq!(tx.once_live(None).await.expect("an answer"), [revoked]);

    let other = submitted(&mut *tx, 2, "io.example/weather", "2.0.0").await;
    let rejected = other.reject(at(8), "registry", "no").expect("it is pending");
    let rejected = tx.update_submission(rejected).await.expect("a change");
    assert_eq!(tx.submission(&rejected.id).await.expect("an answer"), Some(rejected));
    for (number, live_since) in [(3, None), (4, Some(at(9)))] {
        let other = submitted(&mut *tx, number, "io.example/weather", &format!("{number}.0.0")).await;
        let other = if live_since.is_some() { other.break_glass(at(9)).expect("it is pending") } else { other };
        let expired = other.expire(at(10)).expect("it has not ended");
        assert_eq!(expired.state, State::Expired { live_since, at: at(10) });
        let expired = tx.update_submission(expired).await.expect("a change");
        assert_eq!(tx.submission(&expired.id).await.expect("an answer"), Some(expired));
    }
}

async fn live_now(tx: &mut dyn Transaction, submission: &Submission) -> Option<Submission> {
    tx.live(&submission.server, &Ring::stable()).await.expect("an answer")
}

pub(super) async fn what_is_live_changes_by_compare_and_swap(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let first = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let second = submitted(&mut *tx, 2, "io.example/weather", "1.1.0").await;
    let (server, ring) = (first.server.clone(), Ring::stable());
    assert_eq!(live_now(&mut *tx, &first).await, None);
    let wrong = tx.set_live(&server, &ring, Some(&second.id), Some(&first.id), at(3)).await;
    assert!(matches!(wrong, Err(StorageError::Conflict(_))), "nothing is live");
    tx.set_live(&server, &ring, None, Some(&first.id), at(3)).await.expect("the first");
    let wrong = tx.set_live(&server, &ring, None, Some(&second.id), at(4)).await;
    assert!(matches!(wrong, Err(StorageError::Conflict(_))), "something is live");
    let wrong = tx.set_live(&server, &ring, None, None, at(4)).await;
    assert!(matches!(wrong, Err(StorageError::Conflict(_))), "something is live");
    assert_eq!(live_now(&mut *tx, &first).await, Some(first.clone()));
    tx.set_live(&server, &ring, Some(&first.id), Some(&second.id), at(4)).await.expect("the second");
    assert_eq!(tx.live(&server, &parse("canary")).await.expect("an answer"), None);
    let row = LiveRing { server: server.clone(), ring: ring.clone(), submission: second.id.clone(), since: at(4) };
    assert_eq!(tx.live_rings(None).await.expect("an answer"), std::slice::from_ref(&row));
    assert_eq!(tx.live_rings(Some(&server)).await.expect("an answer"), [row]);
    assert_eq!(tx.live_rings(Some(&parse("io.example/other"))).await.expect("an answer"), []);
    let wrong = tx.set_live(&server, &ring, Some(&first.id), None, at(5)).await;
    assert!(matches!(wrong, Err(StorageError::Conflict(_))), "another one is live");
    tx.set_live(&server, &ring, Some(&second.id), None, at(5)).await.expect("the end");
    tx.set_live(&server, &ring, None, None, at(5)).await.expect("still nothing");
    assert_eq!(live_now(&mut *tx, &first).await, None);
}

pub(super) async fn what_was_ever_live_is_read_in_pieces(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let mut expected = Vec::new();
    // Two servers, two versions at the same time, one that came first and went live last, and one that never did.
    for (number, server, version, since) in [
        (1, "io.example/aa", "1.0.0", 9),
        (2, "io.example/aa", "1.1.0", 5),
        (3, "io.example/aa", "1.2.0", 5),
        (4, "io.example/BB", "1.0.0", 6),
        (5, "io.example/cc", "1.0.0", 7),
    ] {
        let submission = submitted(&mut *tx, number, server, version).await;
        let approved = submission.approve(at(since)).expect("it is pending");
        let approved = tx.update_submission(approved).await.expect("a change");
        let live = approved.go_live(at(since)).expect("it is approved");
        expected.push(tx.update_submission(live).await.expect("a change"));
    }
    submitted(&mut *tx, 6, "io.example/bb", "1.1.0").await;
    // By the bytes of the name, whatever language the database was set up for.
    expected.sort_by_key(|one| (one.server.clone(), one.state.live_since(), one.id.clone()));
    assert_eq!(tx.once_live(None).await.expect("an answer"), expected);
    for limit in 1..=6 {
        let mut read: Vec<Submission> = Vec::new();
        loop {
            let piece = tx.once_live_after(read.last(), limit).await.expect("an answer");
            assert!(piece.len() <= usize::try_from(limit).expect("a small number"));
            if piece.is_empty() {
                break;
            }
            read.extend(piece);
        }
        assert_eq!(read, expected, "{limit} at a time");
    }
}

pub(super) async fn consents_are_kept_once(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let stored = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let (alice, bob) = (principal(&mut *tx, "alice").await, principal(&mut *tx, "bob").await);
    let first = consent("bob", &stored, Decision::Reject);
    let second = consent("alice", &stored, Decision::Approve);
    assert!(tx.insert_consent(&first, &bob, at(3)).await.expect("a consent"), "it is new");
    assert!(!tx.insert_consent(&first, &bob, at(4)).await.expect("an answer"), "it is the same");
    assert!(tx.insert_consent(&second, &alice, at(5)).await.expect("a consent"), "it is new");
    let read = tx.consents(&stored.manifest).await.expect("an answer");
    let [one, two] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((one.digest, one.decision, &one.principal), (first.digest(), Decision::Reject, &bob));
    assert_eq!((two.digest, two.decision, &two.principal), (second.digest(), Decision::Approve, &alice));
    assert_eq!((one.received_at, one.manifest), (at(3), stored.manifest));
    let bundle = tx.attestation(&one.attestation).await.expect("an answer");
    assert_eq!(bundle.as_deref(), Some(first.attestation().as_bytes()));
    let same_words = verified("alice", first.statement());
    assert_eq!(same_words.digest(), first.digest());
    assert!(tx.insert_consent(&same_words, &alice, at(6)).await.expect("a consent"), "two people said the same");
    assert_eq!(tx.consents(&stored.manifest).await.expect("an answer").len(), 3);
    assert_eq!(tx.consents(&Digest::of(b"other")).await.expect("an answer"), []);
}

pub(super) async fn revocations_are_kept_once(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let alice = principal(&mut *tx, "alice").await;
    let signed = Revocation {
        scope: RevocationScope::Server,
        target: "io.example/weather".to_owned(),
        reason: "stolen".to_owned(),
        effective: at(1),
    };
    let ordered =
        Revocation { scope: RevocationScope::Version, target: "io.example/other@1.0.0".to_owned(), ..signed.clone() };
    let bundle = verified("alice", &signed);
    tx.insert_revocation(&id(1), RevocationSource::Signed(&bundle), &alice, at(2)).await.expect("a revocation");
    tx.insert_revocation(&id(2), RevocationSource::Ordered(&ordered), &alice, at(3)).await.expect("another");
    let all = tx.revocations().await.expect("an answer");
    let [first, second] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&first.revocation, first.attestation), (&signed, Some(bundle.attestation().digest())));
    assert_eq!((&second.revocation, second.attestation), (&ordered, None));
    let read = tx.revocation(RevocationScope::Server, "io.example/weather").await.expect("an answer");
    assert_eq!(read.as_ref(), Some(first));
    assert_eq!(tx.revocation(RevocationScope::Signer, "io.example/weather").await.expect("an answer"), None);
    let again = tx.insert_revocation(&id(3), RevocationSource::Ordered(&signed), &alice, at(4)).await;
    assert!(matches!(again, Err(StorageError::Exists(_))), "it is revoked already");
}

pub(super) async fn documents_come_back_by_digest(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let digest = tx.insert_change_report(b"{\"a\":1}").await.expect("a document");
    assert_eq!(digest, Digest::of(b"{\"a\":1}"));
    assert_eq!(tx.insert_change_report(b"{\"a\":1}").await.expect("the same document"), digest);
    assert_eq!(tx.change_report(&digest).await.expect("an answer").as_deref(), Some(&b"{\"a\":1}"[..]));
    assert_eq!(tx.change_report(&Digest::of(b"other")).await.expect("an answer"), None);
    assert_eq!(tx.attestation(&digest).await.expect("an answer"), None);
}

pub(super) async fn evidence_comes_back_in_order(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let first = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    let second = submitted(&mut *tx, 2, "io.example/weather", "1.1.0").await;
    tx.insert_evidence(&first.id, &[b"two", b"one", b"two"]).await.expect("evidence");
    tx.insert_evidence(&second.id, &[b"one"]).await.expect("the same bytes with another submission");
    assert!(tx.insert_evidence(&second.id, &[b"three"]).await.is_err(), "it comes with the submission, once");
    drop(tx);
    let mut tx = store.begin().await.expect("a transaction");
    let first = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    tx.insert_evidence(&first.id, &[b"two", b"one", b"two"]).await.expect("evidence");
    tx.commit().await.expect("a commit");
    let mut snapshot = store.read().await.expect("a snapshot");
    let expected = [b"two", b"one", b"two"].map(|bytes| (Digest::of(bytes), bytes.to_vec()));
    assert_eq!(snapshot.evidence(&first.id).await.expect("an answer"), expected);
    assert_eq!(snapshot.evidence(&id(9)).await.expect("an answer"), []);
}

pub(super) async fn the_credential_of_a_submission_comes_back_as_it_went_in(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    principal(&mut *tx, "publisher").await;
    let changes = tx.insert_change_report(b"{}").await.expect("a document");
    let signed = manifest("io.example/weather", "1.0.0");
    // Which credential fits which signer is the service's to say.
    let credential = identity("acme/release.yml", "production", "private");
    let stored = Submission { credential, ..submission(1, &signed, changes) };
    tx.insert_submission(&stored, &BTreeSet::new(), &signed).await.expect("a record");
    tx.commit().await.expect("a commit");
    let mut snapshot = store.read().await.expect("a snapshot");
    assert_eq!(snapshot.submission(&stored.id).await.expect("an answer"), Some(stored));
}

pub(super) async fn submissions_are_listed_in_order(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    for (number, server, version) in
        [(3, "io.example/bb", "1.0.0"), (1, "io.example/aa", "1.0.0"), (2, "io.example/aa", "1.1.0")]
    {
        submitted(&mut *tx, number, server, version).await;
    }
    let first = tx.submission(&id(1)).await.expect("an answer").expect("a submission");
    tx.update_submission(first.approve(at(4)).and_then(|it| it.go_live(at(4))).expect("it is pending"))
        .await
        .expect("a change");
    let counts = tx.submission_counts().await.expect("an answer");
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(StateKind::Pending, 2), (StateKind::Live, 1)]);
    let numbers = async |tx: &mut dyn Transaction, filter: SubmissionFilter| {
        let found = tx.submissions(&filter).await.expect("an answer");
        found.iter().map(|found| found.id.as_str().trim_start_matches('0').to_owned()).collect::<Vec<_>>()
    };
    let all = SubmissionFilter::default();
    assert_eq!(numbers(&mut *tx, all.clone()).await, ["1", "2", "3"]);
    let pending = SubmissionFilter { state: Some(StateKind::Pending), ..all.clone() };
    assert_eq!(numbers(&mut *tx, pending).await, ["2", "3"]);
    let of_a = SubmissionFilter { server: Some(parse("io.example/aa")), ..all.clone() };
    assert_eq!(numbers(&mut *tx, of_a).await, ["1", "2"]);
    let until = |seconds| SubmissionFilter { submitted_until: Some(at(seconds)), ..all.clone() };
    assert_eq!(numbers(&mut *tx, until(1)).await, [""; 0]);
    assert_eq!(numbers(&mut *tx, until(2)).await, ["1", "2", "3"]);
    let page = SubmissionFilter { after: Some(id(1)), limit: Some(1), ..all };
    assert_eq!(numbers(&mut *tx, page).await, ["2"]);
    assert_eq!(tx.once_live(Some(&parse("io.example/bb"))).await.expect("an answer"), []);
    assert_eq!(tx.once_live(Some(&parse("io.example/aa"))).await.expect("an answer").len(), 1);
}
