//! `entry-renamed`: the same entry under another name.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::noun;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "entry-renamed",
    title: "The same entry under another name",
    rationale: "A pin by name would take the new name for something never seen. The content is compared across the rename, which never launders a change.",
    grade: Grade::Review,
    reads: "removed and added entries that are alike",
    reference: "design notes: threats T17",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"get_forecast","description":"Returns the weather forecast for a city.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"get_weather","description":"Returns the weather forecast for a city.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"get_forecast","description":"Returns the weather forecast for a city.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"run","description":"Runs a command.","inputSchema":{"type":"object","properties":{"command":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::EntryRenamed {
            found.change(Grade::Review, change, format!("{} renamed", noun(change)));
        }
    }
}
