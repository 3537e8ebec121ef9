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
