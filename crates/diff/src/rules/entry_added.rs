//! `entry-added`: an entry that was not there.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::noun;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "entry-added",
    title: "An entry that was not there",
    rationale: "A new tool widens what the agent can do. Its content is read by all rules on top.",
    grade: Grade::Review,
    reads: "added entries",
    reference: "design notes: threats T18",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch a page.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let buried = |entry: &crate::EntryRef| {
            comparison.tombstones.iter().any(|stone| stone.kind == entry.kind && stone.name == entry.key)
        };
        if change.kind == ChangeKind::EntryAdded
            && !comparison.is_first()
            && change.entry.as_ref().is_some_and(|entry| !buried(entry))
        {
            found.change(Grade::Review, change, format!("new {}", noun(change)));
        }
    }
}
