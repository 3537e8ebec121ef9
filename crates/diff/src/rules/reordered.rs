//! `reordered`: the same items in another order.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "reordered",
    title: "The same items in another order",
    rationale: "The order of required names, of an enum or of alternatives says nothing. The bytes differ, so the digest does; nothing else.",
    grade: Grade::None,
    reads: "lists that are sets",
    reference: "design notes: threats T47",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","required":["a","b"]}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","required":["b","a"]}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","required":["a","b"]}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","required":["a"]}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Reordered {
            found.change(Grade::None, change, "the same items in another order");
        }
    }
}
