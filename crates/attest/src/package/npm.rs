//! Packages of npm's registry protocol.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_pin_model::{
    artifact::ArtifactDigest,
    json::{Object, Value},
};

use super::{
    Absence, CheckKind, Expected, Fetched, Hashed, Outcome, PackageEvidence, PackageFailure, Unsupported,
    documents::{self, DocumentError},
    ownership, slsa,
    workload::{self, Company, Predicates, Subject},
};
use crate::{
    ArtifactInput, ArtifactSigner, Bundle, Evidence, InstanceName, PublicKey, Roots, artifact::verify_artifact,
};

/// What the registry attests about a publication.
const PUBLISH_PREDICATE: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";

/// What was fetched of a version.
#[derive(Clone, Copy, Debug)]
pub struct Npm<'a> {
    /// The version's document (`/<name>/<version>`).
    pub version: &'a [u8],
    /// `/-/npm/v1/attestations/<name>@<version>`.
    pub attestations: Fetched<&'a [u8]>,
    /// The registry's keys, `/-/npm/v1/keys`, or a copy that the configuration holds.
    pub keys: Fetched<&'a [u8]>,
    /// The digests of the archive.
    pub hashed: &'a Hashed,
    /// `package.json` out of the archive.
    pub package_json: Fetched<&'a [u8]>,
}

/// Judges a version.
#[must_use]
pub fn judge_npm(input: &Npm<'_>, expected: &Expected<'_>, roots: &Roots) -> PackageEvidence {
    let mut evidence = PackageEvidence::default();
    let document = match documents::object(input.version) {
        Ok(document) => document,
        Err(problem) => {
            let failure = PackageFailure::Document { what: "the version's document", problem };
            evidence.push(CheckKind::Integrity, failure.into());
            return evidence;
        }
    };
    evidence.push(CheckKind::Integrity, integrity(&document, input.hashed, expected));
    let keys = match input.keys {
        Fetched::Found(bytes) => Fetched::Found(RegistryKeys::parse(bytes)),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    evidence.push(CheckKind::RegistrySignature, registry_signature(&document, &keys, expected));
    let bundles = match input.attestations {
        Fetched::Found(bytes) => Fetched::Found(documents::bundles(bytes)),
        Fetched::Absent => Fetched::Absent,
        Fetched::NotReached => Fetched::NotReached,
    };
    let publication = publication(&bundles, &keys, input.hashed, expected, roots);
    let name = subject_name(expected);
    let subject = Subject { digest: &input.hashed.sha512, names: std::slice::from_ref(&name), company: Company::Alone };
    let predicates = Predicates { build: &[slsa::PROVENANCE_V1, slsa::PROVENANCE_V0_2], publication: None };
    workload::judge(&mut evidence, bundles, &predicates, &subject, expected, roots);
    evidence.push(CheckKind::Publication, publication);
    if let Some(server) = expected.server {
        evidence.push(CheckKind::Ownership, ownership::of_package_json(input.package_json, server));
    }
    evidence
}

/// As npm names subjects: the package URL, with the scope's `@` encoded and nothing else.
fn subject_name(expected: &Expected<'_>) -> String {
    let name = match expected.name.strip_prefix('@') {
        Some(scoped) => format!("%40{scoped}"),
        None => expected.name.to_owned(),
    };
    format!("pkg:npm/{name}@{}", expected.version)
}

fn integrity(document: &Object, hashed: &Hashed, expected: &Expected<'_>) -> Outcome {
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    if text("name") != Some(expected.name) || text("version") != Some(expected.version) {
        return PackageFailure::OtherPackage.into();
    }
    let Some(published) = dist(document, "integrity") else {
        // SHA-1 is the only other digest that registries of this kind publish.
        return if dist(document, "shasum").is_some() {
            Outcome::Unsupported(Unsupported::Hash)
        } else {
            Outcome::Absent(Absence::Digest)
        };
    };
    // Subresource Integrity: of several digests the strongest counts, and any of that kind will do.
    let mut known: Vec<ArtifactDigest> =
        published.split_ascii_whitespace().filter_map(|text| text.parse().ok()).collect();
    known.retain(|digest| hashed.get(digest.algorithm()).is_some());
    let Some(strongest) = known.iter().map(ArtifactDigest::algorithm).max() else {
        return Outcome::Unsupported(Unsupported::Hash);
    };
    let holds = known
        .iter()
        .filter(|digest| digest.algorithm() == strongest)
        .any(|digest| hashed.get(strongest).is_some_and(|ours| ours.as_bytes() == digest.as_bytes()));
    if holds { Outcome::Passed } else { PackageFailure::IntegrityMismatch.into() }
}

fn dist<'d>(document: &'d Object, member: &str) -> Option<&'d str> {
    document.get("dist").and_then(|dist| dist.get(member)).and_then(Value::as_str)
}

/// A key of the registry.
struct RegistryKey {
    id: String,
    key: PublicKey,
    expires: Option<Timestamp>,
}

struct RegistryKeys(Vec<RegistryKey>);

impl RegistryKeys {
    fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let document = documents::object(bytes)?;
        let mut keys = Vec::new();
        for entry in documents::list(&document, "keys")? {
            let der = documents::base64(entry.get("key"), "key")?;
            // A key of a kind that is not P-256 signs nothing that is checked here.
            let Ok(key) = PublicKey::from_spki_der(&der) else { continue };
            // Ids begin with `SHA256:` and are names all the same: npm's are not the digests of the keys that they name.
            let id = entry.get("keyid").and_then(Value::as_str).ok_or(DocumentError::Member("keyid"))?.to_owned();
            // Two keys under one id would make it a matter of order which one counts.
            if keys.iter().any(|known: &RegistryKey| known.id == id) {
                return Err(DocumentError::Member("keyid"));
            }
            let expires = match entry.get("expires") {
                None | Some(Value::Null) => None,
                Some(value) => {
                    Some(value.as_str().and_then(|text| text.parse().ok()).ok_or(DocumentError::Member("expires"))?)
                }
            };
            keys.push(RegistryKey { id, key, expires });
        }
        Ok(Self(keys))
    }

    fn find(&self, id: &str) -> Option<&RegistryKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

type Keys = Fetched<Result<RegistryKeys, DocumentError>>;

fn usable(keys: &Keys) -> Result<&RegistryKeys, Outcome> {
    match keys {
        Fetched::Found(Ok(keys)) => Ok(keys),
        Fetched::Found(Err(_)) | Fetched::Absent => Err(Outcome::Unsupported(Unsupported::RegistryKey)),
        Fetched::NotReached => Err(Outcome::Unsupported(Unsupported::NotReached { what: "the registry's keys" })),
    }
}

/// `dist.signatures`: ECDSA over `name@version:integrity`.
fn registry_signature(document: &Object, keys: &Keys, expected: &Expected<'_>) -> Outcome {
    let signatures = document.get("dist").and_then(|dist| dist.get("signatures")).and_then(Value::as_array);
    let (Some(signatures), Some(integrity)) = (signatures.filter(|list| !list.is_empty()), dist(document, "integrity"))
    else {
        return Outcome::Absent(Absence::RegistrySignature);
    };
    let keys = match usable(keys) {
        Ok(keys) => keys,
        Err(outcome) => return outcome,
    };
    // What was asked for, not what the document calls itself.
    let message = format!("{}@{}:{integrity}", expected.name, expected.version);
    let mut known = false;
    for signature in signatures.iter().take(documents::MAX_ATTESTATIONS) {
        let text = |member: &str| signature.get(member).and_then(Value::as_str).unwrap_or_default();
        let Some(key) = keys.find(text("keyid")) else { continue };
        // When it was signed nobody says, so a key that has ended says nothing.
        if key.expires.is_some() {
            continue;
        }
        known = true;
        if STANDARD.decode(text("sig")).is_ok_and(|bytes| key.key.verify(message.as_bytes(), &bytes)) {
            return Outcome::Passed;
        }
    }
    if known { PackageFailure::RegistrySignature.into() } else { Outcome::Unsupported(Unsupported::RegistryKey) }
}

/// The registry's own attestation, signed with its key and in the public log.
fn publication(
    bundles: &Fetched<Result<Vec<Bundle>, DocumentError>>,
    keys: &Keys,
    hashed: &Hashed,
    expected: &Expected<'_>,
    roots: &Roots,
) -> Outcome {
    let bundles = match bundles {
        Fetched::Found(Ok(bundles)) => bundles,
        // The document is the provenance's to complain about.
        Fetched::Found(Err(_)) => return Outcome::Unsupported(Unsupported::NotReached { what: "its attestations" }),
        Fetched::Absent => return Outcome::Absent(Absence::Attestation),
        Fetched::NotReached => return Outcome::Unsupported(Unsupported::NotReached { what: "its attestations" }),
    };
    let is_publication = |bundle: &&Bundle| {
        bundle.statement_unverified().is_ok_and(|statement| statement.predicate_type() == PUBLISH_PREDICATE)
    };
    let mut publications = bundles.iter().filter(is_publication).peekable();
    if publications.peek().is_none() {
        return Outcome::Absent(if bundles.is_empty() { Absence::Attestation } else { Absence::Kind });
    }
    let keys = match usable(keys) {
        Ok(keys) => keys,
        Err(outcome) => return outcome,
    };
    publications
        .map(|bundle| published(bundle, keys, hashed, expected, roots))
        .find_map(Result::err)
        .unwrap_or(Outcome::Passed)
}

fn published(
    bundle: &Bundle,
    keys: &RegistryKeys,
    hashed: &Hashed,
    expected: &Expected<'_>,
    roots: &Roots,
) -> Result<(), Outcome> {
    let unknown = || Outcome::Unsupported(Unsupported::RegistryKey);
    let key = bundle.key_hint_unverified().and_then(|hint| keys.find(hint)).ok_or_else(unknown)?;
    let root = roots
        .get(&InstanceName::PublicGood)
        .ok_or(crate::VerificationError::NoRoot { instance: InstanceName::PublicGood })?;
    let verified = verify_artifact(bundle, ArtifactInput::Digest(&hashed.sha512), ArtifactSigner::Key(&key.key), root)?;
    if let (Some(expires), Evidence::KeyInLog { times, .. }) = (key.expires, verified.evidence())
        && !times.iter().any(|time| *time < expires)
    {
        return Err(unknown());
    }
    let statement = verified.statement().ok_or(PackageFailure::NoStatement)?;
    let [subject] = statement.subjects() else {
        return Err(PackageFailure::Subjects { found: statement.subjects().len() }.into());
    };
    let name = subject_name(expected);
    if subject.name != name {
        return Err(PackageFailure::SubjectName { expected: name, found: subject.name.clone() }.into());
    }
    let text = |member: &str| statement.predicate().get(member).and_then(Value::as_str);
    if text("name") != Some(expected.name) || text("version") != Some(expected.version) {
        return Err(PackageFailure::Inconsistent { member: "name" }.into());
    }
    Ok(())
}
