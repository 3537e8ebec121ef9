//! `entry-returned`: an entry that was gone is back.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::noun;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "entry-returned",
    title: "An entry that was gone is back",
    rationale: "Hiding a tool and bringing it back rewritten is how a change avoids being compared with what was approved. A returned entry is judged as new, and the report says whether it is the one that left.",
    grade: Grade::Review,
    reads: "added entries against the tombstones of the lock",
    reference: "design notes: threats T17",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch a page.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"tombstones":[{"kind":"tool","name":"fetch","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fetch","description":"Fetch a page.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"tombstones":[{"kind":"tool","name":"other","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let Some(entry) = change.entry.as_ref().filter(|_| change.kind == ChangeKind::EntryAdded) else { continue };
        let stone = comparison.tombstones.iter().find(|stone| stone.kind == entry.kind && stone.name == entry.key);
        if let Some(stone) = stone {
            let same = comparison.entry_after(entry).is_some_and(|after| after.digest() == stone.digest);
            let how = if same { "back as it was when it left" } else { "back, and not as it was when it left" };
            found.change(Grade::Review, change, format!("{} {how}", noun(change)));
        }
    }
}
