//! Who gets in.

use axum::http::{Method, StatusCode};

use crate::support::{TestRegistry, weather};

/// Every path that takes a token.
const GUARDED: &[(&str, &str)] = &[
    ("POST", "/v0.1/publish"),
    ("PUT", "/v0.1/servers/io.github.acme%2Fweather/versions/1.0.0"),
    ("DELETE", "/v0.1/servers/io.github.acme%2Fweather/versions/1.0.0"),
    ("PATCH", "/v0.1/servers/io.github.acme%2Fweather/versions/1.0.0/status"),
    ("PATCH", "/v0.1/servers/io.github.acme%2Fweather/status"),
    ("GET", "/v1/drafts"),
    ("GET", "/v1/drafts/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("DELETE", "/v1/drafts/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("GET", "/v1/submissions"),
    ("POST", "/v1/submissions"),
    ("GET", "/v1/submissions/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("GET", "/v1/submissions/01JGFJJZ00AAAAAAAAAAAAAAAA/changes"),
    ("POST", "/v1/submissions/01JGFJJZ00AAAAAAAAAAAAAAAA/reject"),
    ("POST", "/v1/consents"),
    ("GET", "/v1/revocations"),
    ("POST", "/v1/revocations"),
    ("GET", "/v1/events"),
    ("GET", "/v1/namespaces/io.github.acme/grants"),
    ("POST", "/v1/namespaces/io.github.acme/grants"),
    ("DELETE", "/v1/namespaces/io.github.acme/grants/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("GET", "/v1/approvers"),
    ("POST", "/v1/approvers"),
    ("DELETE", "/v1/approvers/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("GET", "/v1/tokens"),
    ("POST", "/v1/tokens"),
    ("DELETE", "/v1/tokens/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("GET", "/v1/whoami"),
    ("POST", "/v1/break-glass"),
    ("POST", "/v1/drift-reports"),
    ("POST", "/v1/revocations/plan"),
    ("GET", "/v1/rollouts"),
    ("GET", "/v1/rollouts/{manifest}"),
    ("GET", "/v1/rollouts/{manifest}/drift-reports"),
    ("POST", "/v1/rollouts/{manifest}/halt"),
    ("POST", "/v1/rollouts/{manifest}/pause"),
    ("POST", "/v1/rollouts/{manifest}/promote"),
    ("POST", "/v1/rollouts/{manifest}/resume"),
    ("POST", "/v1/rollouts/{manifest}/rollback"),
    ("POST", "/v1/logout"),
    ("GET", "/v1/policies"),
    ("POST", "/v1/policies/reload"),
    ("POST", "/v1/principals/acme/identities"),
    ("POST", "/v1/principals/acme/offboard"),
    ("POST", "/v1/principals/acme/reinstate"),
    ("POST", "/v1/tokens/01JGFJJZ00AAAAAAAAAAAAAAAA/rotate"),
    ("GET", "/v1/waiting"),
    ("GET", "/v1/webhooks"),
    ("POST", "/v1/webhooks"),
    ("GET", "/v1/webhooks/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("DELETE", "/v1/webhooks/01JGFJJZ00AAAAAAAAAAAAAAAA"),
    ("POST", "/v1/webhooks/01JGFJJZ00AAAAAAAAAAAAAAAA/rotate"),
    ("POST", "/v1/webhooks/01JGFJJZ00AAAAAAAAAAAAAAAA/enable"),
    ("POST", "/v1/webhooks/01JGFJJZ00AAAAAAAAAAAAAAAA/test"),
];

#[tokio::test]
async fn t87_everything_but_what_is_live_takes_a_token() {
    let registry = TestRegistry::new().await;
    for (method, path) in GUARDED {
        let method: Method = method.parse().unwrap();
        let answer = registry.anonymous().send(method.clone(), path, &[], Vec::new()).await;
        assert_eq!(answer.problem(401), "unauthorized", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"mcp-pin\"");
        let wrong = format!("{}x", registry.admin_token);
        for token in ["mcpp_", "nonsense", &wrong] {
            let answer = registry.with_token(token).send(method.clone(), path, &[], Vec::new()).await;
            assert_eq!(answer.problem(401), "unauthorized", "{method} {path} {token}");
        }
    }
}

#[tokio::test]
async fn the_list_of_guarded_paths_is_complete() {
    let document: serde_json::Value = mcp_pin_registry::http::openapi_document().parse().unwrap();
    let mut guarded = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"] == serde_json::json!([{ "token": [] }]) {
                guarded.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    let filled = |pattern: &str| {
        let pattern = pattern.replace("{serverName}", "io.github.acme%2Fweather").replace("{version}", "1.0.0");
        pattern
            .replace("{id}", "01JGFJJZ00AAAAAAAAAAAAAAAA")
            .replace("{namespace}", "io.github.acme")
            .replace("{name}", "acme")
    };
    for (method, path) in &guarded {
        assert!(GUARDED.contains(&(method.as_str(), filled(path).as_str())), "{method} {path} is not tested");
    }
    assert_eq!(guarded.len(), GUARDED.len());
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let registry = TestRegistry::new().await;
    let second = format!("Bearer {}", registry.admin_token);
    let answer = registry.admin().send(Method::GET, "/v1/whoami", &[("authorization", &second)], Vec::new()).await;
    answer.problem(401);
    assert_eq!(registry.admin().get("/v1/whoami").await.json()["principal"], "admin");
}

#[tokio::test]
async fn a_wrong_token_is_never_taken_for_nobody() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = registry.make_live(&people, &manifest).await;
    let path = format!("/v1/manifests/{}", submission["manifest"].as_str().unwrap());
    assert_eq!(registry.anonymous().get(&path).await.status, StatusCode::OK);
    registry.with_token("mcpp_wrong").get(&path).await.problem(401);
}

#[tokio::test]
async fn a_revoked_token_is_worth_nothing() {
    let registry = TestRegistry::new().await;
    let reader = registry.somebody("rea", &["reader"]).await;
    let me = reader.get("/v1/whoami").await.json();
    assert_eq!((&me["principal"], &me["roles"]), (&"rea".into(), &serde_json::json!(["reader"])));
    let id = me["token"].as_str().unwrap();
    let list = registry.admin().get("/v1/tokens").await;
    assert!(!String::from_utf8(list.body).unwrap().contains(reader.token.as_ref().unwrap()), "a list shows no token");
    assert_eq!(registry.admin().delete(&format!("/v1/tokens/{id}")).await.status, StatusCode::NO_CONTENT);
    reader.get("/v1/whoami").await.problem(401);
}

#[tokio::test]
async fn an_expired_token_is_worth_nothing() {
    let registry = TestRegistry::new().await;
    let body = serde_json::json!({
        "principal": "rea", "roles": ["reader"], "label": "an hour", "expiresAt": "2026-01-02T04:04:05Z",
    });
    let token = registry.admin().post_json("/v1/tokens", &body).await.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(registry.with_token(&token).get("/v1/whoami").await.status, StatusCode::OK);
    registry.clock.advance_seconds(3600);
    registry.with_token(&token).get("/v1/whoami").await.problem(401);
}

#[tokio::test]
async fn roles_give_nothing_that_they_do_not_name() {
    let registry = TestRegistry::new().await;
    let publisher = registry.publisher("paula").await;
    let approver = registry.approver("ann").await;
    let reader = registry.somebody("rea", &["reader"]).await;
    let token = serde_json::json!({ "principal": "eve", "roles": ["admin"], "label": "" });
    let order = serde_json::json!({ "scope": "server", "target": "io.github.acme/weather", "reason": "no" });
    for actor in [&publisher, &approver, &reader] {
        actor.post_json("/v1/tokens", &token).await.problem(403);
        actor.post_json("/v1/revocations", &order).await.problem(403);
    }
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let bundle = publisher.person().sign(&manifest).as_bytes().to_vec();
    reader.post("/v1/submissions", bundle.clone()).await.problem(403);
    let submission = publisher.post("/v1/submissions", bundle).await.json();
    let path = format!("/v1/submissions/{}", submission["id"].as_str().unwrap());
    assert_eq!(reader.get(&path).await.status, StatusCode::NOT_FOUND, "a reader sees what is live only");
    let stranger = registry.publisher("quinn").await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND, "nor does another publisher");
}

#[tokio::test]
async fn a_key_without_a_grant_publishes_nothing() {
    let registry = TestRegistry::new().await;
    let stranger = registry.somebody("mallory", &["publisher"]).await;
    let answer = stranger.submit(&weather("1.0.0", "Forecasts the weather.", None)).await;
    assert!(matches!(answer.status.as_u16(), 403 | 422), "{answer:?}");
}

#[tokio::test]
async fn t87_without_its_database_the_registry_lets_nobody_in_and_still_serves() {
    let mut registry = TestRegistry::new().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    {
        let people = registry.people().await;
        registry.make_live(&people, &manifest).await;
    }
    registry.lose_database().await;
    let public = registry.anonymous();
    assert_eq!(public.get("/readyz").await.problem(503), "unavailable");
    assert_eq!(public.get("/healthz").await.status, StatusCode::OK);
    for path in ["/v1/whoami", "/v1/submissions", "/v1/tokens"] {
        let answer = registry.admin().get(path).await;
        assert_eq!(answer.problem(503), "unavailable", "{path}");
        assert!(!String::from_utf8(answer.body).unwrap().contains("sql"), "the cause is for the log");
    }
    assert_eq!(public.get(&format!("{}/versions/latest", crate::support::WEATHER_PATH)).await.status, StatusCode::OK);
    assert_eq!(public.get("/v0.1/servers").await.json()["metadata"]["count"], 1);
}
