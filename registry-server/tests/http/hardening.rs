//! Requests that no friend sends.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::support::{TestRegistry, WEATHER_PATH};

#[tokio::test]
async fn t87_names_that_climb_or_hide_find_nothing() {
    let registry = TestRegistry::new().await;
    for name in [
        "..%2F..%2Fetc%2Fpasswd",
        "io.github.acme%2F..%2F..",
        "io.github.acme%252Fweather",
        "io.github.acme%2Fwe%E2%80%AEather",
        "io.github.acme%2F%D1%96nput",
        "%2e%2e%2fio.github.acme",
        "io.github.acme%5Cweather",
        "io.github.acme%2Fweather%0d%0aX-Evil:%201",
        "%FF%FE",
    ] {
        let answer = registry.anonymous().get(&format!("/v0.1/servers/{name}/versions/latest")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{name}: {answer:?}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("passwd") && !text.contains("Evil"), "{name} is echoed: {text}");
    }
}

#[tokio::test]
async fn a_raw_slash_in_a_name_does_not_route() {
    let registry = TestRegistry::new().await;
    let answer = registry.anonymous().get("/v0.1/servers/io.github.acme/weather/versions/latest").await;
    assert_eq!(answer.problem(404), "no-such-path");
    assert!(answer.json()["detail"].as_str().unwrap().contains("%2F"), "it says what to do");
}

#[tokio::test]
async fn a_nul_byte_is_a_bad_request() {
    let registry = TestRegistry::new().await;
    for path in ["/v0.1/servers/a%00b/versions", "/v0.1/servers?search=%00", "/v1/submissions/%00", "/nowhere%00"] {
        assert_eq!(registry.anonymous().get(path).await.problem(400), "bad-request", "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_is_redirected_and_the_method_kept() {
    let registry = TestRegistry::new().await;
    let answer = registry.anonymous().get(&format!("{WEATHER_PATH}/versions/?include_deleted=true")).await;
    assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(answer.header("location"), format!("{WEATHER_PATH}/versions?include_deleted=true"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let answer = registry.anonymous().post("/v1/submissions/", Vec::new()).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::PERMANENT_REDIRECT, "/v1/submissions"));
}

#[tokio::test]
async fn a_redirect_never_leads_to_another_host() {
    let registry = TestRegistry::new().await;
    for path in ["//evil.example/", "///evil.example//", "/\\evil.example/", "/"] {
        registry.anonymous().get(path).await.problem(404);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_a_problem_document() {
    let registry = TestRegistry::new().await;
    for path in ["/v0/servers", "/v0.1", "/v0.1/nowhere", "/v1", "/v1/nowhere", "/", "/favicon.ico"] {
        assert_eq!(registry.anonymous().get(path).await.problem(404), "no-such-path", "{path}");
    }
    let answer = registry.anonymous().send(Method::PATCH, "/v1/whoami", &[], Vec::new()).await;
    assert_eq!(answer.problem(405), "method-not-allowed");
}

#[tokio::test]
async fn t61_answers_are_never_a_web_page() {
    let registry = TestRegistry::new().await;
    for path in ["/v0.1/servers", "/v0.1/nowhere", "/v1/whoami", "/healthz", "/metrics", "/.well-known/mcp-pin"] {
        let answer = registry.anonymous().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert!(!answer.header("content-type").contains("html"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
    }
}

#[tokio::test]
async fn a_request_id_is_never_taken_from_the_request() {
    let registry = TestRegistry::new().await;
    let answer = registry.anonymous().send(Method::GET, "/healthz", &[("x-request-id", "evil")], Vec::new()).await;
    assert_ne!(answer.header("x-request-id"), "evil");
}

#[tokio::test]
async fn bodies_have_limits() {
    let registry = TestRegistry::new().await;
    let large = vec![b' '; mcp_pin_attest::MAX_ATTESTATION_BYTES + 1];
    assert_eq!(registry.admin().post("/v1/consents", large).await.problem(413), "too-large");
    let large = vec![b' '; (8 << 20) + 1];
    assert_eq!(registry.admin().post("/v1/submissions", large.clone()).await.problem(413), "too-large");
    assert_eq!(registry.admin().post("/v1/tokens", vec![b' '; (64 << 10) + 1]).await.problem(413), "too-large");
    // Without a declared length too.
    let chunks = without_length(&large);
    let request = Request::post("/v1/submissions")
        .header("authorization", format!("Bearer {}", registry.admin_token))
        .body(chunks)
        .unwrap();
    assert_eq!(registry.send(request).await.problem(413), "too-large");
    // Nobody's body is read.
    registry.anonymous().post("/v1/submissions", vec![b' '; 8 << 20]).await.problem(401);
}

/// A body without a declared length.
fn without_length(bytes: &[u8]) -> Body {
    Body::from_stream(futures_util::stream::iter(
        bytes.chunks(64 << 10).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>(),
    ))
}

#[tokio::test]
async fn t42_bodies_that_two_readers_read_differently_are_refused() {
    let registry = TestRegistry::new().await;
    let body = br#"{"principal":"eve","principal":"admin","roles":["reader"],"label":""}"#;
    assert_eq!(registry.admin().post("/v1/tokens", body.to_vec()).await.problem(400), "bad-request");
    let body = br#"{"principal":"eve","roles":["reader"],"label":"","admin":true}"#;
    assert_eq!(registry.admin().post("/v1/tokens", body.to_vec()).await.problem(422), "refused");
    for body in [&b""[..], b"null", b"[]", b"{", b"\xff", br#"{"mediaType":"x"}"#] {
        let answer = registry.admin().post("/v1/submissions", body.to_vec()).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{answer:?}");
    }
}

#[tokio::test]
async fn t63_hostile_text_is_not_echoed_raw() {
    let registry = TestRegistry::new().await;
    let body = serde_json::json!({ "principal": "a\u{1b}[2Jb\u{202e}<script>", "roles": ["reader"], "label": "" });
    let answer = registry.admin().post_json("/v1/tokens", &body).await;
    answer.problem(422);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(!text.contains('\u{202e}') && !text.contains("script"), "{text}");
}

#[tokio::test]
async fn probes_and_metrics_name_nobody() {
    let registry = TestRegistry::new().await;
    let _ = registry.people().await;
    for path in ["/healthz", "/readyz"] {
        let answer = registry.anonymous().get(path).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, serde_json::json!({ "status": "ok" })), "{path}");
    }
    let metrics = String::from_utf8(registry.anonymous().get("/metrics").await.body).unwrap();
    assert!(
        metrics.contains("mcp_pin_registry_http_requests_total{route=\"/v1/tokens\",method=\"POST\",status=\"201\"}"),
        "{metrics}"
    );
    // The recorder is the process's, and other tests count too: what is there, not how much.
    for (name, labels) in [
        ("mcp_pin_registry_manifests", "{state=\"pending\"}"),
        ("mcp_pin_registry_manifests", "{state=\"live\"}"),
        ("mcp_pin_registry_database_up", ""),
        ("mcp_pin_build_info", concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}")),
    ] {
        assert!(metrics.contains(&format!("\n{name}{labels} ")), "{name}: {metrics}");
        assert!(metrics.contains(&format!("# HELP {name} ")), "{name} is not described: {metrics}");
    }
    for name in ["mcp_pin_registry_live_versions", "mcp_pin_approvals_pending", "mcp_pin_audit_last_seq"] {
        assert!(metrics.contains(&format!("\n{name} ")), "{name}: {metrics}");
    }
    assert!(metrics.contains("mcp_pin_registry_http_request_duration_seconds_bucket{route="), "{metrics}");
    assert!(!metrics.contains("paula"), "{metrics}");
}
