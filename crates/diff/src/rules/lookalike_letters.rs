//! `lookalike-letters`: a word mixes Latin letters with lookalikes of another script.

use mcp_pin_model::Grade;

use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "lookalike-letters",
    title: "A word mixes Latin letters with lookalikes of another script",
    rationale: "A word that mixes scripts reads as one thing to a person and is another to every filter and to whoever searches for it. Real words keep to one script; a single Greek letter beside Latin text, as in a unit, stands alone.",
    grade: Grade::Block,
    reads: "every new string",
    reference: "UTS #39, mixed-script confusables",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the d\u043ecs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs in \u03bc-law or \u0440\u0443\u0441\u0441\u043a\u0438\u0439.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        if passage.after.is_ascii() {
            continue;
        }
        for statement in passage.fresh.iter().filter(|statement| !statement.was_encoded).map(|statement| &statement.shown) {
            let mixed = statement.split(|c: char| !c.is_alphanumeric()).any(is_mixed);
            if mixed && !passage.before.is_some_and(|before| before.contains(&**statement)) {
                found.passage(Grade::Block, passage, statement, "a word mixes Latin letters with lookalikes", "");
            }
        }
    }
}

fn is_mixed(word: &str) -> bool {
    // Units such as a Greek mu before a letter are short; a word worth disguising is not.
    let long = word.chars().nth(2).is_some();
    long && word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(is_lookalike)
}

/// Letters of scripts with many Latin lookalikes, and the compatibility alphabets.
fn is_lookalike(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3bb}' | '\u{3bd}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
}
