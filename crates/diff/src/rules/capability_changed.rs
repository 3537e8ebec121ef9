//! `capability-changed`: a capability or extension appeared or changed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::{holds_text_or_url, last};
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
        let name = change.path.tokens().nth(1).unwrap_or_default();
        let speaks = change.after.as_ref().is_some_and(holds_text_or_url);
        let (grade, message) = match (&change.before, &change.after) {
            (_, None) => (Grade::Notice, "a capability is gone"),
            _ if matches!(last(&change.path).as_str(), "listChanged" | "subscribe") => {
                (Grade::Notice, "a matter of notifications")
            }
            // What these bring stands in lists that are compared entry by entry, or is no more than what every SDK
            // announces.
            _ if ANSWERS.contains(&name.as_str()) && !speaks => (Grade::Notice, "a capability to answer more requests"),
            (None, _) => (Grade::Review, "a capability was added"),
            _ => (Grade::Review, "a capability changed"),
        };
        found.change(grade, change, message);
    }
}

/// Capabilities to answer what a client asks; all others reach further (MCP specification, server capabilities).
const ANSWERS: [&str; 6] = ["tools", "prompts", "resources", "logging", "completions", "tasks"];
