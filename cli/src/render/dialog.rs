//! The questions between a change report and a decision.
//!
//! Whoever calls this has shown the report in full. What is graded `review` or worse is then gone through item by item, so
//! that nothing is accepted in bulk; a `block` ends with typing the server's name, never with a key stroke.

use mcp_pin_diff::{ChangeReport, Finding};
use mcp_pin_model::Grade;

use super::report_human::{grade_role, grade_word};
use crate::ui::{PromptError, Role, Text, Ui};

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, in these words (perhaps none).
    Accept {
        /// Why.
        reason: String,
    },
    /// No, in these words.
    Reject {
        /// Why.
        reason: String,
    },
    /// Nothing was decided.
    Later,
}

/// Asks for a decision. `typed` is what has to be typed to accept a `block`: the alias, or the server's name.
///
/// # Errors
/// When nobody is there to answer.
pub fn decide(ui: &Ui, report: &ChangeReport, typed: &str) -> Result<Answer, PromptError> {
    if report.grade() == Grade::Refuse {
        ui.warn("this can be neither locked nor approved");
        return Ok(Answer::Later);
    }
    let groups = report.groups();
    let items: Vec<_> = groups.iter().filter(|group| group.grade >= Grade::Review).collect();
    for (index, group) in items.iter().enumerate() {
        ui.talk(
            Text::new()
                .with(Role::Plain, format!("{} of {}  ", index + 1, items.len()))
                .with(grade_role(group.grade), grade_word(group.grade))
                .with(Role::Plain, "  ")
                .with(Role::Strong, group.title.clone()),
        );
        match ui.choose("read and understood?", &[('y', "yes"), ('r', "reject the change"), ('l', "later")])? {
            'y' => {}
            'r' => return reject(ui),
            _ => return Ok(Answer::Later),
        }
    }
    if report.grade() == Grade::Block {
        ui.talk(Text::new().with(Role::Bad, "This change is of a kind that attacks use."));
        if !ui.confirm_by_typing(
            &format!("type `{typed}` to accept it; anything else leaves things as they are"),
            typed,
        )? {
            return Ok(Answer::Later);
        }
    } else {
        match ui.choose("accept the change?", &[('a', "accept"), ('r', "reject"), ('l', "later")])? {
            'a' => {}
            'r' => return reject(ui),
            _ => return Ok(Answer::Later),
        }
    }
    Ok(Answer::Accept { reason: ui.ask("why (may be empty)")?.trim().to_owned() })
}

fn reject(ui: &Ui) -> Result<Answer, PromptError> {
    loop {
        let reason = ui.ask("why is it rejected")?.trim().to_owned();
        if !reason.is_empty() {
            return Ok(Answer::Reject { reason });
        }
        ui.talk("a rejection needs a reason");
    }
}

/// The fingerprints that a consent to a report acknowledges: of everything that asks for attention item by item.
#[must_use]
pub fn acknowledged(report: &ChangeReport) -> Vec<String> {
    let mut fingerprints: Vec<String> = report
        .findings()
        .iter()
        .filter(|finding: &&Finding| finding.grade >= Grade::Review)
        .map(|finding| finding.fingerprint.clone())
        .collect();
    fingerprints.sort();
    fingerprints.dedup();
    fingerprints
}
