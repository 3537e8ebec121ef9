//! `schema-widened`: an input accepts more than before.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::in_output;
use crate::change::Direction;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "schema-widened",
    title: "An input accepts more than before",
    rationale: "A limit that disappears is a door that opens: a pattern that kept paths inside a folder, an enum of payees, a ceiling on an amount. Making a parameter optional is ordinary.",
    grade: Grade::Review,
    reads: "input schemas, keyword by keyword",
    reference: "JSON Schema 2020-12",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}},"additionalProperties":false}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}},"additionalProperties":true}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}},"additionalProperties":false}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if in_output(&change.path) || super::shape_only::is_shape(comparison, change) {
            continue;
        }
        match (change.kind, change.direction) {
            (ChangeKind::Schema, Some(Direction::Widened)) => {
                found.change(Grade::Review, change, "an input accepts more than before");
            }
            (ChangeKind::Schema, Some(Direction::Altered)) => {
                found.change(Grade::Review, change, "an input accepts other values than before");
            }
            (ChangeKind::SchemaPresence, _) => {
                found.change(Grade::Review, change, "the input schema appeared or vanished");
            }
            (ChangeKind::Required, Some(Direction::Widened)) => {
                found.change(Grade::Notice, change, "a parameter became optional");
            }
            _ => {}
        }
    }
}
