//! `same-version-other-content`: the version is the same and the content is not.

use mcp_pin_model::{Grade, json::Pointer};

use super::{Draft, common};
use crate::change::ChangeKind;
use super::{Example, Found, Rule};
use crate::{compare::Comparison, side::Side, walk::server::package_of};

pub(super) const RULE: Rule = Rule {
    id: "same-version-other-content",
    title: "The version is the same and the content is not",
    rationale: "A published version never changes. Where it does, a dependency moved under it, or somebody replaced it.",
    grade: Grade::Block,
    reads: "the versions of the two manifests, and those of the packages they run",
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
        let elsewhere = [
            ChangeKind::Signer,
            ChangeKind::Name,
            ChangeKind::Protocol,
            ChangeKind::Provenance,
            ChangeKind::Reordered,
        ];
        !elsewhere.contains(&change.kind)
            && !is_spelled_out(change)
            && change.path.as_str() != "/serverInfo/version"
    });
    if same && content && !is_other_package_version(before, comparison.after) {
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

/// Whether a package whose bytes nobody knew has known ones now.
fn is_spelled_out(change: &crate::change::Change) -> bool {
    change.kind == ChangeKind::Artifact
        && change.before.as_ref().is_some_and(|before| before.get("purl").is_some() && before.get("digest").is_none())
        && common::versions(change.before.as_ref()) == common::versions(change.after.as_ref())
}

/// Whether a package that both sides run has another version. A server that does not maintain the version it claims is
/// still another version of the server then, even where the version of the package cannot stand for the server's.
fn is_other_package_version(before: &Side<'_>, after: &Side<'_>) -> bool {
    let has_version = |purl: &str| package_of(purl) != purl;
    before.artifacts.iter().filter(|old| has_version(&old.purl)).any(|old| {
        let of_package = |new: &&mcp_pin_model::Artifact| package_of(&new.purl) == package_of(&old.purl);
        let mut same_package = after.artifacts.iter().filter(of_package).peekable();
        same_package.peek().is_some() && same_package.all(|new| has_version(&new.purl) && new.purl != old.purl)
    })
}
