//! Files of the Python package index (PEP 691, PEP 740). A version has several files; each is judged alone.

use mcp_pin_model::artifact::ArtifactDigest;

use super::{
    Absence, CheckKind, Expected, Fetched, Hashed, Outcome, PackageEvidence, PackageFailure, Unsupported, documents,
    ownership, slsa,
    workload::{self, Company, Predicates, Subject},
};
use crate::Roots;

/// What a trusted publisher attests when it uploads.
const PUBLISH_PREDICATE: &str = "https://docs.pypi.org/attestations/publish/v1";

/// What was fetched of a file.
#[derive(Clone, Copy, Debug)]
pub struct Pypi<'a> {
    /// The file's name.
    pub file_name: &'a str,
    /// The digest that the index publishes (`hashes.sha256`).
    pub published: Option<&'a str>,
    /// The file's provenance object.
    pub provenance: Fetched<&'a [u8]>,
    /// The digests of the file.
    pub hashed: &'a Hashed,
    /// The metadata in the file (`METADATA`, `PKG-INFO`), which ends in the description.
    pub metadata: Fetched<&'a [u8]>,
}

/// Judges a file.
#[must_use]
pub fn judge_pypi(input: &Pypi<'_>, expected: &Expected<'_>, roots: &Roots) -> PackageEvidence {
    let mut evidence = PackageEvidence::default();
    evidence.push(CheckKind::Integrity, integrity(input, expected));
    let bundles = match input.provenance {
        Fetched::Found(bytes) => Fetched::Found(documents::pep740(bytes)),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    let name = input.file_name.to_owned();
    let subject = Subject { digest: &input.hashed.sha256, names: std::slice::from_ref(&name), company: Company::Alone };
    // The publication is signed by the workflow that uploads, so that it says where the file comes from as well.
    let predicates = Predicates { build: &[PUBLISH_PREDICATE, slsa::PROVENANCE_V1], publication: None };
    workload::judge(&mut evidence, bundles, &predicates, &subject, expected, roots);
    if let Some(server) = expected.server {
        evidence.push(CheckKind::Ownership, ownership::of_description(input.metadata, server));
    }
    evidence
}

fn integrity(input: &Pypi<'_>, expected: &Expected<'_>) -> Outcome {
    if !is_file_of(input.file_name, expected) {
        return PackageFailure::OtherPackage.into();
    }
    let Some(published) = input.published else { return Outcome::Absent(Absence::Digest) };
    match format!("sha256:{published}").parse::<ArtifactDigest>() {
        Err(_) => Outcome::Unsupported(Unsupported::Hash),
        Ok(digest) if digest.as_bytes() == input.hashed.sha256.as_bytes() => Outcome::Passed,
        Ok(_) => PackageFailure::IntegrityMismatch.into(),
    }
}

/// Whether a file's name is that of the project and version: `<name>-<version>-…` or `<name>-<version>.tar.gz`.
fn is_file_of(file_name: &str, expected: &Expected<'_>) -> bool {
    let normal = |text: &str| {
        let parts: Vec<String> =
            text.split(['-', '_', '.']).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
        parts.join("-")
    };
    let stem = [".tar.gz", ".zip", ".whl"].iter().find_map(|end| file_name.strip_suffix(end));
    let Some(stem) = stem else { return false };
    // In the names of source archives of old, the project's name holds hyphens as well.
    let normal_stem = normal(stem);
    let Some(rest) = normal_stem.strip_prefix(&normal(expected.name)).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    // A local version's `+` is an underscore in wheels.
    let version = normal(&expected.version.replace('+', "-"));
    rest.strip_prefix(&version).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
