//! `unusual-name`: a tool name outside letters, digits and `_ . - /`.

use mcp_pin_model::{EntryKind, Grade};

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "unusual-name",
    title: "A tool name outside letters, digits and `_ . - /`",
    rationale: "Clients join server and tool names, show them in approval dialogues and match them in allow lists. A name with spaces, other scripts, hidden characters or great length is read differently by each of them.",
    grade: Grade::Block,
    reads: "names of new and renamed tools",
    reference: "MCP specification, tool names (SEP-986)",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"read file","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}},{"name":"fs/read-file.v2","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let Some(entry) = change.entry.as_ref().filter(|entry| entry.kind == EntryKind::Tool) else { continue };
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
        let named = matches!(change.kind, ChangeKind::EntryAdded | ChangeKind::EntryRenamed);
        if named && !(entry.key.len() <= 128 && entry.key.bytes().all(usual)) {
            found.draft(super::Draft {
                grade: Grade::Block,
                message: "the name has characters or a length that tool names should not have".to_owned(),
                path: &change.path,
                entry: Some(entry),
                before: None,
                after: Some(entry.key.as_str().into()),
                hint: None,
                aspect: "",
            });
        }
    }
}
