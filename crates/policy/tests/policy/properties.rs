//! What holds for every pile of consents.

use std::{collections::BTreeSet, num::NonZero};

use jiff::SignedDuration;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Consent, Digest, Grade, consent::Decision};
use mcp_pin_policy::{Exceptions, Outcome, Preset, Requirements, SelfConsent, eligibility};
use mcp_pin_test_support::keys::{self, Person};
use proptest::prelude::*;

use crate::cases::{Change, PUBLISHER, Shape};

const FINGERPRINTS: [&str; 3] = ["f0", "f1", "f2"];

/// A consent as a test draws it.
#[derive(Clone, Debug)]
struct Drawn {
    principal: &'static str,
    key: u8,
    acknowledged: Vec<&'static str>,
    reject: bool,
    minutes: i64,
    /// Which binding is broken; most often none.
    broken: u8,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        prop::sample::select(vec!["alice", "bob", "carol", PUBLISHER]),
        0..2_u8,
        prop::sample::subsequence(FINGERPRINTS.to_vec(), 0..=FINGERPRINTS.len()),
        prop::bool::weighted(0.15),
        -3..=3_i64,
        prop_oneof![3 => Just(0), 1 => 1..=7_u8],
    )
        .prop_map(|(principal, key, acknowledged, reject, minutes, broken)| Drawn {
            principal,
            key,
            acknowledged,
            reject,
            minutes,
            broken,
        })
}

impl Drawn {
    fn sign(&self, change: &Change) -> Verified<Consent> {
        let mut consent = change.approval(&self.acknowledged);
        if self.reject {
            consent.decision = Decision::Reject;
        }
        consent.at = keys::now() + SignedDuration::from_mins(self.minutes);
        match self.broken {
            1 => consent.manifest = Digest::of(b"other"),
            2 => consent.replaces = Some(Digest::of(b"other")),
            3 => consent.changes = Digest::of(b"other"),
            4 => consent.server = "io.github.example/other".parse().unwrap(),
            5 => consent.version = "9.9.9".parse().unwrap(),
            6 => consent.rings = vec!["canary".parse().unwrap()],
            7 => consent.expires = Some(keys::now()),
            _ => {}
        }
        let key = if self.key == 0 { self.principal.to_owned() } else { format!("second key of {}", self.principal) };
        Person::with_key(self.principal, &key).signed(&consent)
    }
}

fn change() -> impl Strategy<Value = Change> {
    let grade = prop::sample::select(vec![Grade::None, Grade::Notice, Grade::Review, Grade::Block]);
    (prop::collection::vec(grade, 0..=3), any::<bool>(), any::<bool>()).prop_map(|(grades, first, visible)| {
        let findings: Vec<_> = FINGERPRINTS.into_iter().zip(grades).collect();
        Change::new(&Shape { findings: &findings, first, model_visible_changed: visible, ..Shape::default() })
    })
}

fn requirements() -> impl Strategy<Value = Requirements> {
    let own_quorum = || prop::option::of((1..=3_u8).prop_map(|quorum| NonZero::new(quorum).unwrap()));
    let quorums = (1..=3_u8, own_quorum(), own_quorum());
    (prop::sample::select(Preset::ALL.to_vec()), quorums, any::<bool>()).prop_map(|(preset, quorums, own)| {
        let (quorum, quorum_review, quorum_notice) = quorums;
        Requirements {
            preset,
            quorum_block: NonZero::new(quorum).unwrap(),
            quorum_review,
            quorum_notice,
            self_consent: if own { SelfConsent::OwnProject } else { SelfConsent::Never },
            exceptions: Exceptions::NONE,
        }
    })
}

/// How far a change got; the order is from nowhere to live.
fn progress(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Mismatch { .. } | Outcome::Refused { .. } => 0,
        Outcome::Rejected { .. } => 1,
        Outcome::ConsentRequired { .. } => 2,
        Outcome::Admitted { .. } => 3,
    }
}

fn set(texts: &[String]) -> BTreeSet<&str> {
    texts.iter().map(String::as_str).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_further_approval_never_lowers(
        change in change(), requirements in requirements(), pile in prop::collection::vec(drawn(), 0..6), mut more in drawn(),
    ) {
        more.reject = false;
        let mut consents: Vec<_> = pile.iter().map(|drawn| drawn.sign(&change)).collect();
        let before = change.decide(&consents, &requirements);
        consents.push(more.sign(&change));
        let after = change.decide(&consents, &requirements);
        prop_assert!(progress(&after) >= progress(&before), "{before:?} -> {after:?}");
        if let (
            Outcome::ConsentRequired { have: had, missing_acknowledgements: missed, needed },
            Outcome::ConsentRequired { have, missing_acknowledgements: missing, needed: still },
        ) = (&before, &after) {
            prop_assert_eq!(needed, still);
            prop_assert!(set(had).is_subset(&set(have)));
            prop_assert!(set(missing).is_subset(&set(missed)));
        }
    }

    #[test]
    fn the_order_of_consents_and_doubling_them_changes_nothing(
        change in change(), requirements in requirements(), pile in prop::collection::vec(drawn(), 0..6),
    ) {
        let mut consents: Vec<_> = pile.iter().map(|drawn| drawn.sign(&change)).collect();
        let outcome = change.decide(&consents, &requirements);
        consents.reverse();
        prop_assert_eq!(&change.decide(&consents, &requirements), &outcome);
        consents.extend(consents.clone());
        prop_assert_eq!(&change.decide(&consents, &requirements), &outcome);
    }

    #[test]
    fn t70_what_is_not_eligible_might_as_well_not_be_there(
        change in change(), requirements in requirements(), pile in prop::collection::vec(drawn(), 0..6),
    ) {
        let consents: Vec<_> = pile.iter().map(|drawn| drawn.sign(&change)).collect();
        let eligible: Vec<_> = consents
            .iter()
            .filter(|consent| eligibility(&change.case(), consent, &requirements).is_ok())
            .cloned()
            .collect();
        for (drawn, consent) in pile.iter().zip(&consents) {
            if drawn.broken != 0 || (drawn.principal == PUBLISHER && requirements.self_consent == SelfConsent::Never) {
                prop_assert!(!eligible.iter().any(|other| other.attestation() == consent.attestation()));
            }
        }
        prop_assert_eq!(change.decide(&consents, &requirements), change.decide(&eligible, &requirements));
    }

    /// Counted again, from the drawn consents, in the simplest possible way.
    #[test]
    fn nothing_is_admitted_without_its_quorum(
        change in change(), pile in prop::collection::vec(drawn(), 0..8),
    ) {
        let consents: Vec<_> = pile.iter().map(|drawn| drawn.sign(&change)).collect();
        let outcome = change.decide(&consents, &Requirements::default());
        let good: Vec<_> = pile.iter().filter(|drawn| drawn.broken == 0 && !drawn.reject && drawn.principal != PUBLISHER).collect();
        if let Outcome::Admitted { approvers } = outcome {
            for finding in change.report.findings() {
                let people: BTreeSet<_> = good
                    .iter()
                    .filter(|drawn| drawn.acknowledged.contains(&finding.fingerprint.as_str()))
                    .map(|drawn| drawn.principal)
                    .collect();
                let needed = match finding.grade {
                    Grade::Block => 2,
                    Grade::Review => 1,
                    _ => 0,
                };
                prop_assert!(people.len() >= needed, "{finding:?} {people:?}");
            }
            let quiet = !change.report.is_first_admission()
                && change.report.grade() == Grade::None
                && !change.report.model_visible_changed();
            prop_assert!(quiet || !approvers.is_empty());
            prop_assert!(approvers.iter().all(|name| good.iter().any(|drawn| drawn.principal == name)));
        }
    }
}
