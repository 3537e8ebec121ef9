//! Rings over HTTP: who is served what, and how versions are steered.

use axum::http::{Method, StatusCode};
use mcp_pin_model::{Manifest, consent::Decision, statement::Statement as _};
use mcp_pin_registry::config::Config;
use serde_json::{Value, json};

use crate::support::{Actor, Answer, People, TestRegistry, WEATHER, WEATHER_PATH, policy, weather};

const DAY: i64 = 24 * 60 * 60;

/// A quarter of the clients in canary, for a day.
async fn ringed() -> TestRegistry {
    let rings = "[[ring]]\nname = \"canary\"\nshare = 25\nsoak = \"24h\"\n[[ring]]\nname = \"stable\"";
    TestRegistry::configured(|config| Config { policy: policy(rings), ..config }).await
}

/// Somebody consents to a version for both rings.
async fn approve(approver: &Actor<'_>, submission: &Value, manifest: &Manifest) -> Value {
    let attestation = approver.consent_to(submission, manifest, Decision::Approve).await;
    let mut consent: mcp_pin_model::Consent = attestation.statement_unverified().unwrap();
    consent.rings = vec!["canary".parse().unwrap(), "stable".parse().unwrap()];
    let bundle = approver.person().sign(&consent).as_bytes().to_vec();
    let answer = approver.post("/v1/consents", bundle).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()["submission"].clone()
}

/// Two versions, the second one live in canary.
async fn two(registry: &TestRegistry, people: &People<'_>) -> (Manifest, Manifest) {
    let first = weather("1.0.0", "Forecasts the weather.", None);
    let submission = people.publisher.submit(&first).await.json();
    assert_eq!(approve(&people.approvers[0], &submission, &first).await["state"], "live");
    registry.clock.advance_seconds(60);
    let second = weather("1.1.0", "Forecasts the weather. Never call it twice.", Some(&first));
    let submission = people.publisher.submit(&second).await.json();
    assert_eq!(approve(&people.approvers[0], &submission, &second).await["state"], "live");
    (first, second)
}

async fn latest(actor: &Actor<'_>, headers: &[(&str, &str)]) -> Answer {
    actor.send(Method::GET, &format!("{WEATHER_PATH}/versions/latest"), headers, Vec::new()).await
}

async fn version(actor: &Actor<'_>, headers: &[(&str, &str)]) -> String {
    let answer = latest(actor, headers).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["server"]["version"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn readers_are_served_by_their_ring() {
    let registry = ringed().await;
    let people = registry.people().await;
    let (first, second) = two(&registry, &people).await;
    let public = registry.anonymous();
    assert_eq!(version(&public, &[]).await, "1.0.0");
    assert_eq!(version(&public, &[("mcp-pin-ring", "canary")]).await, "1.1.0");
    assert_eq!(version(&public, &[("mcp-pin-ring", "stable")]).await, "1.0.0");
    latest(&public, &[("mcp-pin-ring", "nightly")]).await.problem(404);
    // A token that is not valid is no reason to be refused what everybody is served.
    assert_eq!(version(&registry.with_token("mcpp_nobody_nothing"), &[]).await, "1.0.0");
    let answer = latest(&public, &[]).await;
    for header in ["authorization", "mcp-pin-ring", "mcp-pin-client"] {
        assert!(answer.header("vary").to_ascii_lowercase().contains(header), "{answer:?}");
    }
    // By a hash of the client's id, of a token's principal: the same every time, and some of each.
    let mut seen = std::collections::BTreeMap::new();
    for number in 0..40 {
        let id = format!("client-{number}");
        let headers = [("mcp-pin-client", id.as_str())];
        let served = version(&public, &headers).await;
        assert_eq!(version(&public, &headers).await, served);
        *seen.entry(served).or_insert(0) += 1;
    }
    assert!(seen["1.1.0"] > 2 && seen["1.1.0"] < 20, "{seen:?}");
    let reader = registry.somebody("reader-1", &["reader"]).await;
    let served = version(&reader, &[]).await;
    assert_eq!(version(&reader, &[("mcp-pin-client", "client-1")]).await, served, "the token says who it is");

    // Lists, exact versions and resolve agree with latest.
    for (headers, live, other) in [(&[][..], &first, &second), (&[("mcp-pin-ring", "canary")][..], &second, &first)] {
        let get = |path: String| public.send(Method::GET, Box::leak(path.into_boxed_str()), headers, Vec::new());
        let list = get("/v0.1/servers".to_owned()).await.json();
        assert_eq!(list["metadata"]["count"], 1);
        assert_eq!(list["servers"][0]["server"]["version"], live.version().to_string());
        let versions = get(format!("{WEATHER_PATH}/versions")).await.json();
        assert_eq!(versions["servers"][0]["server"]["version"], live.version().to_string());
        get(format!("{WEATHER_PATH}/versions/{}", other.version())).await.problem(404);
        let body = json!({ "servers": [{ "name": WEATHER }] }).to_string().into_bytes();
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let resolved = public.send(Method::POST, "/v1/resolve", &headers, body).await.json();
        assert_eq!(resolved["servers"][0]["manifest"], live.digest().to_string());
        // "never" stands in 1.1.0 alone.
        let found = get("/v1/search?q=never+forecasts".to_owned()).await.json();
        assert_eq!(found["metadata"]["count"], u64::from(live.version() == second.version()));
    }
    assert_eq!(public.get("/.well-known/mcp-pin").await.json()["rings"], json!(["canary", "stable"]));
}

#[tokio::test]
async fn a_version_is_steered_and_what_happened_is_told() {
    let registry = ringed().await;
    let people = registry.people().await;
    let (first, second) = two(&registry, &people).await;
    let (approver, public) = (&people.approvers[0], registry.anonymous());
    let path = format!("/v1/rollouts/{}", second.digest());
    let of = |action: &str| format!("{path}/{action}");
    let reason = json!({ "reason": "why" });

    public.get("/v1/rollouts").await.problem(401);
    public.post_json(&of("promote"), &reason).await.problem(401);
    let reader = registry.somebody("reader-1", &["reader"]).await;
    assert_eq!(reader.post_json(&of("promote"), &reason).await.problem(403), "forbidden");
    assert_eq!(approver.post_json(&of("promote"), &json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let list = approver.get("/v1/rollouts").await.json();
    assert_eq!(list["rollouts"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["rollouts"][0]["progress"], "running");
    assert_eq!((&list["rollouts"][0]["ring"], &list["rollouts"][0]["next"]), (&json!("canary"), &json!("stable")));
    approver.get("/v1/rollouts?all=true").await.problem(422);
    let all = approver.get("/v1/rollouts?all=true&server=io.github.acme%2Fweather").await.json();
    assert_eq!(all["rollouts"].as_array().unwrap().len(), 2);

    assert_eq!(approver.post_json(&of("pause"), &reason).await.json()["progress"], "paused");
    assert_eq!(approver.post_json(&of("pause"), &reason).await.problem(409), "wrong-progress");
    assert_eq!(approver.post_json(&of("resume"), &reason).await.json()["progress"], "running");
    let halted = approver.post_json(&of("halt"), &json!({ "reason": "bidi \u{202e}" })).await;
    assert_eq!(halted.status, StatusCode::UNPROCESSABLE_ENTITY, "{halted:?}");
    let halted = approver.post_json(&of("halt"), &reason).await.json();
    assert_eq!((&halted["progress"], &halted["stop"]["cause"]), (&json!("halted"), &json!("operator")));
    assert_eq!(halted["stop"]["by"], "ann");
    approver.post_json(&of("resume"), &reason).await;
    assert_eq!(version(&public, &[]).await, "1.0.0");
    let promoted = approver.post_json(&of("promote"), &reason).await.json();
    assert_eq!(promoted["progress"], "complete", "{promoted}");
    let last = promoted["moves"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["ring"], &last["cause"], &last["reason"]),
        (&json!("stable"), &json!("promotion"), &json!("why"))
    );
    assert_eq!(version(&public, &[]).await, "1.1.0");

    let back = approver.post_json(&of("rollback"), &reason).await.json();
    assert_eq!(back["submission"]["state"], "superseded", "{back}");
    assert_eq!(version(&public, &[]).await, "1.0.0");
    assert_eq!(approver.post_json(&of("rollback"), &reason).await.problem(409), "not-live");
    let first_path = format!("/v1/rollouts/{}/rollback", first.digest());
    assert_eq!(approver.post_json(&first_path, &reason).await.problem(409), "nothing-before");
    approver.get(&format!("/v1/rollouts/{}", mcp_pin_model::Digest::of(b"x"))).await.problem(404);
}

#[tokio::test]
async fn drift_halts_and_is_listed() {
    let registry = ringed().await;
    let people = registry.people().await;
    let (_, second) = two(&registry, &people).await;
    let body = json!({ "manifest": second.digest().to_string(), "kind": "drift", "detail": "a tool is new" });
    registry.anonymous().post_json("/v1/drift-reports", &body).await.problem(401);
    let reader = registry.somebody("reader-1", &["reader"]).await;
    let strange = json!({ "manifest": second.digest().to_string(), "kind": "rumour" });
    reader.post_json("/v1/drift-reports", &strange).await.problem(422);
    let answer = reader.post_json("/v1/drift-reports", &body).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::CREATED, json!({ "halted": true })));
    let again = reader.post_json("/v1/drift-reports", &body).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, json!({ "halted": false })));
    let path = format!("/v1/rollouts/{}/drift-reports", second.digest());
    assert_eq!(reader.get(&path).await.problem(403), "forbidden");
    let reports = people.approvers[0].get(&path).await.json();
    assert_eq!(reports["reports"][0]["principal"], "reader-1");
    registry.clock.advance_seconds(2 * DAY);
    // Something is decided, and with it what is due.
    people.approvers[0].get("/v1/waiting").await;
    assert_eq!(version(&registry.anonymous(), &[]).await, "1.0.0");
}

#[tokio::test]
async fn break_glass_is_marked_for_every_reader_until_it_ends() {
    let registry = ringed().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = people.publisher.submit(&manifest).await.json();
    let order = json!({
        "manifest": submission["manifest"], "changes": submission["changes"], "reason": "the old one leaks", "hours": 2,
    });
    assert_eq!(registry.admin().post_json("/v1/break-glass", &order).await.problem(403), "forbidden");
    let fred = registry.somebody("fred", &["admin", "break-glass"]).await;
    let glass = fred.post_json("/v1/break-glass", &order).await;
    assert_eq!(glass.status, StatusCode::CREATED, "{glass:?}");
    assert_eq!(glass.json()["rings"], json!(["canary", "stable"]));
    let entry = latest(&registry.anonymous(), &[]).await.json();
    let ours = &entry["_meta"]["io.github.mcp-pin/registry"];
    assert_eq!(ours["breakGlassUntil"], glass.json()["expiresAt"]);
    let view = fred.get(&format!("/v1/rollouts/{}", manifest.digest())).await.json();
    assert_eq!(view["breakGlass"]["principal"], "fred");
    registry.clock.advance_seconds(2 * 60 * 60);
    people.approvers[0].get("/v1/waiting").await;
    latest(&registry.anonymous(), &[]).await.problem(404);
    // Nobody stopped trusting it, and a lock that pins it is not told that somebody did.
    let pin = json!({ "name": WEATHER, "version": "1.0.0", "manifest": manifest.digest().to_string() });
    let resolved = registry.anonymous().post_json("/v1/resolve", &json!({ "servers": [pin] })).await.json();
    assert_eq!(resolved["servers"][0]["pinned"], "expired");
}

#[tokio::test]
async fn what_waits_is_listed_for_whom_it_waits() {
    let registry = ringed().await;
    let people = registry.people().await;
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let submission = people.publisher.submit(&manifest).await.json();
    registry.anonymous().get("/v1/waiting").await.problem(401);
    let waiting = people.approvers[0].get("/v1/waiting").await.json();
    assert_eq!(waiting["waiting"][0]["submission"]["id"], submission["id"]);
    assert_eq!((&waiting["waiting"][0]["isMine"], &waiting["waiting"][0]["needed"]), (&json!(true), &json!(1)));
    assert_eq!(people.publisher.get("/v1/waiting").await.json()["waiting"][0]["isMine"], false);
    let reader = registry.somebody("reader-1", &["reader"]).await;
    assert_eq!(reader.get("/v1/waiting").await.json(), json!({ "waiting": [] }), "it does not exist for others");
    let plan = json!({ "scope": "server", "target": WEATHER });
    let plan = people.approvers[0].post_json("/v1/revocations/plan", &plan).await.json();
    assert_eq!(plan["ends"][0]["id"], submission["id"]);
    assert_eq!(people.approvers[0].get("/v1/revocations").await.json(), json!({ "revocations": [] }));
}
