//! `safety-hint-contradicted`: a new hint contradicts what the tool's name says.

use std::cell::LazyCell;

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
    "withdraw", "refund", "buy", "cancel", "annul", "suspend", "empty", "unsubscribe", "restart", "disable", "exec", "shell", "terminate", "rotate", "approve", "submit", "tweet", "email",
];
/// Words that a description may begin with as a noun, or as a step of reading: "post details", "create a summary".
const AMBIGUOUS: &[&str] = &["write", "merge", "empty", "disable", "restart", "post", "create", "email", "shell", "move", "rotate", "apply", "charge", "push", "submit", "patch", "update"];
/// Those after which something is gone or spent.
const DESTROYS: &[&str] = &[
    "delete", "remove", "drop", "destroy", "erase", "purge", "wipe", "truncate", "kill", "transfer", "pay", "charge",
    "revoke", "cancel", "annul", "empty", "apply", "overwrite", "terminate", "withdraw", "refund", "shutdown", "uninstall",
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
        if claims.is_empty() {
            continue;
        }
        let parts = name_parts(&entry.key);
        let named = parts.iter().map(String::as_str).find(|part| !PREFIXES.contains(part)).unwrap_or_default();
        // "The update checker", "release notes", "deletion list": what stands at the end is what the name names.
        let named = if is_compound(&parts) { "" } else { named };
        let text = comparison.entry_after(entry).and_then(|entry| entry.value().get("description")?.as_str());
        let says = text.map(first_verb).unwrap_or_default();
        let transforms = LazyCell::new(|| text.is_some_and(is_transform));
        for hint in claims {
            let (list, message): (&[&str], _) = match hint.name {
                "readOnlyHint" => (CHANGES, "claims to be read-only; its name says that it changes something"),
                "destructiveHint" => (DESTROYS, "claims to destroy nothing; its name says otherwise"),
                "openWorldHint" => (REACHES, "claims to reach nothing outside; its name says otherwise"),
                _ => continue,
            };
            // A description begins with what the tool does, "permanently deletes"; only plain words are taken from it.
            let by_name = list.contains(&named);
            let by_text = !by_name && list.contains(&says.as_str()) && !AMBIGUOUS.contains(&says.as_str()) && !*transforms;
            let by_name = by_name && !(*transforms && text.is_some_and(|text| text.to_lowercase().contains("return")));
            let runs = hint.name == "readOnlyHint" && !by_name && !by_text
                && (runs_anything(&parts, text.unwrap_or_default()) || takes_content(comparison, entry));
            if by_name || by_text || runs {
                // A hint that only says less than the verb could mean is common; clients skip confirmation on
                // read-only above all.
                let grade = if change.kind == ChangeKind::EntryAdded && by_text && hint.name != "readOnlyHint" {
                    // Most that is removed or uploaded is neither destroyed nor far away.
                    Grade::Notice
                } else if change.kind == ChangeKind::EntryAdded && (hint.name == "destructiveHint" || by_text || runs) {
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

/// Nouns after which the verb before them is part of a name: `update_checker`, `delete_history`.
const AGENTS: [&str; 26] = [
    "checker", "detector", "viewer", "reader", "status", "history", "info", "log", "logs", "preview", "schedule", "finder", "tracker", "report", "summary",
    "stats", "statistics", "notes", "count", "counts", "options", "candidates", "template", "templates", "requests", "plan",
];

fn is_compound(parts: &[String]) -> bool {
    parts.len() > 1 && parts.last().is_some_and(|last| AGENTS.contains(&last.as_str()))
}

/// A function of what it is given: "removes … from text", "merges polygons into one".
fn is_transform(text: &str) -> bool {
    let first = text.split(['.', '\n']).next().unwrap_or_default().to_lowercase();
    let words = || first.split(|c: char| !c.is_alphanumeric());
    let given = ["text", "string", "strings", "array", "list", "html", "markdown", "number", "numbers", "sentence", "polygons", "geometry"];
    words().any(|word| given.contains(&word)) && !words().any(|word| matches!(word, "file" | "files" | "table" | "database" | "record" | "records" | "message"))
}

/// A shell or a statement of any kind: "runs a shell command", "INSERT, UPDATE and DELETE are accepted".
fn runs_anything(parts: &[String], text: &str) -> bool {
    let text = text.to_lowercase();
    let first = text.split(['.', '\n']).next().unwrap_or_default();
    let shell = parts.iter().any(|part| matches!(part.as_str(), "shell" | "command" | "terminal" | "bash"))
        && parts.iter().any(|part| matches!(part.as_str(), "run" | "execute" | "exec"))
        || ["execute", "run"].iter().any(|verb| first.starts_with(verb)) && ["shell", " a command", "any command", "arbitrary", "bash"].iter().any(|what| first.contains(what));
    let limited = || ["read-only", "read only", "readonly", "sandbox", "not ", "n't ", "fail", "reject", "refus", "block", "safe"].iter().any(|word| text.contains(word));
    let accepts = ["insert", "update", "delete"].iter().filter(|word| text.contains(*word)).count() >= 2
        && ["accepted", "allowed", "permitted", "possible", "as well"].iter().any(|word| text.contains(word));
    (shell || accepts) && !limited()
}

/// A place and what is to stand there, or leave to replace it: parameters of something that writes.
fn takes_content(comparison: &Comparison<'_>, entry: &crate::change::EntryRef) -> bool {
    let Some(entry) = comparison.entry_after(entry) else { return false };
    let Some(properties) = entry.value().get("inputSchema").and_then(|schema| schema.get("properties")?.as_object()) else { return false };
    let has = |wanted: &[&str]| properties.iter().any(|(name, _)| wanted.contains(&name));
    has(&["path", "file_path", "filename", "filePath", "file"]) && has(&["content", "contents"]) && has(&["overwrite", "append", "mode"])
        || has(&["overwrite"]) && has(&["path", "file_path", "filePath", "destination"])
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
