//! `provenance-changed`: a package was built elsewhere than before.

use mcp_pin_model::{Grade, provenance::ProvenanceChange};

use super::{Draft, Example, Found, Rule, common::provenance_changes};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "provenance-changed",
    title: "A package was built elsewhere than before",
    rationale: "A valid attestation says that somebody built it, not that it was the one who built it before. Another repository, owner, workflow, identity provider or kind of ref is another builder until somebody has looked. Another commit or tag is what an update is.",
    grade: Grade::Block,
    reads: "the provenance of the packages of the two manifests",
    reference: "SLSA, build threats",
    fires: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","provenance":{"instance":"public-good","issuer":"https://token.actions.githubusercontent.com","subject":"https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1","builder":"https://github.com/acme/weather/.github/workflows/release.yml","repository":"https://github.com/acme/weather","repositoryId":"1","ownerId":"2","ref":"refs/tags/v1","commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","predicateType":"https://slsa.dev/provenance/v1","attestation":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.3","provenance":{"instance":"public-good","issuer":"https://token.actions.githubusercontent.com","subject":"https://github.com/evil/weather/.github/workflows/release.yml@refs/tags/v2","builder":"https://github.com/evil/weather/.github/workflows/release.yml","repository":"https://github.com/evil/weather","repositoryId":"9","ownerId":"2","ref":"refs/tags/v2","commit":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","predicateType":"https://slsa.dev/provenance/v1","attestation":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2"}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2"}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, changes) in provenance_changes(comparison) {
        if changes.is_empty() {
            let message = if change.before.is_none() {
                "it is known now where a package was built"
            } else {
                "a package was built by the same builder, from another ref or commit"
            };
            found.change(Grade::Notice, change, message);
        }
        for what in changes.into_iter().filter(|what| *what != ProvenanceChange::Lost) {
            found.draft(Draft {
                grade: Grade::Block,
                message: what.message().to_owned(),
                path: &change.path,
                entry: None,
                before: change.before.clone(),
                after: change.after.clone(),
                hint: None,
                aspect: what.message(),
            });
        }
    }
}
