//! `external-ref`: a schema refers to a document elsewhere.

use mcp_pin_model::Grade;

use super::{Draft, common::members};
use crate::walk::schema::REFERENCES;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "external-ref",
    title: "A schema refers to a document elsewhere",
    rationale: "What stands there can change at any time behind an unchanged hash, and resolving it tells somebody who is using the tool.",
    grade: Grade::Block,
    reads: "`$ref`, `$dynamicRef` and `$recursiveRef` at every depth",
    reference: "design notes: threats T15",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"$ref":"https://schemas.example/q.json"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"$ref":"#/$defs/q"}},"$defs":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let Some(after) = &change.after else { continue };
        let is_reference = |name: &str| REFERENCES.contains(&name);
        members(after, &change.path, &is_reference, &mut |path, value| {
            if value.as_str().is_some_and(|target| !target.starts_with('#')) {
                found.draft(Draft {
                    grade: Grade::Block,
                    message: "a schema refers to a document outside itself".to_owned(),
                    path,
                    entry: change.entry.as_ref(),
                    before: change.before.clone().filter(|_| *path == change.path),
                    after: Some(value.clone()),
                    hint: None,
                    aspect: "",
                });
            }
        });
    }
}
