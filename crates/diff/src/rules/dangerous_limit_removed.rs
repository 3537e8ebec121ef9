//! `dangerous-limit-removed`: a limit on what a dangerous tool accepts was removed.

use mcp_pin_model::Grade;
use mcp_pin_model::{EntryKind, json::Value};

use super::common::{in_output, last, name_parts, parent};
use crate::change::{Change, ChangeKind, Direction};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "dangerous-limit-removed",
    title: "A limit on what a dangerous tool accepts was removed",
    rationale: "The tool keeps its name and its text, and pays any amount, to anybody, or reads any path. A limit that goes from a tool that spends, destroys, sends or runs is not a schema that merely accepts more.",
    grade: Grade::Block,
    reads: "constraints of input parameters of tools whose name or text says what they do",
    reference: "MCP rug pull through the schema",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"pay","description":"Pay an invoice.","inputSchema":{"type":"object","properties":{"amount":{"type":"number","maximum":100}}}}]}"##),
        after: r##"{"tools":[{"name":"pay","description":"Pay an invoice.","inputSchema":{"type":"object","properties":{"amount":{"type":"number"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string","maxLength":64}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

/// What spends, destroys, sends or runs, in the name of a tool or the first words about it.
const DANGEROUS: [&str; 30] = [
    "pay", "payment", "payments", "transfer", "charge", "refund", "withdraw", "send", "mail", "delete", "remove", "drop", "destroy", "purge", "wipe",
    "execute", "exec", "run", "shell", "deploy", "publish", "post", "write", "transaction", "trade", "buy", "order", "sign", "grant", "approve",
];
/// Parameters that say where, to whom or how much.
const AIMS: [&str; 22] = [
    "path", "file", "directory", "dir", "folder", "url", "host", "to", "recipient", "amount", "command", "cmd", "query", "sql", "destination",
    "address", "account", "target", "domain", "email", "branch", "environment",
];
/// Keywords that limit a value.
const LIMITS: [&str; 9] = ["enum", "const", "pattern", "maximum", "exclusiveMaximum", "maxLength", "maxItems", "additionalProperties", "format"];

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    // An upgrade of a framework opens all tools at once, which other rules say in a line.
    let is_opened = |change: &&Change| change.kind == ChangeKind::Schema && last(&change.path) == "additionalProperties";
    let opened = comparison.changes.iter().filter(is_opened).take(2).count();
    for change in comparison.changes {
        let Some(entry) = change.entry.as_ref().filter(|entry| entry.kind == EntryKind::Tool) else { continue };
        let keyword = last(&change.path);
        if change.kind != ChangeKind::Schema || change.direction != Some(Direction::Widened) || in_output(&change.path) || !LIMITS.contains(&keyword.as_str()) {
            continue;
        }
        // Gone, not loosened: one more choice in a list is ordinary.
        let gone = change.after.is_none() || keyword == "additionalProperties" && change.before.as_ref().and_then(Value::as_bool) == Some(false);
        let parts = name_parts(&entry.key);
        let text = comparison.entry_after(entry).and_then(|entry| entry.value().get("description")?.as_str()).unwrap_or_default();
        let first = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
        let acts = parts.iter().any(|part| DANGEROUS.contains(&part.as_str())) || DANGEROUS.contains(&first.trim_end_matches('s'));
        // An anchored pattern is a fence around a place, whatever the tool does.
        let fence = keyword == "pattern" && change.before.as_ref().and_then(Value::as_str).is_some_and(|pattern| pattern.starts_with('^') && pattern.contains('/'));
        let parameter = parent(&change.path);
        let aims = name_parts(&parameter).iter().any(|part| AIMS.contains(&part.as_str()));
        let open = keyword == "additionalProperties" && opened == 1 && change.path.tokens().count() == 4;
        if gone && (acts && (aims || open) || fence && aims) {
            found.change_with_hint(
                Grade::Block,
                change,
                "a limit on what a dangerous tool accepts was removed",
                Some("ask the publisher why any value is accepted now"),
            );
        }
    }
}
