//! `safety-hint-riskier`: a hint claims less safety than before.

use mcp_pin_model::Grade;

use super::common::{hint_changes, hint_values};
use crate::change::Direction;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "safety-hint-riskier",
    title: "A hint claims less safety than before",
    rationale: "Tightening is what careful servers do; but a tool that now says it destroys may be a tool that now destroys.",
    grade: Grade::Review,
    reads: "behaviour hints, by their effective value",
    reference: "MCP specification, ToolAnnotations",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"destructiveHint":false}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"destructiveHint":true}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"destructiveHint":true}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, hint) in hint_changes(comparison, Direction::Riskier) {
        found.change(Grade::Review, change, format!("{}: claims to be riskier", hint_values(change, hint)));
    }
}
