//! Evidence about packages, attack by attack (threats T26, T27, T84).

mod images;
mod npm;
mod pypi;

use jiff::Timestamp;
use mcp_pin_attest::{
    InstanceName, RequiredEvidence, Roots, TrustedRoot,
    package::{CheckKind, Hashed, PackageEvidence},
};
use mcp_pin_model::Digest;
use mcp_pin_test_support::sigstore::{TestClaims, TestSigstore};
use serde_json::{Value, json};

pub(super) const REPOSITORY: &str = "https://github.com/acme/weather";
pub(super) const SLSA: &str = "https://slsa.dev/provenance/v1";

pub(super) fn instance() -> TestSigstore {
    TestSigstore::new("packages")
}

pub(super) fn roots() -> Roots {
    roots_of(&instance(), InstanceName::PublicGood, RequiredEvidence::Log)
}

pub(super) fn roots_of(sigstore: &TestSigstore, name: InstanceName, required: RequiredEvidence) -> Roots {
    let mut roots = Roots::none();
    roots.insert(TrustedRoot::from_json(name, sigstore.trusted_root_json().as_bytes(), required).unwrap());
    roots
}

pub(super) fn at() -> Timestamp {
    "2026-11-01T10:00:00Z".parse().unwrap()
}

pub(super) fn claims() -> TestClaims {
    TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.4.2")
}

/// SHA-256 is real; SHA-512 is made from it, which is good enough for a statement to name.
pub(super) fn hashed(bytes: &[u8]) -> Hashed {
    let hex = Digest::of(bytes).to_hex();
    Hashed { sha256: format!("sha256:{hex}").parse().unwrap(), sha512: format!("sha512:{hex}{hex}").parse().unwrap() }
}

pub(super) fn statement(predicate_type: &str, subjects: &Value, predicate: &Value) -> Vec<u8> {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": predicate_type,
        "predicate": predicate,
    })
    .to_string()
    .into_bytes()
}

/// What npm and GitHub's action write.
pub(super) fn slsa() -> Value {
    json!({
        "buildDefinition": {
            "externalParameters": {
                "workflow": {
                    "ref": "refs/tags/v1.4.2",
                    "repository": REPOSITORY,
                    "path": ".github/workflows/release.yml",
                }
            }
        },
        "runDetails": {
            "builder": {"id": "https://github.com/actions/runner/github-hosted"},
            "metadata": {"invocationId": format!("{REPOSITORY}/actions/runs/1/attempts/1")},
        }
    })
}

pub(super) fn sign(payload: &[u8], claims: &TestClaims) -> Value {
    as_json(&instance().sign_statement(payload, claims, at()))
}

pub(super) fn as_json(bytes: &[u8]) -> Value {
    serde_json::to_value(mcp_pin_model::json::parse(bytes).unwrap()).unwrap()
}

/// Each check with its outcome: `integrity passed, provenance failed`.
pub(super) fn words(evidence: &PackageEvidence) -> String {
    let words: Vec<String> =
        evidence.checks.iter().map(|check| format!("{} {}", check.kind.as_str(), check.outcome.word())).collect();
    words.join(", ")
}

pub(super) fn reason(evidence: &PackageEvidence, kind: CheckKind) -> String {
    evidence.outcome(kind).and_then(mcp_pin_attest::package::Outcome::reason).unwrap_or_default()
}
