//! Reads of our own interface: search, resolving, conditional reads and rates.

use std::num::NonZero;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use mcp_pin_model::statement::Statement as _;
use mcp_pin_registry::{
    authorization::PolicySource,
    config::{Config, Rate, Rates, RequestLimits},
    http::rate::Peer,
};
use mcp_pin_test_support::keys;
use serde_json::{Value, json};

use crate::support::{Answer, NAMESPACE, TestRegistry, WEATHER_PATH, other, weather};

async fn search(registry: &TestRegistry, query: &str) -> Vec<(String, Vec<String>)> {
    let answer = registry.anonymous().get(&format!("/v1/search?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| {
            let name = server["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (name, server["tools"].as_array().unwrap().iter().map(|tool| tool.as_str().unwrap().to_owned()).collect())
        })
        .collect()
}

#[tokio::test]
async fn search_finds_names_descriptions_and_tools() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let tools = [keys::tool("list_issues", "Lists the ISSUES of a tracker."), keys::tool("close_issue", "Closes one.")];
    let tracker = keys::manifest(&format!("{NAMESPACE}/tracker"), "1.0.0", tools, None);
    let first = weather("1.0.0", "Forecasts the weather.", None);
    for manifest in [&tracker, &first, &other("mail")] {
        registry.make_live(&people, manifest).await;
    }
    let found = |name: &str, tools: &[&str]| (name.to_owned(), tools.iter().map(|tool| (*tool).to_owned()).collect());
    assert_eq!(search(&registry, "q=issues").await, [found("tracker", &["list_issues"])]);
    assert_eq!(search(&registry, "q=ISSUE+tracker").await, [found("tracker", &["close_issue", "list_issues"])]);
    assert_eq!(search(&registry, "q=issue+forecasts").await, [], "every word must stand somewhere");
    assert_eq!(search(&registry, "q=get_forecast").await, [found("weather", &["get_forecast"])]);
    assert_eq!(search(&registry, "q=acme%2Fma").await, [found("mail", &[])]);
    // What is not live any more is not found, and neither is what waits.
    people.publisher.submit(&other("secret-plan")).await;
    assert_eq!(search(&registry, "q=secret-plan").await, []);
    let next = weather("1.1.0", "Says whether rain comes.", Some(&first));
    registry.make_live(&people, &next).await;
    assert_eq!(search(&registry, "q=rain").await, [found("weather", &["get_forecast"])]);
    let revocation = json!({ "scope": "server", "target": "io.github.acme/weather", "reason": "Gone." });
    registry.admin().post_json("/v1/revocations", &revocation).await;
    assert_eq!(search(&registry, "q=rain").await, []);
}

#[tokio::test]
async fn search_goes_page_by_page() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    for name in ["alpha", "beta", "gamma", "delta", "epsilon"] {
        registry.make_live(&people, &other(name)).await;
    }
    let public = registry.anonymous();
    let mut found = Vec::new();
    let mut path = "/v1/search?q=Acme&limit=2".to_owned();
    loop {
        let page = public.get(&path).await.json();
        found.extend(
            page["servers"].as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["metadata"]["nextCursor"].as_str() else { break };
        path = format!("/v1/search?q=Acme&limit=2&cursor={cursor}");
    }
    assert_eq!(found.len(), 5);
    assert!(found.is_sorted());
    let cursor = path.rsplit('=').next().unwrap();
    public.get(&format!("/v1/search?q=other&cursor={cursor}")).await.problem(400);
    // A cursor of one list is none of another.
    public.get(&format!("/v0.1/servers?cursor={cursor}")).await.problem(400);
    let list = public.get("/v0.1/servers?limit=1&search=acme").await.json();
    let cursor = list["metadata"]["nextCursor"].as_str().unwrap();
    public.get(&format!("/v1/search?q=acme&cursor={cursor}")).await.problem(400);
    for query in ["", "q=", "q=+++", &format!("q={}", "x".repeat(301)), &format!("q={}", "a+".repeat(17))] {
        public.get(&format!("/v1/search?{query}")).await.problem(422);
    }
    for limit in ["0", "101", "x"] {
        public.get(&format!("/v1/search?q=a&limit={limit}")).await.problem(422);
    }
}

#[tokio::test]
async fn a_whole_lock_is_resolved_at_once() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let first = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &first).await;
    let second = weather("1.1.0", "Better.", Some(&first));
    registry.make_live(&people, &second).await;
    let mail = other("mail");
    registry.make_live(&people, &mail).await;
    let gone = other("gone");
    registry.make_live(&people, &gone).await;
    let revocation = json!({ "scope": "server", "target": "io.github.acme/gone", "reason": "Gone." });
    registry.admin().post_json("/v1/revocations", &revocation).await;
    let waiting = other("waiting");
    people.publisher.submit(&waiting).await;
    let pin = |name: &str, version: &str, manifest: &str| json!({ "name": format!("{NAMESPACE}/{name}"), "version": version, "manifest": manifest });
    let (first, second, mail, gone, waiting) = (
        first.digest().to_string(),
        second.digest().to_string(),
        mail.digest().to_string(),
        gone.digest().to_string(),
        waiting.digest().to_string(),
    );
    let body = json!({ "servers": [
        pin("weather", "1.1.0", &second),
        pin("weather", "1.0.0", &first),
        pin("mail", "1.0.0", &second),
        pin("mail", "2.0.0", &mail),
        pin("gone", "1.0.0", &gone),
        pin("waiting", "1.0.0", &waiting),
        pin("..", "1.0.0", "sha256:00"),
        { "name": "io.github.acme/weather" },
    ] });
    let answer = registry.anonymous().post_json("/v1/resolve", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let stands: Vec<(Value, Value, Value)> = answer.json()["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| (server["live"].clone(), server["pinned"].clone(), server["latest"]["version"].clone()))
        .collect();
    let expected = [
        (json!(true), json!("live"), Value::Null),
        (json!(false), json!("superseded"), json!("1.1.0")),
        (json!(true), json!("mismatch"), Value::Null),
        (json!(false), json!("mismatch"), json!("1.0.0")),
        (json!(false), json!("revoked"), Value::Null),
        // What waits for consent is not told apart from what does not exist.
        (json!(false), json!("unknown"), Value::Null),
        (json!(false), json!("unknown"), Value::Null),
        (json!(true), Value::Null, Value::Null),
    ];
    assert_eq!(stands, expected);
    let many = json!({ "servers": vec![json!({ "name": "io.github.acme/weather" }); 201] });
    registry.anonymous().post_json("/v1/resolve", &many).await.problem(422);
}

#[tokio::test]
async fn every_read_is_conditional() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let digest = manifest.digest();
    let submission =
        registry.admin().get("/v1/submissions").await.json()["submissions"][0]["id"].as_str().unwrap().to_owned();
    for path in [
        "/v1/submissions".to_owned(),
        format!("/v1/submissions/{submission}"),
        format!("/v1/submissions/{submission}/changes"),
        "/v1/drafts".to_owned(),
        "/v1/events".to_owned(),
        "/v1/revocations".to_owned(),
        "/v1/approvers".to_owned(),
        format!("/v1/namespaces/{NAMESPACE}/grants"),
        "/v1/whoami".to_owned(),
        "/v1/search?q=weather".to_owned(),
        format!("/v1/manifests/{digest}"),
        format!("/v1/manifests/{digest}/consents"),
        format!("/v1/manifests/{digest}/changes"),
        format!("/v1/manifests/{digest}/evidence"),
        "/v1/openapi.json".to_owned(),
        "/.well-known/mcp-pin".to_owned(),
        "/v0.1/servers".to_owned(),
        format!("{WEATHER_PATH}/versions"),
        format!("{WEATHER_PATH}/versions/1.0.0"),
    ] {
        // Looking at a submission is no decision, so nothing changes between the two.
        let first = registry.admin().get(&path).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {first:?}");
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{path} has no tag");
        let again = registry.admin().send(Method::GET, &path, &[("if-none-match", &tag)], Vec::new()).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(again.header("etag"), tag);
        let other = registry.admin().send(Method::GET, &path, &[("if-none-match", "\"x\"")], Vec::new()).await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
        assert!(!other.header("cache-control").is_empty(), "{path}");
    }
    // What only the caller may have, nobody else keeps.
    let own = registry.admin().get("/v1/whoami").await;
    assert_eq!((own.header("cache-control"), own.header("vary")), ("private, no-cache", "Authorization"));
    let public = registry.anonymous().get(&format!("/v1/manifests/{digest}")).await;
    assert_eq!(public.header("cache-control"), "public, max-age=31536000, immutable");
    // A failure has no tag.
    let missing = registry.admin().get("/v1/submissions/01JBQK6M0V8Y4N2T9S3W5X7Z1A").await;
    assert_eq!((missing.status, missing.header("etag")), (StatusCode::NOT_FOUND, ""));
}

#[tokio::test]
async fn the_catalogue_can_be_closed_to_whoever_shows_no_token() {
    let registry = TestRegistry::configured(|config| Config {
        policies: PolicySource { closed: true, ..config.policies },
        ..config
    })
    .await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let reader = registry.somebody("rita", &["reader"]).await;
    let resolve = json!({ "servers": [{ "name": "io.github.acme/weather" }] });
    for path in [
        "/v0.1/servers".to_owned(),
        format!("{WEATHER_PATH}/versions"),
        "/v1/search?q=weather".to_owned(),
        format!("/v1/manifests/{}", manifest.digest()),
    ] {
        let refused = registry.anonymous().get(&path).await;
        assert_eq!(refused.problem(401), "unauthorized", "{path}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{path}");
        registry.with_token("mcpp_none").get(&path).await.problem(401);
        assert_eq!(reader.get(&path).await.status, StatusCode::OK, "{path}");
    }
    // Clients with an allow-list take any answer to this but 200 and 404 for a failure, and block every server.
    let latest = format!("{WEATHER_PATH}/versions/latest");
    for stranger in [registry.anonymous(), registry.with_token("mcpp_none")] {
        stranger.get(&latest).await.problem(404);
        stranger.get(&format!("{latest}/")).await.problem(404);
    }
    let answer = reader.get(&latest).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "private, no-cache"));
    registry.anonymous().post_json("/v1/resolve", &resolve).await.problem(401);
    assert_eq!(reader.post_json("/v1/resolve", &resolve).await.status, StatusCode::OK);
    // Neither the probes nor a preflight take one.
    assert_eq!(registry.anonymous().get("/healthz").await.status, StatusCode::OK);
    let preflight = registry.anonymous().send(Method::OPTIONS, "/v0.1/servers", &[], Vec::new()).await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
}

fn slow(rate: u32) -> impl FnOnce(Config) -> Config {
    move |config| {
        let rate = Rate { per_minute: NonZero::new(rate).unwrap(), burst: NonZero::new(rate).unwrap() };
        let rates = Rates { anonymous: Some(rate), principal: Some(rate) };
        Config { limits: RequestLimits { rates, ..config.limits }, ..config }
    }
}

async fn from_address(registry: &TestRegistry, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().uri(path).extension(Peer("192.0.2.1:40000".parse().unwrap()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    registry.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let registry = TestRegistry::configured(slow(5)).await;
    for _ in 0..5 {
        assert_eq!(from_address(&registry, "/v0.1/servers", &[]).await.status, StatusCode::OK);
    }
    let refused = from_address(&registry, "/v0.1/servers", &[]).await;
    assert_eq!(refused.problem(429), "too-many-requests");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(refused.header("access-control-allow-origin"), "*", "a web page can read that it has to wait");
    // What is asked before a server is started is answered as often as it is asked, also from this address.
    for _ in 0..50 {
        from_address(&registry, &format!("{WEATHER_PATH}/versions/latest"), &[]).await.problem(404);
    }
    assert_eq!(from_address(&registry, "/healthz", &[]).await.status, StatusCode::OK);
    // A token that does not hold is worth no more than none.
    let bad = [("authorization", "Bearer mcpp_none")];
    assert_eq!(from_address(&registry, "/v1/whoami", &bad).await.problem(429), "too-many-requests");
}

#[tokio::test]
async fn a_principal_has_a_rate_of_its_own() {
    let registry = TestRegistry::configured(slow(5)).await;
    let admin = registry.admin();
    for _ in 0..5 {
        assert_eq!(admin.get("/v1/whoami").await.status, StatusCode::OK);
    }
    assert_eq!(admin.get("/v1/whoami").await.problem(429), "too-many-requests");
    // With another token of the same principal, too; and v0.1 reads look at no token.
    assert_eq!(admin.get("/v0.1/servers").await.status, StatusCode::OK);
}
