//! Package evidence beside a manifest.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::{Digest, statement::Statement as _};
use mcp_pin_test_support::{
    keys,
    sigstore::{TestClaims, TestSigstore},
};
use serde_json::json;

use crate::support::{TestRegistry, weather};

fn provenance(sigstore: &TestSigstore, package: &[u8]) -> Vec<u8> {
    sigstore.sign_blob(package, &TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1"), keys::now())
}

#[tokio::test]
async fn evidence_is_kept_byte_for_byte_and_served_with_its_manifest() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let sigstore = TestSigstore::new("acme");
    let manifest = weather("1.0.0", "Forecasts.", None);
    let bundles = [provenance(&sigstore, b"one"), provenance(&sigstore, b"two")];
    let body = json!({
        "manifest": STANDARD.encode(people.publisher.person().sign(&manifest).as_bytes()),
        "evidence": bundles.each_ref().map(|bundle| STANDARD.encode(bundle)),
    });
    let submitted = people.publisher.post_json("/v1/submissions", &body).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{submitted:?}");

    let path = format!("/v1/manifests/{}/evidence", manifest.digest());
    let expected = json!({ "evidence": bundles.each_ref().map(|bundle| {
        json!({ "digest": Digest::of(bundle).to_string(), "bundle": STANDARD.encode(bundle) })
    }) });
    assert_eq!(people.approvers[0].get(&path).await.json(), expected);
    registry.anonymous().get(&path).await.problem(404);
    // The same again adds nothing and takes nothing away.
    let again = json!({ "manifest": body["manifest"] });
    assert_eq!(people.publisher.post_json("/v1/submissions", &again).await.status, StatusCode::OK);
    assert_eq!(people.publisher.get(&path).await.json(), expected);
}

#[tokio::test]
async fn a_bundle_alone_has_no_evidence() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts.", None);
    assert_eq!(people.publisher.submit(&manifest).await.status, StatusCode::CREATED);
    let answer = people.publisher.get(&format!("/v1/manifests/{}/evidence", manifest.digest())).await;
    assert_eq!(answer.json(), json!({ "evidence": [] }));
}

#[tokio::test]
async fn evidence_that_is_none_or_too_much_refuses_the_submission() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = STANDARD.encode(people.publisher.person().sign(&weather("1.0.0", "Forecasts.", None)).as_bytes());
    let good = STANDARD.encode(provenance(&TestSigstore::new("acme"), b"one"));
    let send = async |body: &serde_json::Value| people.publisher.post_json("/v1/submissions", body).await;
    let refused = send(&json!({ "manifest": manifest, "evidence": [good, STANDARD.encode("{}")] })).await;
    assert_eq!(refused.problem(422), "evidence-not-acceptable");
    let refused = send(&json!({ "manifest": manifest, "evidence": vec![&good; 33] })).await;
    assert_eq!(refused.problem(422), "invalid");
    for body in [
        json!({ "manifest": manifest, "evidence": ["not base64"] }),
        json!({ "manifest": manifest, "evidence": [], "trust": "me" }),
        json!({ "manifest": {}, "evidence": [] }),
    ] {
        send(&body).await.problem(422);
    }
    assert_eq!(send(&json!({ "manifest": "A".repeat(9 << 20) })).await.problem(413), "too-large");
    let list = registry.admin().get("/v1/submissions").await.json();
    assert_eq!(list["submissions"], json!([]), "nothing was taken");
}
