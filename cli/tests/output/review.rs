//! What is shown in a review, without a terminal around it.

use jiff::{SignedDuration, Timestamp};
use mcp_pin::{
    review::{Decision, Subject, decide},
    ui::{ScriptedPrompter, Text, Ui},
};
use mcp_pin_diff::{ChangeReport, Side, compare, load};
use mcp_pin_model::{Grade, Surface};
use mcp_pin_policy::{Assessment, Exceptions, Exemption};
use proptest::prelude::*;

use crate::common::turned_hostile;

/// The whole review with these answers: what was said, and what was decided, if anything.
fn reviewed(report: &ChangeReport, exceptions: &Exceptions, answers: Vec<&str>) -> (String, Option<Decision>) {
    let assessment = Assessment::of(report, exceptions, Timestamp::UNIX_EPOCH);
    let after = load::surface_document(b"[]").unwrap();
    let (ui, captured) = Ui::captured(Some(Box::new(ScriptedPrompter::new(answers))));
    let subject = Subject {
        name: "weather",
        question: "lock `weather` like this?".to_owned(),
        assessment: &assessment,
        beside: &[],
        before: None,
        after: &after,
        introduction: Text::new(),
    };
    let decision = decide(&ui, &subject).ok();
    (captured.err(), decision)
}

/// Everything that is shown before the last question.
fn shown(surface: &Surface) -> String {
    let report = compare(None, &Side::of_surface(surface), &[]);
    let (said, _) = reviewed(&report, &Exceptions::NONE, vec!["n"; 50]);
    // Without the line that names the digest.
    said.lines().skip(1).collect::<Vec<_>>().join("\n")
}

#[test]
fn t85_an_exempted_finding_is_shown_as_such_and_is_not_acknowledged_on_its_own() {
    let report = turned_hostile();
    let blocked: Vec<&str> = report
        .findings()
        .iter()
        .filter(|finding| finding.grade == Grade::Block)
        .map(|finding| finding.fingerprint.as_str())
        .collect();
    let mut exceptions = Exceptions::default();
    for fingerprint in &blocked {
        let expires = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24);
        exceptions.exempt(Exemption::new(*fingerprint, "our own server", "alex", expires).unwrap()).unwrap();
    }
    // No `block` is left, so nothing is typed.
    let (said, decision) = reviewed(&report, &exceptions, vec!["a"; 50]);
    let Some(Decision::Accept(acknowledged)) = decision else { panic!("{decision:?}: {said}") };
    assert!(said.contains("exempted by mcp-pin.toml") && said.contains("alex: our own server"), "{said}");
    assert!(said.contains("1970-01-02"), "{said}");
    assert!(!said.contains("type `weather`"), "{said}");
    let (_, typed) = reviewed(&report, &Exceptions::NONE, vec!["a"; 50]);
    assert!(typed.is_none(), "a key accepts no `block`");
    assert!(!acknowledged.into_fingerprints().is_empty());
}

#[test]
fn t56_skipping_an_item_accepts_nothing() {
    let report = turned_hostile();
    let mut answers = vec!["n"];
    answers.extend(vec!["a"; 50]);
    // The one that was skipped comes up again, and only then is there anything to accept.
    let (said, _) = reviewed(&report, &Exceptions::NONE, answers);
    assert!(said.matches("\nitem 1 of ").count() > 1, "{said}");
    let (said, decision) = reviewed(&report, &Exceptions::NONE, vec!["n"; 50]);
    assert!(decision.is_none() && !said.contains("lock `weather` like this?"), "{said}");
}

fn of_texts(description: &str, default: &str) -> Surface {
    let tools = serde_json::json!([{
        "name": "a",
        "description": description,
        "inputSchema": {"type": "object", "properties": {"p": {"type": "string", "default": default}}},
    }]);
    load::surface_document(tools.to_string().as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn t54_two_different_surfaces_are_never_reviewed_alike(
        one in "[a \\n\u{200b}│{+}\\\\]{0,12}", other in "[a \\n\u{200b}│{+}\\\\]{0,12}",
        default in "[a\"\\n]{0,3}", other_default in "[a\"\\n]{0,3}",
    ) {
        let (one, other) = (of_texts(&one, &default), of_texts(&other, &other_default));
        let (a, b) = (shown(&one), shown(&other));
        prop_assert_eq!(one == other, a == b, "{}", a);
    }
}
