//! PyPI.

use mcp_pin_attest::package::{CheckKind, Expected, Fetched, PackageEvidence, Pypi, judge_pypi};
use mcp_pin_test_support::sigstore::TestClaims;
use serde_json::{Value, json};

use super::{REPOSITORY, SLSA, claims, hashed, reason, roots, sign, slsa, statement, words};

const FILE: &str = "acme_weather-1.4.2-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel";
const PUBLISH: &str = "https://docs.pypi.org/attestations/publish/v1";

fn subjects(name: &str) -> Value {
    json!([{"name": name, "digest": {"sha256": hashed(BYTES).sha256.to_hex()}}])
}

/// As the index has it: the parts of the bundle under other names.
fn attestation(bundle: &Value) -> Value {
    json!({
        "version": 1,
        "verification_material": {
            "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    })
}

fn provenance(attestations: &[Value], publisher: &Value) -> Value {
    json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": attestations}]})
}

fn judge_file(file_name: &str, document: &Value, repository: &str, metadata: &str) -> PackageEvidence {
    let server = "io.github.acme/weather".parse().unwrap();
    let expected = Expected {
        name: "Acme.Weather",
        version: "1.4.2",
        repository: Some(repository),
        server: Some(&server),
        builder: None,
    };
    let document = document.to_string();
    let published = hashed(BYTES).sha256.to_hex();
    let input = Pypi {
        file_name,
        published: Some(&published),
        provenance: Fetched::Found(document.as_bytes()),
        hashed: &hashed(BYTES),
        metadata: Fetched::Found(metadata.as_bytes()),
    };
    judge_pypi(&input, &expected, &roots())
}

fn judge(document: &Value) -> PackageEvidence {
    judge_file(FILE, document, REPOSITORY, "Name: x\n\n<!-- mcp-name: io.github.acme/weather -->")
}

fn publication(name: &str, claims: &TestClaims) -> Value {
    attestation(&sign(&statement(PUBLISH, &subjects(name), &Value::Null), claims))
}

#[test]
fn publication_and_build_of_one_file_pass() {
    let build = attestation(&sign(&statement(SLSA, &subjects(FILE), &slsa()), &claims()));
    let evidence = judge(&provenance(&[publication(FILE, &claims()), build], &json!({})));
    assert_eq!(words(&evidence), "integrity passed, provenance passed, repository passed, ownership passed");
    assert_eq!(evidence.provenance.unwrap().predicate_type, SLSA);
    // Without the object around it, as `pypi-attestations` writes it beside a file.
    let alone = judge(&publication(FILE, &claims()));
    assert_eq!(alone.provenance.unwrap().predicate_type, PUBLISH);
}

#[test]
fn gitlab_names_its_file_with_two_slashes() {
    let claims = TestClaims::gitlab("acme", "weather", "refs/tags/v1.4.2");
    let evidence = judge_file(FILE, &publication(FILE, &claims), "https://gitlab.com/acme/weather.git", "");
    let provenance = evidence.provenance.unwrap();
    assert_eq!(provenance.builder, "https://gitlab.com/acme/weather//.gitlab-ci.yml");
}

#[test]
fn t84_the_publisher_of_the_document_is_nobody() {
    // The document says acme, the certificate says evil.
    let lie = json!({"kind": "GitHub", "repository": "acme/weather", "workflow": "release.yml"});
    let evil = TestClaims::github("evil", "weather", "release.yml", "refs/tags/v1.4.2");
    let evidence = judge(&provenance(&[publication(FILE, &evil)], &lie));
    assert_eq!(evidence.outcome(CheckKind::Repository).unwrap().word(), "failed");
    assert!(reason(&evidence, CheckKind::Repository).contains("evil/weather"));
}

#[test]
fn t26_t27_an_attestation_of_another_file_fails() {
    for name in ["acme_weather-1.4.2.tar.gz", "acme_weather-1.4.3-py3-none-any.whl", "evil-1.4.2-py3-none-any.whl", ""]
    {
        let evidence = judge(&publication(name, &claims()));
        assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "failed", "{name}");
    }
    let two = json!([subjects(FILE)[0], subjects("acme_weather-1.4.2.tar.gz")[0]]);
    let evidence = judge(&attestation(&sign(&statement(PUBLISH, &two, &Value::Null), &claims())));
    assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "failed");
}

#[test]
fn files_of_other_projects_or_versions_are_not_of_this_one() {
    let word = |file_name: &str| {
        let evidence = judge_file(file_name, &publication(file_name, &claims()), REPOSITORY, "");
        evidence.outcome(CheckKind::Integrity).unwrap().word()
    };
    for good in [FILE, "acme-weather-1.4.2.tar.gz", "acme.weather-1.4.2.zip", "Acme_Weather-1.4.2-1-py3-none-any.whl"] {
        assert_eq!(word(good), "passed", "{good}");
    }
    for bad in ["acme_weather-1.4.20.tar.gz", "acme_weather_evil-1.4.2.tar.gz", "weather-1.4.2.tar.gz", "x.exe", ""] {
        assert_eq!(word(bad), "failed", "{bad}");
    }
}

#[test]
fn two_attestations_that_name_two_origins_are_none() {
    let mut predicate = slsa();
    predicate["buildDefinition"]["externalParameters"]["workflow"]["repository"] =
        json!("https://github.com/evil/weather");
    predicate["runDetails"]["metadata"]["invocationId"] =
        json!("https://github.com/evil/weather/actions/runs/1/attempts/1");
    let evil = TestClaims::github("evil", "weather", "release.yml", "refs/tags/v1.4.2");
    let build = attestation(&sign(&statement(SLSA, &subjects(FILE), &predicate), &evil));
    let evidence = judge(&provenance(&[publication(FILE, &claims()), build], &json!({})));
    assert_eq!(evidence.outcome(CheckKind::Provenance).unwrap().word(), "failed");
    assert!(evidence.provenance.is_none());
}

#[test]
fn the_description_names_exactly_this_server() {
    let word = |metadata: &str| {
        let evidence = judge_file(FILE, &publication(FILE, &claims()), REPOSITORY, metadata);
        evidence.outcome(CheckKind::Ownership).unwrap().word()
    };
    for good in [
        "mcp-name: io.github.acme/weather",
        "<!--mcp-name:io.github.acme/weather-->",
        "mcp-name: io.github.acme/other\nmcp-name: io.github.acme/weather.",
    ] {
        assert_eq!(word(good), "passed", "{good}");
    }
    for bad in [
        "mcp-name: io.github.acme/weather-evil",
        "mcp-name: io.github.acme/weather/x",
        "mcp-name: io.github.evil/weather",
    ] {
        assert_eq!(word(bad), "failed", "{bad}");
    }
    for none in ["", "io.github.acme/weather", "mcp-name:"] {
        assert_eq!(word(none), "absent", "{none}");
    }
}

#[test]
fn a_flood_of_attestations_is_refused_before_any_is_verified() {
    let many = vec![json!({}); 33];
    let evidence = judge(&provenance(&many, &json!({})));
    assert!(reason(&evidence, CheckKind::Provenance).contains("more than 32"), "{}", words(&evidence));
}
