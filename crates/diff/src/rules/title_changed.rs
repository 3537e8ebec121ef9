//! `title-changed`: a title changed.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "title-changed",
    title: "A title changed",
    rationale: "The title is what an approval dialogue shows. It should say what the tool does.",
    grade: Grade::Notice,
    reads: "titles of entries, parameters and annotations",
    reference: "design notes: threats T2",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"title":"Search"}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"title":"Search docs"}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"file_name":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"file_name":{"type":"string","title":"File Name"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Title && !super::shape_only::is_shape(comparison, change) {
            found.change(Grade::Notice, change, "a title changed");
        }
    }
}
