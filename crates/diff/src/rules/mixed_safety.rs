//! `mixed-safety`: read-only and destructive tools come in one server.

use mcp_pin_model::Grade;
use mcp_pin_model::{Entry, EntryKind, json::Pointer};

use super::Draft;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "mixed-safety",
    title: "Read-only and destructive tools come in one server",
    rationale: "Clients let people allow a whole server. Where tools that only read stand beside tools that destroy, that is more than it looks like. Two of five real servers are so; this is information.",
    grade: Grade::None,
    reads: "behaviour hints of all tools, when they are first seen",
    reference: "MCP specification, tool annotations",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","annotations":{"readOnlyHint":true}},{"name":"delete_page","annotations":{"destructiveHint":true}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","annotations":{"readOnlyHint":true}},{"name":"add_page","annotations":{"destructiveHint":false}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    let claims = |tools: &[Entry], hint: &str| {
        tools.iter().any(|tool| tool.value().get("annotations").and_then(|hints| hints.get(hint)?.as_bool()) == Some(true))
    };
    let mixed = |tools: &[Entry]| claims(tools, "readOnlyHint") && claims(tools, "destructiveHint");
    let after = comparison.after.surface.section(EntryKind::Tool).unwrap_or_default();
    let before = comparison.before.and_then(|side| side.surface.section(EntryKind::Tool)).unwrap_or_default();
    if mixed(after) && !mixed(before) {
        found.draft(Draft {
            grade: Grade::None,
            message: "read-only and destructive tools come in one server".to_owned(),
            path: &Pointer::root().child(EntryKind::Tool.section()),
            entry: None,
            before: None,
            after: None,
            hint: Some("allow its tools one by one"),
            aspect: "",
        });
    }
}
