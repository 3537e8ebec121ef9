//! `invisible-change`: a text changed where nobody can see it.

use mcp_pin_model::Grade;
use mcp_pin_model::json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::{change::ChangeKind, fold};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "invisible-change",
    title: "A text changed where nobody can see it",
    rationale: "Spaces at the end of a text or within a line show nothing, and the two spellings of an accented letter look alike. An edit that only they make is how somebody tries whether changes are noticed, or hides bits. Line breaks and indentation, which tools re-flow, do not count.",
    grade: Grade::Review,
    reads: "changed descriptions, titles and instructions",
    reference: "MCP threat catalogue T1",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.  ","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the\n    docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let (Some(before), Some(after)) = (text(change.before.as_ref()), text(change.after.as_ref())) else { continue };
        let is_text = matches!(change.kind, ChangeKind::Text | ChangeKind::Title | ChangeKind::Instructions);
        if !is_text || before == after {
            continue;
        }
        if !(before.is_ascii() && after.is_ascii()) && before.nfc().eq(after.nfc()) {
            found.change(Grade::Review, change, "a text changed only in how its letters are composed, which nobody sees");
        }
        if before.contains('\n') || after.contains('\n') {
            continue;
        }
        if after.len() <= before.len() {
            continue;
        }
        // What they share is cut off where white space follows.
        let (before, after) = fold::differing(before, after);
        if before.split_whitespace().eq(after.split_whitespace()) {
            found.change(Grade::Review, change, "a text changed only in spaces that nobody sees");
        }
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}
