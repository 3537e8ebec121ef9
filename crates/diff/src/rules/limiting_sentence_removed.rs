//! `limiting-sentence-removed`: a sentence that limited or warned is gone.

use std::borrow::Cow;

use mcp_pin_model::{Grade, json::{Pointer, Value}};

use super::{Draft, common::name_parts};
use crate::{change::{ChangeKind, EntryRef}, fold, reading::Role};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "limiting-sentence-removed",
    title: "A sentence that limited or warned is gone",
    rationale: "The model keeps to the limits it is told. Taking \"requires confirmation\" or \"only within the workspace\" out of a description loosens what happens without a word of it being added. Gravest where a tool that destroys, spends or runs no longer says that it asks first.",
    grade: Grade::Block,
    reads: "sentences that left a description or the instructions",
    reference: "design notes: grades",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"delete","description":"Delete a record. Requires user confirmation.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"delete","description":"Delete a record.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"delete","description":"Delete a record. Requires user confirmation.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"delete","description":"Delete one record. User confirmation is required.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

/// What says that something is held back, by the stem that a rewording keeps.
const STEMS: [&str; 42] = [
    "confirm", "approv", "consent", "permission", "read-only", "read only", "readonly", "sandbox", "restrict",
    "irreversibl", "undone", "dangerous", "caution", "warning", "only within", "within allowed", "within the allowed", "limited to",
    "never", "must not", "at most", "not allowed", "does not write", "does not modif", "does not delet", "does not send",
    "only work", "only read", "only access", "only operat", "only touch", "outside", "will ask", "asks first", "ask the user", "ask before", "are refused", "is refused", "masked", "redacted",
    "requires the role", "left out",
];

/// What destroys, spends, sends or runs.
const LETHAL: [&str; 20] = [
    "delete", "remove", "drop", "destroy", "purge", "wipe", "erase", "pay", "transfer", "charge", "refund", "withdraw", "send", "execute",
    "exec", "run", "deploy", "publish", "terminate", "confirm", 
];

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        if passage.role == Role::Prose && !passage.gone.is_empty() {
            removed(found, &passage.path, passage.entry, &passage.gone, &passage.after);
        }
    }
    for change in comparison.changes {
        let is_text = matches!(change.kind, ChangeKind::Text | ChangeKind::Instructions);
        // What became of a text that is still one is in its passage.
        let is_gone = change.after.as_ref().is_none_or(|after| after.as_str().is_none());
        if let (true, Some(before)) = (is_text && is_gone, change.before.as_ref().and_then(Value::as_str)) {
            removed(found, &change.path, change.entry.as_ref(), &fold::statements(before), "");
        }
    }
}

fn removed(found: &mut Found<'_>, path: &Pointer, entry: Option<&EntryRef>, statements: &[Cow<'_, str>], after: &str) {
    let after = fold::fold(after);
    for statement in statements {
        let folded = fold::fold(statement);
        // A limit that is worded otherwise keeps its stem somewhere in the text.
        let gone = |stem: &str| begins_word(&folded, stem) && !begins_word(&after, stem);
        if !STEMS.iter().any(|stem| gone(stem) && !is_reworded(stem, &folded, &after)) || frees(&folded) {
            continue;
        }
        // Where something is destroyed, spent or run, asking first was the safeguard.
        let asks = ["confirm", "approv", "consent", "permission", "ask the user", "ask before", "refused"].iter().any(|stem| gone(stem));
        let lethal = asks
            && entry.is_some_and(|entry| {
                let first = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                name_parts(&entry.key).iter().any(|part| LETHAL.contains(&part.as_str()))
                    || LETHAL.contains(&first.trim_end_matches('s'))
            });
        found.draft(Draft {
            grade: if lethal { Grade::Block } else { Grade::Review },
            message: if lethal {
                "a dangerous tool no longer says that it asks first".to_owned()
            } else {
                "a sentence that limits or warns was removed".to_owned()
            },
            path,
            entry,
            before: Some(Value::from(&**statement)),
            after: None,
            hint: None,
            aspect: "",
        });
    }
}

/// What may be worded without its stem is gone only if its words are: "requires the role admin", "you need the admin role".
fn is_reworded(stem: &str, statement: &str, after: &str) -> bool {
    const REWORDED: [&str; 8] =
        ["ask the user", "ask before", "are refused", "is refused", "masked", "redacted", "requires the role", "left out"];
    if !REWORDED.contains(&stem) {
        return false;
    }
    let words = || {
        let words = statement.split(|c: char| !c.is_alphanumeric());
        words.filter(|word| word.len() > 3 && !stem.contains(word) && !matches!(*word, "that" | "with" | "this" | "look" | "like"))
    };
    // Who needs it, or of what kind: "messages of a public channel".
    let kept = words().filter(|word| begins_word(after, word.get(..4).unwrap_or(word))).count();
    kept > 0 && kept * 2 >= words().count()
}

/// Whether a word of the text begins with the stem: "whenever" holds no "never".
fn begins_word(text: &str, stem: &str) -> bool {
    text.match_indices(stem).any(|(at, _)| !text.get(..at).is_some_and(|head| head.ends_with(|c: char| c.is_alphanumeric())))
}

/// Whether the statement does the opposite of limiting what the tool does: it frees the model of a care ("you never need
/// to check"), or claims work for this tool ("always use this, never use the other one").
fn frees(statement: &str) -> bool {
    const FREEING: [&str; 6] =
        ["never need", "never have to", "never makes sense", "never a need", "never fails", "never necessary"];
    const CLAIMING: [&str; 5] = ["always use", "never use", "never ever", "primary tool", "use this tool for all"];
    let only = |words: &[&str]| {
        words.iter().any(|words| statement.contains(words))
            && !STEMS.iter().any(|stem| *stem != "never" && begins_word(statement, stem))
    };
    only(&FREEING) || only(&CLAIMING)
}
