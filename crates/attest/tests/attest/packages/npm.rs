//! npm.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::{
    IdentityPolicy, InstanceName, RequiredEvidence, Roots, Signer as _,
    package::{CheckKind, Expected, Fetched, Npm, PackageEvidence, judge_npm, reverify},
};
use mcp_pin_model::{Artifact, ServerName};
use mcp_pin_test_support::{
    keys,
    sigstore::{TestClaims, TestSigstore, with_member},
};
use serde_json::{Value, json};

use super::{
    REPOSITORY, SLSA, as_json, at, claims, hashed, instance, reason, roots, roots_of, sign, slsa, statement, words,
};

const NAME: &str = "@acme/weather";
const BYTES: &[u8] = b"the archive";

/// Everything about a version, each part to be replaced by an attack.
struct Release {
    version: Value,
    attestations: Option<Value>,
    keys: Option<Value>,
    package_json: Value,
    bytes: &'static [u8],
    roots: Roots,
}

fn subjects() -> Value {
    json!([{"name": "pkg:npm/%40acme/weather@1.4.2", "digest": {"sha512": hashed(BYTES).sha512.to_hex()}}])
}

fn document(bundles: Vec<Value>) -> Value {
    let list: Vec<Value> = bundles.into_iter().map(|bundle| json!({"bundle": bundle})).collect();
    json!({"attestations": list})
}

fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(hashed(bytes).sha512.as_bytes()))
}

fn registry_signature(message: &str) -> Value {
    let signature = keys::key("registry").sign(message.as_bytes()).unwrap();
    json!([{"keyid": "SHA256:registry", "sig": STANDARD.encode(signature)}])
}

impl Release {
    fn good() -> Self {
        let key = STANDARD.encode(keys::key("registry").public_key().spki_der());
        let integrity = integrity(BYTES);
        Self {
            version: json!({
                "name": NAME,
                "version": "1.4.2",
                "dist": {
                    "integrity": integrity,
                    "signatures": registry_signature(&format!("{NAME}@1.4.2:{integrity}")),
                },
            }),
            attestations: Some(document(vec![sign(&statement(SLSA, &subjects(), &slsa()), &claims())])),
            keys: Some(json!({"keys": [{"expires": null, "keyid": "SHA256:registry", "key": key}]})),
            package_json: json!({"name": NAME, "mcpName": "io.github.acme/weather"}),
            bytes: BYTES,
            roots: roots(),
        }
    }

    fn attested(payload: &[u8], claims: &TestClaims) -> Self {
        Self { attestations: Some(document(vec![sign(payload, claims)])), ..Self::good() }
    }

    fn judge_with(&self, change: impl FnOnce(&mut Expected<'_>)) -> PackageEvidence {
        let server: ServerName = "io.github.acme/weather".parse().unwrap();
        let mut expected = Expected {
            name: NAME,
            version: "1.4.2",
            repository: Some("git+https://github.com/Acme/weather.git"),
            server: Some(&server),
            builder: None,
        };
        change(&mut expected);
        let (version, package_json) = (self.version.to_string(), self.package_json.to_string());
        let (attestations, keys) =
            (self.attestations.as_ref().map(Value::to_string), self.keys.as_ref().map(Value::to_string));
        let input = Npm {
            version: version.as_bytes(),
            attestations: attestations.as_ref().map_or(Fetched::Absent, |text| Fetched::Found(text.as_bytes())),
            keys: keys.as_ref().map_or(Fetched::Absent, |text| Fetched::Found(text.as_bytes())),
            hashed: &hashed(self.bytes),
            package_json: Fetched::Found(package_json.as_bytes()),
        };
        judge_npm(&input, &expected, &self.roots)
    }

    fn judge(&self) -> PackageEvidence {
        self.judge_with(|_| {})
    }
}

const ALL_GOOD: &str = "integrity passed, registry-signature passed, publication absent, provenance passed, \
                        repository passed, ownership passed";

#[test]
fn a_release_with_everything_in_order_passes() {
    let evidence = Release::good().judge();
    assert_eq!(words(&evidence), ALL_GOOD);
    let provenance = evidence.provenance.unwrap();
    assert_eq!(provenance.builder, format!("{REPOSITORY}/.github/workflows/release.yml"));
    assert_eq!(provenance.repository.as_deref(), Some(REPOSITORY));
    assert_eq!(provenance.reference.as_deref(), Some("refs/tags/v1.4.2"));
    assert_eq!(provenance.instance, "public-good");
}

#[test]
fn t27_other_bytes_than_are_published_fail() {
    let evidence = Release { bytes: b"other bytes", ..Release::good() }.judge();
    assert_eq!(
        words(&evidence),
        "integrity failed, registry-signature passed, publication absent, provenance failed, repository unsupported, \
         ownership passed"
    );
    assert!(evidence.provenance.is_none());
}

#[test]
fn t26_an_answer_about_another_package_fails() {
    let mut release = Release::good();
    release.version["name"] = json!("@acrne/weather");
    assert!(words(&release.judge()).starts_with("integrity failed"));
    let mut release = Release::good();
    release.version["version"] = json!("1.4.3");
    assert!(words(&release.judge()).starts_with("integrity failed"));
}

#[test]
fn the_registry_signs_name_version_and_digest() {
    let outcome = |change: fn(&mut Release)| {
        let mut release = Release::good();
        change(&mut release);
        release.judge().outcome(CheckKind::RegistrySignature).unwrap().word()
    };
    assert_eq!(outcome(|_| {}), "passed");
    assert_eq!(
        outcome(|release| {
            let message = format!("{NAME}@1.4.1:{}", integrity(BYTES));
            release.version["dist"]["signatures"] = registry_signature(&message);
        }),
        "failed"
    );
    assert_eq!(outcome(|release| release.version["dist"]["signatures"][0]["sig"] = json!("AAAA")), "failed");
    assert_eq!(outcome(|release| release.version["dist"]["signatures"] = json!([])), "absent");
    assert_eq!(outcome(|release| release.version["dist"]["signatures"][0]["keyid"] = json!("other")), "unsupported");
    assert_eq!(
        outcome(|release| release.keys.as_mut().unwrap()["keys"][0]["expires"] = json!("2025-01-29T00:00:00Z")),
        "unsupported"
    );
    assert_eq!(outcome(|release| release.keys = None), "unsupported");
    assert_eq!(outcome(|release| release.version["dist"]["integrity"] = json!("sha1-AAAA")), "failed");
}

#[test]
fn a_digest_by_a_broken_hash_is_no_digest() {
    let outcome = |dist: Value| {
        let mut release = Release::good();
        release.version["dist"] = dist;
        release.judge().outcome(CheckKind::Integrity).unwrap().word()
    };
    assert_eq!(outcome(json!({"shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709"})), "unsupported");
    assert_eq!(outcome(json!({"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="})), "unsupported");
    assert_eq!(outcome(json!({})), "absent");
    // A weak one that fits beside a strong one that does not.
    let weak = format!("sha256-{}", STANDARD.encode(hashed(BYTES).sha256.as_bytes()));
    assert_eq!(outcome(json!({"integrity": weak})), "passed");
    assert_eq!(outcome(json!({"integrity": format!("{weak} {}", integrity(b"other"))})), "failed");
}

#[test]
fn t84_attestations_that_are_not_of_this_build_fail() {
    let signed = |claims: &TestClaims| {
        // The predicate says what a good one says; who signed is another.
        Release::attested(&statement(SLSA, &subjects(), &slsa()), claims).judge()
    };
    let edited = |edit: fn(&mut TestClaims)| {
        let mut claims = claims();
        edit(&mut claims);
        signed(&claims)
    };
    for (what, evidence, part) in [
        ("self-hosted", edited(|c| c.runner_environment = Some("self-hosted".to_owned())), "self-hosted"),
        ("stranger's code", edited(|c| c.build_trigger = Some("pull_request_target".to_owned())), "stranger"),
        ("other issuer", edited(|c| c.issuer = TestClaims::GITLAB_ISSUER.to_owned()), "host of the repository"),
        (
            "other repository",
            signed(&TestClaims::github("evil", "weather", "release.yml", "refs/tags/v1.4.2")),
            "repository",
        ),
        ("other workflow", signed(&TestClaims::github("acme", "weather", "evil.yml", "refs/tags/v1.4.2")), "path"),
        ("other ref", signed(&TestClaims::github("acme", "weather", "release.yml", "refs/heads/evil")), "ref"),
        (
            "other run",
            edited(|c| c.run_invocation_uri = Some("https://github.com/x/y/actions/runs/2".to_owned())),
            "invocationId",
        ),
    ] {
        assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "failed", "{what}");
        assert!(
            reason(&evidence, CheckKind::Provenance).contains(part),
            "{what}: {}",
            reason(&evidence, CheckKind::Provenance)
        );
        assert!(evidence.provenance.is_none(), "{what}");
    }
    for (what, evidence) in [
        ("unknown issuer", edited(|c| c.issuer = "https://issuer.example".to_owned())),
        ("no repository", edited(|c| c.repository_uri = None)),
        ("no runner", edited(|c| c.runner_environment = None)),
        ("a person", signed(&TestClaims::email("anna@acme.example"))),
    ] {
        assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "unsupported", "{what}");
        assert!(evidence.provenance.is_none(), "{what}");
    }
}

#[test]
fn t84_a_fork_that_tells_the_truth_is_another_repository() {
    let mut predicate = slsa();
    predicate["buildDefinition"]["externalParameters"]["workflow"]["repository"] =
        json!("https://github.com/evil/weather");
    predicate["runDetails"]["metadata"]["invocationId"] =
        json!("https://github.com/evil/weather/actions/runs/1/attempts/1");
    let claims = TestClaims::github("evil", "weather", "release.yml", "refs/tags/v1.4.2");
    let evidence = Release::attested(&statement(SLSA, &subjects(), &predicate), &claims).judge();
    assert!(words(&evidence).contains("provenance passed, repository failed"), "{}", words(&evidence));
}

#[test]
fn a_statement_about_something_else_or_about_more_fails() {
    let judge = |subjects: Value| Release::attested(&statement(SLSA, &subjects, &slsa()), &claims()).judge();
    let sha512 = hashed(BYTES).sha512.to_hex();
    let subject = |name: &str, digest: &str| json!({"name": name, "digest": {"sha512": digest}});
    let ours = subject("pkg:npm/%40acme/weather@1.4.2", &sha512);
    for (what, subjects) in [
        ("two subjects", json!([ours, subject("pkg:npm/%40acme/other@1.0.0", &hashed(b"x").sha512.to_hex())])),
        ("the same twice", json!([ours, ours])),
        ("another package", json!([subject("pkg:npm/%40acme/other@1.4.2", &sha512)])),
        ("another version", json!([subject("pkg:npm/%40acme/weather@1.4.3", &sha512)])),
        ("not npm's spelling", json!([subject("pkg:npm/@acme/weather@1.4.2", &sha512)])),
        ("no name", json!([{"digest": {"sha512": sha512}}])),
        ("other bytes", json!([subject("pkg:npm/%40acme/weather@1.4.2", &hashed(b"x").sha512.to_hex())])),
    ] {
        let evidence = judge(subjects);
        assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "failed", "{what}");
    }
}

#[test]
fn a_predicate_of_another_type_is_no_provenance() {
    let payload = statement("https://spdx.dev/Document", &subjects(), &json!({}));
    let evidence = Release::attested(&payload, &claims()).judge();
    assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "absent");
    assert_eq!(evidence.outcome(CheckKind::Repository).unwrap().word(), "unsupported");
}

#[test]
fn t84_stripped_unsigned_and_foreign_attestations() {
    let good = statement(SLSA, &subjects(), &slsa());
    let word = |release: Release| release.judge().outcome(CheckKind::Provenance).unwrap().word();
    assert_eq!(word(Release { attestations: None, ..Release::good() }), "absent");
    assert_eq!(word(Release { attestations: Some(document(vec![])), ..Release::good() }), "absent");
    assert_eq!(word(Release { attestations: Some(json!({"attestations": 1})), ..Release::good() }), "failed");
    assert_eq!(word(Release { attestations: Some(document(vec![json!({})])), ..Release::good() }), "failed");
    let bytes = instance().sign_statement(&good, &claims(), at());
    let unsigned = as_json(&with_member(&bytes, "/dsseEnvelope/signatures/0/sig", "AAAA"));
    assert_eq!(word(Release { attestations: Some(document(vec![unsigned])), ..Release::good() }), "failed");
    let foreign = as_json(&TestSigstore::new("evil").sign_statement(&good, &claims(), at()));
    assert_eq!(word(Release { attestations: Some(document(vec![foreign])), ..Release::good() }), "failed");
    // A good one does not make up for a bad one beside it.
    let bad = sign(&good, &TestClaims::github("evil", "weather", "release.yml", "refs/tags/v1.4.2"));
    let both = document(vec![sign(&good, &claims()), bad]);
    assert_eq!(word(Release { attestations: Some(both), ..Release::good() }), "failed");
    let unlogged = as_json(&instance().signer(&claims(), at()).without_log_entry().sign_statement(&good));
    assert_eq!(word(Release { attestations: Some(document(vec![unlogged])), ..Release::good() }), "unsupported");
    assert_eq!(word(Release { roots: Roots::none(), ..Release::good() }), "unsupported");
    // Staging vouches for nothing, even where its root is at hand.
    let staging = roots_of(&instance(), InstanceName::Staging, RequiredEvidence::Log);
    assert_eq!(word(Release { roots: staging, ..Release::good() }), "unsupported");
}

#[test]
fn who_has_to_have_built_it_can_be_demanded() {
    let subject = format!("{REPOSITORY}/.github/workflows/release.yml@refs/tags/*");
    let policy = IdentityPolicy::new(TestClaims::GITHUB_ISSUER, &subject).unwrap();
    let evidence = Release::good().judge_with(|expected| expected.builder = Some(Box::leak(Box::new(policy))));
    assert_eq!(evidence.outcome(CheckKind::Builder).unwrap().word(), "passed");
    let other = format!("{REPOSITORY}/.github/workflows/other.yml@refs/tags/*");
    let policy = IdentityPolicy::new(TestClaims::GITHUB_ISSUER, &other).unwrap();
    let evidence = Release::good().judge_with(|expected| expected.builder = Some(Box::leak(Box::new(policy))));
    assert_eq!(evidence.outcome(CheckKind::Builder).unwrap().word(), "failed");
}

#[test]
fn a_package_of_another_server_says_so() {
    let word = |package_json: Value| {
        let evidence = Release { package_json, ..Release::good() }.judge();
        evidence.outcome(CheckKind::Ownership).unwrap().word()
    };
    assert_eq!(word(json!({"mcpName": "io.github.acme/weather-evil"})), "failed");
    assert_eq!(word(json!({"mcpName": 1})), "absent");
    assert_eq!(word(json!({})), "absent");
}

#[test]
fn what_is_filed_beside_a_lock_verifies_again_offline() {
    let evidence = Release::good().judge();
    let bundle = evidence.bundle.unwrap();
    let mut artifact = Artifact::with_digest("pkg:npm/%40acme/weather@1.4.2", hashed(BYTES).sha512);
    artifact.provenance = evidence.provenance;
    reverify(&bundle, &artifact, &roots()).unwrap();
    // T82: the lock says more than the bundle, or is about other bytes.
    let mut lied = artifact.clone();
    lied.provenance.as_mut().unwrap().repository = Some("https://github.com/evil/weather".to_owned());
    assert_eq!(reverify(&bundle, &lied, &roots()).unwrap_err().word(), "failed");
    let mut other = artifact.clone();
    other.digest = Some(hashed(b"other").sha512);
    assert_eq!(reverify(&bundle, &other, &roots()).unwrap_err().word(), "failed");
    assert_eq!(reverify(&bundle, &artifact, &Roots::none()).unwrap_err().word(), "unsupported");
}
