//! T70 and T76: a consent counts for exactly what it names, while it lasts.

use jiff::SignedDuration;
use mcp_pin_model::{Consent, Digest, Grade, statement::Statement as _};
use mcp_pin_policy::{MAX_CLOCK_SKEW, NotCounted, Requirements, eligibility};
use mcp_pin_test_support::keys;

use crate::cases::{Change, PUBLISHER, Shape, admitted, by, required};

fn change() -> Change {
    Change::with_findings(&[("r", Grade::Review)])
}

/// Checks that a consent counts as it is and does not count once it is altered, for the reason given.
#[track_caller]
fn altered(expected: NotCounted, alter: impl FnOnce(&mut Consent)) {
    let change = change();
    let standard = Requirements::default();
    let mut consent = change.approval(&["r"]);
    assert_eq!(change.decide(&[by("alice", &consent)], &standard), admitted(&["alice"]));
    alter(&mut consent);
    let consent = by("alice", &consent);
    assert_eq!(eligibility(&change.case(), &consent, &standard), Err(expected));
    assert_eq!(change.decide(&[consent], &standard), required(1, &[], &["r"]));
}

#[test]
fn t70_a_consent_to_another_manifest_does_not_count() {
    altered(NotCounted::OtherManifest, |consent| consent.manifest = Digest::of(b"other"));
}

#[test]
fn t70_a_consent_relative_to_another_predecessor_does_not_count() {
    altered(NotCounted::OtherPredecessor, |consent| consent.replaces = Some(Digest::of(b"other")));
    altered(NotCounted::OtherPredecessor, |consent| consent.replaces = None);
}

#[test]
fn t70_a_consent_to_a_first_admission_does_not_count_for_an_update_nor_the_other_way() {
    let first = Change::new(&Shape { first: true, findings: &[("r", Grade::Review)], ..Shape::default() });
    let update = change();
    let standard = Requirements::default();
    assert_eq!(first.decide(&[by("alice", &update.approval(&["r"]))], &standard), required(1, &[], &["r"]));
    assert_eq!(update.decide(&[by("alice", &first.approval(&["r"]))], &standard), required(1, &[], &["r"]));
}

#[test]
fn t68_a_consent_after_another_report_does_not_count() {
    altered(NotCounted::OtherReport, |consent| consent.changes = Digest::of(b"other"));
}

#[test]
fn t70_a_consent_for_another_server_does_not_count() {
    altered(NotCounted::OtherServer, |consent| consent.server = "io.github.example/other".parse().unwrap());
}

#[test]
fn t70_a_consent_for_another_version_does_not_count() {
    altered(NotCounted::OtherVersion, |consent| consent.version = "1.4.3".parse().unwrap());
    altered(NotCounted::OtherVersion, |consent| consent.version = "1.4.2+build".parse().unwrap());
}

#[test]
fn t70_a_consent_for_another_ring_does_not_count() {
    altered(NotCounted::OtherRing, |consent| consent.rings = vec!["canary".parse().unwrap()]);
    altered(NotCounted::OtherRing, |consent| consent.rings = Vec::new());
    let mut change = change();
    change.ring = "canary".parse().unwrap();
    let mut consent = change.approval(&["r"]);
    assert_eq!(change.decide(&[by("alice", &consent)], &Requirements::default()), required(1, &[], &["r"]));
    consent.rings.push("canary".parse().unwrap());
    assert_eq!(change.decide(&[by("alice", &consent)], &Requirements::default()), admitted(&["alice"]));
}

#[test]
fn t76_an_expired_consent_does_not_count_from_the_very_moment() {
    let moment = SignedDuration::from_nanos(1);
    altered(NotCounted::Expired, |consent| consent.expires = Some(keys::now()));
    altered(NotCounted::Expired, |consent| consent.expires = Some(keys::now() - moment));
    let change = change();
    let mut consent = change.approval(&["r"]);
    consent.expires = Some(keys::now() + moment);
    assert_eq!(change.decide(&[by("alice", &consent)], &Requirements::default()), admitted(&["alice"]));
}

#[test]
fn t76_an_expired_rejection_does_not_count_either() {
    let change = change();
    let mut rejection = change.rejection(keys::now());
    rejection.expires = Some(keys::now());
    let consents = [by("alice", &change.approval(&["r"])), by("bob", &rejection)];
    assert_eq!(change.decide(&consents, &Requirements::default()), admitted(&["alice"]));
}

#[test]
fn t76_a_consent_from_the_future_does_not_count() {
    let moment = SignedDuration::from_nanos(1);
    altered(NotCounted::NotYet, |consent| consent.at = keys::now() + MAX_CLOCK_SKEW + moment);
    let change = change();
    let mut consent = change.approval(&["r"]);
    consent.at = keys::now() + MAX_CLOCK_SKEW;
    assert_eq!(change.decide(&[by("alice", &consent)], &Requirements::default()), admitted(&["alice"]));
}

#[test]
fn t76_a_rejection_from_the_future_counts() {
    let change = change();
    let rejection = change.rejection(keys::now() + MAX_CLOCK_SKEW * 2);
    let consents = [by("alice", &change.approval(&["r"])), by("bob", &rejection)];
    let outcome = change.decide(&consents, &Requirements::default());
    assert!(matches!(outcome, mcp_pin_policy::Outcome::Rejected { ref by, .. } if by == "bob"), "{outcome:?}");
}

#[test]
fn t69_why_the_publishers_consent_does_not_count_is_said() {
    let change = change();
    let own = by(PUBLISHER, &change.approval(&["r"]));
    assert_eq!(eligibility(&change.case(), &own, &Requirements::default()), Err(NotCounted::ByPublisher));
    assert_eq!(eligibility(&change.case(), &own, &Requirements::local()), Ok(()));
}

#[test]
fn self_chosen_names_count_for_nothing() {
    let change = change();
    let mut consent = change.approval(&["r"]);
    consent.by = PUBLISHER.to_owned();
    assert_eq!(change.decide(&[by("alice", &consent)], &Requirements::default()), admitted(&["alice"]));
    consent.by = "alice".to_owned();
    assert_eq!(change.decide(&[by(PUBLISHER, &consent)], &Requirements::default()), required(1, &[], &["r"]));
    assert_eq!(change.after.digest(), consent.manifest);
}
