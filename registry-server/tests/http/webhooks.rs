//! Webhooks, with a receiver of our own: what arrives, in which order, signed by whom, and what happens when it does not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    routing,
};
use mcp_pin_registry::{config::Config, webhooks::TargetPolicy};
use mcp_pin_storage_postgres::scratch::Scratch;
use serde_json::{Value, json};

use crate::support::{TestRegistry, weather};

/// Longer than anything here takes that is going to happen at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// A delivery as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    headers: HeaderMap,
    body: Bytes,
}

impl Arrived {
    fn json(&self) -> Value {
        mcp_pin_model::json::parse(&self.body).map(|value| serde_json::to_value(value).unwrap()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn sequence(&self) -> u64 {
        self.json()["data"]["sequence"].as_u64().unwrap()
    }
}

/// A receiver that notes everything and answers what it is told to.
#[derive(Clone, Default)]
struct Receiver {
    arrived: Arc<Mutex<Vec<Arrived>>>,
    /// What it answers, first to last; then 204.
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

impl Receiver {
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?key=secret-of-the-receiver", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", routing::post(Self::take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    async fn take(State(receiver): State<Self>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
        receiver.arrived.lock().unwrap().push(Arrived { headers, body });
        let mut answers = receiver.answers.lock().unwrap();
        let status = if answers.is_empty() { StatusCode::NO_CONTENT } else { answers.remove(0) };
        let mut headers = HeaderMap::new();
        if status.is_redirection() {
            headers.insert("location", "http://127.0.0.1:1/".parse().unwrap());
        }
        (status, headers)
    }

    fn answer(&self, statuses: &[StatusCode]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    fn all(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// Waits until so many arrived.
    async fn wait(&self, count: usize) -> Vec<Arrived> {
        let arrived = async {
            loop {
                let all = self.all();
                if all.len() >= count {
                    return all;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.unwrap_or_else(|_| panic!("{count} expected: {:?}", self.all()))
    }

    async fn stays_at(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(self.all().len(), count, "{:?}", self.all());
    }
}

async fn registry() -> TestRegistry {
    let webhook_targets = TargetPolicy { allowed: Vec::new(), insecure_dev: true };
    TestRegistry::configured(|config| Config { webhook_targets, ..config }).await
}

/// Adds a webhook; gives back its path and its secret.
async fn add(registry: &TestRegistry, body: &Value) -> (String, String) {
    let answer = registry.admin().post_json("/v1/webhooks", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    (answer.header("location").to_owned(), answer.json()["secret"].as_str().unwrap().to_owned())
}

async fn show(registry: &TestRegistry, path: &str) -> Value {
    registry.admin().get(path).await.json()
}

/// Waits until a webhook is as it should be.
async fn until(registry: &TestRegistry, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1000 {
        let webhook = show(registry, path).await;
        if condition(&webhook) {
            return webhook;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to it: {}", show(registry, path).await);
}

#[tokio::test]
async fn every_decision_arrives_once_in_order_and_signed() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    let (path, secret) = add(&registry, &json!({ "url": receiver.listen().await, "after": 0 })).await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let events = registry.admin().get("/v1/events?limit=1000").await.json();
    let last = events["last"].as_u64().unwrap();
    let arrived = receiver.wait(usize::try_from(last).unwrap()).await;
    let sequences: Vec<u64> = arrived.iter().map(Arrived::sequence).collect();
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    for (delivery, event) in arrived.iter().zip(events["events"].as_array().unwrap()) {
        let body = delivery.json();
        assert_eq!(body["data"], *event);
        assert_eq!(body["type"], event["leaf"]["type"]);
        assert_eq!(body["timestamp"], event["leaf"]["time"]);
        assert_eq!(delivery.header("content-type"), "application/json");
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(delivery.header("webhook-id"), format!("evt_{id}_{}", delivery.sequence()));
        assert!(is_signed(&secret, delivery));
        assert!(!is_signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", delivery));
    }
    until(&registry, &path, |webhook| webhook["position"] == last && webhook["state"] == "active").await;
}

/// Whether a delivery is signed with a secret, by the library that receivers use. The registry's clock is a test's, so the
/// time is not held against the machine's.
fn is_signed(secret: &str, delivery: &Arrived) -> bool {
    let timestamp = delivery.header("webhook-timestamp").parse().unwrap();
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let expected = webhook.sign(delivery.header("webhook-id"), timestamp, &delivery.body).unwrap();
    delivery.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[tokio::test]
async fn filters_and_forms_are_those_of_the_webhook() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    let wanted = json!({ "url": receiver.listen().await, "types": ["ring-moved"], "format": "ocsf", "namespace": "io.github.acme" });
    let (path, _) = add(&registry, &wanted).await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let arrived = receiver.wait(1).await;
    assert_eq!(arrived[0].json()["data"]["class_uid"], 3004);
    assert_eq!(arrived[0].json()["data"]["entity"]["name"], "io.github.acme/weather");
    let last = registry.admin().get("/v1/events").await.json()["last"].clone();
    until(&registry, &path, |webhook| webhook["position"] == last).await;
    assert_eq!(receiver.all().len(), 1, "what is not wanted is passed over");
}

#[tokio::test]
async fn that_the_log_commits_to_the_state_is_told_to_who_asks_for_it() {
    let webhook_targets = TargetPolicy { allowed: Vec::new(), insecure_dev: true };
    let public_url = Some("https://registry.acme.example".parse().unwrap());
    let mut registry = TestRegistry::configured(|config| Config { webhook_targets, public_url, ..config }).await;
    let _url = registry.start();
    let (all, asking) = (Receiver::default(), Receiver::default());
    let (path, _) = add(&registry, &json!({ "url": all.listen().await, "after": 0 })).await;
    add(&registry, &json!({ "url": asking.listen().await, "types": ["state-committed"], "after": 0 })).await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let told = asking.wait(1).await;
    assert!(told.iter().all(|delivery| delivery.json()["type"] == "state-committed"));
    let position = told[0].sequence();
    until(&registry, &path, |webhook| webhook["position"].as_u64() >= Some(position)).await;
    let told = all.all();
    assert!(!told.is_empty() && told.iter().all(|delivery| delivery.json()["type"] != "state-committed"), "{told:?}");
}

#[tokio::test]
async fn a_failure_is_repeated_later_and_holds_up_what_comes_after() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    receiver.answer(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::FOUND]);
    let (path, _) = add(&registry, &json!({ "url": receiver.listen().await })).await;
    registry.somebody("rob", &["reader"]).await;
    registry.somebody("rita", &["reader"]).await;
    let failing = until(&registry, &path, |webhook| webhook["state"] == "failing").await;
    assert_eq!(failing["failedAttempts"], 1);
    receiver.stays_at(1).await;
    // The first pause is 5 seconds and up to a quarter more, the second twice as long.
    registry.clock.advance_seconds(7);
    receiver.wait(2).await;
    until(&registry, &path, |webhook| webhook["failedAttempts"] == 2).await;
    registry.clock.advance_seconds(7);
    receiver.stays_at(2).await;
    registry.clock.advance_seconds(7);
    let arrived = receiver.wait(5).await;
    assert_eq!(arrived[0].header("webhook-id"), arrived[1].header("webhook-id"));
    assert_eq!(arrived[1].header("webhook-id"), arrived[2].header("webhook-id"));
    assert_eq!(arrived[0].body, arrived[2].body, "the same message each time");
    let sequences: Vec<u64> = arrived.iter().map(Arrived::sequence).collect();
    assert_eq!(sequences[2..], (sequences[0]..=sequences[0] + 2).collect::<Vec<_>>(), "nothing overtook it");
    until(&registry, &path, |webhook| webhook["state"] == "active").await;
}

#[tokio::test]
async fn who_fails_for_three_days_is_told_nothing_more_until_somebody_says_so() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    receiver.answer(&[StatusCode::BAD_GATEWAY; 2]);
    let (path, _) = add(&registry, &json!({ "url": receiver.listen().await, "types": ["token-issued"] })).await;
    registry.somebody("rob", &["reader"]).await;
    until(&registry, &path, |webhook| webhook["state"] == "failing").await;
    registry.clock.advance_seconds(73 * 3600);
    let disabled = until(&registry, &path, |webhook| webhook["state"] == "disabled").await;
    assert_eq!(disabled["disabledReason"], "deliveries failed for 72 hours; at last: it answers with status 502");
    let events = registry.admin().get("/v1/events?type=webhook-disabled").await.json();
    let leaf = &events["events"][0]["leaf"];
    assert_eq!(leaf["actor"], "registry");
    let target = leaf["target"].as_str().unwrap();
    assert!(target.contains("http://127.0.0.1:") && !target.contains("secret"), "{target}");
    registry.somebody("rita", &["reader"]).await;
    receiver.stays_at(2).await;
    // From where it stood.
    assert_eq!(registry.admin().post(&format!("{path}/enable"), Vec::new()).await.status, StatusCode::OK);
    let arrived = receiver.wait(4).await;
    assert_eq!(arrived[1].header("webhook-id"), arrived[2].header("webhook-id"));
    registry.admin().post(&format!("{path}/enable"), Vec::new()).await.problem(409);
}

#[tokio::test]
async fn who_is_gone_is_told_nothing_more() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    receiver.answer(&[StatusCode::GONE]);
    let (path, _) = add(&registry, &json!({ "url": receiver.listen().await })).await;
    registry.somebody("rob", &["reader"]).await;
    let disabled = until(&registry, &path, |webhook| webhook["state"] == "disabled").await;
    assert_eq!(disabled["disabledReason"], "the receiver answers that it is gone (410)");
}

#[tokio::test]
async fn two_secrets_sign_for_a_day_after_a_rotation() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    let (path, first) = add(&registry, &json!({ "url": receiver.listen().await, "types": ["token-issued"] })).await;
    let rotated = registry.admin().post(&format!("{path}/rotate"), Vec::new()).await;
    let second = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    registry.somebody("rob", &["reader"]).await;
    let arrived = receiver.wait(1).await;
    assert!(is_signed(&first, &arrived[0]));
    assert!(is_signed(&second, &arrived[0]));
    registry.clock.advance_seconds(25 * 3600);
    registry.somebody("rita", &["reader"]).await;
    let arrived = receiver.wait(2).await;
    assert!(!is_signed(&first, &arrived[1]));
    assert!(is_signed(&second, &arrived[1]));
}

#[tokio::test]
async fn a_test_says_what_came_of_it_and_changes_nothing() {
    let mut registry = registry().await;
    let _url = registry.start();
    let receiver = Receiver::default();
    let (path, secret) = add(&registry, &json!({ "url": receiver.listen().await, "types": ["revoked"] })).await;
    let last = registry.admin().get("/v1/events").await.json()["last"].clone();
    let before = until(&registry, &path, |webhook| webhook["position"] == last).await;
    let answer = registry.admin().post(&format!("{path}/test"), Vec::new()).await;
    assert_eq!(answer.json(), json!({ "delivered": true, "status": 204 }));
    let arrived = receiver.wait(1).await;
    assert_eq!(arrived[0].json()["type"], "test");
    assert!(is_signed(&secret, &arrived[0]));
    receiver.answer(&[StatusCode::TEMPORARY_REDIRECT]);
    let answer = registry.admin().post(&format!("{path}/test"), Vec::new()).await;
    assert_eq!(answer.json(), json!({ "delivered": false, "problem": "it answers with status 307" }));
    assert_eq!(show(&registry, &path).await["position"], before["position"]);
}

#[tokio::test]
async fn t41_no_webhook_leads_to_this_machine_or_its_network() {
    let registry = TestRegistry::new().await;
    for url in [
        "http://siem.example/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/",
        "https://0x7f000001/",
        "http://localhost:8420/v1/tokens",
        "https://user:pass@siem.example/",
        "file:///etc/passwd",
        "",
    ] {
        let answer = registry.admin().post_json("/v1/webhooks", &json!({ "url": url })).await;
        assert_eq!(answer.problem(422), "invalid", "{url}");
    }
    assert_eq!(registry.admin().get("/v1/webhooks").await.json(), json!({ "webhooks": [] }));
}

#[tokio::test]
async fn webhooks_are_for_administrators_and_never_show_their_secret_again() {
    let registry = registry().await;
    let (path, secret) = add(&registry, &json!({ "url": "https://siem.example/hook", "label": "the SIEM" })).await;
    assert!(secret.starts_with("whsec_"));
    for answer in [registry.admin().get("/v1/webhooks").await, registry.admin().get(&path).await] {
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("whsec_") && text.contains("the SIEM"), "{text}");
    }
    let events = String::from_utf8(registry.admin().get("/v1/events?limit=1000").await.body).unwrap();
    assert!(!events.contains("whsec_"), "{events}");
    let database = std::fs::read(registry.data_dir().join("registry.sqlite-wal")).unwrap();
    let raw = secret.trim_start_matches("whsec_").as_bytes();
    assert!(!database.windows(raw.len()).any(|window| window == raw), "not in the database either");
    for (who, status) in [("reader", 403), ("publisher", 403), ("approver", 403)] {
        let somebody = registry.somebody(&format!("some-{who}"), &[who]).await;
        somebody.get("/v1/webhooks").await.problem(status);
        somebody.get(&path).await.problem(status);
        somebody.post_json("/v1/webhooks", &json!({ "url": "https://siem.example/" })).await.problem(status);
        somebody.post(&format!("{path}/rotate"), Vec::new()).await.problem(status);
        somebody.post(&format!("{path}/test"), Vec::new()).await.problem(status);
        somebody.delete(&path).await.problem(status);
    }
    registry.anonymous().get("/v1/webhooks").await.problem(401);
    for wrong in [
        json!({ "url": "https://siem.example/", "types": [] }),
        json!({ "url": "https://siem.example/", "types": ["revokd"] }),
        json!({ "url": "https://siem.example/", "format": "xml" }),
        json!({ "url": "https://siem.example/", "namespace": "a/b" }),
        json!({ "url": "https://siem.example/", "after": 1_000_000 }),
        json!({ "url": "https://siem.example/", "label": "a\u{202e}b" }),
    ] {
        registry.admin().post_json("/v1/webhooks", &wrong).await.problem(422);
    }
    assert_eq!(registry.admin().delete(&path).await.status, StatusCode::NO_CONTENT);
    registry.admin().delete(&path).await.problem(404);
    registry.admin().send(Method::POST, &format!("{path}/test"), &[], Vec::new()).await.problem(404);
}

#[tokio::test]
async fn a_registry_that_comes_back_goes_on_where_it_stood() {
    let mut registry = registry().await;
    let (address, running, stop) = registry.listen_until_told();
    drop(address);
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let (path, _) = add(&registry, &json!({ "url": url, "types": ["token-issued"] })).await;
    registry.somebody("rob", &["reader"]).await;
    receiver.wait(1).await;
    stop.send(()).unwrap();
    running.await.unwrap();
    let mut registry = registry.reopen().await;
    // Decided while nobody delivers: the interface works without the socket.
    registry.somebody("rita", &["reader"]).await;
    receiver.stays_at(1).await;
    registry.start();
    let arrived = receiver.wait(2).await;
    assert_eq!(arrived[1].sequence(), arrived[0].sequence() + 1);
    until(&registry, &path, |webhook| webhook["position"] == arrived[1].sequence()).await;
}

#[tokio::test]
async fn nodes_with_one_key_tell_a_webhook_everything_once_and_one_with_another_keeps_out_of_it() {
    let Some(scratch) = Scratch::new("webhooks of several nodes").await else { return };
    let webhook_targets = TargetPolicy { allowed: Vec::new(), insecure_dev: true };
    let on =
        |config: Config| Config { webhook_targets: webhook_targets.clone(), database: Some(scratch.url()), ..config };
    let mut one = TestRegistry::configured(on).await;
    one.start();
    let key = std::fs::read(one.data_dir().join("webhook.key")).unwrap();
    let mut two = one.another_node(|config| with_key(on(config), &key)).await;
    two.start();
    // With a key of its own.
    let mut three = one.another_node(on).await;
    three.start();
    let receiver = Receiver::default();
    let (_, _) = add(&one, &json!({ "url": receiver.listen().await, "after": 0 })).await;
    for number in 0..4 {
        for (node, name) in [(&one, "one"), (&two, "two"), (&three, "three")] {
            node.somebody(&format!("{name}-{number}"), &["reader"]).await;
        }
    }
    let last = one.admin().get("/v1/events?limit=1000").await.json()["last"].as_u64().unwrap();
    let arrived = receiver.wait(usize::try_from(last).unwrap()).await;
    let sequences: Vec<u64> = arrived.iter().map(Arrived::sequence).collect();
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    receiver.stays_at(arrived.len()).await;
}

/// The key of another node, as its operator would give it.
fn with_key(config: Config, key: &[u8]) -> Config {
    std::fs::create_dir_all(&config.data_dir).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&config.data_dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    std::fs::write(config.data_dir.join("webhook.key"), key).unwrap();
    config
}
