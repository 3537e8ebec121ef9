//! The instance in memory against the unmodified verifier of Sigstore: what it makes verifies under the full policy,
//! and every way to make it wrong is refused for its own reason.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use jiff::{SignedDuration, Timestamp};
use mcp_pin_test_support::{
    keys,
    sigstore::{TestClaims, TestLog, TestSigstore, TestSubject, with_member},
};
use serde_json::json;
use sigstore_trust_root::{SigningConfig, TrustedRoot};
use sigstore_types::{Bundle, DerPublicKey};
use sigstore_verify::{IdentityMatcher, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

/// An artifact with the digest that the statement's subject has.
const ARTIFACT: &[u8] = b"hello";

fn statement() -> Vec<u8> {
    let digest = mcp_pin_model::Digest::of(ARTIFACT).to_hex();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "weather", "digest": {"sha256": digest}}],
        "predicateType": "https://example.com/test/v1",
        "predicate": {},
    })
    .to_string()
    .into_bytes()
}

fn claims() -> TestClaims {
    TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.0.0")
}

fn verifier(trusted_root: &str) -> Verifier {
    Verifier::new(&TrustedRoot::from_json(trusted_root).unwrap()).unwrap()
}

/// The whole policy: identity, issuer, certificate, its log, the transparency log.
fn verify_as(bundle: &[u8], root: &str, identity: IdentityMatcher, issuer: &str) -> Result<VerificationResult, String> {
    let bundle = Bundle::from_json(std::str::from_utf8(bundle).unwrap()).map_err(|error| error.to_string())?;
    let result = verifier(root)
        .verify(ARTIFACT, &bundle, &VerificationPolicy::new(identity, issuer))
        .map_err(|error| error.to_string())?;
    assert!(result.certificate_verified() && result.sct_verified() && result.tlog_verified());
    Ok(result)
}

fn verify(bundle: &[u8], sigstore: &TestSigstore) -> Result<VerificationResult, String> {
    let TestSubject::Uri(identity) = claims().subject else { panic!("a workload") };
    let root = sigstore.trusted_root_json();
    verify_as(bundle, &root, IdentityMatcher::Uri(identity), TestClaims::GITHUB_ISSUER)
}

/// Asserts that a bundle is refused, and for the reason meant.
#[track_caller]
fn refused(bundle: &[u8], sigstore: &TestSigstore, reason: &str) {
    let error = verify(bundle, sigstore).unwrap_err();
    assert!(error.contains(reason), "{error:?} does not say {reason:?}");
}

fn hour_later() -> Timestamp {
    keys::now() + SignedDuration::from_hours(1)
}

#[test]
fn statements_and_blobs_verify_with_every_claim() {
    let sigstore = TestSigstore::new("acme");
    for bundle in [
        sigstore.sign_statement(&statement(), &claims(), keys::now()),
        sigstore.sign_blob(ARTIFACT, &claims(), keys::now()),
    ] {
        let result = verify(&bundle, &sigstore).unwrap();
        assert_eq!(result.integrated_time(), Some(keys::now().round(jiff::Unit::Second).unwrap()));
        let read = &result.certificate().unwrap().ci_claims;
        assert_eq!(read.source_repository_uri, claims().repository_uri);
        assert_eq!(read.source_repository_identifier, claims().repository_id);
        assert_eq!(read.source_repository_owner_uri, claims().owner_uri);
        assert_eq!(read.source_repository_owner_identifier, claims().owner_id);
        assert_eq!(read.source_repository_ref.as_deref(), Some("refs/tags/v1.0.0"));
        assert_eq!(read.build_signer_uri, claims().build_signer_uri);
        assert_eq!(read.build_config_uri, claims().build_config_uri);
        assert_eq!(read.runner_environment.as_deref(), Some("github-hosted"));
        assert_eq!(read.build_trigger.as_deref(), Some("push"));
        assert_eq!(read.deployment_environment, None);
        assert_eq!(read.token_subject.as_deref(), Some("repo:acme/weather:ref:refs/tags/v1.0.0"));
    }
}

#[test]
fn people_and_other_providers_verify() {
    let sigstore = TestSigstore::new("acme");
    let root = sigstore.trusted_root_json();
    let gitlab = TestClaims {
        deployment_environment: Some("production".to_owned()),
        ..TestClaims::gitlab("acme", "weather", "refs/tags/v1.0.0")
    };
    let bundle = sigstore.sign_statement(&statement(), &gitlab, keys::now());
    let identity = "https://gitlab.com/acme/weather//.gitlab-ci.yml@refs/tags/v1.0.0".to_owned();
    let result = verify_as(&bundle, &root, IdentityMatcher::Uri(identity), TestClaims::GITLAB_ISSUER).unwrap();
    assert_eq!(result.certificate().unwrap().ci_claims.deployment_environment.as_deref(), Some("production"));

    let bundle = sigstore.sign_statement(&statement(), &TestClaims::email("dev@acme.example"), keys::now());
    let identity = IdentityMatcher::Email("dev@acme.example".to_owned());
    let result = verify_as(&bundle, &root, identity, TestClaims::EMAIL_ISSUER).unwrap();
    assert_eq!(result.certificate().unwrap().ci_claims.source_repository_uri, None);
}

#[test]
fn a_further_instance_of_the_same_name_is_the_same_instance() {
    let bundle = TestSigstore::new("acme").sign_statement(&statement(), &claims(), keys::now());
    verify(&bundle, &TestSigstore::new("acme")).unwrap();
    refused(&bundle, &TestSigstore::new("other"), "No log key");
}

#[test]
fn another_instances_certificate_is_refused() {
    let (trusted, other) = (TestSigstore::new("acme"), TestSigstore::new("other"));
    // Trusts the other instance's log, so that nothing but the certificate is wrong.
    let mut root: serde_json::Value = mixed(&trusted);
    root["tlogs"] = mixed(&other)["tlogs"].clone();
    let bundle = other.sign_statement(&statement(), &claims(), keys::now());
    let error = verify_as(
        &bundle,
        &root.to_string(),
        IdentityMatcher::Exact(claims().build_signer_uri.unwrap()),
        TestClaims::GITHUB_ISSUER,
    )
    .unwrap_err();
    assert!(error.contains("certificate chain validation failed"), "{error}");
    // Trusts its authority too, but not its certificate log.
    root["certificateAuthorities"] = mixed(&other)["certificateAuthorities"].clone();
    let error = verify_as(
        &bundle,
        &root.to_string(),
        IdentityMatcher::Exact(claims().build_signer_uri.unwrap()),
        TestClaims::GITHUB_ISSUER,
    )
    .unwrap_err();
    assert!(error.contains("SCT signature verification failed"), "{error}");
}

fn mixed(sigstore: &TestSigstore) -> serde_json::Value {
    serde_json::to_value(mcp_pin_model::json::parse(sigstore.trusted_root_json().as_bytes()).unwrap()).unwrap()
}

#[test]
fn another_identity_and_issuer_are_refused() {
    let sigstore = TestSigstore::new("acme");
    let fork = TestClaims::github("mallory", "weather", "release.yml", "refs/tags/v1.0.0");
    refused(&sigstore.sign_statement(&statement(), &fork, keys::now()), &sigstore, "dentity");
    let issuer = TestClaims { issuer: "https://token.example".to_owned(), ..claims() };
    refused(&sigstore.sign_statement(&statement(), &issuer, keys::now()), &sigstore, "ssuer");
}

#[test]
fn a_certificate_outside_its_validity_is_refused() {
    let sigstore = TestSigstore::new("acme");
    let signer = || sigstore.signer(&claims(), keys::now());
    refused(&signer().with_expired_certificate().sign_statement(&statement()), &sigstore, "xpired");
    refused(&signer().with_future_certificate().sign_statement(&statement()), &sigstore, "NotValidYet");
}

#[test]
fn what_was_left_out_is_missed() {
    let sigstore = TestSigstore::new("acme");
    let signer = || sigstore.signer(&claims(), keys::now());
    refused(&signer().without_certificate_timestamp().sign_statement(&statement()), &sigstore, "missing SCT");
    refused(&signer().without_inclusion_promise().sign_statement(&statement()), &sigstore, "No verified timestamp");
    refused(&signer().without_log_entry().sign_statement(&statement()), &sigstore, "must have an inclusion proof");
    refused(
        &signer().without_log_entry().with_timestamp(keys::now()).sign_statement(&statement()),
        &sigstore,
        "must have an inclusion proof",
    );
}

#[test]
fn a_timestamp_stands_beside_a_promise_or_in_its_place() {
    let sigstore = TestSigstore::new("acme");
    let signer = || sigstore.signer(&claims(), keys::now()).with_timestamp(keys::now());
    let both = verify(&signer().sign_statement(&statement()), &sigstore).unwrap();
    assert_eq!(both.verified_timestamps().len(), 2);
    let alone = verify(&signer().without_inclusion_promise().sign_blob(ARTIFACT), &sigstore).unwrap();
    assert_eq!(alone.verified_timestamps().len(), 1);
    assert_eq!(alone.integrated_time(), None);
}

#[test]
fn a_timestamp_of_another_time_signature_or_authority_is_refused() {
    let sigstore = TestSigstore::new("acme");
    let late = sigstore.signer(&claims(), keys::now()).with_timestamp(hour_later()).sign_statement(&statement());
    refused(&late, &sigstore, "xpired");

    let with_timestamp = |instance: &TestSigstore| {
        instance.signer(&claims(), keys::now()).with_timestamp(keys::now()).sign_statement(&statement())
    };
    let pointer = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";
    for other in [&sigstore, &TestSigstore::new("other")] {
        let theirs = serde_json::to_value(mcp_pin_model::json::parse(&with_timestamp(other)).unwrap()).unwrap();
        let moved = with_member(&with_timestamp(&sigstore), pointer, theirs.pointer(pointer).unwrap().clone());
        refused(&moved, &sigstore, "TSA timestamp verification failed");
    }
}

#[test]
fn a_wrong_envelope_is_refused() {
    let sigstore = TestSigstore::new("acme");
    let signer = || sigstore.signer(&claims(), keys::now());
    refused(&signer().with_payload_type("application/json").sign_statement(&statement()), &sigstore, "payload type");
    refused(&signer().with_signature(b"none").sign_statement(&statement()), &sigstore, "ignature");
    refused(&signer().with_further_signature(b"none").sign_statement(&statement()), &sigstore, "exactly one signature");
}

#[test]
fn a_bundle_changed_on_its_way_is_refused() {
    let sigstore = TestSigstore::new("acme");
    let bundle = sigstore.sign_statement(&statement(), &claims(), keys::now());
    let other = sigstore.sign_statement(&statement(), &claims(), keys::now());
    let other = serde_json::to_value(mcp_pin_model::json::parse(&other).unwrap()).unwrap();
    let entry = "/verificationMaterial/tlogEntries/0";
    for (member, reason) in [
        ("/inclusionPromise/signedEntryTimestamp", "SET verification failed"),
        ("/canonicalizedBody", "SET verification failed"),
        ("/logIndex", "SET verification failed"),
        ("/inclusionProof/hashes", "inclusion proof"),
        ("/inclusionProof/checkpoint/envelope", "root"),
    ] {
        let pointer = format!("{entry}{member}");
        refused(&with_member(&bundle, &pointer, other.pointer(&pointer).unwrap().clone()), &sigstore, reason);
    }
    let time = format!("{entry}/integratedTime");
    refused(&with_member(&bundle, &time, hour_later().as_second().to_string()), &sigstore, "SET verification failed");
    let signature = "/dsseEnvelope/signatures/0/sig";
    refused(
        &with_member(&bundle, signature, other.pointer(signature).unwrap().clone()),
        &sigstore,
        "does not match any signature in Rekor entry",
    );
    let certificate = "/verificationMaterial/certificate/rawBytes";
    let thief = TestSigstore::new("acme").sign_statement(&statement(), &TestClaims::email("m@e.example"), keys::now());
    let thief = serde_json::to_value(mcp_pin_model::json::parse(&thief).unwrap()).unwrap();
    refused(&with_member(&bundle, certificate, thief.pointer(certificate).unwrap().clone()), &sigstore, "dentity");
}

#[test]
fn the_signing_configuration_names_every_service() {
    let json = TestSigstore::new("acme").signing_config_json("http://127.0.0.1:1");
    let config = SigningConfig::from_json(&json).unwrap();
    assert_eq!(config.fulcio_url().unwrap().url, "http://127.0.0.1:1");
    assert_eq!(config.rekor_url(Some(1)).unwrap().url, "http://127.0.0.1:1");
    assert_eq!(config.tsa_url().unwrap().url, "http://127.0.0.1:1/api/v1/timestamp");
}

fn verify_key(bundle: &[u8], log: &TestLog, key: &mcp_pin_attest::SigningKey) -> Result<VerificationResult, String> {
    let bundle = Bundle::from_json(std::str::from_utf8(bundle).unwrap()).unwrap();
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.public_key().spki_der().to_vec()));
    verifier(&log.trusted_root_json()).verify(ARTIFACT, &bundle, &policy).map_err(|error| error.to_string())
}

#[test]
fn a_key_and_the_registrys_log_verify_at_every_size() {
    let key = keys::key("acme");
    for size in [0, 1, 2, 3, 7, 8, 100] {
        let log = TestLog::with_entries("log.example", size);
        for _ in 0..3 {
            let bundle = log.sign_with_key_and_log(&statement(), &key);
            assert!(verify_key(&bundle, &log, &key).unwrap().tlog_verified());
        }
    }
}

#[test]
fn another_key_another_log_and_a_changed_entry_are_refused() {
    let (log, key) = (TestLog::with_entries("log.example", 5), keys::key("acme"));
    let bundle = log.sign_with_key_and_log(&statement(), &key);
    let mismatch = verify_key(&bundle, &log, &keys::key("mallory")).unwrap_err();
    assert!(mismatch.contains("ignature"), "{mismatch}");
    let unknown = verify_key(&bundle, &TestLog::new("other.example"), &key).unwrap_err();
    assert!(unknown.contains("No matching Rekor key"), "{unknown}");
    for (member, value) in [("logIndex", json!("4")), ("inclusionProof/hashes", json!([]))] {
        let changed = with_member(&bundle, &format!("/verificationMaterial/tlogEntries/0/{member}"), value);
        let error = verify_key(&changed, &log, &key).unwrap_err();
        assert!(error.contains("inclusion proof"), "{error}");
    }
}
