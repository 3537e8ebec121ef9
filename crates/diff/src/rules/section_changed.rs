//! `section-changed`: a whole list appeared or vanished.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "section-changed",
    title: "A whole list appeared or vanished",
    rationale: "A server that never offered prompts or resources and now does has a new way to reach the model; absence is pinned like presence.",
    grade: Grade::Review,
    reads: "the lists that a server offers",
    reference: "design notes: threats T9",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"prompts":[]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"prompts":[]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search all docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"prompts":[]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        match change.kind {
            ChangeKind::SectionAppeared => found.change(Grade::Review, change, "a list is offered that was not before"),
            ChangeKind::SectionVanished => found.change(Grade::Notice, change, "a list is no longer offered"),
            _ => {}
        }
    }
}
