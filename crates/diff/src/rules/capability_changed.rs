//! `capability-changed`: a capability or extension appeared or changed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::last;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "capability-changed",
    title: "A capability or extension appeared or changed",
    rationale: "A capability lets the server do more than answer: ask the model (sampling), ask the user (elicitation), read the workspace (roots), or bring lists that were not there.",
    grade: Grade::Review,
    reads: "`capabilities`",
    reference: "design notes: threats T13",
    fires: Example {
        before: Some(r##"{"tools":[],"initialize":{"capabilities":{"tools":{}}}}"##),
        after: r##"{"tools":[],"initialize":{"capabilities":{"tools":{},"sampling":{}}}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"initialize":{"capabilities":{"sampling":{}}}}"##),
        after: r##"{"tools":[],"initialize":{"capabilities":{"sampling":{}},"serverInfo":{"name":"x","version":"1"}}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind != ChangeKind::Capability || comparison.is_first() {
            continue;
        }
        let (grade, message) = match (&change.before, &change.after) {
            _ if last(&change.path) == "listChanged" => (Grade::Notice, "listChanged, a matter of notifications"),
            // What every SDK announces says nothing about the server.
            (None, Some(_)) if matches!(last(&change.path).as_str(), "logging" | "completions") => {
                (Grade::Notice, "a capability without reach was added")
            }
            (None, _) => (Grade::Review, "a capability was added"),
            (_, None) => (Grade::Notice, "a capability is gone"),
            _ => (Grade::Review, "a capability changed"),
        };
        found.change(grade, change, message);
    }
}
