//! `provenance-lost`: nobody vouches any more for where a package was built.

use mcp_pin_model::{Grade, provenance::ProvenanceChange};

use super::{Example, Found, Rule, common::provenance_changes};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "provenance-lost",
    title: "Nobody vouches any more for where a package was built",
    rationale: "Whoever steals a publisher's token publishes from their own machine, and that leaves no attestation of a build. A version without one after versions with one is what that looks like.",
    grade: Grade::Block,
    reads: "the provenance of the packages of the two manifests",
    reference: "SLSA, build threats",
    fires: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2","provenance":{"instance":"public-good","issuer":"https://token.actions.githubusercontent.com","subject":"https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1","builder":"https://github.com/acme/weather/.github/workflows/release.yml","repository":"https://github.com/acme/weather","repositoryId":"1","ownerId":"2","ref":"refs/tags/v1","commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","predicateType":"https://slsa.dev/provenance/v1","attestation":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.3"}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.2"}]}"##),
        after: r##"{"tools":[],"launch":{"command":"npx","args":[]},"artifacts":[{"purl":"pkg:npm/weather@1.4.3"}]}"##,
    },
    detect,
};

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for (change, changes) in provenance_changes(comparison) {
        if changes.contains(&ProvenanceChange::Lost) {
            found.change_with_hint(
                Grade::Block,
                change,
                ProvenanceChange::Lost.message(),
                Some("ask the publisher why; a stolen token publishes without provenance"),
            );
        }
    }
}
