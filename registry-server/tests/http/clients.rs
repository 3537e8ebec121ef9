//! The exact requests of clients that exist.

use axum::http::{Method, StatusCode};

use crate::support::{TestRegistry, WEATHER_PATH, other, weather};

/// VS Code: probes, lists the gallery page by page with the cursor pasted un-encoded and the search text dropped from
/// page two, then asks for each installed server.
#[tokio::test]
async fn vs_code() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    for index in 0..52 {
        registry.make_live(&people, &other(&format!("server-{index:02}"))).await;
    }
    let client = registry.anonymous();
    assert_eq!(client.get("/v0.1/servers?limit=1").await.status, StatusCode::OK);

    let first = client.get("/v0.1/servers?limit=50&version=latest&search=server-").await.json();
    assert_eq!(first["servers"].as_array().unwrap().len(), 50);
    let cursor = first["metadata"]["nextCursor"].as_str().unwrap();
    let second = client.get(&format!("/v0.1/servers?limit=50&version=latest&cursor={cursor}")).await.json();
    assert_eq!(second["servers"].as_array().unwrap().len(), 2, "the search goes on");
    for entry in first["servers"].as_array().unwrap().iter().chain(second["servers"].as_array().unwrap()) {
        assert!(entry["_meta"].is_object(), "it is destructured");
        assert_eq!(entry["_meta"]["io.modelcontextprotocol.registry/official"]["isLatest"], true);
    }

    let installed = client.get(&format!("{WEATHER_PATH}/versions/latest")).await;
    assert_eq!(installed.json()["server"]["name"], "io.github.acme/weather");
    let gone = client.get("/v0.1/servers/io.github.other%2Fthing/versions/latest").await;
    assert!(gone.status.is_client_error());
    // It falls back to `/v0` only where v0.1 does not answer; there is none.
    client.get("/v0/servers?limit=1").await.problem(404);
}

/// ToolHive: lists a hundred at a time with the cursor encoded, searches, and shows the latest version.
#[tokio::test]
async fn toolhive() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    for index in 0..101 {
        registry.make_live(&people, &other(&format!("server-{index:03}"))).await;
    }
    let get = async |path: &str| {
        let headers = [("user-agent", "toolhive/v0.63.0 (linux/amd64)")];
        registry.anonymous().send(Method::GET, path, &headers, Vec::new()).await
    };
    let first = get("/v0.1/servers?limit=100&version=latest").await.json();
    assert_eq!(first["servers"].as_array().unwrap().len(), 100);
    let cursor: String =
        url::form_urlencoded::byte_serialize(first["metadata"]["nextCursor"].as_str().unwrap().as_bytes()).collect();
    let second = get(&format!("/v0.1/servers?cursor={cursor}&limit=100&version=latest")).await.json();
    assert_eq!(second["servers"].as_array().unwrap().len(), 2);
    assert!(second["metadata"].get("nextCursor").is_none(), "it asks until there is none");
    let found = get("/v0.1/servers?search=acme%2Fweather&version=latest").await.json();
    assert_eq!(found["servers"][0]["server"]["name"], "io.github.acme/weather");
    let shown = get(&format!("{WEATHER_PATH}/versions/latest")).await.json();
    assert_eq!(shown["server"]["version"], "1.0.0");
    assert_eq!(get("/v0.1/servers/io.github.acme%2Fnone/versions/latest").await.status, StatusCode::NOT_FOUND);
}

/// The official publisher, as it was recorded: it writes to `/v0`, reads there with its token what it is about to change,
/// asks `validate` after a 422, and takes `registry_token` from a login.
#[tokio::test]
async fn official_publisher() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let live = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &live).await;
    let publisher = &people.publisher;
    let send = async |method: Method, path: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("user-agent", "Go-http-client/1.1")];
        publisher.send(method, path, &headers, body.as_bytes().to_vec()).await
    };
    let document = |description: &str| {
        format!(
            r#"{{"$schema":"https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json","name":"io.github.acme/weather","description":"{description}","version":"1.1.0"}}"#
        )
    };
    let published = send(Method::POST, "/v0/publish", &document("Forecasts.")).await;
    assert_eq!(published.status, StatusCode::OK, "{published:?}");
    assert_eq!(published.json()["server"]["version"], "1.1.0");
    let refused = send(Method::POST, "/v0/publish", &document("")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let issues = registry.anonymous().post("/v0/validate", document("").into_bytes()).await.json();
    assert_eq!((&issues["valid"], &issues["issues"][0]["path"]), (&false.into(), &"description".into()));

    let version = "/v0/servers/io.github.acme%2Fweather/versions/1.0.0";
    let shown = send(Method::GET, &format!("{version}?include_deleted=true"), "").await.json();
    assert_eq!(shown["_meta"]["io.modelcontextprotocol.registry/official"]["status"], "active");
    let changed =
        send(Method::PATCH, &format!("{version}/status"), r#"{"status":"deprecated","statusMessage":"Old."}"#).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let all = send(Method::GET, "/v0/servers/io.github.acme%2Fweather/versions?include_deleted=true", "").await.json();
    assert_eq!(all["servers"][0]["_meta"]["io.modelcontextprotocol.registry/official"]["status"], "deprecated");
    let changed = send(Method::PATCH, "/v0/servers/io.github.acme%2Fweather/status", r#"{"status":"active"}"#).await;
    assert_eq!(changed.json()["updatedCount"], 1);

    // There is no catalogue under `/v0`, and without a token nothing at all to read.
    for path in [&format!("{version}?include_deleted=true"), "/v0/servers", "/v0/servers?limit=1", "/v0/nowhere"] {
        assert_eq!(registry.anonymous().get(path).await.problem(404), "no-such-path", "{path}");
    }
    for (method, code) in [
        ("dns", "no-such-login"),
        ("http", "no-such-login"),
        ("github-at", "no-such-login"),
        ("none", "no-such-login"),
        ("github-oidc", "token-exchange-disabled"),
        ("x", "not-found"),
    ] {
        let answer =
            registry.anonymous().post(&format!("/v0/auth/{method}"), br#"{"oidc_token":"a.b.c"}"#.to_vec()).await;
        assert_eq!(answer.problem(404), code, "{method}");
    }
}

/// GitHub Copilot CLI: no token, `Accept: application/json`; every answer but 200 and 404 blocks all servers.
#[tokio::test]
async fn copilot_cli() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let ask = async |name: &str| {
        let path = format!("/v0.1/servers/{name}/versions/latest");
        registry.anonymous().send(Method::GET, &path, &[("accept", "application/json")], Vec::new()).await
    };
    // As often as it likes.
    for _ in 0..300 {
        assert_eq!(ask("io.github.acme%2Fweather").await.status, StatusCode::OK);
    }
    for name in ["io.github.acme%2Fnone", "weather", "my%20local%20server", "..", "%E2%98%83", "a%2Fb%2Fc", "a%3Fb"] {
        assert_eq!(ask(name).await.status, StatusCode::NOT_FOUND, "{name}");
    }
    // A version that waits for consent changes nothing.
    people.publisher.submit(&other("waiting")).await;
    assert_eq!(ask("io.github.acme%2Fwaiting").await.status, StatusCode::NOT_FOUND);
}
