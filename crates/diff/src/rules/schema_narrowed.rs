//! `schema-narrowed`: an input accepts less than before.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::in_output;
use crate::change::Direction;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "schema-narrowed",
    title: "An input accepts less than before",
    rationale: "Calls that worked may fail; nothing new becomes possible.",
    grade: Grade::Notice,
    reads: "input schemas, keyword by keyword, and parameters that are gone or required now",
    reference: "Semantic Versioning 2.0.0, rule 8",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","maxLength":500}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","maxLength":500}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if in_output(&change.path) || super::shape_only::is_shape(comparison, change) {
            continue;
        }
        match (change.kind, change.direction) {
            (ChangeKind::Schema, Some(Direction::Narrowed)) => {
                found.change(Grade::Notice, change, "an input accepts less than before");
            }
            (ChangeKind::ParameterRemoved, _) => found.change(Grade::Notice, change, "a parameter is gone"),
            (ChangeKind::Required, Some(Direction::Narrowed)) => {
                found.change(Grade::Notice, change, "a parameter is required now");
            }
            (ChangeKind::Required, None) => {
                found.change(Grade::Notice, change, "whether a parameter is required is spelled otherwise");
            }
            _ => {}
        }
    }
}
