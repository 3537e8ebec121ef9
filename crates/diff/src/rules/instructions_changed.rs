//! `instructions-changed`: the server's instructions changed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "instructions-changed",
    title: "The server's instructions changed",
    rationale: "Instructions are put into the system prompt: nothing that a server says stands higher.",
    grade: Grade::Review,
    reads: "`instructions`, appearing, changing or vanishing",
    reference: "design notes: threats T8, T9",
    fires: Example {
        before: Some(r##"{"tools":[],"initialize":{}}"##),
        after: r##"{"tools":[],"initialize":{"instructions":"Search first."}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"initialize":{"instructions":"Search first."}}"##),
        after: r##"{"tools":[],"initialize":{"instructions":"Search first.","serverInfo":{"name":"x","version":"2"}}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Instructions && !comparison.is_first() {
            let message = match (&change.before, &change.after) {
                (None, _) => "the server gives instructions now",
                (_, None) => "the server's instructions are gone",
                _ => "the server's instructions changed",
            };
            found.change(Grade::Review, change, message);
        }
    }
}
