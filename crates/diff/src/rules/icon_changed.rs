//! `icon-changed`: an icon comes from a new place or can hold script.

use mcp_pin_model::{Grade, json::{Pointer, Value}};

use super::Draft;
use crate::change::{Change, ChangeKind};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "icon-changed",
    title: "An icon comes from a new place or can hold script",
    rationale: "An icon is fetched by the client, which tells its host who uses the server; SVG and data URIs can hold script and whole documents.",
    grade: Grade::Block,
    reads: "`icons` of entries and of the server",
    reference: "design notes: threats T7",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"icons":[{"src":"data:image/svg+xml,<svg/>"}]}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"icons":[{"src":"https://a.example/1.png"}]}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"icons":[{"src":"https://a.example/1.png"}]}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let whole = matches!(change.kind, ChangeKind::Icons)
            || (change.kind == ChangeKind::ServerInfo && change.path.tokens().any(|token| token == "icons"));
        if whole {
            judge(found, change, &change.path, change.after.as_ref(), !comparison.is_first());
        } else if change.kind == ChangeKind::EntryAdded {
            let icons = change.after.as_ref().and_then(|entry| entry.get("icons"));
            judge(found, change, &change.path.child("icons"), icons, false);
        }
    }
}

/// Icons that can hold script are grave; any other change is for a person to see once.
fn judge(found: &mut Found<'_>, change: &Change, path: &Pointer, icons: Option<&Value>, is_change: bool) {
    let mut scripted = false;
    let mut open: Vec<&Value> = icons.into_iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                let text = text.trim_start().to_ascii_lowercase();
                scripted |= text.starts_with("javascript:") || text.starts_with("data:") || text.contains("image/svg");
            }
            Value::Array(items) => open.extend(items),
            Value::Object(object) => open.extend(object.iter().map(|(_, member)| member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let (grade, message) = match (scripted, is_change) {
        (true, _) => (Grade::Block, "an icon is inline data, SVG or script"),
        (false, true) => (Grade::Review, "icons changed"),
        (false, false) => return,
    };
    found.draft(Draft {
        grade,
        message: message.to_owned(),
        path,
        entry: change.entry.as_ref(),
        before: change.before.clone().filter(|_| is_change),
        after: icons.cloned(),
        hint: None,
        aspect: "",
    });
}
