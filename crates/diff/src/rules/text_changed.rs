//! `text-changed`: a description is worded differently.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::last;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "text-changed",
    title: "A description is worded differently",
    rationale: "Most rewordings are harmless, and every one of them is read by the model. What it says is judged by the other rules; this one makes sure that none goes live unseen.",
    grade: Grade::Notice,
    reads: "descriptions at every depth, examples and comments",
    reference: "design notes: threats T1, T5",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search all the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let message = match (change.kind, change.before.is_some(), change.after.is_some()) {
            (ChangeKind::Text, true, true) => "a description changed",
            (ChangeKind::Text, false, _) => "a description was added",
            (ChangeKind::Text, _, false) => "a description was removed",
            (ChangeKind::SchemaNote, ..) if matches!(last(&change.path).as_str(), "$comment" | "examples" | "example") => {
                "examples or a comment changed"
            }
            _ => continue,
        };
        found.change(Grade::Notice, change, message);
    }
}
