//! The questions before a consent.

use mcp_pin::{
    render::dialog::{Answer, acknowledged, decide},
    ui::{PromptError, ScriptedPrompter, Ui},
};
use mcp_pin_model::Grade;

use crate::common::turned_hostile;

fn answered(answers: &[&str]) -> Result<Answer, PromptError> {
    let (ui, _) = Ui::captured(Some(Box::new(ScriptedPrompter::new(answers.iter().copied()))));
    decide(&ui, &turned_hostile(), "weather")
}

fn items() -> usize {
    turned_hostile().groups().iter().filter(|group| group.grade >= Grade::Review).count()
}

#[test]
fn a_block_takes_every_item_and_the_typed_name() {
    let mut answers = vec!["y"; items()];
    answers.extend(["weather", "I asked them"]);
    assert_eq!(answered(&answers).unwrap(), Answer::Accept { reason: "I asked them".to_owned() });
}

#[test]
fn a_key_stroke_does_not_accept_a_block() {
    for typed in ["y", "a", "", "weathr", "WEATHER"] {
        let mut answers = vec!["y"; items()];
        answers.push(typed);
        assert_eq!(answered(&answers).unwrap(), Answer::Later, "{typed:?}");
    }
}

#[test]
fn t56_no_item_is_skipped() {
    let mut answers = vec!["y"; items() - 1];
    answers.push("l");
    assert_eq!(answered(&answers).unwrap(), Answer::Later);
}

#[test]
fn a_rejection_needs_a_reason() {
    let answer = answered(&["r", "", "asks for keys"]).unwrap();
    assert_eq!(answer, Answer::Reject { reason: "asks for keys".to_owned() });
}

#[test]
fn nobody_there_is_no_answer() {
    let (ui, _) = Ui::captured(None);
    assert!(matches!(decide(&ui, &turned_hostile(), "weather"), Err(PromptError::NotATerminal)));
    assert!(matches!(answered(&["y"]), Err(PromptError::Interrupted(_))));
}

#[test]
fn a_consent_acknowledges_all_that_asks_for_attention() {
    let report = turned_hostile();
    let acknowledged = acknowledged(&report);
    for finding in report.findings() {
        assert_eq!(acknowledged.contains(&finding.fingerprint), finding.grade >= Grade::Review, "{}", finding.rule);
    }
}
