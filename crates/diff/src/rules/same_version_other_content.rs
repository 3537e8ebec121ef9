//! `same-version-other-content`: the version is the same and the content is not.

use mcp_pin_model::{Grade, json::Pointer};

use super::Draft;
use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "same-version-other-content",
    title: "The version is the same and the content is not",
    rationale: "A published version never changes. Where it does, a dependency moved under it, or somebody replaced it.",
    grade: Grade::Block,
    reads: "the versions of the two manifests",
    reference: "Semantic Versioning 2.0.0, rule 3",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.0"}"##),
        after: r##"{"tools":[{"name":"search","description":"Search all.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.0"}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.0"}"##),
        after: r##"{"tools":[{"name":"search","description":"Search all.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}],"version":"1.0.1"}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    let Some(before) = comparison.before else { return };
    let same = before.version.is_some() && before.version == comparison.after.version;
    // A signature by somebody else, or another spelling of a list, is not other content.
    let content = comparison.changes.iter().any(|change| {
        !matches!(change.kind, ChangeKind::Signer | ChangeKind::Name | ChangeKind::Protocol | ChangeKind::Reordered)
            && change.path.as_str() != "/serverInfo/version"
    });
    if same && content {
        found.draft(Draft {
            grade: Grade::Block,
            message: "the version is the same and the content is not".to_owned(),
            path: &Pointer::root().child("version"),
            entry: None,
            before: Some(before.surface.digest().into()),
            after: Some(comparison.after.surface.digest().into()),
            hint: Some("find out what moved: the package was replaced, or a dependency is not pinned"),
            aspect: "",
        });
    }
}
