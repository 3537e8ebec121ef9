//! `sibling-server-lookalike`: a server is named almost like another.

use mcp_pin_model::{Grade, json::{Pointer, Value}};

use super::{Draft, Example, Found, Rule, common::{is_one_letter_apart, looks}};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "sibling-server-lookalike",
    title: "A server is named almost like another",
    rationale: "Typosquats live on names that are read as another: in a catalogue they are installed by mistake, in a configuration they are taken for the server that was approved.",
    grade: Grade::Block,
    reads: "the server's name beside those of the others, by UTS #39 skeleton, case, separators and one letter of difference",
    reference: "UTS #39, confusable detection",
    fires: Example {
        before: None,
        after: r##"{"subject":"com.examp1e/mail","siblings":[{"name":"com.example/mail","tools":[]}],"tools":[]}"##,
    },
    silent: Example {
        before: None,
        after: r##"{"subject":"com.example/maps","siblings":[{"name":"com.example/mail","tools":[]}],"tools":[]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    let subject = comparison.subject;
    let mine = looks(subject);
    for sibling in comparison.siblings.iter().filter(|sibling| sibling.name != subject) {
        let (grade, message) = if looks(sibling.name).iter().any(|look| mine.contains(look)) {
            (Grade::Block, "the server's name looks like that of another server")
        } else if is_one_letter_apart(sibling.name, subject) {
            (Grade::Review, "the server's name is one letter from that of another server")
        } else {
            continue;
        };
        found.draft(Draft {
            grade,
            message: message.to_owned(),
            path: &Pointer::root().child("name"),
            entry: None,
            before: None,
            after: Some(Value::from(sibling.name)),
            hint: Some("see that it is the server that you mean"),
            aspect: "",
        });
    }
}
