//! `output-schema-changed`: what a tool says it returns changed.

use std::collections::BTreeMap;

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use mcp_pin_model::json::{Pointer, Value};

use super::{Draft, common::in_output};
use super::{Example, Found, Rule};
use crate::{change::EntryRef, compare::Comparison};

pub(super) const RULE: Rule = Rule {
    id: "output-schema-changed",
    title: "What a tool says it returns changed",
    rationale: "Clients that read structured results rely on it. Its texts are read by the other rules.",
    grade: Grade::Notice,
    reads: "output schemas; one finding for each tool",
    reference: "MCP specification, Tool.outputSchema",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"outputSchema":{"type":"object","properties":{"a":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"outputSchema":{"type":"object","properties":{"a":{"type":"number"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"outputSchema":{"type":"object"}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    // Whatever changes inside is one fact about the tool.
    let mut changed: BTreeMap<&EntryRef, bool> = BTreeMap::new();
    for change in comparison.changes {
        let removed = change.kind == ChangeKind::SchemaPresence && change.after.is_none();
        let structural = removed
            || matches!(
                change.kind,
                ChangeKind::Schema
                    | ChangeKind::Required
                    | ChangeKind::ParameterAdded
                    | ChangeKind::ParameterRemoved
                    | ChangeKind::ParameterRenamed
                    | ChangeKind::Default
            );
        let Some(entry) = change.entry.as_ref().filter(|_| structural && in_output(&change.path)) else { continue };
        if !super::shape_only::is_shape(comparison, change) {
            *changed.entry(entry).or_default() |= removed;
        }
    }
    for (entry, removed) in changed {
        let schema = |side: Option<&crate::Side<'_>>, key: &str| -> Option<Value> {
            side?.surface.entry(entry.kind, key)?.value().get("outputSchema").cloned()
        };
        found.draft(Draft {
            grade: Grade::Notice,
            message: if removed { "the output schema is gone" } else { "the output schema changed" }.to_owned(),
            path: &Pointer::root().child("tools").child(&entry.key).child("outputSchema"),
            entry: Some(entry),
            before: schema(comparison.before, &comparison.key_before(entry)),
            after: schema(Some(comparison.after), &entry.key),
            hint: None,
            aspect: "",
        });
    }
}
