//! What a manifest says about where its packages were built, held against the evidence that came with it.

use mcp_pin_attest::{InstanceName, RequiredEvidence, TrustedRoot};
use mcp_pin_model::{Artifact, Digest, Manifest, Provenance};
use mcp_pin_test_support::{
    keys::{manifest, now, tool},
    sigstore::{TestClaims, TestSigstore},
};
use serde_json::json;

use super::harness::{SERVER, TestRegistry};
use crate::service::{ApproverScope, NewSubmission, Rings, ServiceError, Settings, Submitted, default_roots};

const INSTANCE: &str = "acme";
const PACKAGE: &[u8] = b"the package";

fn claims() -> TestClaims {
    TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.0.0")
}

/// SLSA provenance of a package: its payload.
fn payload(package: &[u8]) -> Vec<u8> {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "pkg:npm/%40acme/weather@1.0.0", "digest": {"sha256": Digest::of(package).to_hex()}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {"externalParameters": {"workflow": {
                "ref": "refs/tags/v1.0.0",
                "repository": "https://github.com/acme/weather",
                "path": ".github/workflows/release.yml",
            }}},
            "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
        },
    })
    .to_string()
    .into_bytes()
}

/// The manifest of a server whose package was built so.
fn built(owner: &str) -> Manifest {
    let claims = claims();
    let workflow = "https://github.com/acme/weather/.github/workflows/release.yml";
    let provenance = Provenance {
        instance: INSTANCE.to_owned(),
        issuer: Some(TestClaims::GITHUB_ISSUER.to_owned()),
        subject: format!("{workflow}@refs/tags/v1.0.0"),
        builder: workflow.to_owned(),
        repository: Some(format!("https://github.com/{owner}/weather")),
        repository_id: claims.repository_id,
        owner_id: claims.owner_id,
        reference: Some("refs/tags/v1.0.0".to_owned()),
        commit: claims.repository_digest,
        predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
        attestation: Digest::of(&payload(PACKAGE)),
    };
    let digest = Digest::of(PACKAGE).to_string().parse().unwrap();
    let purl = "pkg:npm/%40acme/weather@1.0.0".to_owned();
    let mut manifest = manifest(SERVER, "1.0.0", [tool("forecast", "Gives the forecast.")], None);
    manifest.artifacts = vec![Artifact { purl, digest: Some(digest), provenance: Some(provenance) }];
    manifest
}

/// A registry that knows a Sigstore instance, and what it makes of a submission.
async fn submitted(manifest: &Manifest, evidence: Vec<Vec<u8>>) -> Result<Submitted, ServiceError> {
    let json = TestSigstore::new("acme").trusted_root_json();
    let name: InstanceName = INSTANCE.parse().unwrap();
    let mut roots = default_roots();
    roots.insert(TrustedRoot::from_json(name, json.as_bytes(), RequiredEvidence::Log).unwrap());
    let mut registry = TestRegistry::with(Settings { roots, rings: Rings::only_stable(), ..Settings::default() }).await;
    registry.publisher("acme", "io.example").await;
    registry.approver("alice", ApproverScope::All).await;
    let bundle = registry.person("acme").sign(manifest).as_bytes().to_vec();
    Box::pin(registry.service.submit(registry.caller("acme"), NewSubmission { manifest: bundle, evidence })).await
}

fn signed_by(sigstore: &TestSigstore, package: &[u8]) -> Vec<u8> {
    sigstore.sign_statement(&payload(package), &claims(), now())
}

#[tokio::test]
async fn what_the_evidence_proves_is_taken() {
    let evidence = vec![signed_by(&TestSigstore::new("acme"), PACKAGE)];
    assert!(submitted(&built("acme"), evidence).await.unwrap().created);
}

#[tokio::test]
async fn t84_provenance_that_is_not_proven_is_refused() {
    let acme = TestSigstore::new("acme");
    let good = signed_by(&acme, PACKAGE);
    for (what, manifest, evidence) in [
        ("nothing was sent", built("acme"), Vec::new()),
        ("another package", built("acme"), vec![signed_by(&acme, b"another")]),
        ("another instance", built("acme"), vec![signed_by(&TestSigstore::new("evil"), PACKAGE)]),
        ("another repository than the certificate's", built("acme-official"), vec![good.clone()]),
    ] {
        let error = submitted(&manifest, evidence).await.expect_err(what);
        assert!(matches!(error, ServiceError::Provenance { .. }), "{what}: {error}");
    }
}
