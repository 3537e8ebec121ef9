//! Unsigned documents, and the statuses of the MCP Registry API in terms of the life of a version.

use axum::http::{Method, StatusCode};
use mcp_pin_model::{consent::Decision, json};
use serde_json::{Value, json};

use crate::support::{Actor, Answer, NAMESPACE, TestRegistry, WEATHER_PATH, other, weather};

const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";
const OURS: &str = "io.github.mcp-pin/registry";

fn document(version: &str, description: &str) -> Value {
    let mut server = weather(version, "Forecasts the weather.", None).server;
    server.insert("description", description);
    serde_json::to_value(json::Value::Object(server)).unwrap()
}

async fn publish(actor: &Actor<'_>, document: &Value) -> Answer {
    actor.post_json("/v0.1/publish", document).await
}

async fn set(actor: &Actor<'_>, version: &str, status: &Value) -> Answer {
    let path = format!("{WEATHER_PATH}/versions/{version}/status");
    let body = serde_json::to_vec(status).unwrap();
    actor.send(Method::PATCH, &path, &[("content-type", "application/json")], body).await
}

/// What any anonymous reader can find of the weather server.
async fn visible(registry: &TestRegistry) -> Vec<String> {
    let mut found = Vec::new();
    let public = registry.anonymous();
    for path in [
        "/v0.1/servers?include_deleted=true".to_owned(),
        "/v0.1/servers?updated_since=2000-01-01T00:00:00Z".to_owned(),
        format!("{WEATHER_PATH}/versions?include_deleted=true"),
        format!("{WEATHER_PATH}/versions/latest"),
        format!("{WEATHER_PATH}/versions/1.0.0?include_deleted=true"),
        "/v1/search?q=weather".to_owned(),
    ] {
        let answer = public.get(&path).await;
        if String::from_utf8_lossy(&answer.body).contains("io.github.acme/weather") {
            found.push(path);
        }
    }
    let body = json!({ "servers": [{ "name": "io.github.acme/weather" }] });
    if public.post_json("/v1/resolve", &body).await.json()["servers"][0]["live"] == true {
        found.push("/v1/resolve".to_owned());
    }
    found
}

#[tokio::test]
async fn an_unsigned_document_is_kept_and_never_seen() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let sent = document("1.0.0", "Unsigned.");
    let answer = publish(&people.publisher, &sent).await;
    // 200 and the document, as publishers of the MCP Registry expect; no official members, since it is not published.
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["server"], sent);
    assert_eq!(answer.json()["_meta"][OURS]["state"], "quarantined");
    assert!(answer.json()["_meta"].get(OFFICIAL).is_none());
    assert_eq!(visible(&registry).await, [""; 0]);
    // Nobody can consent to it, and it is no submission.
    let pending = people.approvers[0].get("/v1/submissions").await.json();
    assert_eq!(pending["submissions"], json!([]));
    let registry = registry.restart().await;
    assert_eq!(visible(&registry).await, [""; 0], "after a restart neither");
}

#[tokio::test]
async fn the_signed_manifest_ends_the_draft_and_goes_its_own_way() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let sent = serde_json::to_value(json::Value::Object(manifest.server.clone())).unwrap();
    let link = publish(&people.publisher, &sent).await.json()["_meta"][OURS]["link"].as_str().unwrap().to_owned();
    let draft = people.publisher.get(&link).await.json();
    assert_eq!((&draft["state"], &draft["document"]), (&json!("quarantined"), &sent));

    let live = registry.make_live(&people, &manifest).await;
    let draft = people.publisher.get(&link).await.json();
    assert_eq!((&draft["state"], &draft["endedBy"]), (&json!("submitted"), &live["id"]));
    assert_eq!(visible(&registry).await.len(), 7, "now it is everywhere");
    assert_eq!(people.publisher.get("/v1/drafts").await.json()["drafts"], json!([]));
    // T27: the version is taken for ever, in the words that publishers expect.
    assert_eq!(publish(&people.publisher, &document("1.0.0", "Other bytes.")).await.problem(400), "version-taken");
    assert_eq!(publish(&people.publisher, &sent).await.problem(400), "version-taken");
}

#[tokio::test]
async fn a_signature_wins_over_a_document_that_nobody_signed() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let link = publish(&people.publisher, &document("1.0.0", "By a stolen token.")).await.json()["_meta"][OURS]["link"]
        .as_str()
        .unwrap()
        .to_owned();
    let submitted = people.publisher.submit(&weather("1.0.0", "Forecasts the weather.", None)).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{submitted:?}");
    assert_eq!(people.publisher.get(&link).await.json()["state"], "submitted");
}

#[tokio::test]
async fn a_draft_is_replaced_and_taken_back() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let link = |answer: &Answer| answer.json()["_meta"][OURS]["link"].as_str().unwrap().to_owned();
    let first = link(&publish(&people.publisher, &document("1.0.0", "One.")).await);
    assert_eq!(link(&publish(&people.publisher, &document("1.0.0", "One.")).await), first, "the same again");
    let second = link(&publish(&people.publisher, &document("1.0.0", "Two.")).await);
    assert_eq!(people.publisher.get(&first).await.json()["state"], "replaced");
    let path = format!("{WEATHER_PATH}/versions/1.0.0");
    let put = async |document: &Value| {
        people.publisher.send(Method::PUT, &path, &[], serde_json::to_vec(document).unwrap()).await
    };
    let third = link(&put(&document("1.0.0", "Three.")).await);
    assert_eq!(people.publisher.get(&second).await.json()["state"], "replaced");
    put(&document("1.0.1", "Another version.")).await.problem(400);
    put(&document("1.0.0", &"x".repeat(101))).await.problem(422);
    set(&people.publisher, "1.0.0", &json!({ "status": "deprecated" })).await.problem(409);
    let gone = people.publisher.delete(&path).await;
    assert_eq!(gone.json()["_meta"][OURS]["link"], third, "{gone:?}");
    assert_eq!(people.publisher.get(&third).await.json()["state"], "withdrawn");
    people.publisher.delete(&path).await.problem(404);

    let fourth = link(&publish(&people.publisher, &document("1.0.0", "Four.")).await);
    assert_eq!(people.publisher.delete(&fourth).await.status, StatusCode::NO_CONTENT);
    people.publisher.delete(&fourth).await.problem(404);
    let kinds: Vec<Value> = registry.admin().get("/v1/events").await.json()["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["leaf"]["type"].clone())
        .filter(|kind| kind.as_str().unwrap().starts_with("draft"))
        .collect();
    let one = ["drafted", "draft-ended"];
    assert_eq!(kinds, [one[0], one[1], one[0], one[1], one[0], one[1], one[0], one[1]], "every step is logged");
}

#[tokio::test]
async fn who_may_publish() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let sent = document("1.0.0", "Unsigned.");
    publish(&registry.anonymous(), &sent).await.problem(401);
    publish(&registry.with_token("mcpp_none"), &sent).await.problem(401);
    publish(&people.approvers[0], &sent).await.problem(403);
    let stranger = registry.somebody("sam", &["publisher"]).await;
    assert_eq!(publish(&stranger, &sent).await.problem(403), "namespace-not-granted");
    let link = publish(&people.publisher, &sent).await.json()["_meta"][OURS]["link"].as_str().unwrap().to_owned();
    // Nobody else learns that there is a draft.
    stranger.get(&link).await.problem(404);
    stranger.delete(&link).await.problem(404);
    registry.anonymous().get(&link).await.problem(401);
    assert_eq!(stranger.get("/v1/drafts").await.json()["drafts"], json!([]));
    assert_eq!(people.approvers[0].get("/v1/drafts").await.json()["drafts"].as_array().unwrap().len(), 1);
    set(&stranger, "1.0.0", &json!({ "status": "deleted" })).await.problem(404);
    stranger.delete(&format!("{WEATHER_PATH}/versions/1.0.0")).await.problem(404);
    stranger
        .send(Method::PATCH, &format!("{WEATHER_PATH}/status"), &[], br#"{"status":"deleted"}"#.to_vec())
        .await
        .problem(404);
    // A grant that was withdrawn is none.
    let grants = registry.admin().get(&format!("/v1/namespaces/{NAMESPACE}/grants")).await.json();
    let grant = grants["grants"][0]["id"].as_str().unwrap();
    registry.admin().delete(&format!("/v1/namespaces/{NAMESPACE}/grants/{grant}")).await;
    publish(&people.publisher, &document("1.0.1", "Unsigned.")).await.problem(403);
}

#[tokio::test]
async fn what_is_no_acceptable_document_is_refused_with_what_is_wrong() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let mut bad = document("1.0.0", "");
    bad["name"] = json!("io.github.acme/weather/v2");
    let answer = publish(&people.publisher, &bad).await;
    assert_eq!(answer.problem(422), "invalid-document");
    let places: Vec<Value> =
        answer.json()["errors"].as_array().unwrap().iter().map(|error| error["location"].clone()).collect();
    assert!(places.contains(&json!("name")) && places.contains(&json!("description")), "{places:?}");
    for version in ["^1.0.0", "latest", "2021.03.15", ""] {
        let mut bad = document("1.0.0", "Unsigned.");
        bad["version"] = json!(version);
        publish(&people.publisher, &bad).await.problem(422);
    }
    assert_eq!(publish(&people.publisher, &document("1.0.0-next.1", "Unsigned.")).await.status, StatusCode::OK);
    people.publisher.post("/v0.1/publish", b"[]".to_vec()).await.problem(422);
    people.publisher.post("/v0.1/publish", br#"{"name":"a","name":"b"}"#.to_vec()).await.problem(400);
    people.publisher.post("/v0.1/publish", vec![b' '; 70_000]).await.problem(413);
    // T26: a name that looks like another one.
    registry.make_live(&people, &other("mail")).await;
    let mut twin = document("1.0.0", "Unsigned.");
    twin["name"] = json!("io.github.acme/rnail");
    assert_eq!(publish(&people.publisher, &twin).await.problem(422), "confusable-name");
}

#[tokio::test]
async fn deprecated_is_said_beside_the_content() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let latest = format!("{WEATHER_PATH}/versions/latest");
    let before = registry.anonymous().get(&latest).await;
    registry.clock.advance_seconds(60);
    let message = json!({ "status": "deprecated", "statusMessage": "Use 2.x instead." });
    let answer = set(&people.publisher, "1.0.0", &message).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let after = registry.anonymous().get(&latest).await;
    assert_eq!(after.json(), answer.json());
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(after.json()["server"], before.json()["server"], "the content is what it was");
    let official = &after.json()["_meta"][OFFICIAL];
    assert_eq!(
        (&official["status"], &official["statusMessage"], &official["isLatest"]),
        (&json!("deprecated"), &json!("Use 2.x instead."), &json!(true))
    );
    assert_ne!(official["statusChangedAt"], official["publishedAt"]);
    // Mirrors hear of it, also after a restart.
    let since = official["publishedAt"].as_str().unwrap().to_owned();
    let token = people.publisher.token.clone().unwrap();
    let registry = registry.restart().await;
    let publisher = registry.with_token(&token);
    let changed = registry.anonymous().get(&format!("/v0.1/servers?updated_since={since}")).await.json();
    assert_eq!(changed["servers"][0]["_meta"][OFFICIAL]["status"], "deprecated");

    assert_eq!(set(&publisher, "1.0.0", &message).await.problem(400), "no-change");
    set(&publisher, "1.0.0", &json!({ "status": "active", "statusMessage": "Why?" })).await.problem(400);
    set(&publisher, "1.0.0", &json!({ "status": "hidden" })).await.problem(422);
    set(&publisher, "1.0.0", &json!({ "status": "deprecated", "statusMessage": "x".repeat(501) })).await.problem(422);
    set(&publisher, "1.0.0", &json!({ "status": "deprecated", "statusMessage": "a\u{202e}b" })).await.problem(422);
    assert_eq!(set(&publisher, "1.0.0", &json!({ "status": "active" })).await.status, StatusCode::OK);
    let official = registry.anonymous().get(&latest).await.json()["_meta"][OFFICIAL].clone();
    assert_eq!(official["status"], "active");
    assert!(official.get("statusMessage").is_none());
}

#[tokio::test]
async fn deleted_is_a_revocation_for_ever() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let stranger = registry.somebody("sam", &["publisher"]).await;
    let deleted = json!({ "status": "deleted", "statusMessage": "Broken." });
    // It is public, so that is not hidden; it is not theirs.
    set(&stranger, "1.0.0", &deleted).await.problem(403);
    set(&people.approvers[0], "1.0.0", &deleted).await.problem(403);
    set(&registry.anonymous(), "1.0.0", &deleted).await.problem(401);
    set(&people.publisher, "9.9.9", &deleted).await.problem(404);
    let answer = set(&people.publisher, "1.0.0", &deleted).await;
    assert_eq!(answer.json()["_meta"][OFFICIAL]["status"], "deleted", "{answer:?}");
    registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest")).await.problem(404);
    let revoked = registry.admin().get("/v1/revocations").await.json();
    assert_eq!(revoked["revocations"][0]["target"], "io.github.acme/weather@1.0.0");
    assert_eq!(
        (&revoked["revocations"][0]["reason"], &revoked["revocations"][0]["principal"]),
        (&json!("Broken."), &json!("paula"))
    );
    assert_eq!(set(&people.publisher, "1.0.0", &json!({ "status": "active" })).await.problem(409), "revoked");
    assert_eq!(set(&people.publisher, "1.0.0", &deleted).await.problem(400), "no-change");
    // T27: and the version is never free again, for a document or for a manifest.
    publish(&people.publisher, &document("1.0.0", "Again.")).await.problem(409);
    people.publisher.submit(&weather("1.0.0", "Other bytes.", None)).await.problem(409);
}

#[tokio::test]
async fn all_versions_change_together_or_none() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let first = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &first).await;
    let second = weather("1.1.0", "Better.", Some(&first));
    registry.make_live(&people, &second).await;
    people.publisher.submit(&weather("1.2.0", "Best.", Some(&second))).await;
    publish(&people.publisher, &document("1.3.0", "Unsigned.")).await;
    let all = async |actor: &Actor<'_>, body: &str| {
        actor.send(Method::PATCH, &format!("{WEATHER_PATH}/status"), &[], body.as_bytes().to_vec()).await
    };
    let answer = all(&people.publisher, r#"{"status":"deprecated"}"#).await;
    assert_eq!(answer.json()["updatedCount"], 1, "what is served: {answer:?}");
    all(&people.publisher, r#"{"status":"deprecated"}"#).await.problem(400);
    let answer = all(&people.publisher, r#"{"status":"deleted"}"#).await;
    assert_eq!(answer.json()["updatedCount"], 4, "{answer:?}");
    assert_eq!(answer.json()["servers"].as_array().unwrap().len(), 4);
    registry.anonymous().get(&format!("{WEATHER_PATH}/versions")).await.problem(404);
    let states: Vec<Value> = registry.admin().get("/v1/submissions").await.json()["submissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|submission| submission["state"].clone())
        .collect();
    assert_eq!(states, ["revoked", "revoked", "rejected"]);
    // The name is still theirs.
    let next = people.publisher.submit(&weather("2.0.0", "New.", Some(&second))).await;
    assert_eq!(next.status, StatusCode::CREATED, "{next:?}");
}

#[tokio::test]
async fn what_was_signed_is_not_edited() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    registry.make_live(&people, &manifest).await;
    let path = format!("{WEATHER_PATH}/versions/1.0.0");
    let put = async |body: Vec<u8>| people.publisher.send(Method::PUT, &path, &[], body).await;
    let same = put(json::Value::Object(manifest.server.clone()).to_canonical_bytes()).await;
    assert_eq!(same.status, StatusCode::OK, "{same:?}");
    assert_eq!(put(serde_json::to_vec(&document("1.0.0", "Other.")).unwrap()).await.problem(409), "version-taken");
    registry
        .admin()
        .send(Method::PUT, &path, &[], serde_json::to_vec(&document("1.0.0", "Other.")).unwrap())
        .await
        .problem(409);
}

#[tokio::test]
async fn a_pending_version_is_rejected_by_its_own_publisher() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = people.publisher.submit(&manifest).await.json();
    set(&people.publisher, "1.0.0", &json!({ "status": "active" })).await.problem(409);
    let answer = set(&people.publisher, "1.0.0", &json!({ "status": "deleted" })).await;
    assert_eq!(answer.json()["_meta"][OURS]["state"], "rejected", "{answer:?}");
    people.approvers[0].consent(&submission, &manifest, Decision::Approve).await.problem(409);
}
