//! `mcp-header`: a parameter is mirrored into an HTTP header.

use mcp_pin_model::Grade;

use super::{Draft, common::members};
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
        let is_header = |name: &str| name.eq_ignore_ascii_case("x-mcp-header");
        members(after, &change.path, &is_header, &mut |path, value| {
            found.draft(Draft {
                grade: Grade::Block,
                message: "a parameter is mirrored into an HTTP header".to_owned(),
                path,
                entry: change.entry.as_ref(),
                before: change.before.clone().filter(|_| *path == change.path),
                after: Some(value.clone()),
                hint: None,
                aspect: "",
            });
        });
    }
}
