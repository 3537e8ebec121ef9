//! `version-changed`: the version.

use mcp_pin_model::Grade;

use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "version-changed",
    title: "The version",
    rationale: "A higher version is what an update is. A lower one brings back what was left behind.",
    grade: Grade::Review,
    reads: "the versions of the two manifests",
    reference: "Semantic Versioning 2.0.0, rule 11",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.1.0"}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.0"}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.1.0"}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.1.0"}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind == ChangeKind::Version {
            let versions = comparison.before.and_then(|before| before.version).zip(comparison.after.version);
            if versions.is_some_and(|(before, after)| after.semver() < before.semver()) {
                found.change(Grade::Review, change, "a lower version than before");
            } else {
                found.change(Grade::None, change, "another version");
            }
        }
    }
}
