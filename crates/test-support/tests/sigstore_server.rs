//! The instance behind HTTP against the unmodified signer of Sigstore: what it signs there verifies, and what the
//! services of Sigstore would refuse is refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use mcp_pin_test_support::{
    keys,
    sigstore::{TestClaims, TestSigstore, TestSigstoreServer, token},
};
use serde_json::json;
use sigstore_oidc::IdentityToken;
use sigstore_sign::{Attestation, SigningContext, SigningServices};
use sigstore_trust_root::{SigningConfig, TrustedRoot};
use sigstore_types::{Bundle, Sha256Hash};
use sigstore_verify::{VerificationPolicy, VerificationResult, Verifier};

/// What is signed, as it is or by its digest.
const ARTIFACT: &[u8] = b"hello";

fn server() -> TestSigstoreServer {
    TestSigstoreServer::start(TestSigstore::new("acme"), keys::now()).unwrap()
}

/// With a timestamp authority or, as explicit services are, without.
fn contexts(server: &TestSigstoreServer) -> [SigningContext; 2] {
    let config = SigningConfig::from_json(&server.signing_config_json()).unwrap();
    [
        SigningContext::new(SigningServices::from_signing_config(&config).unwrap()),
        SigningContext::new(SigningServices::new(server.url(), server.url())),
    ]
}

fn attestation() -> Attestation {
    let digest = Sha256Hash::new(*mcp_pin_model::Digest::of(ARTIFACT).as_bytes());
    Attestation::new("https://example.com/test/v1", json!({})).add_subject("weather", digest)
}

fn verify(server: &TestSigstoreServer, bundle: &Bundle, identity: &str, issuer: &str) -> VerificationResult {
    // As a verifier gets it: in its JSON form.
    let bundle = Bundle::from_json(&bundle.to_json().unwrap()).unwrap();
    let root = TrustedRoot::from_json(&server.sigstore().trusted_root_json()).unwrap();
    let policy = VerificationPolicy::new(identity, issuer);
    let result = Verifier::new(&root).unwrap().verify(ARTIFACT, &bundle, &policy).unwrap();
    assert!(result.certificate_verified() && result.sct_verified() && result.tlog_verified());
    result
}

#[tokio::test]
async fn a_workflow_signs_statements_and_blobs() {
    let server = server();
    let claims = TestClaims {
        deployment_environment: Some("production".to_owned()),
        ..TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.0.0")
    };
    let identity = claims.build_signer_uri.clone().unwrap();
    for (context, times) in contexts(&server).into_iter().zip([2, 1]) {
        let signer = context.signer(IdentityToken::from_jwt(&claims.token()).unwrap());
        for bundle in [signer.sign_attestation(attestation()).await.unwrap(), signer.sign(ARTIFACT).await.unwrap()] {
            let result = verify(&server, &bundle, &identity, TestClaims::GITHUB_ISSUER);
            assert_eq!(result.verified_timestamps().len(), times);
            // The certificate says what one that was issued in memory says.
            let here = server.sigstore().sign_blob(ARTIFACT, &claims, keys::now());
            let here = Bundle::from_json(std::str::from_utf8(&here).unwrap()).unwrap();
            let here = verify(&server, &here, &identity, TestClaims::GITHUB_ISSUER);
            assert_eq!(result.certificate().unwrap().ci_claims, here.certificate().unwrap().ci_claims);
        }
    }
}

#[tokio::test]
async fn a_person_signs() {
    let server = server();
    let [context, _] = contexts(&server);
    let token = TestClaims::email("dev@acme.example").token();
    let bundle =
        context.signer(IdentityToken::from_jwt(&token).unwrap()).sign_attestation(attestation()).await.unwrap();
    verify(&server, &bundle, "dev@acme.example", TestClaims::EMAIL_ISSUER);
}

#[tokio::test]
async fn tokens_that_do_not_identify_are_refused() {
    let server = server();
    let [context, _] = contexts(&server);
    let valid = json!({"iss": TestClaims::GITHUB_ISSUER, "sub": "s", "aud": "sigstore", "exp": 4_102_444_800_i64});
    for (member, value, reason) in [
        ("aud", json!("another"), "another audience"),
        ("aud", json!(["sigstore", "another"]), "another audience"),
        ("email", json!("dev@acme.example"), "not verified"),
        ("repository", json!("acme/weather"), "lacks a claim"),
    ] {
        let mut claims = valid.clone();
        claims[member] = value;
        let signer = context.signer(IdentityToken::from_jwt(&token(&claims)).unwrap());
        let error = signer.sign(ARTIFACT).await.unwrap_err();
        assert!(format!("{error:?}").contains(reason), "{error:?}");
    }
}

#[tokio::test]
async fn signatures_that_are_none_are_neither_certified_nor_logged() {
    let server = server();
    let http = sigstore_sign::reqwest::Client::builder().build().unwrap();
    let key = keys::key("someone");
    let stranger = base64_of(&mcp_pin_attest::Signer::sign(&keys::key("stranger"), b"dev@acme.example").unwrap());
    let certificate = json!({
        "credentials": {"oidcIdentityToken": TestClaims::email("dev@acme.example").token()},
        "publicKeyRequest": {
            "publicKey": {"content": key.public_key().to_spki_pem()},
            "proofOfPossession": stranger,
        },
    });
    // An entry of a bundle that was made here, under a digest that its signature does not cover.
    let claims = TestClaims::email("dev@acme.example");
    let bundle = server.sigstore().sign_blob(ARTIFACT, &claims, keys::now());
    let bundle = Bundle::from_json(std::str::from_utf8(&bundle).unwrap()).unwrap();
    let body = bundle.verification_material.tlog_entries[0].canonicalized_body.as_bytes().to_vec();
    let entry = serde_json::to_value(mcp_pin_model::json::parse(&body).unwrap()).unwrap();
    let mut forged = entry.clone();
    forged["spec"]["data"]["hash"]["value"] = json!(mcp_pin_model::Digest::of(b"other").to_hex());
    for (path, request, status) in [
        ("/api/v2/signingCert", certificate, 400),
        ("/api/v1/log/entries", forged, 400),
        ("/api/v1/log/entries", json!({"kind": "rpm"}), 400),
        ("/api/v1/timestamp", json!({}), 400),
        ("/api/v1/log/entries", entry, 201),
    ] {
        let response = http.post(format!("{}{path}", server.url())).json(&request).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}: {}", response.text().await.unwrap());
    }
}

fn base64_of(bytes: &[u8]) -> String {
    sigstore_types::SignatureBytes::from_bytes(bytes).to_base64()
}
