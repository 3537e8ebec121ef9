//! The life of a version, as everybody who takes part in it sees it.

use axum::http::StatusCode;
use mcp_pin_model::{consent::Decision, statement::Statement as _};

use crate::support::{TestRegistry, WEATHER, WEATHER_PATH, weather};

#[tokio::test]
async fn nothing_is_visible_right_after_start() {
    let registry = TestRegistry::new().await;
    let list = registry.anonymous().get("/v0.1/servers").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.json(), serde_json::json!({ "servers": [], "metadata": { "count": 0 } }));
    registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest")).await.problem(404);
}

#[tokio::test]
async fn a_version_lives_from_submission_to_revocation() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let public = registry.anonymous();
    let latest = format!("{WEATHER_PATH}/versions/latest");

    // Submitted: the publisher and the approvers see it, nobody else does, by any path.
    let first = weather("1.0.0", "Forecasts the weather.", None);
    let submitted = people.publisher.submit(&first).await;
    assert_eq!(submitted.status, StatusCode::CREATED);
    let pending = submitted.json();
    assert_eq!(pending["state"], "pending");
    assert_eq!(pending["manifest"], first.digest().to_string());
    assert_eq!(pending["replaces"], serde_json::Value::Null);
    let path = format!("/v1/submissions/{}", pending["id"].as_str().unwrap());
    assert_eq!(submitted.header("location"), path);
    assert_eq!(people.publisher.get(&path).await.json(), pending);
    assert_eq!(people.approvers[0].get(&path).await.json(), pending);
    public.get(&path).await.problem(401);
    public.get(&latest).await.problem(404);
    public.get(&format!("{WEATHER_PATH}/versions")).await.problem(404);
    assert_eq!(public.get("/v0.1/servers").await.json()["metadata"]["count"], 0);
    for part in ["", "/consents", "/changes"] {
        let path = format!("/v1/manifests/{}{part}", first.digest());
        public.get(&path).await.problem(404);
        assert_eq!(people.approvers[0].get(&path).await.status, StatusCode::OK, "{part}");
    }

    // Live.
    let mut submission = pending.clone();
    for approver in &people.approvers {
        if submission["state"] != "live" {
            submission = approver.consent(&submission, &first, Decision::Approve).await.json()["submission"].clone();
        }
    }
    assert_eq!(submission["state"], "live");
    let entry = public.get(&latest).await;
    assert_eq!(entry.status, StatusCode::OK);
    assert_eq!(entry.json()["server"]["version"], "1.0.0");
    let consents = public.get(&format!("/v1/manifests/{}/consents", first.digest())).await.json();
    assert_eq!(consents["consents"][0]["decision"], "approve");

    // A second version waits while the first serves.
    registry.clock.advance_seconds(60);
    let second = weather("1.1.0", "Forecasts the weather. Also for tomorrow.", Some(&first));
    let submitted = people.publisher.submit(&second).await.json();
    assert_eq!(submitted["state"], "pending");
    assert_eq!(submitted["replaces"], first.digest().to_string());
    assert_eq!(public.get(&latest).await.json()["server"]["version"], "1.0.0");
    public.get(&format!("{WEATHER_PATH}/versions/1.1.0")).await.problem(404);
    let mut submission = submitted;
    for approver in &people.approvers {
        if submission["state"] != "live" {
            submission = approver.consent(&submission, &second, Decision::Approve).await.json()["submission"].clone();
        }
    }
    assert_eq!(submission["state"], "live");
    assert_eq!(public.get(&latest).await.json()["server"]["version"], "1.1.0");
    public.get(&format!("{WEATHER_PATH}/versions/1.0.0")).await.problem(404);
    assert_eq!(people.approvers[0].get(&path).await.json()["state"], "superseded");

    // Revoked: gone at once, from everywhere, and told as a tombstone to whoever asks for those.
    registry.clock.advance_seconds(60);
    let order = serde_json::json!({ "scope": "server", "target": WEATHER, "reason": "key was stolen" });
    let revoked = registry.admin().post_json("/v1/revocations", &order).await;
    assert_eq!(revoked.status, StatusCode::CREATED, "{revoked:?}");
    public.get(&latest).await.problem(404);
    // As a document it stays readable: whoever locks a successor checks its consents against the change from it.
    assert_eq!(public.get(&format!("/v1/manifests/{}", second.digest())).await.status, StatusCode::OK);
    assert_eq!(public.get("/v0.1/servers").await.json()["metadata"]["count"], 0);
    let tombstones = public.get("/v0.1/servers?include_deleted=true").await.json();
    assert_eq!(tombstones["metadata"]["count"], 2);
    for entry in tombstones["servers"].as_array().unwrap() {
        assert_eq!(entry["_meta"]["io.modelcontextprotocol.registry/official"]["status"], "deleted");
    }

    // Every step is an event.
    let events = registry.admin().get("/v1/events?limit=1000").await.json();
    let kinds: Vec<&str> =
        events["events"].as_array().unwrap().iter().map(|event| event["leaf"]["type"].as_str().unwrap()).collect();
    for kind in
        ["token-issued", "namespace-granted", "approver-granted", "submitted", "consented", "superseded", "revoked"]
    {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert_eq!(events["last"], events["events"].as_array().unwrap().len());
}

#[tokio::test]
async fn t69_a_publisher_cannot_approve_their_own_version() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    // Paula is an approver too, with another key: she stays the publisher of this version.
    let body = serde_json::json!({
        "principal": "paula", "scope": "*",
        "publicKey": mcp_pin_test_support::keys::key("paula's other key").public_key().to_spki_pem(),
    });
    assert_eq!(registry.admin().post_json("/v1/approvers", &body).await.status, StatusCode::CREATED);
    let token = serde_json::json!({ "principal": "paula", "roles": ["publisher", "approver"], "label": "" });
    let token = registry.admin().post_json("/v1/tokens", &token).await.json()["token"].as_str().unwrap().to_owned();

    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = people.publisher.submit(&manifest).await.json();
    let consent = people.approvers[0].consent_to(&submission, &manifest, Decision::Approve).await;
    let statement = mcp_pin_attest::verify_with_keys_only::<mcp_pin_model::Consent>(
        &consent,
        &mcp_pin_test_support::keys::trust([people.approvers[0].person()]),
    )
    .unwrap();
    for key in ["paula", "paula's other key"] {
        let person = mcp_pin_test_support::keys::Person::with_key("paula", key);
        let own = person.sign(statement.statement());
        let answer = registry.with_token(&token).post("/v1/consents", own.as_bytes().to_vec()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{key}: {answer:?}");
    }
    registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest")).await.problem(404);
}

#[tokio::test]
async fn a_rejected_version_never_goes_live() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = people.publisher.submit(&manifest).await.json();
    let path = format!("/v1/submissions/{}/reject", submission["id"].as_str().unwrap());
    registry.anonymous().post_json(&path, &serde_json::json!({ "reason": "no" })).await.problem(401);
    let rejected = people.approvers[0].post_json(&path, &serde_json::json!({ "reason": "reads like an order" })).await;
    assert_eq!(rejected.status, StatusCode::OK, "{rejected:?}");
    assert_eq!(rejected.json()["state"], "rejected");
    assert_eq!(rejected.json()["reason"], "reads like an order");
    let consent = people.approvers[0].consent(&submission, &manifest, Decision::Approve).await;
    assert_eq!(consent.status, StatusCode::CONFLICT, "{consent:?}");
    registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest")).await.problem(404);
}

#[tokio::test]
async fn the_same_submission_again_changes_nothing() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let bundle = people.publisher.person().sign(&manifest).as_bytes().to_vec();
    let first = people.publisher.post("/v1/submissions", bundle.clone()).await;
    let again = people.publisher.post("/v1/submissions", bundle).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.json(), again.json());
    let other = weather("1.0.0", "Forecasts something else.", None);
    people.publisher.submit(&other).await.problem(409);
}

#[tokio::test]
async fn decisions_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let config = crate::support::config(&directory);
    let open = || mcp_pin_registry::serve::Server::open(&config, mcp_pin_registry::serve::Environment::default());
    let first = open().await.unwrap();
    let token = first.admin_token().unwrap().to_owned();
    let written = std::fs::read_to_string(directory.path().join("data/admin-token")).unwrap();
    assert_eq!(written.trim(), token);
    assert!(open().await.is_err(), "the data directory is in use");
    first.run(std::future::ready(())).await;
    let second = open().await.unwrap();
    assert!(second.admin_token().is_none(), "the token is made once");
}
