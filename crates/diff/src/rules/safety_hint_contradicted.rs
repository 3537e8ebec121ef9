//! `safety-hint-contradicted`: a new hint contradicts what the tool's name says.

use mcp_pin_model::{EntryKind, Grade, json::Value};

use super::{Draft, common::{last, name_parts}};
use crate::{change::{ChangeKind, Direction}, walk::{HINTS, Hint}};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "safety-hint-contradicted",
    title: "A new hint contradicts what the tool's name says",
    rationale: "A tool called delete that claims to read only, or one called send that claims to reach nothing outside, makes clients skip exactly the confirmation that was meant for it.",
    grade: Grade::Block,
    reads: "new or changed hints, against the verb in the name and the first of the description",
    reference: "MCP specification, ToolAnnotations",
    fires: Example {
        before: None,
        after: r##"{"tools":[{"name":"delete_repository","description":"Delete a repository.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"readOnlyHint":true}}]}"##,
    },
    silent: Example {
        before: None,
        after: r##"{"tools":[{"name":"list_deleted","description":"List what was deleted.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"readOnlyHint":true}}]}"##,
    },
    detect,
};

/// Verbs that start the names of tools which change something.
const CHANGES: &[&str] = &[
    "delete", "remove", "drop", "destroy", "erase", "purge", "wipe", "truncate", "send", "post", "publish",
    "transfer", "pay", "charge", "write", "kill", "create", "update", "upload", "deploy", "apply", "revoke", "rename",
    "move", "insert", "edit", "modify", "patch", "install", "uninstall", "grant", "merge", "push", "overwrite", "reset", "shutdown", "reboot",
    "withdraw", "refund", "buy", "exec", "shell", "terminate", "rotate", "approve", "submit", "tweet", "email",
];
/// Words that a description may begin with as a noun, or as a step of reading: "post details", "create a summary".
const AMBIGUOUS: &[&str] = &["post", "create", "email", "shell", "move", "rotate", "apply", "charge", "push", "submit", "patch", "update"];
/// Those after which something is gone or spent.
const DESTROYS: &[&str] = &[
    "delete", "remove", "drop", "destroy", "erase", "purge", "wipe", "truncate", "kill", "transfer", "pay", "charge",
    "revoke", "apply", "overwrite", "terminate", "withdraw", "refund", "shutdown", "uninstall",
];
/// Those that reach beyond the server.
const REACHES: &[&str] = &["send", "post", "publish", "upload", "tweet", "webhook", "email"];
/// Programs whose name stands before the verb.
const PREFIXES: [&str; 6] = ["kubectl", "git", "docker", "browser", "api", "mcp"];

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        let Some(entry) = change.entry.as_ref().filter(|entry| entry.kind == EntryKind::Tool) else { continue };
        let claims: Vec<&'static Hint> = match change.kind {
            ChangeKind::EntryAdded => {
                let annotations = change.after.as_ref().and_then(|value| value.get("annotations"));
                HINTS
                    .iter()
                    .filter(|hint| {
                        let value = annotations.and_then(|annotations| annotations.get(hint.name));
                        value.and_then(Value::as_bool) == Some(hint.safe)
                    })
                    .collect()
            }
            ChangeKind::Annotation if change.direction == Some(Direction::Safer) => {
                Hint::of(&last(&change.path)).into_iter().collect()
            }
            _ => continue,
        };
        let parts = name_parts(&entry.key);
        let named = parts.iter().map(String::as_str).find(|part| !PREFIXES.contains(part)).unwrap_or_default();
        let text = comparison.entry_after(entry).and_then(|entry| entry.value().get("description")?.as_str());
        let says = text.map(first_verb).unwrap_or_default();
        for hint in claims {
            let (list, message): (&[&str], _) = match hint.name {
                "readOnlyHint" => (CHANGES, "claims to be read-only; its name says that it changes something"),
                "destructiveHint" => (DESTROYS, "claims to destroy nothing; its name says otherwise"),
                "openWorldHint" => (REACHES, "claims to reach nothing outside; its name says otherwise"),
                _ => continue,
            };
            // A description begins with what the tool does, "permanently deletes"; only plain words are taken from it.
            let by_name = list.contains(&named);
            let by_text = !by_name && list.contains(&says.as_str()) && !AMBIGUOUS.contains(&says.as_str());
            if by_name || by_text {
                // A hint that only says less than the verb could mean is common; clients skip confirmation on
                // read-only above all.
                let grade = if change.kind == ChangeKind::EntryAdded && (hint.name == "destructiveHint" || by_text) {
                    Grade::Review
                } else {
                    Grade::Block
                };
                found.draft(Draft {
                    grade,
                    message: message.to_owned(),
                    path: &change.path,
                    entry: Some(entry),
                    before: None,
                    after: Some(hint.safe.into()),
                    hint: None,
                    aspect: hint.name,
                });
            }
        }
    }
}

/// The first verb of a description in its base form: "Permanently deletes a repository" begins with `delete`.
fn first_verb(text: &str) -> String {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    let word = words.find(|word| !word.ends_with("ly")).unwrap_or_default();
    for (ending, put) in [("ies", "y"), ("shes", "sh"), ("ches", "ch"), ("s", "")] {
        if let Some(stem) = word.strip_suffix(ending)
            && !stem.ends_with('s')
        {
            return format!("{stem}{put}");
        }
    }
    word
}
