//! Documents by digest, and the documents that describe the interface.

use std::path::Path;

use axum::http::StatusCode;
use mcp_pin_model::{Digest, json, statement::Statement as _};

use crate::support::{TestRegistry, WEATHER, weather};

#[tokio::test]
async fn documents_are_what_was_signed_byte_for_byte() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let bundle = people.publisher.person().sign(&manifest).as_bytes().to_vec();
    let submission = people.publisher.post("/v1/submissions", bundle.clone()).await.json();
    let mut consents = Vec::new();
    let mut state = submission.clone();
    for approver in &people.approvers {
        if state["state"] != "live" {
            let consent = approver.consent_to(&submission, &manifest, mcp_pin_model::consent::Decision::Approve).await;
            consents.push(consent.as_bytes().to_vec());
            let answer = approver.post("/v1/consents", consent.as_bytes().to_vec()).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
            state = answer.json()["submission"].clone();
        }
    }
    let path = format!("/v1/manifests/{}", manifest.digest());
    let public = registry.anonymous();
    let found = public.get(&path).await;
    assert_eq!(found.body, bundle);
    assert_eq!(found.header("content-type"), "application/vnd.dev.sigstore.bundle.v0.3+json");
    assert_eq!(found.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(people.publisher.get(&path).await.header("cache-control"), "private, no-cache");
    let changes = public.get(&format!("{path}/changes")).await;
    assert_eq!(Digest::of(&changes.body).to_string(), submission["changes"].as_str().unwrap());
    let listed = public.get(&format!("{path}/consents")).await.json();
    let listed: Vec<&str> =
        listed["consents"].as_array().unwrap().iter().map(|consent| consent["bundle"].as_str().unwrap()).collect();
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let expected: Vec<String> = consents.iter().map(|bundle| STANDARD.encode(bundle)).collect();
    assert_eq!(listed, expected);
    for digest in ["sha256:00", "nonsense", &manifest.digest().to_hex(), &Digest::of(b"").to_string()] {
        public.get(&format!("/v1/manifests/{digest}")).await.problem(404);
    }
}

#[tokio::test]
async fn many_names_are_resolved_at_once() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let request = serde_json::json!({ "servers": [
        { "name": WEATHER }, { "name": WEATHER, "version": "1.0.0" }, { "name": WEATHER, "version": "2.0.0" },
        { "name": "nonsense" },
    ] });
    let found = serde_json::json!({
        "live": true, "name": WEATHER, "version": "1.0.0", "manifest": manifest.digest().to_string(),
    });
    let latest = serde_json::json!({ "version": "1.0.0", "manifest": manifest.digest().to_string() });
    let (other, gone) = (serde_json::json!({ "live": false, "latest": latest }), serde_json::json!({ "live": false }));
    let answer = registry.anonymous().post_json("/v1/resolve", &request).await;
    assert_eq!(answer.json(), serde_json::json!({ "servers": [found, found, other, gone] }));
    let many = serde_json::json!({ "servers": vec![serde_json::json!({ "name": WEATHER }); 201] });
    registry.anonymous().post_json("/v1/resolve", &many).await.problem(422);
}

#[test]
fn the_committed_interface_description_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/openapi.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == mcp_pin_registry::http::openapi_document(),
        "schemas/openapi.json is out of date; run `mcp-pin-registry openapi > schemas/openapi.json`"
    );
}

/// Answers have the shape that the interface description says, so neither can change alone.
#[tokio::test]
async fn answers_have_the_described_shape() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = registry.make_live(&people, &manifest).await;
    let order = serde_json::json!({ "scope": "signer", "target": "nobody", "reason": "test" });
    registry.admin().post_json("/v1/revocations", &order).await;
    let document = registry.anonymous().get("/v1/openapi.json").await.json();
    let id = submission["id"].as_str().unwrap();
    let digest = manifest.digest();
    for (path, schema) in [
        ("/v0.1/servers".to_owned(), "ServerList"),
        ("/v0.1/servers/io.github.acme%2Fweather/versions".to_owned(), "ServerList"),
        ("/v0.1/servers/io.github.acme%2Fweather/versions/latest".to_owned(), "ServerResponse"),
        ("/v0.1/servers?limit=0".to_owned(), "ProblemDocument"),
        ("/v1/submissions".to_owned(), "SubmissionList"),
        (format!("/v1/submissions/{id}"), "SubmissionDocument"),
        (format!("/v1/manifests/{digest}/consents"), "ConsentList"),
        ("/v1/events".to_owned(), "EventList"),
        ("/v1/approvers".to_owned(), "ApproverList"),
        ("/v1/tokens".to_owned(), "TokenList"),
        ("/v1/namespaces/io.github.acme/grants".to_owned(), "GrantList"),
        ("/v1/whoami".to_owned(), "WhoAmI"),
        ("/.well-known/mcp-pin".to_owned(), "WellKnownDocument"),
        ("/healthz".to_owned(), "ProbeDocument"),
    ] {
        let body = registry.admin().get(&path).await.json();
        let mut schema_document = serde_json::json!({ "$ref": format!("#/components/schemas/{schema}") });
        schema_document["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema_document).unwrap();
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}\n{body:#}");
    }
}

/// The leaf in an event is what the log keeps: its canonical form can be rebuilt from the answer.
#[tokio::test]
async fn events_are_canonical_leaves() {
    let registry = TestRegistry::new().await;
    registry.people().await;
    let body = registry.admin().get("/v1/events?limit=2").await;
    let value = json::parse(&body.body).unwrap();
    let events = value.get("events").and_then(json::Value::as_array).unwrap();
    assert_eq!(events.len(), 2);
    for event in events {
        let leaf: mcp_pin_model::leaf::Leaf = json::from_value(event.get("leaf").unwrap()).unwrap();
        assert_eq!(leaf.to_bytes().unwrap(), event.get("leaf").unwrap().to_canonical_bytes());
    }
    let next = registry.admin().get("/v1/events?after=2&limit=1").await.json();
    assert_eq!(next["events"][0]["sequence"], 3);
    registry.admin().get("/v1/events?after=-1").await.problem(422);
}
