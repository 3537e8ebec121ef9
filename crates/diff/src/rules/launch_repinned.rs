//! `launch-repinned`: the launch runs another version of the same package.

use mcp_pin_model::{Grade, json::Value};

use crate::change::{Change, ChangeKind};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "launch-repinned",
    title: "The launch runs another version of the same package",
    rationale: "Only the exact version behind the package name moved, which is what an update is. The bytes of the package are judged by their own rule.",
    grade: Grade::Notice,
    reads: "the launches of the two manifests",
    reference: "design notes: grades",
    fires: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.2"]}}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.3"]}}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@1.4.2"]}}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":["-y","@acme/weather@latest"]}}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Launch && is_repinned(change) {
            found.change(Grade::Notice, change, "the launch runs another version of the same package");
        }
    }
}

/// One argument that names the same package at another exact version: `@acme/weather@1.4.3`, `weather==1.4.3`.
pub(super) fn is_repinned(change: &Change) -> bool {
    if change.path.tokens().nth(1).is_none_or(|part| part != "args") {
        return false;
    }
    let pin = |value: &Option<Value>| -> Option<(String, String)> {
        let text = value.as_ref()?.as_str()?;
        let (package, version) = text.rsplit_once("==").or_else(|| text.rsplit_once('@'))?;
        let exact = version.starts_with(|c: char| c.is_ascii_digit())
            && version.contains('.')
            && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
        // Before the version stands a package name: no path, no URL, no option.
        let named = !package.is_empty() && !package.contains("://") && !package.starts_with(['-', '.']);
        (exact && named).then(|| (package.to_owned(), version.to_owned()))
    };
    match (pin(&change.before), pin(&change.after)) {
        (Some((before, _)), Some((after, _))) => before == after,
        _ => false,
    }
}

