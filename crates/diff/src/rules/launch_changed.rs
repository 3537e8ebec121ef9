//! `launch-changed`: what is started or reached changed.

use mcp_pin_model::{Grade, json::Value};

use crate::change::{Change, ChangeKind};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "launch-changed",
    title: "What is started or reached changed",
    rationale: "Another command, argument, variable or host is another program, with the same declared tools or not. A pinned version that moves is what an update is.",
    grade: Grade::Block,
    reads: "the launches of the two manifests",
    reference: "CVE-2025-54136 (MCPoison)",
    fires: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.2"]}}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.2","--allow-all"]}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.2"]}}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.3"]}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind != ChangeKind::Launch {
            continue;
        }
        if super::launch_repinned::is_repinned(comparison, change) {
            continue;
        }
        let part = change.path.tokens().nth(1).unwrap_or_default();
        let gone = change.after.is_none();
        let (grade, message) = match part.as_str() {
            "command" => (Grade::Block, "another command is started"),
            "args" => (Grade::Block, "the arguments changed"),
            "env" if only_removed(change) => (Grade::Review, "a variable is no longer set"),
            "env" => (Grade::Block, "another variable is passed to the server"),
            "cwd" => (Grade::Block, "it is started in another directory"),
            "url" => (Grade::Block, "another address is reached"),
            "headers" if only_removed(change) || gone => (Grade::Review, "a header is no longer sent"),
            "headers" => (Grade::Block, "another header is sent"),
            _ => (Grade::Block, "the server is reached in another way"),
        };
        found.change(grade, change, message);
    }
}

/// Whether nothing is in the list after that was not in it before.
fn only_removed(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Value::Array(_)), None) => true,
        (Some(Value::Array(before)), Some(Value::Array(after))) => after.iter().all(|name| before.contains(name)),
        _ => false,
    }
}
