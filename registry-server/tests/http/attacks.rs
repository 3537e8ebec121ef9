//! Attacks on the interface, named after the rows of the threat model.

use axum::http::{Method, StatusCode};
use mcp_pin_model::statement::Statement as _;
use serde_json::{Value, json};

use crate::support::{NAMESPACE, TestRegistry, WEATHER_PATH, other, weather};

fn document(name: &str, remote: &str) -> Value {
    json!({
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": name, "description": "A server.", "version": "1.0.0",
        "remotes": [{ "type": "streamable-http", "url": remote }],
    })
}

/// What nobody consented to, what is somebody else's and what does not exist look the same to whoever may not see it.
#[tokio::test]
async fn t87_nothing_is_learned_by_asking_for_names() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    people.publisher.submit(&other("waiting")).await;
    let draft = document(&format!("{NAMESPACE}/drafted"), "https://a.example.com/mcp");
    assert_eq!(people.publisher.post_json("/v0.1/publish", &draft).await.status, StatusCode::OK);
    let names = ["waiting", "drafted", "never"];
    let reader = registry.somebody("rita", &["reader"]).await;
    let stranger = registry.somebody("sam", &["publisher"]).await;
    for actor in [&registry.anonymous(), &reader, &stranger] {
        for path in [
            "/v0.1/servers/io.github.acme%2FNAME/versions/latest",
            "/v0.1/servers/io.github.acme%2FNAME/versions/1.0.0?include_deleted=true",
            "/v0.1/servers/io.github.acme%2FNAME/versions?include_deleted=true",
            "/v0.1/servers?search=NAME&include_deleted=true",
            "/v1/search?q=acme%2FNAME",
        ] {
            let mut answers = Vec::new();
            for name in names {
                let answer = actor.get(&path.replace("NAME", name)).await;
                answers.push((answer.status, String::from_utf8_lossy(&answer.body).replace(name, "NAME")));
            }
            assert_eq!(answers[0], answers[2], "{path}: pending");
            assert_eq!(answers[1], answers[2], "{path}: drafted");
        }
    }
    // Writing tells no more than reading.
    for (method, path) in [
        (Method::DELETE, "/v0.1/servers/io.github.acme%2FNAME/versions/1.0.0"),
        (Method::PATCH, "/v0.1/servers/io.github.acme%2FNAME/versions/1.0.0/status"),
        (Method::PATCH, "/v0.1/servers/io.github.acme%2FNAME/status"),
    ] {
        let mut answers = Vec::new();
        for name in names {
            let body = br#"{"status":"deleted"}"#.to_vec();
            let answer = stranger.send(method.clone(), &path.replace("NAME", name), &[], body).await;
            answers.push((answer.status, String::from_utf8_lossy(&answer.body).replace(name, "NAME")));
        }
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND, "{path}");
        assert!(answers.iter().all(|answer| *answer == answers[2]), "{path}: {answers:?}");
    }
}

#[tokio::test]
async fn t87_a_path_leads_nowhere_but_where_it_says() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    for name in [
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "io.github.acme%2f..%2fweather",
        "io.github.acme%252Fweather",
        "io.github.acme%2Fweather%2F",
        "%2Fweather",
        "io.github.acme%2F",
        "io.github.acme%5Cweather",
        "io.github.acme%2Fwe%D0%B0ther",
        "io.github.acme%2Fweather%E2%80%8B",
        "io.github.acme%2Fweather%20",
        "%F0%9F%98%80",
        "IO.GITHUB.ACME%2FWEATHER",
    ] {
        for path in [format!("/v0.1/servers/{name}/versions/latest"), format!("/v0.1/servers/{name}/versions")] {
            let answer = registry.anonymous().get(&path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {answer:?}");
        }
    }
    for name in ["%00", "io.github.acme%2Fweather%00", "%ff%fe"] {
        registry.anonymous().get(&format!("/v0.1/servers/{name}/versions/latest")).await.problem(400);
    }
    // A raw slash is another path, not a part of the name.
    registry.anonymous().get("/v0.1/servers/io.github.acme/weather/versions/latest").await.problem(404);
    // Decoded once, and in any case of its digits.
    for name in ["io.github.acme%2Fweather", "io.github.acme%2fweather", "io%2Egithub.acme%2Fweather"] {
        let answer = registry.anonymous().get(&format!("/v0.1/servers/{name}/versions/latest")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
    }
    // A slash too many is sent back without changing the method, and to nobody else's host.
    let answer = registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest/")).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::PERMANENT_REDIRECT, &*format!("{WEATHER_PATH}/versions/latest"))
    );
    registry.anonymous().get("//host.example/").await.problem(404);
}

#[tokio::test]
async fn t87_remotes_lead_to_nothing_that_is_this_machines() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    for remote in [
        "https://localhost/mcp",
        "https://LOCALHOST./mcp",
        "https://a.localhost/mcp",
        "https://127.0.0.1/mcp",
        "https://127.1/mcp",
        "https://0x7f000001/mcp",
        "https://2130706433/mcp",
        "https://[::1]/mcp",
        "https://[::ffff:127.0.0.1]/mcp",
        "https://0.0.0.0/mcp",
        "https://[::]/mcp",
        "https://169.254.169.254/mcp",
        "https://[fe80::1]/mcp",
        "http://weather.example.com/mcp",
        "file:///etc/passwd",
        "https:///mcp",
        "https://{host}/mcp",
    ] {
        let document = document(&format!("{NAMESPACE}/remote"), remote);
        let answer = people.publisher.post_json("/v0.1/publish", &document).await;
        assert_eq!(answer.problem(422), "invalid-document", "{remote}");
        let answer = registry.anonymous().post_json("/v0.1/validate", &document).await.json();
        assert_eq!(answer["valid"], false, "{remote}");
    }
}

/// A store that does not answer is never taken for one that says yes, or for one that says "nobody".
#[tokio::test]
async fn t87_without_the_database_nothing_is_allowed_and_reads_go_on() {
    let mut registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let token = people.publisher.token.clone().unwrap();
    let bundle = people.publisher.person().sign(&other("late")).as_bytes().to_vec();
    drop(people);
    registry.lose_database().await;
    let publisher = registry.with_token(&token);
    let document = document(&format!("{NAMESPACE}/late"), "https://a.example.com/mcp");
    publisher.post_json("/v0.1/publish", &document).await.problem(503);
    publisher.post("/v1/submissions", bundle).await.problem(503);
    publisher.get("/v1/drafts").await.problem(503);
    publisher.delete(&format!("{WEATHER_PATH}/versions/1.0.0")).await.problem(503);
    // An optional token that cannot be checked is not none.
    publisher.get(&format!("/v1/manifests/{}", manifest.digest())).await.problem(503);
    for path in [format!("{WEATHER_PATH}/versions/latest"), "/v0.1/servers".to_owned()] {
        assert_eq!(registry.anonymous().get(&path).await.status, StatusCode::OK, "{path}");
    }
    let body = json!({ "servers": [{ "name": "io.github.acme/weather" }] });
    assert_eq!(registry.anonymous().post_json("/v1/resolve", &body).await.json()["servers"][0]["live"], true);
}

#[tokio::test]
async fn t26_a_name_that_looks_like_another_one_is_refused_signed_or_not() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &other("mail")).await;
    for name in ["rnail", "Mail"] {
        let document = document(&format!("{NAMESPACE}/{name}"), "https://a.example.com/mcp");
        let drafted = people.publisher.post_json("/v0.1/publish", &document).await;
        let submitted = people.publisher.submit(&other(name)).await;
        assert_eq!(drafted.problem(422), "confusable-name", "{name}");
        assert_eq!(submitted.problem(422), "confusable-name", "{name}");
    }
    // A name that was revoked is not free for whoever comes next.
    let order = json!({ "scope": "server", "target": format!("{NAMESPACE}/gone"), "reason": "Squatted." });
    assert_eq!(registry.admin().post_json("/v1/revocations", &order).await.status, StatusCode::CREATED);
    let gone = document(&format!("{NAMESPACE}/gone"), "https://a.example.com/mcp");
    assert_eq!(people.publisher.post_json("/v0.1/publish", &gone).await.problem(409), "revoked");
    assert_eq!(people.publisher.submit(&other("gone")).await.problem(409), "revoked");
}

#[tokio::test]
async fn t27_a_version_is_one_document_for_ever() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let first = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &first).await;
    let latest = format!("{WEATHER_PATH}/versions/latest");
    let before = registry.anonymous().get(&latest).await;
    let mut changed = document("io.github.acme/weather", "https://a.example.com/mcp");
    let path = format!("{WEATHER_PATH}/versions/1.0.0");
    for description in ["Other bytes.", "And others."] {
        changed["description"] = json!(description);
        let body = serde_json::to_vec(&changed).unwrap();
        people.publisher.post("/v0.1/publish", body.clone()).await.problem(400);
        people.publisher.send(Method::PUT, &path, &[], body.clone()).await.problem(409);
        registry.admin().send(Method::PUT, &path, &[], body).await.problem(409);
        people.publisher.submit(&weather("1.0.0", description, None)).await.problem(409);
    }
    assert_eq!(registry.anonymous().get(&latest).await.body, before.body);
    // Also once it is gone.
    assert_eq!(people.publisher.delete(&path).await.status, StatusCode::OK);
    let body = serde_json::to_vec(&changed).unwrap();
    people.publisher.post("/v0.1/publish", body.clone()).await.problem(409);
    people.publisher.send(Method::PUT, &path, &[], body).await.problem(409);
    people.publisher.submit(&weather("1.0.0", "Other bytes.", None)).await.problem(409);
}
