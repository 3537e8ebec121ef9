//! Real bundles of every kind: each verifies under its own root, for its own signer and artifact, and for nothing else.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::{
    ArtifactInput, ArtifactSigner, Bundle, IdentityPolicy, InstanceName, PublicKey, RequiredEvidence, Roots,
    TrustedRoot, VerificationError, VerifiedArtifact, verify_artifact,
};
use mcp_pin_model::{
    Digest,
    artifact::ArtifactDigest,
    json::{self, Value},
};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/\
                      extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const SIGSTORE_JS: &str = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main";
const PYPI_ATTESTATIONS: &str =
    "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v*";
const WEATHER: &str = "https://github.com/acme/weather-mcp/.github/workflows/release.yml@refs/tags/*";
const MOCK: &str = "mock_and_ours/mock_trusted_root.json";
const ORGANISATION: &str = "mock_and_ours/org_trusted_root.json";

/// Who signed.
#[derive(Clone, Copy)]
enum Signer {
    /// Issuer and subject.
    Identity(&'static str, &'static str),
    /// A key's file.
    Key(&'static str),
    /// A key's file, and no log has it.
    KeyAlone(&'static str),
    /// A certificate without an issuer: no policy matches it, and the bundle is good for nobody.
    NoIssuer,
    /// A key of an algorithm that is no key for this content.
    NotPortable(&'static str),
    /// A log entry with a key that Sigstore's crates do not read.
    UnreadableEntry(&'static str),
}

use Signer::{Identity, Key, KeyAlone, NoIssuer, NotPortable, UnreadableEntry};

/// The bundle, its root (an instance or a file), who signed it, and the artifact's file where it is there.
type Row = (&'static str, &'static str, Signer, Option<&'static str>);

/// Every bundle of the folder, with what it is worth.
const ROWS: &[Row] = &[
    (
        "conformance_samples/happy-path-intoto-in-dsse-v3/bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "conformance_samples/happy-path-v0.1/bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "conformance_samples/happy-path-v0.2/bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "conformance_samples/happy-path-v0.3-new-mediaType/bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "conformance_samples/happy-path-v0.3/bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "conformance_samples/rekor2-dsse-happy-path/bundle.sigstore.json",
        "staging",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "conformance_samples/rekor2-happy-path/bundle.sigstore.json",
        "staging",
        Identity(GITHUB, BEACON),
        Some("conformance_samples/a.txt"),
    ),
    (
        "cosign/cosign-v3-blob.sigstore.json",
        "public-good",
        Identity("https://github.com/login/oauth", "w.vollprecht@gmail.com"),
        Some("cosign/cosign-v3-blob.txt"),
    ),
    (
        "cosign/managed-key-happy-path/bundle.sigstore.json",
        "public-good",
        Key("cosign/managed-key-happy-path/key.pub"),
        Some("conformance_samples/a.txt"),
    ),
    (
        "github/bundle_v3_github.whl.sigstore",
        "public-good",
        Identity(GITHUB, "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v0.1.2"),
        Some("pypi/rfc8785-0.1.2-py3-none-any.whl"),
    ),
    (
        "github/conda-attestation.sigstore.json",
        "public-good",
        Identity(GITHUB, "https://github.com/prefix-dev/sigstore-example/.github/workflows/*@refs/heads/main"),
        Some("github/signed-package-2.1.0-hb0f4dca_0.conda"),
    ),
    ("github/github-private-attestation.sigstore.json", "github", NoIssuer, None),
    ("github/github_timestamps/github_sha384_bundle.json", "github", NoIssuer, None),
    (
        "github/github_timestamps/valid_bundle.json",
        "github/github_timestamps/valid_trusted_root.json",
        Identity(GITHUB, BEACON),
        None,
    ),
    ("mock_and_ours/dsse-ed25519.sigstore.json", ORGANISATION, KeyAlone("mock_and_ours/ed25519.pub.pem"), None),
    ("mock_and_ours/dsse-p256.sigstore.json", ORGANISATION, KeyAlone("mock_and_ours/p256.pub.pem"), None),
    (
        "mock_and_ours/ed25519.sigstore.json",
        ORGANISATION,
        NotPortable("mock_and_ours/ed25519.pub.pem"),
        Some("mock_and_ours/artifact.txt"),
    ),
    ("mock_and_ours/keyless-blob-v1.sigstore.json", MOCK, Identity(GITHUB, WEATHER), None),
    ("mock_and_ours/keyless-blob-v2.sigstore.json", MOCK, Identity(GITHUB, WEATHER), None),
    (
        "mock_and_ours/keyless-blob.sigstore.json",
        MOCK,
        Identity(GITHUB, WEATHER),
        Some("mock_and_ours/keyless-blob.txt"),
    ),
    ("mock_and_ours/keyless-dsse-v1.sigstore.json", MOCK, Identity(GITHUB, WEATHER), None),
    ("mock_and_ours/keyless-dsse-v2.sigstore.json", MOCK, Identity(GITHUB, WEATHER), None),
    ("mock_and_ours/keyless-dsse.sigstore.json", MOCK, Identity(GITHUB, WEATHER), None),
    (
        "mock_and_ours/org-blob-p256.sigstore.json",
        ORGANISATION,
        Key("mock_and_ours/org.pub.pem"),
        Some("mock_and_ours/artifact.txt"),
    ),
    (
        "mock_and_ours/org-dsse-ed25519.sigstore.json",
        ORGANISATION,
        UnreadableEntry("mock_and_ours/org-ed.pub.pem"),
        None,
    ),
    ("mock_and_ours/org-dsse-p256.sigstore.json", ORGANISATION, Key("mock_and_ours/org.pub.pem"), None),
    (
        "mock_and_ours/p256.sigstore.json",
        ORGANISATION,
        KeyAlone("mock_and_ours/p256.pub.pem"),
        Some("mock_and_ours/artifact.txt"),
    ),
    ("npm/sigstore-1.3.0.provenance.sigstore.json", "public-good", Identity(GITHUB, SIGSTORE_JS), None),
    ("npm/sigstore-1.3.0.publish.sigstore.json", "public-good", Key("npm/npm-registry-key-jl3b.pub"), None),
    ("npm/sigstore.js@2.0.0-provenance.sigstore.json", "public-good", Identity(GITHUB, SIGSTORE_JS), None),
    (
        "pypi/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation.as-bundle.sigstore.json",
        "public-good",
        Identity(
            "https://gitlab.com",
            "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
        ),
        Some("pypi/gitlab_oidc_project-0.0.3.tar.gz"),
    ),
    (
        "pypi/pypi_attestations-0.0.19.tar.gz.provenance.0.0.as-bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, PYPI_ATTESTATIONS),
        Some("pypi/pypi_attestations-0.0.19.tar.gz"),
    ),
    (
        "pypi/pypi_attestations-0.0.19.tar.gz.publish.attestation.as-bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, PYPI_ATTESTATIONS),
        Some("pypi/pypi_attestations-0.0.19.tar.gz"),
    ),
    (
        "pypi/pypi_attestations-0.0.19.tar.gz.slsa.attestation.as-bundle.sigstore.json",
        "public-good",
        Identity(GITHUB, PYPI_ATTESTATIONS),
        Some("pypi/pypi_attestations-0.0.19.tar.gz"),
    ),
    (
        "pypi/rfc8785-0.1.2-py3-none-any.whl.attestation.as-bundle.sigstore.json",
        "staging",
        Identity("https://github.com/login/oauth", "william@yossarian.net"),
        Some("pypi/rfc8785-0.1.2-py3-none-any.whl"),
    ),
    (
        "pypi/rfc8785-0.1.2-py3-none-any.whl.publish.attestation.as-bundle.sigstore.json",
        "staging",
        Identity("https://github.com/login/oauth", "william@yossarian.net"),
        Some("pypi/rfc8785-0.1.2-py3-none-any.whl"),
    ),
    (
        "pypi/rfc8785-0.1.2-py3-none-any.whl.sigstore",
        "staging",
        Identity("https://github.com/login/oauth", "william@yossarian.net"),
        Some("pypi/rfc8785-0.1.2-py3-none-any.whl"),
    ),
    (
        "pypi/spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl.publish.attestation.as-bundle.sigstore.json",
        "staging",
        Identity("https://github.com/login/oauth", "william@yossarian.net"),
        None,
    ),
];

/// Checks every bundle of `sigstore/bundles`.
///
/// # Errors
/// Those whose verdict is wrong, and bundles without a row.
pub(crate) fn check(data: &Path) -> Result<String, String> {
    let folder = data.join("sigstore/bundles");
    let mut wrong = Vec::new();
    for path in files(&folder)? {
        if !ROWS.iter().any(|(file, ..)| *file == path) {
            wrong.push(format!("{path}: no row says what it is worth"));
        }
    }
    let mut refused = 0;
    for row in ROWS {
        match check_row(&folder, row) {
            Ok(count) => refused += count,
            Err(problem) => wrong.push(format!("{}: {problem}", row.0)),
        }
    }
    if wrong.is_empty() {
        Ok(format!("{} bundles with their verdict, {refused} other roots, signers and artifacts refused", ROWS.len()))
    } else {
        Err(wrong.join("\n  "))
    }
}

/// One bundle; gives back how many wrong roots, signers and artifacts were refused.
fn check_row(folder: &Path, (file, root, signer, artifact): &Row) -> Result<usize, String> {
    let bytes = read(folder, file)?;
    let bundle = Bundle::from_bytes(bytes.clone()).map_err(|error| error.to_string())?;
    let right_root = root_of(folder, root)?;
    let artifact_bytes = artifact.map(|file| read(folder, file)).transpose()?;
    let digest = match &artifact_bytes {
        Some(_) => None,
        None => Some(digest_in(&bytes, &bundle)?),
    };
    let input = match (&artifact_bytes, &digest) {
        (Some(bytes), _) => ArtifactInput::Bytes(bytes),
        (None, Some(digest)) => ArtifactInput::Digest(digest),
        (None, None) => return Err("no artifact".to_owned()),
    };
    let other_artifact: ArtifactDigest =
        Digest::of(b"another artifact").to_string().parse().map_err(|error| format!("{error}"))?;
    let other_bytes = b"another artifact".as_slice();
    let other_input = if artifact_bytes.is_some() {
        ArtifactInput::Bytes(other_bytes)
    } else {
        ArtifactInput::Digest(&other_artifact)
    };
    let mut refused = 0;
    match *signer {
        Identity(issuer, subject) => {
            let policy = |issuer: &str, subject: &str| IdentityPolicy::new(issuer, subject).map_err(|e| e.to_string());
            let (right, wrong_subject) = (policy(issuer, subject)?, policy(issuer, "mallory@evil.example")?);
            let wrong_issuer = policy("https://accounts.evil.example", subject)?;
            let verify = |input, policy, root: &TrustedRoot| {
                verify_artifact(&bundle, input, ArtifactSigner::Identity(policy), root)
            };
            verify(input, &right, &right_root).map_err(|error| error.to_string())?;
            for (what, policy) in [("another subject", &wrong_subject), ("another issuer", &wrong_issuer)] {
                match verify(input, policy, &right_root) {
                    Err(VerificationError::Identity(_)) => refused += 1,
                    other => return Err(format!("{what}: {other:?}")),
                }
            }
            refused += must_refuse("another artifact", verify(other_input, &right, &right_root))?;
            for other in other_roots(folder, root)? {
                refused += must_refuse(&format!("the root {}", other.instance()), verify(input, &right, &other))?;
            }
        }
        Key(file) | KeyAlone(file) => {
            let right = key(folder, file)?;
            let wrong = key(folder, "cosign/managed-key-happy-path/key.pub").and_then(|key| {
                if key == right { self::key(folder, "npm/npm-registry-key-jl3b.pub") } else { Ok(key) }
            })?;
            let alone = matches!(signer, KeyAlone(_));
            let verify = |input, key, root: &TrustedRoot| {
                let signer = if alone { ArtifactSigner::KeyWithoutEvidence(key) } else { ArtifactSigner::Key(key) };
                verify_artifact(&bundle, input, signer, root)
            };
            verify(input, &right, &right_root).map_err(|error| error.to_string())?;
            refused += must_refuse("another key", verify(input, &wrong, &right_root))?;
            refused += must_refuse("another artifact", verify(other_input, &right, &right_root))?;
            if alone {
                // Where evidence is asked for, its absence is a failure of its own kind.
                let result = verify_artifact(&bundle, input, ArtifactSigner::Key(&right), &right_root);
                match result {
                    Err(VerificationError::Timestamp(_) | VerificationError::Log(_)) => refused += 1,
                    other => return Err(format!("without evidence: {other:?}")),
                }
            } else {
                for other in other_roots(folder, root)? {
                    refused += must_refuse(&format!("the root {}", other.instance()), verify(input, &right, &other))?;
                }
            }
        }
        NoIssuer => {
            let policy =
                IdentityPolicy::new(GITHUB, "https://dotcom.releases.github.com").map_err(|e| e.to_string())?;
            match verify_artifact(&bundle, input, ArtifactSigner::Identity(&policy), &right_root) {
                Err(VerificationError::Identity(mismatch))
                    if mismatch.member == "issuer" && mismatch.found.is_none() =>
                {
                    refused += 1;
                }
                other => return Err(format!("{other:?}")),
            }
        }
        NotPortable(file) => {
            let key = key(folder, file)?;
            match verify_artifact(&bundle, input, ArtifactSigner::KeyWithoutEvidence(&key), &right_root) {
                Err(VerificationError::NotPortable) => refused += 1,
                other => return Err(format!("{other:?}")),
            }
        }
        UnreadableEntry(file) => {
            let key = key(folder, file)?;
            refused += must_refuse(
                "an entry of another kind",
                verify_artifact(&bundle, input, ArtifactSigner::Key(&key), &right_root),
            )?;
        }
    }
    Ok(refused)
}

/// One more that was refused.
#[expect(clippy::needless_pass_by_value, reason = "takes what the verifier gives")]
fn must_refuse(what: &str, result: Result<VerifiedArtifact, VerificationError>) -> Result<usize, String> {
    match result {
        Ok(_) => Err(format!("{what} verified")),
        Err(_) => Ok(1),
    }
}

fn root_of(folder: &Path, root: &str) -> Result<TrustedRoot, String> {
    let embedded = root.parse::<InstanceName>().ok().filter(|name| !matches!(name, InstanceName::Private(_)));
    match embedded.as_ref().and_then(TrustedRoot::embedded) {
        Some(root) => root.map_err(|error| error.to_string()),
        None => {
            let name = InstanceName::Private("file".to_owned());
            TrustedRoot::from_json(name, &read(folder, root)?, RequiredEvidence::Log).map_err(|error| error.to_string())
        }
    }
}

/// The roots of other instances. The folder's `valid_trusted_root.json` is that of staging.
fn other_roots(folder: &Path, own: &str) -> Result<Vec<TrustedRoot>, String> {
    let own = if own.ends_with("valid_trusted_root.json") { "staging" } else { own };
    let mut roots: Vec<TrustedRoot> = Roots::embedded()
        .map_err(|error| error.to_string())?
        .iter()
        .filter(|root| root.instance().as_str() != own)
        .cloned()
        .collect();
    for file in [MOCK, ORGANISATION] {
        if file != own {
            roots.push(root_of(folder, file)?);
        }
    }
    Ok(roots)
}

/// A digest that the bundle itself says it is about.
fn digest_in(bytes: &[u8], bundle: &Bundle) -> Result<ArtifactDigest, String> {
    let text = match bundle.statement_unverified() {
        Ok(statement) => statement.subjects().iter().find_map(|subject| {
            ["sha256", "sha512"]
                .iter()
                .find_map(|algorithm| Some(format!("{algorithm}:{}", subject.digest.get(*algorithm)?)))
        }),
        Err(_) => {
            let value = json::parse(bytes).map_err(|error| error.to_string())?;
            let digest = ["messageSignature", "messageDigest", "digest"]
                .iter()
                .try_fold(&value, |value, name| value.get(name))
                .and_then(Value::as_str);
            digest.map(|base64| format!("sha256-{base64}"))
        }
    };
    text.ok_or("the bundle names no digest")?.parse().map_err(|error| format!("{error}"))
}

fn key(folder: &Path, file: &str) -> Result<PublicKey, String> {
    let text = String::from_utf8(read(folder, file)?).map_err(|error| error.to_string())?;
    // npm's key stands on one long line, as some programs write PEM and RFC 7468 does not.
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(base64.trim()).map_err(|error| format!("{file}: {error}"))?;
    PublicKey::from_spki_der(&der).map_err(|error| format!("{file}: {error}"))
}

fn read(folder: &Path, file: &str) -> Result<Vec<u8>, String> {
    fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"))
}

/// The bundles of the folder, by their paths in it.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let shown = path.strip_prefix(root).map_err(|error| error.to_string())?.to_string_lossy().into_owned();
            if shown.ends_with(".sigstore.json") || shown.ends_with(".sigstore") || shown.ends_with("_bundle.json") {
                found.push(shown);
            }
        }
    }
    Ok(found)
}
