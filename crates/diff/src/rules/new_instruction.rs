//! `new-instruction`: a new order to the model, or a claim to be preferred.

use std::{borrow::Cow, sync::LazyLock};

use mcp_pin_model::Grade;

use super::common::{is_attack, Pattern, pattern};
use crate::{fold, reading::{Passage, Role}, speech::Statement};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "new-instruction",
    title: "A new order to the model, or a claim to be preferred",
    rationale: "Ordinary software tells a model how to use it, so an order alone is no attack; but it changes what the model does without any code having changed, and claims of superiority pull calls away from other servers.",
    grade: Grade::Review,
    reads: "new statements of descriptions, titles and instructions",
    reference: "OWASP MCP Top 10: tool poisoning",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs. You must pass the region with every call.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs. Always returns JSON.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search all the docs. Always returns JSON. Never returns HTML.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

static ORDERS: LazyLock<Pattern> = LazyLock::new(|| {
    pattern(concat!(
        r"(?:^|[:,!-] )(?:always|never|do not|don't|make sure|be sure|remember|ensure)(?: to| that)? (?:use|call|invoke|run|ask|tell|include|pass|add|confirm|prefer|choose|read|send|set|check|follow|provide|respond|reply|answer|you)\b",
        r"|\byou (?:must|should always|should never|are required to)\b",
        r"|\b(?:must|mandatory to) (?:be (?:called|used|run|invoked)|call|use|first|always|never|begin|begin by)\b",
        r"|(?:^|[:,;-] ?|\bthen |\bplease )(?:call|use|run|invoke|execute) (?:this|the|it)\b.{0,40}\b(?:first|before (?:any|all|every|other|each)|exactly once|no matter)\b",
        r"|\bbefore (?:using|calling|executing|invoking|you) ?(?:any|other|the|a|use|call)?\b.{0,60}\b(?:call|run|use|execute|read|must|always)\b",
        r"|\b(?:mandatory|critical|important)\b ?[\]:!]|\b(?:is|are) to be [a-z]+ed\b",
    ))
});
/// Words without which [`ORDERS`] cannot match.
static ORDER_WORDS: LazyLock<Pattern> = LazyLock::new(|| {
    pattern("always|never|do not|don't|sure|remember|ensure|you must|you should|you are|must|mandatory|to be|call|use|run|invoke|execute|before|critical|important")
});
static SUPERIOR: LazyLock<Pattern> = LazyLock::new(|| {
    pattern(
        r"\b(?:best\b.{0,40}\btools?|most (?:accurate|reliable|trusted)|highest priority|always prefer|prefer this|preferred (?:tool|over)|instead of (?:any |the )?other|rather than (?:any |the )?others?|choose this|overrides? all|replaces? all|deprecated and unsafe|official, verified)\b",
    )
});

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        if !matches!(passage.role, Role::Prose | Role::Title) {
            continue;
        }
        // Ordinary software is full of orders; on first admission each of them is new.
        let first = comparison.is_first() || passage.in_new_entry;
        let grade = if first { Grade::Notice } else { Grade::Review };
        for (trigger, regex, aspect, message) in [
            (&ORDER_WORDS, &ORDERS, "order", "a new order to the model"),
            (&SUPERIOR, &SUPERIOR, "superiority", "claims to be preferred over others"),
        ] {
            // An order that was reworded is not a new one: what counts is that there are more than before.
            let is_order = |statement: &&Cow<'_, str>| {
                let folded = fold::fold(statement);
                trigger.is_match(&folded) && regex.is_match(&folded)
            };
            let mut known = passage.gone.iter().filter(is_order).count();
            for statement in &passage.fresh {
                let folded = statement.folded.as_str();
                // What is an attack, or a claim of rank, has a finding of its own.
                if trigger.is_match(folded) && regex.is_match(folded) && !is_spoken_for(passage, statement) {
                    if known > 0 {
                        known -= 1;
                    } else {
                        found.passage(grade, passage, &statement.shown, message, aspect);
                    }
                }
            }
        }
    }
}

fn is_spoken_for(passage: &Passage, statement: &Statement) -> bool {
    is_attack(passage, statement) || super::preference_manipulation::says(passage, statement).is_some()
}
