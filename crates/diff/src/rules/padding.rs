//! `padding`: text far behind empty space.

use mcp_pin_model::Grade;

use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "padding",
    title: "Text far behind empty space",
    rationale: "Dialogues show the first lines. A long run of empty lines or spaces before more text puts what follows where nobody scrolls, and the model reads it all the same.",
    grade: Grade::Block,
    reads: "every new string",
    reference: "MCP tool poisoning (scroll hiding)",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nResults are kept.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.\n\n\nResults are sorted.                         Indented.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

/// So many empty lines are more than any layout needs.
const EMPTY_LINES: usize = 12;
/// So many spaces within a line are more than any table or indentation needs.
const SPACES: usize = 100;

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        let known = passage.before.is_some_and(is_padded);
        if passage.after.len() > EMPTY_LINES && !known && is_padded(&passage.after) {
            let last = passage.fresh.iter().rfind(|statement| !statement.was_encoded);
            let shown = last.map_or(&*passage.after, |statement| &*statement.shown);
            found.passage(Grade::Block, passage, shown, "text stands far behind empty space", "");
        }
    }
}

/// Whether text goes on behind so much space.
fn is_padded(text: &str) -> bool {
    if !has_wide_space(text.as_bytes()) {
        return false;
    }
    let (mut lines, mut spaces) = (0, 0);
    for c in text.trim().chars() {
        match c {
            '\n' => {
                lines += 1;
                spaces = 0;
            }
            c if c.is_whitespace() => spaces += 1,
            _ if lines > EMPTY_LINES || spaces > SPACES => return true,
            _ => (lines, spaces) = (0, 0),
        }
    }
    false
}

/// Whether there may be a run of white space that long. A run of more than [`EMPTY_LINES`] bytes lies over a multiple of
/// that number, so that most bytes need not be looked at.
fn has_wide_space(bytes: &[u8]) -> bool {
    // Beyond ASCII any byte may belong to a space.
    let may_be_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b || !byte.is_ascii();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if may_be_space(byte) {
            let before = bytes.get(..at).unwrap_or_default().iter().rev().take_while(|byte| may_be_space(byte));
            let after = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| may_be_space(byte));
            if before.take(EMPTY_LINES).count() + after.take(EMPTY_LINES + 1).count() > EMPTY_LINES {
                return true;
            }
        }
        at += EMPTY_LINES;
    }
    false
}
