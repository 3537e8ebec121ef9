//! `degenerate-schema`: a tool whose input schema says nothing.

use mcp_pin_model::{EntryKind, Grade, json::Value};

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "degenerate-schema",
    title: "A tool whose input schema says nothing",
    rationale: "A schema without a type or properties accepts anything and tells a reviewer nothing; seen for real when a dependency moved under an unchanged package version. It can be pinned all the same.",
    grade: Grade::Notice,
    reads: "input schemas of new tools, and input schemas that lose their properties",
    reference: "MCP specification, Tool.inputSchema",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch.","inputSchema":{"$schema":"http://json-schema.org/draft-07/schema#"}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"ping","description":"Ping.","inputSchema":{"type":"object"}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let Some(entry) = change.entry.as_ref().filter(|entry| entry.kind == EntryKind::Tool) else { continue };
        let emptied = change.kind == ChangeKind::Schema
            && change.path.tokens().nth(2).is_some_and(|token| token == "inputSchema")
            && change.path.tokens().count() == 4;
        if change.kind != ChangeKind::EntryAdded && !emptied {
            continue;
        }
        let schema = comparison.entry_after(entry).and_then(|entry| entry.value().get("inputSchema"));
        let says = |schema: &Value| {
            ["type", "properties", "$ref", "anyOf", "oneOf", "allOf"].iter().any(|name| schema.get(name).is_some())
        };
        if !schema.is_some_and(says) {
            found.draft(super::Draft {
                grade: Grade::Notice,
                message: "the input schema has neither type nor properties".to_owned(),
                path: &change.path,
                entry: Some(entry),
                before: None,
                after: schema.cloned(),
                hint: None,
                aspect: "",
            });
        }
    }
}
