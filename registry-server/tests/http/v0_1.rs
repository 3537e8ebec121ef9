//! The MCP Registry API v0.1: its shapes, and the points that clients trip over.

use axum::http::{Method, StatusCode};
use mcp_pin_model::json;
use serde_json::Value;

use crate::support::{People, TestRegistry, WEATHER_PATH, other, weather};

const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";
const OURS: &str = "io.github.mcp-pin/registry";

async fn with_weather(registry: &TestRegistry) -> People<'_> {
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    people
}

fn names(list: &Value) -> Vec<String> {
    list["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            format!("{}@{}", entry["server"]["name"].as_str().unwrap(), entry["server"]["version"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn bodies() {
    let registry = TestRegistry::new().await;
    with_weather(&registry).await;
    let public = registry.anonymous();
    insta::assert_json_snapshot!("list", public.get("/v0.1/servers").await.json());
    insta::assert_json_snapshot!("versions", public.get(&format!("{WEATHER_PATH}/versions")).await.json());
    insta::assert_json_snapshot!("latest", public.get(&format!("{WEATHER_PATH}/versions/latest")).await.json());
    insta::assert_json_snapshot!("not_found", public.get(&format!("{WEATHER_PATH}/versions/9.9.9")).await.json());
    insta::assert_json_snapshot!("limit", public.get("/v0.1/servers?limit=101").await.json());
    insta::assert_json_snapshot!("well_known", public.get("/.well-known/mcp-pin").await.json());
}

#[tokio::test]
async fn every_entry_has_what_the_pickiest_client_needs() {
    let registry = TestRegistry::new().await;
    with_weather(&registry).await;
    for path in ["/v0.1/servers".to_owned(), format!("{WEATHER_PATH}/versions")] {
        for entry in registry.anonymous().get(&path).await.json()["servers"].as_array().unwrap() {
            for member in ["name", "description", "version"] {
                assert!(!entry["server"][member].as_str().unwrap().is_empty(), "{member}");
            }
            let official: Vec<&str> =
                entry["_meta"][OFFICIAL].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(official, ["isLatest", "publishedAt", "status", "statusChangedAt", "updatedAt"]);
            assert!(entry["_meta"][OURS]["manifest"].as_str().unwrap().starts_with("sha256:"));
            for link in ["manifest", "consents", "changes"] {
                let path = entry["_meta"][OURS]["links"][link].as_str().unwrap();
                assert_eq!(registry.anonymous().get(path).await.status, StatusCode::OK, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn limits() {
    let registry = TestRegistry::new().await;
    for limit in ["1", "30", "100"] {
        assert_eq!(registry.anonymous().get(&format!("/v0.1/servers?limit={limit}")).await.status, StatusCode::OK);
    }
    for limit in ["0", "101", "-1", "x", "1.5", ""] {
        let answer = registry.anonymous().get(&format!("/v0.1/servers?limit={limit}")).await;
        assert_eq!(answer.problem(422), "invalid-parameter", "{limit}");
        assert_eq!(answer.json()["errors"][0]["location"], "limit");
    }
    registry.anonymous().get("/v0.1/servers?include_deleted=maybe").await.problem(422);
    registry.anonymous().get("/v0.1/servers?updated_since=yesterday").await.problem(400);
    registry.anonymous().get("/v0.1/servers?updated_since=").await.problem(400);
    registry
        .anonymous()
        .get("/v0.1/servers?updated_since=2026-01-01T00:00:00Z&include_deleted=false")
        .await
        .problem(400);
    registry.anonymous().get("/v0.1/servers?limit=1&limit=100").await.problem(400);
}

#[tokio::test]
async fn pages_cover_everything_once() {
    let registry = TestRegistry::new().await;
    let people = with_weather(&registry).await;
    for name in ["alpha", "beta", "gamma", "delta"] {
        registry.make_live(&people, &other(name)).await;
    }
    let public = registry.anonymous();
    let all = names(&public.get("/v0.1/servers").await.json());
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted());
    for limit in 1..=6 {
        let mut found = Vec::new();
        let mut path = format!("/v0.1/servers?limit={limit}");
        loop {
            let page = public.get(&path).await.json();
            assert_eq!(page["metadata"]["count"], page["servers"].as_array().unwrap().len());
            found.extend(names(&page));
            let Some(cursor) = page["metadata"]["nextCursor"].as_str() else { break };
            assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            // As one client does it: pasted without encoding.
            path = format!("/v0.1/servers?limit={limit}&cursor={cursor}");
        }
        assert_eq!(found, all, "limit {limit}");
    }
}

#[tokio::test]
async fn a_cursor_carries_the_query_and_no_other() {
    let registry = TestRegistry::new().await;
    let people = with_weather(&registry).await;
    for name in ["test-a", "test-b", "best-c"] {
        registry.make_live(&people, &other(name)).await;
    }
    let public = registry.anonymous();
    let first = public.get("/v0.1/servers?limit=1&search=TEST-").await.json();
    assert_eq!(names(&first), ["io.github.acme/test-a@1.0.0"]);
    let cursor = first["metadata"]["nextCursor"].as_str().unwrap().to_owned();
    // The search text is dropped, as one client does, or repeated.
    for path in [format!("/v0.1/servers?cursor={cursor}"), format!("/v0.1/servers?cursor={cursor}&search=test-")] {
        let second = public.get(&path).await.json();
        assert_eq!(names(&second), ["io.github.acme/test-b@1.0.0"]);
        assert!(second["metadata"].get("nextCursor").is_none());
    }
    public.get(&format!("/v0.1/servers?cursor={cursor}&search=other")).await.problem(400);
    for forged in ["x", "io.github.acme%2Fweather:1.0.0", &format!("{cursor}A"), cursor.split_at(1).1] {
        public.get(&format!("/v0.1/servers?cursor={forged}")).await.problem(400);
    }
    // Another registry's cursor is none.
    TestRegistry::new().await.anonymous().get(&format!("/v0.1/servers?cursor={cursor}")).await.problem(400);
}

#[tokio::test]
async fn filters() {
    let registry = TestRegistry::new().await;
    let people = with_weather(&registry).await;
    registry.clock.advance_seconds(3600);
    registry.make_live(&people, &other("alpha")).await;
    let public = registry.anonymous();
    let list = async |query: &str| names(&public.get(&format!("/v0.1/servers?{query}")).await.json());
    let (alpha, weather) = ("io.github.acme/alpha@1.0.0", "io.github.acme/weather@1.0.0");
    assert_eq!(list("search=WEATHER").await, [alpha, weather], "the description is searched too");
    assert_eq!(list("search=Acme%2FAl").await, [alpha]);
    assert_eq!(list("search=nowhere").await, [""; 0]);
    assert_eq!(list("search=").await, [alpha, weather]);
    assert_eq!(list("version=latest").await, [alpha, weather]);
    assert_eq!(list("version=1.0.0").await, [alpha, weather]);
    assert_eq!(list("version=2.0.0").await, [""; 0]);
    assert_eq!(list("updated_since=2026-01-02T03:30:00Z").await, [alpha]);
    assert_eq!(list("updated_since=2026-01-02T06:30:00%2B02:00&version=latest").await, [""; 0]);
    assert_eq!(list("unknown=1").await, [alpha, weather]);
}

#[tokio::test]
async fn mirrors_learn_what_to_drop() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let first = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &first).await;
    registry.clock.advance_seconds(3600);
    registry.make_live(&people, &weather("1.1.0", "Forecasts it better.", Some(&first))).await;
    let public = registry.anonymous();
    let changed = public.get("/v0.1/servers?updated_since=2026-01-02T03:30:00Z").await.json();
    let states: Vec<(String, &str, bool)> = names(&changed)
        .into_iter()
        .zip(changed["servers"].as_array().unwrap())
        .map(|(name, entry)| {
            let official = &entry["_meta"][OFFICIAL];
            (name, official["status"].as_str().unwrap(), official["isLatest"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(
        states,
        [
            ("io.github.acme/weather@1.0.0".to_owned(), "deleted", false),
            ("io.github.acme/weather@1.1.0".to_owned(), "active", true),
        ]
    );
    let old = format!("{WEATHER_PATH}/versions/1.0.0");
    public.get(&old).await.problem(404);
    assert_eq!(public.get(&format!("{old}?include_deleted=true")).await.status, StatusCode::OK);
    assert_eq!(names(&public.get(&format!("{WEATHER_PATH}/versions")).await.json()).len(), 1);
    let all = public.get(&format!("{WEATHER_PATH}/versions?include_deleted=true")).await.json();
    assert_eq!(names(&all), ["io.github.acme/weather@1.1.0", "io.github.acme/weather@1.0.0"], "newest first");
}

#[tokio::test]
async fn a_prerelease_is_a_version_and_not_a_range() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0-next.1", "Forecasts the weather.", None)).await;
    let path = format!("{WEATHER_PATH}/versions/1.0.0-next.1");
    assert_eq!(registry.anonymous().get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_lets_any_web_page_read() {
    let registry = TestRegistry::new().await;
    with_weather(&registry).await;
    for (method, path) in [
        (Method::GET, "/v0.1/servers".to_owned()),
        (Method::GET, "/v0.1/servers?limit=0".to_owned()),
        (Method::GET, "/v0.1/servers?search=%00".to_owned()),
        (Method::GET, format!("{WEATHER_PATH}/versions/latest")),
        (Method::GET, format!("{WEATHER_PATH}/versions/9.9.9")),
        (Method::GET, "/v0.1/nowhere".to_owned()),
        (Method::HEAD, "/v0.1/servers".to_owned()),
        (Method::POST, "/v0.1/publish".to_owned()),
        (Method::POST, "/v0.1/servers".to_owned()),
        (Method::OPTIONS, "/v0.1/servers".to_owned()),
        (Method::OPTIONS, format!("{WEATHER_PATH}/versions/latest")),
    ] {
        let headers = [("origin", "https://web.example"), ("access-control-request-method", "GET")];
        let answer = registry.anonymous().send(method.clone(), &path, &headers, Vec::new()).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{method} {path}");
        assert_eq!(answer.header("access-control-allow-methods"), "GET, OPTIONS", "{method} {path}");
        assert_eq!(answer.header("access-control-allow-headers"), "Authorization, Content-Type", "{method} {path}");
        if method == Method::OPTIONS {
            assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0), "{path}");
        }
    }
    // Our own interface takes tokens, so no web page reads it.
    let own = registry.anonymous().get("/v1/whoami").await;
    assert_eq!(own.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn unchanged_answers_are_not_sent_twice() {
    let registry = TestRegistry::new().await;
    let people = with_weather(&registry).await;
    let latest = format!("{WEATHER_PATH}/versions/latest");
    for path in ["/v0.1/servers".to_owned(), latest.clone()] {
        let first = registry.anonymous().get(&path).await;
        assert_eq!(first.header("cache-control"), "no-cache");
        let tag = first.header("etag").to_owned();
        let again = registry.anonymous().send(Method::GET, &path, &[("if-none-match", &tag)], Vec::new()).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!((again.header("etag"), again.header("access-control-allow-origin")), (tag.as_str(), "*"));
    }
    let tag = registry.anonymous().get(&latest).await.header("etag").to_owned();
    let next = weather("1.1.0", "Better.", Some(&weather("1.0.0", "Forecasts the weather.", None)));
    registry.make_live(&people, &next).await;
    let changed = registry.anonymous().send(Method::GET, &latest, &[("if-none-match", &tag)], Vec::new()).await;
    assert_eq!(changed.status, StatusCode::OK);
}

#[tokio::test]
async fn tokens_make_no_difference_to_the_catalogue() {
    let registry = TestRegistry::new().await;
    with_weather(&registry).await;
    let latest = format!("{WEATHER_PATH}/versions/latest");
    // Some clients send whatever token they have.
    assert_eq!(registry.with_token("gho_somebody-elses").get(&latest).await.status, StatusCode::OK);
}

#[tokio::test]
async fn validation_says_200_and_what_is_wrong() {
    let registry = TestRegistry::new().await;
    let check = async |body: &[u8]| {
        let answer = registry.anonymous().post("/v0.1/validate", body.to_vec()).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()
    };
    let good = json::Value::Object(weather("1.0.0", "", None).server).to_canonical_bytes();
    assert_eq!(check(&good).await, serde_json::json!({ "valid": true, "issues": [] }));
    let bad = check(br#"{"name":"nope"}"#).await;
    assert_eq!(bad["valid"], false);
    assert_eq!(bad["issues"][0]["severity"], "error");
    for body in [&b"{"[..], b"[]", br#"{"a":1,"a":2}"#] {
        let answer = check(body).await;
        assert_eq!((&answer["valid"], &answer["issues"][0]["type"]), (&Value::Bool(false), &"json".into()));
    }
}

#[tokio::test]
async fn service_endpoints() {
    let registry = TestRegistry::new().await;
    assert_eq!(registry.anonymous().get("/v0.1/health").await.json()["status"], "ok");
    assert_eq!(registry.anonymous().get("/v0.1/ping").await.json()["pong"], true);
    assert_eq!(registry.anonymous().get("/v0.1/version").await.json()["version"], env!("CARGO_PKG_VERSION"));
}
