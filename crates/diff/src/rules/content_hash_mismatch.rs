//! `content-hash-mismatch`: an entry's own hash is not the hash of the entry.

use mcp_pin_model::{Grade, capability_manifest::{CONTENT_HASH, OwnContentHash}, json::Pointer};

use super::Draft;
use crate::change::EntryRef;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "content-hash-mismatch",
    title: "An entry's own hash is not the hash of the entry",
    rationale: "A server that follows SEP-3140 says in every declaration which bytes it stands for. Where the hash is of other bytes, something between the publisher and here changed the text, or the publisher signed another one than is served. A hash that cannot be read, or that was over text which a lock does not keep (a resource's size, a path of the machine), checks nothing.",
    grade: Grade::Block,
    reads: "the contentHash of new and changed entries",
    reference: "MCP SEP-3140 (draft), Per-declaration integrity and version",
    fires: Example {
        before: None,
        after: r##"{"tools":[{"name":"search","description":"Search the docs and the mail.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"contentHash":"sha256-nhJ0nc7KFc3xGAuBztMt3Q3k9b2PxQJviqvTy93Ublw"}]}"##,
    },
    silent: Example {
        before: None,
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"contentHash":"sha256-nhJ0nc7KFc3xGAuBztMt3Q3k9b2PxQJviqvTy93Ublw"}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for entry in comparison.after.surface.entries() {
        let kept = comparison.before.and_then(|before| before.surface.entry(entry.kind(), entry.key()));
        // What was there before is not news.
        if kept.is_some_and(|kept| kept.value() == entry.value()) {
            continue;
        }
        let (grade, message, aspect) = match entry.own_content_hash() {
            OwnContentHash::Absent | OwnContentHash::Matches => continue,
            OwnContentHash::Mismatch { .. } if entry.stored_form_may_differ(comparison.after.placeholders) => (
                Grade::Review,
                "its contentHash cannot be checked: it may be over text that is not part of a lock",
                "stored-form",
            ),
            OwnContentHash::Mismatch { .. } => (Grade::Block, "its contentHash is the hash of something else", "mismatch"),
            // Whoever makes a hash unreadable escapes the check, so this is no better than a wrong one.
            OwnContentHash::Malformed(_) => (Grade::Block, "its contentHash is none, so it checks nothing", "malformed"),
        };
        let path = Pointer::root().child(entry.kind().section()).child(entry.key()).child(CONTENT_HASH);
        found.draft(Draft {
            grade,
            message: message.to_owned(),
            path: &path,
            entry: Some(&EntryRef { kind: entry.kind(), key: entry.key().to_owned() }),
            before: None,
            after: entry.value().get(CONTENT_HASH).cloned(),
            hint: Some("ask the publisher which text is theirs"),
            aspect,
        });
    }
}
