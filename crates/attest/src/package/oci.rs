//! Container images, by the digest of their manifest.

use mcp_pin_model::{
    Digest,
    artifact::ArtifactDigest,
    json::{self, Value},
};

use super::{
    CheckKind, Expected, Fetched, Outcome, PackageEvidence, PackageFailure,
    documents::{self, DocumentError},
    ownership, slsa,
    workload::{self, Company, Predicates, RELEASE_PREDICATE_PREFIX, Subject},
};
use crate::{Bundle, Roots};

/// What was fetched of an image.
#[derive(Clone, Copy, Debug)]
pub struct Oci<'a> {
    /// The digest that the reference demands.
    pub digest: &'a ArtifactDigest,
    /// The manifest, or the index of one image for several platforms.
    pub manifest: &'a [u8],
    /// The manifest of one platform, where the first one is an index.
    pub platform: Option<&'a [u8]>,
    /// The configuration that the manifest of the platform names.
    pub config: Fetched<&'a [u8]>,
    /// The bundles that refer to the image, each as it was fetched.
    pub referrers: Fetched<&'a [Vec<u8>]>,
    /// GitHub's document of attestations of this digest, where the repository is there.
    pub attestations: Fetched<&'a [u8]>,
}

/// Judges an image.
#[must_use]
pub fn judge_oci(input: &Oci<'_>, expected: &Expected<'_>, roots: &Roots) -> PackageEvidence {
    let mut evidence = PackageEvidence::default();
    let chain = chain(input);
    let labels = if chain.is_ok() { input.config } else { Fetched::NotReached };
    evidence.push(CheckKind::Integrity, chain.err().unwrap_or(Outcome::Passed));
    // Builders name an image by its repository, and signers by a digest alone leave the name out.
    let names = [expected.name.to_owned(), String::new()];
    let subject = Subject { digest: input.digest, names: &names, company: Company::Others };
    let predicates = Predicates {
        build: &[slsa::PROVENANCE_V1, slsa::PROVENANCE_V0_2],
        publication: Some(RELEASE_PREDICATE_PREFIX),
    };
    workload::judge(&mut evidence, bundles(input), &predicates, &subject, expected, roots);
    if let Some(server) = expected.server {
        evidence.push(CheckKind::Ownership, ownership::of_image(labels, server));
    }
    evidence
}

/// The manifest has the digest, and what is read behind it is what it names.
fn chain(input: &Oci<'_>) -> Result<(), Outcome> {
    let ours = Digest::of(input.manifest);
    if format!("sha256:{}", input.digest.to_hex()) != ours.to_string() {
        return Err(PackageFailure::IntegrityMismatch.into());
    }
    let parse = |bytes: &[u8]| {
        json::parse(bytes).map_err(|error| {
            Outcome::from(PackageFailure::Document { what: "the image's manifest", problem: error.into() })
        })
    };
    let mut manifest = parse(input.manifest)?;
    if let Some(platform) = input.platform {
        let wanted = Digest::of(platform).to_string();
        let listed = manifest.get("manifests").and_then(Value::as_array).unwrap_or_default();
        if !listed.iter().any(|item| item.get("digest").and_then(Value::as_str) == Some(&wanted)) {
            return Err(PackageFailure::IntegrityMismatch.into());
        }
        manifest = parse(platform)?;
    }
    if let Fetched::Found(config) = input.config {
        let named = manifest.get("config").and_then(|config| config.get("digest")).and_then(Value::as_str);
        if named != Some(Digest::of(config).to_string().as_str()) {
            return Err(PackageFailure::IntegrityMismatch.into());
        }
    }
    Ok(())
}

/// Those of the registry and those of GitHub, together: either place may be the only one.
fn bundles(input: &Oci<'_>) -> Fetched<Result<Vec<Bundle>, DocumentError>> {
    let referrers = match input.referrers {
        Fetched::Found(documents) if documents.len() > documents::MAX_ATTESTATIONS => {
            return Fetched::Found(Err(DocumentError::TooMany));
        }
        Fetched::Found(documents) => Fetched::Found(
            documents
                .iter()
                .map(|bytes| Bundle::from_bytes(bytes.clone()).map_err(DocumentError::from))
                .collect::<Result<Vec<_>, _>>(),
        ),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    let attestations = match input.attestations {
        Fetched::Found(bytes) => Fetched::Found(documents::bundles(bytes)),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    match (referrers, attestations) {
        (Fetched::Found(Ok(mut all)), Fetched::Found(Ok(more))) => {
            all.extend(more);
            Fetched::Found(Ok(all))
        }
        (Fetched::Found(Err(error)), _) | (_, Fetched::Found(Err(error))) => Fetched::Found(Err(error)),
        (Fetched::Found(Ok(all)), _) if !all.is_empty() => Fetched::Found(Ok(all)),
        (_, Fetched::Found(Ok(all))) if !all.is_empty() => Fetched::Found(Ok(all)),
        // "None here" says nothing while the other place was not asked.
        (Fetched::NotReached, _) | (_, Fetched::NotReached) => Fetched::NotReached,
        (Fetched::Absent, Fetched::Absent) => Fetched::Absent,
        (found, Fetched::Absent) | (Fetched::Absent, found) => found,
    }
}
