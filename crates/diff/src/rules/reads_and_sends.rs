//! `reads-and-sends`: the server can read private data and send it elsewhere.

use mcp_pin_model::Grade;
use mcp_pin_model::{Entry, EntryKind, json::Pointer};

use super::{Draft, common::name_parts};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "reads-and-sends",
    title: "The server can read private data and send it elsewhere",
    rationale: "One tool that reads what is private and another that reaches any address are all that an injected order needs. Many honest servers have both, so this is information: it says what a successful attack could do here.",
    grade: Grade::None,
    reads: "names and descriptions of all tools, when they are first seen",
    reference: "The lethal trifecta (private data, untrusted content, a way out)",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"send_email","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    let both = |tools: &[Entry]| -> bool { tools.iter().any(reads_private) && tools.iter().any(sends) };
    let after = comparison.after.surface.section(EntryKind::Tool).unwrap_or_default();
    let before = comparison.before.and_then(|side| side.surface.section(EntryKind::Tool)).unwrap_or_default();
    if both(after) && !both(before) {
        found.draft(Draft {
            grade: Grade::None,
            message: "its tools can read private data and send it elsewhere".to_owned(),
            path: &Pointer::root().child(EntryKind::Tool.section()),
            entry: None,
            before: None,
            after: None,
            hint: None,
            aspect: "",
        });
    }
}

fn named(entry: &Entry, first: &[&str], second: &[&str]) -> bool {
    let parts = name_parts(entry.key());
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    has(first) && (second.is_empty() || has(second))
}

fn reads_private(entry: &Entry) -> bool {
    named(
        entry,
        &["read", "get", "list", "search", "fetch", "query", "find", "export"],
        &["file", "files", "email", "emails", "mail", "message", "messages", "document", "documents", "note", "notes", "contact", "contacts", "database", "sql", "memory", "repository", "page", "pages"],
    ) || entry.key() == "search"
}

fn sends(entry: &Entry) -> bool {
    named(entry, &["send", "post", "publish", "upload", "forward", "webhook", "tweet", "share", "request"], &[])
}
