//! `safety-hint-claimed`: a hint claims more safety than before.

use mcp_pin_model::{Grade, json::Value};

use super::common::{hint_changes, hint_values};
use crate::change::Direction;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "safety-hint-claimed",
    title: "A hint claims more safety than before",
    rationale: "Adding annotations is ordinary, and so is saying that a tool reaches less far. The claim is the server's own, and clients act on it, so somebody reads it once; equal claims of many tools are one line.",
    grade: Grade::Review,
    reads: "behaviour hints, by their effective value",
    reference: "MCP specification, ToolAnnotations",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"openWorldHint":false}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"openWorldHint":true}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, hint) in hint_changes(comparison, Direction::Safer) {
        let explicit = change.before.as_ref().and_then(Value::as_bool) == Some(!hint.safe);
        if !(hint.skips_confirmation && explicit) {
            found.change(Grade::Review, change, format!("{}: {}", hint_values(change, hint), hint.claims));
        }
    }
}
