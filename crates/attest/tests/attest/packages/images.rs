//! Images and MCP bundles.

use mcp_pin_attest::{
    InstanceName, RequiredEvidence,
    package::{CheckKind, Expected, Fetched, Mcpb, Oci, PackageEvidence, judge_mcpb, judge_oci},
};
use mcp_pin_model::{Digest, artifact::ArtifactDigest};
use mcp_pin_test_support::sigstore::{TestClaims, TestSigstore, TestSubject};
use serde_json::{Value, json};

use super::{REPOSITORY, SLSA, as_json, at, claims, hashed, reason, roots, roots_of, sign, slsa, statement, words};

const IMAGE: &str = "images.example/acme/weather";

/// An index, a manifest of one platform, its configuration.
struct Image {
    index: String,
    platform: String,
    config: String,
    digest: ArtifactDigest,
}

impl Image {
    fn new(label: &str) -> Self {
        let config = json!({"config": {"Labels": {"io.modelcontextprotocol.server.name": label}}}).to_string();
        let platform = json!({"config": {"digest": Digest::of(config.as_bytes()).to_string()}}).to_string();
        let index = json!({"manifests": [{"digest": Digest::of(platform.as_bytes()).to_string()}]}).to_string();
        let digest = Digest::of(index.as_bytes()).to_string().parse().unwrap();
        Self { index, platform, config, digest }
    }

    fn bundle(&self, name: &str) -> Vec<u8> {
        let subjects = json!([{"name": name, "digest": {"sha256": self.digest.to_hex()}}]);
        sign(&statement(SLSA, &subjects, &slsa()), &claims()).to_string().into_bytes()
    }

    fn judge(&self, referrers: &[Vec<u8>]) -> PackageEvidence {
        let server = "io.github.acme/weather".parse().unwrap();
        let expected = Expected {
            name: IMAGE,
            version: self.digest.as_str(),
            repository: Some(REPOSITORY),
            server: Some(&server),
            builder: None,
        };
        let input = Oci {
            digest: &self.digest,
            manifest: self.index.as_bytes(),
            platform: Some(self.platform.as_bytes()),
            config: Fetched::Found(self.config.as_bytes()),
            referrers: Fetched::Found(referrers),
            attestations: Fetched::Absent,
        };
        judge_oci(&input, &expected, &roots())
    }
}

const ALL_GOOD: &str = "integrity passed, publication absent, provenance passed, repository passed, ownership passed";

#[test]
fn an_image_with_its_attestation_and_label_passes() {
    let image = Image::new("io.github.acme/weather");
    assert_eq!(words(&image.judge(&[image.bundle(IMAGE)])), ALL_GOOD);
    assert_eq!(words(&image.judge(&[image.bundle("")])), ALL_GOOD);
}

#[test]
fn t27_what_the_digest_does_not_reach_is_not_believed() {
    let good = Image::new("io.github.acme/weather");
    let evil = Image::new("io.github.evil/weather");
    let mixed = [
        Image { index: evil.index.clone(), ..Image::new("io.github.acme/weather") },
        Image { platform: evil.platform, ..Image::new("io.github.acme/weather") },
        Image { config: good.config.clone(), ..Image::new("io.github.evil/weather") },
    ];
    for image in mixed {
        let evidence = image.judge(&[good.bundle(IMAGE)]);
        assert_eq!(evidence.outcome(CheckKind::Integrity).unwrap().word(), "failed");
        assert_eq!(evidence.outcome(CheckKind::Ownership).unwrap().word(), "unsupported");
    }
}

#[test]
fn t26_an_attestation_of_another_image_fails() {
    let image = Image::new("io.github.acme/weather");
    let word = |bundle: Vec<u8>| image.judge(&[bundle]).outcome(CheckKind::Provenance).unwrap().word();
    assert_eq!(word(image.bundle("images.example/evil/weather")), "failed");
    assert_eq!(word(Image::new("x").bundle(IMAGE)), "failed");
    assert_eq!(image.judge(&[]).outcome(CheckKind::Provenance).unwrap().word(), "absent");
    assert_eq!(image.judge(&[b"{}".to_vec()]).outcome(CheckKind::Provenance).unwrap().word(), "failed");
}

const FILE: &[u8] = b"the bundle";

fn mcpb(file_sha256: Option<&str>, attestations: Fetched<&[u8]>, roots: &mcp_pin_attest::Roots) -> PackageEvidence {
    let expected =
        Expected { name: "weather.mcpb", version: "1.4.2", repository: Some(REPOSITORY), server: None, builder: None };
    let input = Mcpb { file_sha256, file_name: "weather.mcpb", hashed: &hashed(FILE), attestations };
    judge_mcpb(&input, &expected, roots)
}

fn document(bundle: &Value) -> Vec<u8> {
    json!({"attestations": [{"bundle": bundle, "repository_id": 1}]}).to_string().into_bytes()
}

fn subjects() -> Value {
    json!([
        {"name": "other.mcpb", "digest": {"sha256": hashed(b"other").sha256.to_hex()}},
        {"name": "weather.mcpb", "digest": {"sha256": hashed(FILE).sha256.to_hex()}},
    ])
}

#[test]
fn a_bundle_has_the_digest_that_server_json_demands() {
    let good = hashed(FILE).sha256.to_hex();
    let attested = document(&sign(&statement(SLSA, &subjects(), &slsa()), &claims()));
    let evidence = mcpb(Some(&good), Fetched::Found(&attested), &roots());
    assert_eq!(words(&evidence), "integrity passed, publication absent, provenance passed, repository passed");
    let other = hashed(b"x").sha256.to_hex();
    let word =
        |sha256: Option<&str>| mcpb(sha256, Fetched::Absent, &roots()).outcome(CheckKind::Integrity).unwrap().word();
    assert_eq!(word(Some(&other)), "failed");
    assert_eq!(word(Some("ABCD")), "unsupported");
    assert_eq!(word(None), "absent");
    let not_reached = mcpb(Some(&good), Fetched::NotReached, &roots());
    assert_eq!(not_reached.outcome(CheckKind::Provenance).unwrap().word(), "unsupported");
}

#[test]
fn a_release_attestation_counts_from_github_alone() {
    let predicate = json!({
        "purl": "pkg:github/acme/weather@v1.4.2", "repository": "acme/weather", "tag": "v1.4.2",
        "repositoryId": "1", "ownerId": "2",
    });
    let payload = statement("https://in-toto.io/attestation/release/v0.2", &subjects(), &predicate);
    // A workflow of anybody's says the same thing, under the public instance and under GitHub's.
    let forged = document(&sign(&payload, &claims()));
    let evidence = mcpb(None, Fetched::Found(&forged), &roots());
    assert_eq!(evidence.outcome(CheckKind::Publication).unwrap().word(), "failed");
    let github = TestSigstore::new("github");
    let bundle = github.signer(&claims(), at()).without_log_entry().with_timestamp(at()).sign_statement(&payload);
    let github_roots = roots_of(&github, InstanceName::GitHub, RequiredEvidence::Timestamp);
    let evidence = mcpb(None, Fetched::Found(&document(&as_json(&bundle))), &github_roots);
    assert_eq!(evidence.outcome(CheckKind::Publication).unwrap().word(), "failed", "{}", words(&evidence));
    assert!(reason(&evidence, CheckKind::Publication).contains("predicateType"));
    // Whoever has the subject and an issuer beside it is a workload that calls itself so.
    let impostor =
        TestClaims::bare(TestClaims::GITHUB_ISSUER, TestSubject::Uri("https://dotcom.releases.github.com".to_owned()));
    let bundle = github.signer(&impostor, at()).without_log_entry().with_timestamp(at()).sign_statement(&payload);
    let evidence = mcpb(None, Fetched::Found(&document(&as_json(&bundle))), &github_roots);
    assert!(evidence.provenance.is_none());
}
