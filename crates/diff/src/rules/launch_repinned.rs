//! `launch-repinned`: the launch runs another version of the same package.

use mcp_pin_model::{
    Grade, PackageIdentity,
    json::Value,
    package_identity::{Pin, identify},
};

use crate::change::{Change, ChangeKind};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "launch-repinned",
    title: "The launch runs another version of the same package",
    rationale: "Only the exact version behind the package name moved, which is what an update is. The bytes of the package are judged by their own rule.",
    grade: Grade::Notice,
    reads: "the launches of the two manifests, and the packages they name",
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
        if change.kind == ChangeKind::Launch && is_repinned(comparison, change) {
            found.change(Grade::Notice, change, "the launch runs another version of the same package");
        }
    }
}

/// The argument that names the package which the launch runs, at another exact version: `@acme/weather@1.4.3`,
/// `weather==1.4.3`. An argument of the server that merely looks like one is none.
pub(super) fn is_repinned(comparison: &Comparison<'_>, change: &Change) -> bool {
    if change.path.tokens().nth(1).is_none_or(|part| part != "args") {
        return false;
    }
    let (Some(before), Some(after)) = (comparison.before.and_then(|before| before.launch), comparison.after.launch) else {
        return false;
    };
    match (spelled(&identify(before), &change.before), spelled(&identify(after), &change.after)) {
        (Some(before), Some(after)) => before == after,
        _ => false,
    }
}

/// The argument without the version, where it is what names the package.
fn spelled(identity: &PackageIdentity, argument: &Option<Value>) -> Option<String> {
    let package = identity.package()?;
    let Pin::Exact(version) = &package.pin else { return None };
    let argument = argument.as_ref()?.as_str()?;
    // What stands before the version: the package, with its extras and the option that takes it.
    let before = argument.strip_suffix(version.as_str())?.strip_suffix(['@', '='])?;
    let option = ["--package=", "--from=", "--spec="].iter().find_map(|option| before.strip_prefix(option));
    let rest = option.unwrap_or(before).strip_prefix(package.name.as_str())?;
    (matches!(rest, "" | "=") || rest.starts_with('[')).then(|| before.to_owned())
}
