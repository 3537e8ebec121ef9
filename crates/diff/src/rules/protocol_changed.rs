//! `protocol-changed`: another protocol version was negotiated.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "protocol-changed",
    title: "Another protocol version was negotiated",
    rationale: "An SDK upgrade raises it. A lower one than before takes protections away from the client.",
    grade: Grade::Review,
    reads: "the negotiated protocol versions",
    reference: "MCP specification, lifecycle",
    fires: Example {
        before: Some(r##"{"tools":[],"protocol":"2025-11-25"}"##),
        after: r##"{"tools":[],"protocol":"2024-11-05"}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"protocol":"2025-11-25"}"##),
        after: r##"{"tools":[],"protocol":"2025-11-25"}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Protocol {
            if change.direction.is_some() {
                found.change(Grade::Review, change, "a lower protocol version than before");
            } else {
                found.change(Grade::Notice, change, "a newer protocol version");
            }
        }
    }
}
