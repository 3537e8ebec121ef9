//! What each preset requires, row by row of its table.

use std::num::NonZero;

use mcp_pin_model::Grade;
use mcp_pin_policy::{Outcome, Preset, Requirements};

use crate::cases::{Change, Shape, admitted, by, required};

/// How many approvers a change takes at a preset, when everybody acknowledges everything.
fn approvers(change: &Change, preset: Preset) -> usize {
    let requirements = Requirements::new(preset);
    let fingerprints: Vec<&str> = change.report.findings().iter().map(|finding| finding.fingerprint.as_str()).collect();
    let mut consents = Vec::new();
    for person in ["alice", "bob", "carol", "nobody"] {
        if matches!(change.decide(&consents, &requirements), Outcome::Admitted { .. }) {
            return consents.len();
        }
        consents.push(by(person, &change.approval(&fingerprints)));
    }
    panic!("more than three approvers are needed");
}

#[test]
fn the_table() {
    let finding = |grade| Change::with_findings(&[("f", grade)]);
    let foreign_notice =
        Change::new(&Shape { findings: &[("f", Grade::Notice)], signer_before: "somebody else", ..Shape::default() });
    let nothing = Change::new(&Shape { model_visible_changed: false, ..Shape::default() });
    let first = Change::new(&Shape { first: true, ..Shape::default() });
    let rows = [
        ("block", finding(Grade::Block), [0, 2, 2, 2]),
        ("review", finding(Grade::Review), [0, 1, 1, 2]),
        ("notice, same signer", finding(Grade::Notice), [0, 0, 1, 1]),
        ("notice, another signer", foreign_notice, [0, 1, 1, 1]),
        ("grade none", finding(Grade::None), [0, 1, 1, 1]),
        ("nothing found", nothing, [0, 0, 0, 0]),
        ("first admission", first, [0, 1, 1, 1]),
    ];
    for (name, change, expected) in rows {
        assert_eq!(Preset::ALL.map(|preset| approvers(&change, preset)), expected, "{name}");
    }
}

#[test]
fn a_first_admission_is_never_let_through_by_itself_at_relaxed() {
    let change = Change::new(&Shape { first: true, findings: &[("f", Grade::Notice)], ..Shape::default() });
    assert_eq!(change.decide(&[], &Requirements::new(Preset::Relaxed)), required(1, &[], &[]));
}

#[test]
fn what_cannot_be_locked_is_refused_at_every_preset_no_matter_the_consents() {
    let change = Change::with_findings(&[("twins", Grade::Refuse), ("f", Grade::Review)]);
    let consents = ["alice", "bob", "carol"].map(|person| by(person, &change.approval(&["twins", "f"])));
    for requirements in Preset::ALL.map(Requirements::new).into_iter().chain([Requirements::local()]) {
        let refused = Outcome::Refused { findings: vec!["twins".to_owned()] };
        assert_eq!(change.decide(&[], &requirements), refused);
        assert_eq!(change.decide(&consents, &requirements), refused);
    }
}

#[test]
fn a_change_that_the_model_reads_needs_a_consent_even_if_no_rule_found_anything() {
    let seen = Change::new(&Shape::default());
    assert_eq!(seen.decide(&[], &Requirements::default()), required(1, &[], &[]));
    let unseen = Change::new(&Shape { model_visible_changed: false, ..Shape::default() });
    assert_eq!(unseen.decide(&[], &Requirements::default()), admitted(&[]));
}

#[test]
fn the_quorum_is_configurable_and_never_below_what_a_review_takes() {
    let change = Change::with_findings(&[("f", Grade::Block)]);
    let one = by("alice", &change.approval(&["f"]));
    let quorum =
        |preset, count| Requirements { quorum_block: NonZero::new(count).unwrap(), ..Requirements::new(preset) };
    assert_eq!(change.decide(std::slice::from_ref(&one), &quorum(Preset::Standard, 1)), admitted(&["alice"]));
    assert_eq!(change.decide(std::slice::from_ref(&one), &quorum(Preset::Strict, 1)), required(2, &["alice"], &["f"]));
    assert_eq!(change.decide(&[one], &quorum(Preset::Standard, 3)), required(3, &["alice"], &["f"]));
}

#[test]
fn the_defaults_are_the_careful_ones() {
    let requirements = Requirements::default();
    assert_eq!(requirements.preset, Preset::Standard);
    assert_eq!(requirements.quorum_block.get(), 2);
    assert_eq!(requirements.self_consent, mcp_pin_policy::SelfConsent::Never);
}

#[test]
fn presets_have_names() {
    for preset in Preset::ALL {
        assert_eq!(preset.as_str().parse::<Preset>().unwrap(), preset);
        assert_eq!(preset.to_string(), preset.as_str());
    }
    for text in ["", "Standard", "none", "off", "strict "] {
        assert!(text.parse::<Preset>().is_err(), "{text}");
    }
}

#[test]
fn a_more_demanding_preset_never_takes_fewer_approvers() {
    for grade in [Grade::None, Grade::Notice, Grade::Review, Grade::Block] {
        for first in [true, false] {
            let change = Change::new(&Shape { findings: &[("f", grade)], first, ..Shape::default() });
            assert!(Preset::ALL.map(|preset| approvers(&change, preset)).is_sorted(), "{grade} {first}");
        }
    }
}
