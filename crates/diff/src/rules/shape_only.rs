//! `shape-only`: a change of form that SDK upgrades make everywhere at once.

use mcp_pin_model::{Grade, json::Value};

use super::common::{holds_text_or_url, last, name_parts};
use crate::change::{Change, ChangeKind};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "shape-only",
    title: "A change of form that SDK upgrades make everywhere at once",
    rationale: "Upgrading an SDK touches every tool: dialect lines, generated titles, task support, an output schema. It stays in the lock and is shown as one line, so that it cannot bury what matters.",
    grade: Grade::Notice,
    reads: "`$schema`, `additionalProperties` of many tools at once, `null` beside other values, definitions that are inlined or named, other spellings of one schema, generated titles, `execution.taskSupport`, framework `_meta`, added output schemas, empty `required`",
    reference: "measured on real servers",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}},"$schema":"http://json-schema.org/draft-07/schema#"}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}},"$comment":"be careful"}}]}"##,
    },
    detect,
};

/// So many tools must make the same change of `additionalProperties` before it counts as the SDK's: one tool that opens
/// up alone is opening up.
const EVERYWHERE: usize = 3;

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if let Some(message) = shape(comparison, change) {
            found.change(Grade::Notice, change, message);
        }
    }
}

pub(super) fn is_shape(comparison: &Comparison<'_>, change: &Change) -> bool {
    shape(comparison, change).is_some()
}

fn shape(comparison: &Comparison<'_>, change: &Change) -> Option<&'static str> {
    let name = last(&change.path);
    let speaks = change.after.as_ref().is_some_and(holds_text_or_url);
    match change.kind {
        ChangeKind::SchemaNote => match name.as_str() {
            "$schema" if is_dialect(change) => Some("schema dialect"),
            "required" | "properties" => Some("an empty list is written out, or no longer"),
            "$ref" | "$dynamicRef" => Some("a reference to an equal definition"),
            _ => None,
        },
        ChangeKind::Schema if is_number_range(change, &name) => Some("the range of exact integers is written out, or no longer"),
        ChangeKind::Schema if change.direction.is_none() => Some("the same schema written otherwise"),
        ChangeKind::Nullable => Some("null is accepted beside the other values, or no longer"),
        ChangeKind::Definition => Some("a definition that the schema refers to is new, or gone"),
        ChangeKind::Schema if name == "additionalProperties" => {
            let booleans = [&change.before, &change.after]
                .into_iter()
                .all(|value| value.as_ref().is_none_or(|value| value.as_bool().is_some() || is_empty(value)));
            let everywhere = || comparison.entries_with_same_edit(change) >= EVERYWHERE;
            (booleans && (super::common::in_output(&change.path) || everywhere()))
                .then_some("additionalProperties is written out, or no longer")
        }
        ChangeKind::SchemaPresence if change.before.is_none() && super::common::in_output(&change.path) => {
            Some("output schema added")
        }
        ChangeKind::Annotation if change.direction.is_none() => Some("a hint is written out, or no longer; its effect stays"),
        ChangeKind::Execution => {
            let known = |value: &Value| match value {
                Value::String(text) => matches!(text.as_str(), "forbidden" | "optional" | "required"),
                Value::Object(object) => {
                    object.iter().all(|(name, value)| name == "taskSupport" && value.as_str().is_some_and(|text| matches!(text, "forbidden" | "optional" | "required")))
                }
                _ => false,
            };
            let fits = [&change.before, &change.after].into_iter().all(|value| value.as_ref().is_none_or(known));
            fits.then_some("execution.taskSupport")
        }
        ChangeKind::Meta if !speaks && change.path.tokens().any(|token| FRAMEWORKS.contains(&token.as_str())) => {
            Some("_meta of the framework")
        }
        ChangeKind::Meta if !speaks && is_framework(change.before.as_ref()) && is_framework(change.after.as_ref()) => {
            Some("_meta of the framework")
        }
        ChangeKind::Title => {
            let mut tokens: Vec<String> = change.path.tokens().collect();
            tokens.pop();
            let owner = tokens.pop().unwrap_or_default();
            let in_properties = tokens.last().is_some_and(|token| token == "properties");
            let at_root = matches!(owner.as_str(), "inputSchema" | "outputSchema");
            let generated = |value: &Option<Value>| match value {
                None => true,
                Some(Value::String(title)) => {
                    // Schema generators name the root after the function: `getForecastArguments`.
                    let entry = change.entry.as_ref().map(|entry| name_parts(&entry.key)).unwrap_or_default();
                    let parts = name_parts(title);
                    (in_properties && parts == name_parts(&owner))
                        || (at_root && !entry.is_empty() && parts.starts_with(&entry) && parts.len() <= entry.len() + 1)
                }
                Some(_) => false,
            };
            (generated(&change.before) && generated(&change.after)).then_some("a title generated from the name")
        }
        _ => None,
    }
}

/// Members under which frameworks note their own state.
const FRAMEWORKS: [&str; 3] = ["_fastmcp", "fastmcp", "_mcp"];

fn is_framework(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Object(object)) => object.iter().all(|(name, _)| FRAMEWORKS.contains(&name)),
        Some(_) => false,
    }
}

/// Schema generators write the range of exact integers (RFC 7493) out as bounds; it limits nothing.
fn is_number_range(change: &Change, name: &str) -> bool {
    let widest = |value: &Option<Value>| {
        value.as_ref().is_none_or(|value| {
            value.as_number().is_some_and(|number| number.get().abs() >= 9_007_199_254_740_991.0)
        })
    };
    matches!(name, "minimum" | "maximum") && widest(&change.before) && widest(&change.after)
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(mcp_pin_model::json::Object::is_empty)
}

/// A dialect is one of the published ones; anything else is an address.
fn is_dialect(change: &Change) -> bool {
    change.after.as_ref().is_none_or(|value| {
        value.as_str().is_some_and(|text| {
            text.starts_with("http://json-schema.org/draft-") || text.starts_with("https://json-schema.org/draft/")
        })
    })
}
