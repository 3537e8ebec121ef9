//! Policies of a running registry: read again when told to, kept when the new ones are bad.

use axum::http::{Method, StatusCode};
use mcp_pin_registry::{
    authorization::{PolicySource, Preset},
    config::Config,
};

use crate::support::{TestRegistry, WEATHER_PATH, weather};

async fn with_directory(directory: &tempfile::TempDir, preset: Preset) -> TestRegistry {
    let policies = PolicySource { preset, directory: Some(directory.path().to_owned()), closed: false };
    TestRegistry::configured(|config: Config| Config { policies, ..config }).await
}

fn write(directory: &tempfile::TempDir, text: &str) {
    std::fs::write(directory.path().join("own.cedar"), text).unwrap();
}

const NO_REA: &str =
    "@id(\"no-rea\") forbid (principal == Principal::\"rea\", action == Action::\"read-events\", resource);";

#[tokio::test]
async fn a_reload_takes_good_policies_and_keeps_them_when_the_next_are_bad() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory, "@id(\"nothing\") forbid (principal, action == Action::\"manage-webhooks\", resource);");
    let registry = with_directory(&directory, Preset::Standard).await;
    let rea = registry.somebody("rea", &["reader"]).await;
    assert_eq!(rea.get("/v1/events").await.status, StatusCode::OK);

    write(&directory, NO_REA);
    assert_eq!(rea.get("/v1/events").await.status, StatusCode::OK, "not before it is told to");
    let reloaded = registry.admin().post("/v1/policies/reload", Vec::new()).await;
    assert_eq!(reloaded.status, StatusCode::OK, "{reloaded:?}");
    let refused = rea.get("/v1/events").await;
    assert_eq!(refused.problem(403), "forbidden");
    assert!(String::from_utf8(refused.body).unwrap().contains("own/no-rea"), "the policy is named");

    for bad in ["permit", "@id(\"x\") permit (principal in Role::\"root\", action, resource);", ""] {
        write(&directory, bad);
        if bad.is_empty() {
            std::fs::remove_file(directory.path().join("own.cedar")).unwrap();
        }
        let refused = registry.admin().post("/v1/policies/reload", Vec::new()).await;
        let body = String::from_utf8(refused.body.clone()).unwrap();
        assert_eq!(refused.problem(422), "refused");
        assert!(body.contains("the policies before stay in force"), "{body}");
        rea.get("/v1/events").await.problem(403);
    }
    let list = registry.admin().get("/v1/policies").await.json();
    assert!(list["policies"].as_array().unwrap().iter().any(|policy| policy["id"] == "own/no-rea"));
    let events = registry.admin().get("/v1/events?limit=1000").await.json();
    let changes: Vec<_> =
        events["events"].as_array().unwrap().iter().filter(|event| event["leaf"]["type"] == "policy-changed").collect();
    assert_eq!(changes.len(), 2, "one at the start, one by the reload");
    assert_eq!(changes[1]["leaf"]["target"], list["digest"]);
    assert_eq!(changes[1]["leaf"]["actor"], "admin");
}

#[tokio::test]
async fn a_closed_registry_asks_who_it_is_and_keeps_nothing_in_caches() {
    let directory = tempfile::tempdir().unwrap();
    write(
        &directory,
        "@id(\"closed\") forbid (principal is Anonymous, action, resource);
         @id(\"not-rea\") forbid (principal == Principal::\"rea\", action == Action::\"read-catalogue\", resource);",
    );
    let registry = with_directory(&directory, Preset::Standard).await;
    let people = registry.people().await;
    let rea = registry.somebody("rea", &["reader"]).await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let digest = {
        use mcp_pin_model::statement::Statement as _;
        manifest.digest()
    };
    let latest = format!("{WEATHER_PATH}/versions/latest");
    let by_digest = format!("/v1/manifests/{digest}");
    let versions = format!("{WEATHER_PATH}/versions");
    for path in ["/v0.1/servers", &versions, &by_digest, "/v1/search?q=weather"] {
        for actor in [registry.anonymous(), registry.with_token("mcpp_wrong")] {
            assert_eq!(actor.get(path).await.problem(401), "unauthorized", "{path}");
        }
        rea.get(path).await.problem(404);
        assert_eq!(people.publisher.get(path).await.status, StatusCode::OK, "{path}");
    }
    let preflight = registry.anonymous().send(Method::OPTIONS, "/v0.1/servers", &[], Vec::new()).await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    // The question that clients with an allow-list ask: anything but 200 and 404 blocks every server there.
    for path in [&latest, "/v0.1/servers/x%2Fnone/versions/latest"] {
        for actor in [registry.anonymous(), registry.with_token("mcpp_wrong")] {
            assert_eq!(actor.get(path).await.problem(404), "server-not-found", "{path}");
        }
        rea.get(path).await.problem(404);
    }
    let resolve = b"{\"servers\":[]}".to_vec();
    registry.anonymous().post("/v1/resolve", resolve.clone()).await.problem(401);
    rea.post("/v1/resolve", resolve).await.problem(404);
    let answer = people.publisher.get(&latest).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(registry.anonymous().get("/v0.1/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_without_a_token_hears_of_policies() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory, "@id(\"closed\") forbid (principal is Anonymous, action, resource);");
    let registry = with_directory(&directory, Preset::Standard).await;
    for path in ["/v0.1/servers", "/v1/policies", "/v1/events", "/v1/manifests/sha256:00"] {
        let answer = registry.anonymous().get(path).await;
        let all = format!("{:?}{}", answer.headers, String::from_utf8_lossy(&answer.body));
        assert!(!all.contains("closed") && !all.contains("standard/"), "{path}: {all}");
    }
}
