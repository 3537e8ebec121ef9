//! `artifact-changed`: the bytes that are run changed.

use std::collections::BTreeSet;

use mcp_pin_model::{Grade, json::Value, package_identity::identify};

use crate::change::ChangeKind;
use super::{
    Example, Found, Rule,
    common::{files, versions},
};
use crate::{compare::Comparison, walk::server::package_of};

pub(super) const RULE: Rule = Rule {
    id: "artifact-changed",
    title: "The bytes that are run changed",
    rationale: "The same version of a package never has other bytes unless somebody replaced them. Another version is what an update is.",
    grade: Grade::Block,
    reads: "the artifacts of the two manifests",
    reference: "SLSA, dependency threats",
    fires: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for change in comparison.changes {
        if change.kind != ChangeKind::Artifact {
            continue;
        }
        let (old, new) = (versions(change.before.as_ref()), versions(change.after.as_ref()));
        let same_version = old == new;
        let pinned = |purls: &BTreeSet<String>| !purls.is_empty() && purls.iter().all(|purl| package_of(purl) != *purl);
        let (before, after) = (are_known(change.before.as_ref()), are_known(change.after.as_ref()));
        let (grade, message) = match (&change.before, &change.after) {
            (None, _) if is_named_only(comparison, &new) => (Grade::Notice, "the package is named now"),
            (None, _) => (Grade::Block, "another package is run"),
            (_, None) => (Grade::Review, "a package is no longer run"),
            _ if same_version && !before => (Grade::Notice, "the bytes of a package are known now"),
            _ if pinned(&old) && !pinned(&new) => (Grade::Review, "a package is no longer pinned to a version"),
            _ if before && !after => (Grade::Review, "the bytes of a package are not known"),
            _ if same_version => (Grade::Block, "the same version of a package has other bytes"),
            _ => (Grade::Notice, "another version of a package"),
        };
        found.change(grade, change, message);
    }
}

/// Whether every file of the package has a digest.
fn are_known(value: Option<&Value>) -> bool {
    let mut files = files(value).peekable();
    files.peek().is_some() && files.all(|file| file.get("digest").is_some())
}

/// Whether the launch stayed as it was, and a manifest that named no package now names the one that it runs.
fn is_named_only(comparison: &Comparison<'_>, purls: &BTreeSet<String>) -> bool {
    let (Some(before), Some(launch)) = (comparison.before, comparison.after.launch) else { return false };
    before.artifacts.is_empty()
        && before.launch.is_some_and(|before| before.digest() == launch.digest())
        && identify(launch).package().is_some_and(|package| purls.iter().all(|purl| package.purl == *purl))
}
