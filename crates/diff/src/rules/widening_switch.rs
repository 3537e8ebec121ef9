//! `widening-switch`: a new parameter widens what the tool does.

use mcp_pin_model::Grade;
use super::common::{is_input_parameter, last, name_parts};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "widening-switch",
    title: "A new parameter widens what the tool does",
    rationale: "A switch named `recursive`, `force` or `skip_confirmation` does not look like text and needs none: it lets one call reach further or do it without asking than what was approved.",
    grade: Grade::Review,
    reads: "names of new constrained parameters of known tools",
    reference: "MCP rug pull through the schema",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"skip_confirmation":{"type":"boolean"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"include_title":{"type":"boolean"}}}}]}"##,
    },
    detect,
};

/// Names that say "further", in lower case.
const FURTHER: [&str; 36] = [
    "recursive", "recurse", "force", "forced", "overwrite", "cascade", "purge", "unsafe", "insecure", "sudo", "root", "admin", "elevated", "privileged", "unrestricted",
    "bypass", "override", "unattended", "noninteractive", "yes", "everyone", "public", "wildcard", "hard", "permanent", "permanently",
    "impersonate", "elevate", "autoapprove", "trusted", "trust", "escalate", "unlimited", "destructive", "nuke", "all",
];
/// Names that take a safeguard away when one follows.
const AWAY: [&str; 10] = ["skip", "no", "disable", "ignore", "bypass", "allow", "without", "auto", "accept", "follow"];
/// The safeguards, and what is let through.
const SAFEGUARDS: [&str; 28] = [
    "confirm", "confirmation", "confirmations", "check", "checks", "validation", "verify", "verification", "approval", "approve", "auth", "sandbox", "tls", "ssl", "certificate",
    "certificates", "symlinks", "symlink", "prompt", "prompts", "safety", "limits", "permissions", "review", "hooks", "overwrite", "all", "unsafe",
];

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes.iter().filter(|change| is_input_parameter(change)) {
        let parts = name_parts(&last(&change.path));
        let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
        let is_switch = change.after.as_ref().and_then(|schema| schema.get("type")?.as_str()) == Some("boolean");
        if is_switch && (has(&FURTHER) || has(&AWAY) && has(&SAFEGUARDS)) {
            found.change(Grade::Review, change, "a new switch widens what the tool does");
        }
    }
}
