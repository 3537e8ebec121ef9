//! `entry-removed`: an entry is gone.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::noun;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "entry-removed",
    title: "An entry is gone",
    rationale: "Whoever used it fails from now on. It is kept as a tombstone, so that a return is seen.",
    grade: Grade::Notice,
    reads: "removed entries",
    reference: "Semantic Versioning 2.0.0, rule 8",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch a page.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::EntryRemoved {
            found.change(Grade::Notice, change, format!("{} removed", noun(change)));
        }
    }
}
