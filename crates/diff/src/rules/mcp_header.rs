//! `mcp-header`: a parameter is mirrored into an HTTP header.

use mcp_pin_model::{Grade, json::{Pointer, Value}};

use super::Draft;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "mcp-header",
    title: "A parameter is mirrored into an HTTP header",
    rationale: "Headers pass through proxies, gateways and logs that never see the body; `x-mcp-header` copies an argument there.",
    grade: Grade::Block,
    reads: "`x-mcp-header` at every depth",
    reference: "design notes: threats T16",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","x-mcp-header":"X-Query"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","x-hint":"Query"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let Some(after) = &change.after else { continue };
        let mut open: Vec<(Pointer, &Value)> = vec![(change.path.clone(), after)];
        while let Some((path, value)) = open.pop() {
            if path.tokens().last().is_some_and(|name| name.eq_ignore_ascii_case("x-mcp-header")) {
                found.draft(Draft {
                    grade: Grade::Block,
                    message: "a parameter is mirrored into an HTTP header".to_owned(),
                    path: &path,
                    entry: change.entry.as_ref(),
                    before: change.before.clone().filter(|_| path == change.path),
                    after: Some(value.clone()),
                    hint: None,
                    aspect: "",
                });
            }
            match value {
                Value::Object(object) => open.extend(object.iter().map(|(name, member)| (path.child(name), member))),
                Value::Array(items) => {
                    open.extend(items.iter().enumerate().map(|(index, item)| (path.item(index), item)));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }
}
