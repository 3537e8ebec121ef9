//! `default-changed`: the value that is used when nobody says one.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::common::in_output;
use crate::text::same_items;
use mcp_pin_model::json::Value;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "default-changed",
    title: "The value that is used when nobody says one",
    rationale: "A default acts without anybody choosing it: an address copied on every message, a flag that skips a check.",
    grade: Grade::Review,
    reads: "defaults of input parameters",
    reference: "design notes: threats T5",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","default":"all"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","description":"What to look for."}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind != ChangeKind::Default || in_output(&change.path) {
            continue;
        }
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        // Some servers join a set in random order; the same items are the same default.
        let reordered = text(&change.before)
            .zip(text(&change.after))
            .is_some_and(|(before, after)| same_items(&before, &after));
        let is_nothing = |value: &Option<Value>| value.as_ref().is_none_or(is_nothing);
        if is_nothing(&change.before) && is_nothing(&change.after) {
            found.change(Grade::Notice, change, "a default that says nothing is written out, or no longer");
        } else if reordered {
            found.change(Grade::Notice, change, "a default lists the same items in another order");
        } else {
            found.change(Grade::Review, change, "a default value changed");
        }
    }
}

/// What a caller who says nothing says anyway.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
