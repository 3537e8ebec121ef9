//! `safety-hint-flipped`: a hint now claims that the tool is safe.

use mcp_pin_model::{Grade, json::Value};

use super::common::{hint_changes, hint_values};
use crate::change::Direction;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "safety-hint-flipped",
    title: "A hint now claims that the tool is safe",
    rationale: "Clients skip their confirmation on tools that claim to be read-only or not to destroy. A declared hint that flips towards safety switches that dialogue off without the tool having changed.",
    grade: Grade::Block,
    reads: "behaviour hints, by their effective value",
    reference: "MCP specification, ToolAnnotations",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"readOnlyHint":false}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"readOnlyHint":true}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"readOnlyHint":true}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, hint) in hint_changes(comparison, Direction::Safer) {
        let explicit = change.before.as_ref().and_then(Value::as_bool) == Some(!hint.safe);
        if hint.skips_confirmation && explicit {
            found.change_with_hint(
                Grade::Block,
                change,
                format!("{}: {}", hint_values(change, hint), hint.claims),
                Some("clients skip confirmation on this hint; check what the tool does"),
            );
        }
    }
}
