//! `Idempotency-Key`: a request that is sent twice is done once.

use axum::http::{Method, StatusCode};
use mcp_pin_model::consent::Decision;
use serde_json::{Value, json};

use crate::support::{Actor, Answer, NAMESPACE, TestRegistry, weather};

const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";

async fn post(actor: &Actor<'_>, path: &str, key: &str, body: Vec<u8>) -> Answer {
    actor.send(Method::POST, path, &[("content-type", "application/json"), ("idempotency-key", key)], body).await
}

fn same(first: &Answer, again: &Answer) {
    assert_eq!(again.header("idempotency-replayed"), "true", "{again:?}");
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["location", "content-type", "cache-control"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

#[tokio::test]
async fn everything_that_is_made_is_made_once() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let key = |number: u8| format!("{KEY}-{number}");
    let bundle = people.publisher.person().sign(&manifest).as_bytes().to_vec();
    let submitted = post(&people.publisher, "/v1/submissions", &key(1), bundle.clone()).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{submitted:?}");
    let consent = people.approvers[0].consent_to(&submitted.json(), &manifest, Decision::Approve).await;
    let consented = post(&people.approvers[0], "/v1/consents", &key(2), consent.as_bytes().to_vec()).await;
    assert_eq!(consented.status, StatusCode::CREATED, "{consented:?}");
    // 201 again, not the 200 of the same bundle without a key: the answer is the one that got lost.
    same(&submitted, &post(&people.publisher, "/v1/submissions", &key(1), bundle).await);
    same(&consented, &post(&people.approvers[0], "/v1/consents", &key(2), consent.as_bytes().to_vec()).await);

    let admin = registry.admin();
    let zoe = mcp_pin_test_support::keys::Person::new("zoe").public_key().to_spki_pem();
    for (number, path, body) in [
        (3, "/v1/tokens".to_owned(), json!({ "principal": "zoe", "roles": ["reader"] })),
        (4, format!("/v1/namespaces/{NAMESPACE}/grants"), json!({ "principal": "zoe", "publicKey": zoe })),
        (5, "/v1/approvers".to_owned(), json!({ "principal": "zoe", "publicKey": zoe, "scope": "*" })),
        (
            6,
            "/v1/revocations".to_owned(),
            json!({ "scope": "server", "target": "io.github.acme/other", "reason": "x" }),
        ),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let first = post(&admin, &path, &key(number), body.clone()).await;
        assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
        assert_eq!(first.header("idempotency-replayed"), "");
        same(&first, &post(&admin, &path, &key(number), body).await);
    }
    let document = json!({
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": "io.github.acme/new", "description": "New.", "version": "1.0.0",
    });
    let body = serde_json::to_vec(&document).unwrap();
    let first = post(&people.publisher, "/v0.1/publish", &key(7), body.clone()).await;
    same(&first, &post(&people.publisher, "/v0.1/publish", &key(7), body).await);
    // Nothing was made twice.
    let tokens = admin.get("/v1/tokens").await.json();
    let of_zoe = tokens["tokens"].as_array().unwrap().iter().filter(|token| token["principal"] == "zoe").count();
    assert_eq!(of_zoe, 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let registry = TestRegistry::new().await;
    let admin = registry.admin();
    let body = |principal: &str| serde_json::to_vec(&json!({ "principal": principal, "roles": ["reader"] })).unwrap();
    assert_eq!(post(&admin, "/v1/tokens", KEY, body("ann")).await.status, StatusCode::CREATED);
    assert_eq!(post(&admin, "/v1/tokens", KEY, body("ben")).await.problem(422), "idempotency-key-reused");
    let elsewhere = json!({ "scope": "server", "target": "io.github.acme/x1", "reason": "x" });
    let elsewhere = serde_json::to_vec(&elsewhere).unwrap();
    assert_eq!(post(&admin, "/v1/revocations", KEY, elsewhere).await.problem(422), "idempotency-key-reused");
    // Somebody else's key of the same text is another one.
    let other = registry.somebody("root2", &["admin"]).await;
    assert_eq!(post(&other, "/v1/tokens", KEY, body("ben")).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_an_answer_is_for_a_day() {
    let registry = TestRegistry::new().await;
    let admin = registry.admin();
    let body = |roles: &Value| serde_json::to_vec(&json!({ "principal": "ann", "roles": roles })).unwrap();
    post(&admin, "/v1/tokens", KEY, body(&json!([]))).await.problem(422);
    let first = post(&admin, "/v1/tokens", KEY, body(&json!(["reader"]))).await;
    assert_eq!(first.status, StatusCode::CREATED, "nothing was decided under the key before");
    // It survives the end of the process.
    let registry = registry.restart().await;
    let admin = registry.admin();
    registry.clock.advance_seconds(24 * 3600 - 1);
    same(&first, &post(&admin, "/v1/tokens", KEY, body(&json!(["reader"]))).await);
    registry.clock.advance_seconds(1);
    let later = post(&admin, "/v1/tokens", KEY, body(&json!(["reader"]))).await;
    assert_eq!(later.status, StatusCode::CREATED);
    assert_ne!(later.body, first.body);
}

#[tokio::test]
async fn two_at_the_same_time_are_one() {
    let registry = TestRegistry::new().await;
    let admin = registry.admin();
    let body = serde_json::to_vec(&json!({ "principal": "ann", "roles": ["reader"] })).unwrap();
    let ask = || post(&admin, "/v1/tokens", KEY, body.clone());
    let answers = futures_util::future::join_all((0..8).map(|_| ask())).await;
    let first = &answers[0].body;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED && answer.body == *first));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count(), 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let registry = TestRegistry::new().await;
    let body = br#"{"principal":"ann","roles":["reader"]}"#.to_vec();
    for key in ["1", "short", "with spaces in the middle", &"x".repeat(256)] {
        post(&registry.admin(), "/v1/tokens", key, body.clone()).await.problem(400);
    }
}

/// Whoever has the database has no token by it.
#[tokio::test]
async fn the_database_holds_no_token() {
    let registry = TestRegistry::new().await;
    let body = br#"{"principal":"ann","roles":["reader"]}"#.to_vec();
    let secret = post(&registry.admin(), "/v1/tokens", KEY, body).await.json()["token"].as_str().unwrap().to_owned();
    let random = secret.rsplit('_').next().unwrap().to_owned();
    for file in registry.files() {
        let bytes = std::fs::read(&file).unwrap();
        let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found(random.as_bytes()) && !found(KEY.as_bytes()), "{}", file.display());
    }
}
