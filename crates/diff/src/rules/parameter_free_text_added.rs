//! `parameter-free-text-added`: a new parameter that takes any text.

use mcp_pin_model::Grade;

use super::parameter_added::added;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "parameter-free-text-added",
    title: "A new parameter that takes any text",
    rationale: "Whatever a model can write it can be asked to write there: files, keys, the conversation. A constrained parameter carries little; a free one carries everything.",
    grade: Grade::Review,
    reads: "new input parameters at every depth",
    reference: "OWASP MCP Top 10: tool poisoning",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"note":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"limit":{"type":"integer"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, is_free_text) in added(comparison) {
        if is_free_text {
            found.change(Grade::Review, change, "a new parameter takes any text");
        }
    }
}
