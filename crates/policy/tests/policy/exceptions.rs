//! What is excepted, and what nothing excepts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::Grade;
use mcp_pin_policy::{
    Assessment, ExceptionError, Exceptions, Exemption, MAX_EXCEPTION_AHEAD, Outcome, Override, Preset, Requirements,
    Standing, approvers_needed,
};
use mcp_pin_test_support::keys;
use proptest::prelude::*;

use crate::cases::{Change, Shape, admitted, by, required};

const FIRST: &str = "00000000000000000000000000000001";
const SECOND: &str = "00000000000000000000000000000002";
/// A rule whose gravest grade is `review`, and one whose is `refuse`.
const REVIEWS: &str = "coercion";
const REFUSES: &str = "confusable-twin";

fn in_days(days: i64) -> Timestamp {
    keys::now() + SignedDuration::from_hours(24 * days)
}

fn exempting(fingerprints: &[&str], expires: Timestamp) -> Requirements {
    let mut exceptions = Exceptions::default();
    for fingerprint in fingerprints {
        exceptions.exempt(Exemption::new(*fingerprint, "read in full", "alice", expires).unwrap()).unwrap();
    }
    Requirements::default().with_exceptions(exceptions)
}

#[test]
fn an_exempted_finding_takes_one_approver_and_no_acknowledgement() {
    let change = Change::with_findings(&[(FIRST, Grade::Block)]);
    let consent = [by("alice", &change.approval(&[]))];
    let without = change.decide(&consent, &Requirements::default());
    assert_eq!(without, required(2, &["alice"], &[FIRST]));
    assert_eq!(change.decide(&consent, &exempting(&[FIRST], in_days(30))), admitted(&["alice"]));
    // Another finding's exemption is none.
    assert_eq!(change.decide(&consent, &exempting(&[SECOND], in_days(30))), without);
}

#[test]
fn what_is_not_exempted_takes_what_it_took() {
    let change = Change::with_findings(&[(FIRST, Grade::Block), (SECOND, Grade::Block)]);
    let consents = [by("alice", &change.approval(&[FIRST])), by("bob", &change.approval(&[FIRST, SECOND]))];
    assert_eq!(change.decide(&consents, &exempting(&[FIRST], in_days(30))), required(2, &["alice", "bob"], &[SECOND]));
}

#[test]
fn an_exemption_spares_a_finding_and_never_the_approver() {
    for preset in [Preset::Relaxed, Preset::Standard, Preset::Strict] {
        for grade in [Grade::Review, Grade::Block] {
            let change = Change::with_findings(&[(FIRST, grade)]);
            let requirements = Requirements { preset, ..exempting(&[FIRST], in_days(30)) };
            assert_eq!(change.decide(&[], &requirements), required(1, &[], &[]), "{preset} {grade}");
        }
    }
}

#[test]
fn t85_an_exemption_ends_and_cannot_be_made_to_last() {
    let change = Change::with_findings(&[(FIRST, Grade::Block)]);
    let consent = [by("alice", &change.approval(&[]))];
    let last = keys::now() + MAX_EXCEPTION_AHEAD;
    let second = SignedDuration::from_secs(1);
    for (expires, standing) in [
        (keys::now() - second, Standing::Expired),
        (keys::now(), Standing::Expired),
        (keys::now() + second, Standing::InForce),
        (last, Standing::InForce),
        (last + second, Standing::TooFarAhead),
        (Timestamp::MAX, Standing::TooFarAhead),
    ] {
        let requirements = exempting(&[FIRST], expires);
        assert_eq!(requirements.exceptions.exemptions()[0].standing(keys::now()), standing, "{expires}");
        let outcome = change.decide(&consent, &requirements);
        assert_eq!(
            matches!(outcome, Outcome::Admitted { .. }),
            standing == Standing::InForce,
            "{expires}: {outcome:?}"
        );
        let assessment = Assessment::of(&change.report, &requirements.exceptions, keys::now());
        assert_eq!(assessment.exempted().count(), usize::from(standing == Standing::InForce));
        assert_eq!(assessment.expired().count(), usize::from(standing == Standing::Expired));
        assert_eq!(requirements.exceptions.expired(keys::now()).len(), usize::from(standing == Standing::Expired));
    }
}

#[test]
fn nothing_lowers_refuse() {
    let change = Change::with_findings(&[(FIRST, Grade::Refuse), (SECOND, Grade::Notice)]);
    let consents = [by("alice", &change.approval(&[FIRST])), by("bob", &change.approval(&[FIRST]))];
    let refused = Outcome::Refused { findings: vec![FIRST.to_owned()] };
    for preset in Preset::ALL {
        let requirements = Requirements { preset, ..exempting(&[FIRST, SECOND], in_days(30)) };
        assert_eq!(change.decide(&consents, &requirements), refused);
    }
    for grade in [Grade::Notice, Grade::Review, Grade::Block] {
        let error = Override::new(REFUSES, grade, "because", Some(in_days(30))).unwrap_err();
        assert_eq!(error, ExceptionError::LowersRefuse(REFUSES));
        // Nor a finding of grade `refuse` by a rule that otherwise gives less.
        let mut exceptions = Exceptions::default();
        exceptions.override_rule(Override::new(REVIEWS, grade, "because", Some(in_days(30))).unwrap()).unwrap();
        let change = Change::new(&Shape { rule: REVIEWS, findings: &[(FIRST, Grade::Refuse)], ..Shape::default() });
        assert_eq!(change.decide(&consents, &Requirements::default().with_exceptions(exceptions)), refused);
    }
}

#[test]
fn an_override_raises_and_lowers() {
    let change = Change::new(&Shape { rule: REVIEWS, findings: &[(FIRST, Grade::Review)], ..Shape::default() });
    let with = |grade, expires| {
        let mut exceptions = Exceptions::default();
        exceptions.override_rule(Override::new(REVIEWS, grade, "because", expires).unwrap()).unwrap();
        Requirements::default().with_exceptions(exceptions)
    };
    assert_eq!(change.decide(&[], &with(Grade::Notice, Some(in_days(1)))), required(1, &[], &[]));
    assert_eq!(change.decide(&[], &with(Grade::Notice, Some(in_days(-1)))), required(1, &[], &[FIRST]));
    assert_eq!(change.decide(&[], &with(Grade::Block, None)), required(2, &[], &[FIRST]));
    assert_eq!(change.decide(&[], &with(Grade::Refuse, None)), Outcome::Refused { findings: vec![FIRST.to_owned()] });
    // A rule that is raised to `refuse` is not lowered by an exemption of its finding either.
    let mut requirements = with(Grade::Refuse, None);
    requirements.exceptions.exempt(Exemption::new(FIRST, "a", "b", in_days(1)).unwrap()).unwrap();
    assert_eq!(change.decide(&[], &requirements), Outcome::Refused { findings: vec![FIRST.to_owned()] });
    // Another rule's finding is left alone.
    let other = Change::with_findings(&[(FIRST, Grade::Review)]);
    assert_eq!(other.decide(&[], &with(Grade::Block, None)), required(1, &[], &[FIRST]));
}

#[test]
fn an_exemption_of_one_server_is_not_one_of_another() {
    let change = Change::with_findings(&[(FIRST, Grade::Block)]);
    let consent = [by("alice", &change.approval(&[]))];
    for (server, counts) in [("io.github.example/weather", true), ("io.github.example/other", false)] {
        let mut exceptions = Exceptions::default();
        let exemption = Exemption::new(FIRST, "read", "alice", in_days(30)).unwrap();
        exceptions.exempt(exemption.of_server(server.parse().unwrap())).unwrap();
        let outcome = change.decide(&consent, &Requirements::default().with_exceptions(exceptions));
        assert_eq!(matches!(outcome, Outcome::Admitted { .. }), counts, "{server}");
    }
}

#[test]
fn what_says_nothing_is_no_exception() {
    let exempt = |fingerprint: &str, reason: &str, author: &str| {
        Exemption::new(fingerprint, reason, author, in_days(1)).map(|_| ())
    };
    exempt(FIRST, "why", "who").unwrap();
    for wrong in [
        "",
        "0001",
        "*",
        "0000000000000000000000000000001",
        &FIRST.replace("0001", "000G"),
        &FIRST.replace("0001", "00AB"),
    ] {
        assert_eq!(exempt(wrong, "why", "who"), Err(ExceptionError::Fingerprint), "{wrong}");
    }
    let long = "x".repeat(1001);
    for wrong in ["", "  ", "a\u{202e}b", "a\nb", &long] {
        assert_eq!(exempt(FIRST, wrong, "who"), Err(ExceptionError::Words("reason")), "{wrong:?}");
        assert_eq!(exempt(FIRST, "why", wrong), Err(ExceptionError::Words("author")), "{wrong:?}");
        assert_eq!(Override::new(REVIEWS, Grade::Block, wrong, None), Err(ExceptionError::Words("reason")));
    }
    assert!(matches!(
        Override::new("coersion", Grade::Block, "why", None),
        Err(ExceptionError::UnknownRule { near, .. }) if near.contains(&"coercion")
    ));
    assert!(matches!(
        Override::new(REVIEWS, Grade::Notice, "why", None),
        Err(ExceptionError::WithoutEnd { gravest: Grade::Review, .. })
    ));
    assert_eq!(Override::new(REVIEWS, Grade::None, "why", Some(in_days(1))), Err(ExceptionError::ToNone));
    let mut exceptions = Exceptions::default();
    let exemption = Exemption::new(FIRST, "why", "who", in_days(1)).unwrap();
    exceptions.exempt(exemption.clone()).unwrap();
    let narrower = exemption.clone().of_server("io.github.example/weather".parse().unwrap());
    assert_eq!(exceptions.exempt(exemption), Err(ExceptionError::Doubled));
    assert_eq!(exceptions.exempt(narrower), Err(ExceptionError::Doubled));
    let raised = Override::new(REVIEWS, Grade::Block, "why", None).unwrap();
    exceptions.override_rule(raised.clone()).unwrap();
    assert_eq!(exceptions.override_rule(raised), Err(ExceptionError::Doubled));
}

fn grades() -> impl Strategy<Value = Vec<Grade>> {
    let grade = prop::sample::select(vec![Grade::None, Grade::Notice, Grade::Review, Grade::Block, Grade::Refuse]);
    prop::collection::vec(grade, 0..=2)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is exempted: nothing is hidden, only exempted findings weigh less and none less than `notice`, what is
    /// refused stays refused, and somebody still has to consent where somebody had to.
    #[test]
    fn exemptions_lower_only_what_they_name(
        grades in grades(),
        preset in prop::sample::select(Preset::ALL.to_vec()),
        first in any::<bool>(),
        visible in any::<bool>(),
        exempt in prop::sample::subsequence(vec![FIRST, SECOND], 0..=2),
        days in prop::sample::select(vec![-1_i64, 0, 1, 300, 400]),
    ) {
        let findings: Vec<_> = [FIRST, SECOND].into_iter().zip(grades).collect();
        let change = Change::new(&Shape { findings: &findings, first, model_visible_changed: visible, ..Shape::default() });
        let requirements = Requirements { preset, ..exempting(&exempt, in_days(days)) };
        let plain = Requirements::new(preset);
        let without = Assessment::without_exceptions(&change.report);
        let with = Assessment::of(&change.report, &requirements.exceptions, keys::now());
        prop_assert_eq!(with.findings().len(), change.report.findings().len());
        for (before, after) in without.findings().iter().zip(with.findings()) {
            prop_assert_eq!(before.finding, after.finding);
            prop_assert!(after.grade <= before.grade);
            if after.grade < before.grade {
                prop_assert!(exempt.contains(&after.finding.fingerprint.as_str()) && (1..=366).contains(&days));
                prop_assert!(after.exempted_by.is_some() && after.grade == Grade::Notice && before.grade != Grade::Refuse);
            }
        }
        prop_assert_eq!(without.grade() == Grade::Refuse, with.grade() == Grade::Refuse);
        let (had, has) = (approvers_needed(&without, &plain), approvers_needed(&with, &requirements));
        prop_assert!(has <= had && (had == 0 || has >= 1));
        if !(1..=366).contains(&days) {
            prop_assert_eq!(had, has);
            prop_assert_eq!(change.decide(&[], &requirements), change.decide(&[], &plain));
        }
        // Whoever acknowledged everything that is left is never enough where nobody was.
        let named: BTreeSet<&str> = exempt.iter().copied().collect();
        if let Outcome::Admitted { approvers } = change.decide(&[], &requirements) {
            prop_assert!(approvers.is_empty());
            prop_assert_eq!(had, 0, "{:?}", named);
        }
    }
}
