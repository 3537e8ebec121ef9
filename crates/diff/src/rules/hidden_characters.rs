//! `hidden-characters`: characters that are invisible or reorder text.

use mcp_pin_model::{Grade, json::Value};

use super::Draft;
use crate::{fold, reading::Role};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "hidden-characters",
    title: "Characters that are invisible or reorder text",
    rationale: "A model reads what a person cannot see: zero-width and tag characters carry whole orders, bidirectional controls show another text than the one that is there. Emoji with their selectors and joiners, and marks inside right-to-left text, are ordinary writing.",
    grade: Grade::Block,
    reads: "every new string, names and keys included",
    reference: "UTS #39; Trojan Source (CVE-2021-42574)",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.\u200b\u2063","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs \u26a0\ufe0f with \ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        let hidden = |text: &str| -> Vec<char> {
            // What steers a terminal has a rule of its own.
            fold::hidden(text).into_iter().filter(|&c| !fold::is_terminal_control(c)).collect()
        };
        let mut fresh = hidden(&passage.after);
        if fresh.is_empty() {
            continue;
        }
        // What the text held before is not news; how often counts.
        for c in passage.before.map(hidden).unwrap_or_default() {
            if let Some(index) = fresh.iter().position(|&known| known == c) {
                fresh.swap_remove(index);
            }
        }
        if fresh.is_empty() {
            continue;
        }
        let (count, family) = (fresh.len(), family(&fresh));
        let plural = if count == 1 { "character" } else { "characters" };
        let place = match passage.role {
            Role::Name => "a name",
            Role::Title => "a title",
            Role::Prose => "a description",
            Role::Value => "a value",
        };
        found.draft(Draft {
            grade: Grade::Block,
            message: format!("{count} hidden {plural} in {place} ({family})"),
            path: &passage.path,
            entry: passage.entry,
            before: passage.before.map(Value::from),
            after: Some((&*passage.after).into()),
            hint: Some("read the text with the characters escaped; they have no place in a declaration"),
            aspect: "",
        });
    }
}

/// The gravest kind among hidden characters.
fn family(found: &[char]) -> &'static str {
    let any = |test: fn(char) -> bool| found.iter().copied().any(test);
    if any(|c| matches!(c, '\u{e0000}'..='\u{e007f}')) {
        "tag characters, which spell invisible text"
    } else if any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')) {
        "text direction controls"
    } else if any(|c| matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')) {
        "variation selectors, which can carry data"
    } else {
        "invisible characters"
    }
}
