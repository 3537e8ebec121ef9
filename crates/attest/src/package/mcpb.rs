//! MCP bundles: files behind an address, with a digest in `server.json`.

use mcp_pin_model::artifact::ArtifactDigest;

use super::{
    Absence, CheckKind, Expected, Fetched, Hashed, Outcome, PackageEvidence, PackageFailure, Unsupported, documents,
    slsa,
    workload::{self, Company, Predicates, RELEASE_PREDICATE_PREFIX, Subject},
};
use crate::Roots;

/// What was fetched of a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Mcpb<'a> {
    /// `fileSha256` of `server.json`.
    pub file_sha256: Option<&'a str>,
    /// The file's name: the end of its address.
    pub file_name: &'a str,
    /// The digests of the file.
    pub hashed: &'a Hashed,
    /// GitHub's document of attestations of this digest, where the repository is there.
    pub attestations: Fetched<&'a [u8]>,
}

/// Judges a bundle.
#[must_use]
pub fn judge_mcpb(input: &Mcpb<'_>, expected: &Expected<'_>, roots: &Roots) -> PackageEvidence {
    let mut evidence = PackageEvidence::default();
    evidence.push(CheckKind::Integrity, integrity(input));
    let bundles = match input.attestations {
        Fetched::Found(bytes) => Fetched::Found(documents::bundles(bytes)),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    let name = input.file_name.to_owned();
    let subject =
        Subject { digest: &input.hashed.sha256, names: std::slice::from_ref(&name), company: Company::Others };
    let predicates = Predicates {
        build: &[slsa::PROVENANCE_V1, slsa::PROVENANCE_V0_2],
        publication: Some(RELEASE_PREDICATE_PREFIX),
    };
    workload::judge(&mut evidence, bundles, &predicates, &subject, expected, roots);
    evidence
}

fn integrity(input: &Mcpb<'_>) -> Outcome {
    let Some(published) = input.file_sha256 else { return Outcome::Absent(Absence::Digest) };
    match format!("sha256:{published}").parse::<ArtifactDigest>() {
        Err(_) => Outcome::Unsupported(Unsupported::Hash),
        Ok(digest) if digest.as_bytes() == input.hashed.sha256.as_bytes() => Outcome::Passed,
        Ok(_) => PackageFailure::IntegrityMismatch.into(),
    }
}
