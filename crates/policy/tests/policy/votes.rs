//! Who counts, how often, and for what.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::{
    Attestation, IdentityPolicy, InstanceName, RequiredEvidence, Roots, Trust, TrustedRoot, Verified, verify,
};
use mcp_pin_model::{Consent, Grade, statement::Statement as _};
use mcp_pin_policy::{Case, Outcome, Preset, Requirements, decide};
use mcp_pin_test_support::{
    keys::{self, Person},
    sigstore::{TestClaims, TestSigstore},
};

use crate::cases::{Change, PUBLISHER, Shape, admitted, by, required};

fn later(minutes: i64) -> Timestamp {
    keys::now() + SignedDuration::from_mins(minutes)
}

fn rejected(by: &str) -> Outcome {
    Outcome::Rejected { by: by.to_owned(), reason: "not this".to_owned() }
}

#[test]
fn a_quorum_of_two_that_acknowledged_everything_admits() {
    let change = Change::with_findings(&[("b", Grade::Block), ("r", Grade::Review), ("n", Grade::Notice)]);
    let alice = by("alice", &change.approval(&["b", "r"]));
    let bob = by("bob", &change.approval(&["b"]));
    let standard = Requirements::default();
    assert_eq!(change.decide(&[], &standard), required(2, &[], &["b", "r"]));
    assert_eq!(change.decide(std::slice::from_ref(&alice), &standard), required(2, &["alice"], &["b"]));
    assert_eq!(change.decide(&[bob.clone(), alice.clone()], &standard), admitted(&["alice", "bob"]));
    // At strict, the review finding takes the second approver's eyes too.
    assert_eq!(
        change.decide(&[bob, alice], &Requirements::new(Preset::Strict)),
        required(2, &["alice", "bob"], &["r"])
    );
}

#[test]
fn a_block_finding_that_only_one_of_two_approvers_acknowledged_is_missing() {
    let change = Change::with_findings(&[("b", Grade::Block), ("c", Grade::Block)]);
    let consents = [by("alice", &change.approval(&["b", "c"])), by("bob", &change.approval(&["b"]))];
    assert_eq!(change.decide(&consents, &Requirements::default()), required(2, &["alice", "bob"], &["c"]));
}

#[test]
fn one_fingerprint_for_two_findings_takes_what_the_gravest_takes() {
    let change = Change::with_findings(&[("f", Grade::Review), ("f", Grade::Block)]);
    let alice = by("alice", &change.approval(&["f"]));
    assert_eq!(change.decide(&[alice], &Requirements::default()), required(2, &["alice"], &["f"]));
}

#[test]
fn acknowledging_what_was_not_found_is_worth_nothing() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let alice = by("alice", &change.approval(&["other", ""]));
    assert_eq!(change.decide(&[alice], &Requirements::default()), required(1, &["alice"], &["r"]));
}

#[test]
fn several_consents_of_one_approver_add_up_to_one_approver() {
    let change = Change::with_findings(&[("a", Grade::Review), ("b", Grade::Review)]);
    let consents = [by("alice", &change.approval(&["a"])), by("alice", &change.approval(&["b"]))];
    assert_eq!(change.decide(&consents, &Requirements::default()), admitted(&["alice"]));
}

#[test]
fn t69_the_same_consent_twice_and_two_keys_of_one_person_count_once() {
    let change = Change::with_findings(&[("b", Grade::Block)]);
    let approval = change.approval(&["b"]);
    let first = by("alice", &approval);
    let laptop = Person::with_key("alice", "alice's laptop").signed(&approval);
    assert_ne!(first.signer(), laptop.signer());
    let consents = [first.clone(), first, laptop];
    assert_eq!(change.decide(&consents, &Requirements::default()), required(2, &["alice"], &["b"]));
}

/// A consent signed by somebody's identity, under trust in that person.
fn by_identity(principal: &str, consent: &Consent) -> Verified<Consent> {
    let (sigstore, instance) = (TestSigstore::new("ours"), InstanceName::Private("ours".to_owned()));
    let json = sigstore.trusted_root_json();
    let mut roots = Roots::none();
    roots.insert(TrustedRoot::from_json(instance.clone(), json.as_bytes(), RequiredEvidence::Log).unwrap());
    let address = format!("{principal}@example.com");
    let mut trust = Trust::new();
    trust.add_identity(principal, IdentityPolicy::new(TestClaims::EMAIL_ISSUER, &address).unwrap(), instance);
    let bundle = sigstore.sign_statement(&consent.to_payload(), &TestClaims::email(&address), keys::now());
    verify(&Attestation::from_bytes(bundle).unwrap(), &trust, &roots).unwrap()
}

#[test]
fn t69_a_key_and_an_identity_of_one_person_count_once() {
    let change = Change::with_findings(&[("b", Grade::Block)]);
    let approval = change.approval(&["b"]);
    let (key, identity) = (by("alice", &approval), by_identity("alice", &approval));
    assert_ne!(key.signer(), identity.signer());
    let bob = by_identity("bob", &approval);
    let standard = Requirements::default();
    assert_eq!(change.decide(&[key.clone(), identity.clone()], &standard), required(2, &["alice"], &["b"]));
    assert_eq!(change.decide(&[key, identity, bob], &standard), admitted(&["alice", "bob"]));
}

#[test]
fn t69_the_publisher_never_counts_by_another_identity_either() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let own = by_identity(PUBLISHER, &change.approval(&["r"]));
    assert_eq!(change.decide(&[own], &Requirements::default()), required(1, &[], &["r"]));
}

#[test]
fn t69_the_publisher_never_counts() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let own = by(PUBLISHER, &change.approval(&["r"]));
    let other_key = Person::with_key(PUBLISHER, "another key").signed(&change.approval(&["r"]));
    // The same key under the name of another approver.
    let other_name = Person::with_key("alice", PUBLISHER).signed(&change.approval(&["r"]));
    for consent in [own, other_key, other_name] {
        assert_eq!(change.decide(&[consent], &Requirements::default()), required(1, &[], &["r"]));
    }
}

#[test]
fn in_ones_own_project_ones_own_consent_is_enough() {
    let change = Change::new(&Shape { first: true, findings: &[("b", Grade::Block)], ..Shape::default() });
    let own = by(PUBLISHER, &change.approval(&["b"]));
    assert_eq!(change.decide(&[], &Requirements::local()), required(1, &[], &["b"]));
    assert_eq!(change.decide(&[own], &Requirements::local()), admitted(&[PUBLISHER]));
}

#[test]
fn a_rejection_stops_what_others_approved() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let consents = [
        by("alice", &change.approval(&["r"])),
        by("bob", &change.approval(&["r"])),
        by("carol", &change.rejection(keys::now())),
    ];
    for preset in Preset::ALL {
        assert_eq!(change.decide(&consents, &Requirements::new(preset)), rejected("carol"));
    }
}

#[test]
fn the_publishers_rejection_does_not_count_as_an_approvers() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let consents = [by("alice", &change.approval(&["r"])), by(PUBLISHER, &change.rejection(keys::now()))];
    assert_eq!(change.decide(&consents, &Requirements::default()), admitted(&["alice"]));
}

#[test]
fn an_approver_may_change_their_mind_in_both_directions() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let approval = by("alice", &change.approval(&["r"]));
    let standard = Requirements::default();
    let earlier_rejection = by("alice", &change.rejection(later(-1)));
    assert_eq!(change.decide(&[approval.clone(), earlier_rejection], &standard), admitted(&["alice"]));
    let later_rejection = by("alice", &change.rejection(later(1)));
    assert_eq!(change.decide(&[approval.clone(), later_rejection], &standard), rejected("alice"));
    // In doubt, no.
    let same_moment = by("alice", &change.rejection(keys::now()));
    assert_eq!(change.decide(&[approval, same_moment], &standard), rejected("alice"));
}

#[test]
fn what_was_acknowledged_before_a_rejection_is_forgotten() {
    let change = Change::with_findings(&[("a", Grade::Review), ("b", Grade::Review)]);
    let mut early = change.approval(&["a"]);
    early.at = later(-2);
    let consents =
        [by("alice", &early), by("alice", &change.rejection(later(-1))), by("alice", &change.approval(&["b"]))];
    assert_eq!(change.decide(&consents, &Requirements::default()), required(1, &["alice"], &["a"]));
}

#[test]
fn somebody_elses_approval_does_not_lift_a_rejection() {
    let change = Change::with_findings(&[("r", Grade::Review)]);
    let mut approval = change.approval(&["r"]);
    approval.at = later(2);
    let consents = [by("alice", &change.rejection(keys::now())), by("bob", &approval)];
    assert_eq!(change.decide(&consents, &Requirements::default()), rejected("alice"));
}

#[test]
fn t73_a_report_of_another_change_decides_nothing() {
    let change = Change::with_findings(&[]);
    let consents = [by("alice", &change.approval(&[])), by("bob", &change.approval(&[]))];
    let other = keys::manifest("io.github.example/other", "1.4.3", [], None);
    let case = change.case();
    let wrong = [
        Case { manifest: other.digest(), ..case },
        Case { replaces: None, ..case },
        Case { replaces: Some(other.digest()), ..case },
        Case { name: other.name(), ..case },
        Case { version: other.version(), ..case },
    ];
    for case in wrong {
        for requirements in [Requirements::default(), Requirements::new(Preset::Observe), Requirements::local()] {
            let outcome = decide(&case, &consents, &requirements);
            assert!(matches!(outcome, Outcome::Mismatch { .. }), "{outcome:?}");
        }
    }
    let first = Change::new(&Shape { first: true, ..Shape::default() });
    let outcome = decide(&Case { replaces: Some(other.digest()), ..first.case() }, &[], &Requirements::default());
    assert!(matches!(outcome, Outcome::Mismatch { .. }), "{outcome:?}");
}
