//! A registry of one's own, and people who use it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use jiff::Timestamp;
use mcp_pin_attest::Attestation;
use mcp_pin_model::{Digest, Manifest, consent::Decision, json, statement::Statement as _};
use mcp_pin_registry::{
    authorization::PolicySource,
    config::{Config, Exposure, LogFormat, RequestLimits},
    policy_config::PolicyConfig,
    serve::{Environment, Server},
    service::{Clock, DEFAULT_EXCHANGED_TOKEN_LIFETIME, SystemRandom, default_roots},
};
use mcp_pin_test_support::keys::{self, Person};
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) const NAMESPACE: &str = "io.github.acme";
pub(crate) const WEATHER: &str = "io.github.acme/weather";
pub(crate) const WEATHER_PATH: &str = "/v0.1/servers/io.github.acme%2Fweather";

/// A clock that moves when it is told to.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A registry with an empty database.
pub(crate) struct TestRegistry {
    server: Option<Server>,
    router: Router,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) admin_token: String,
    config: Config,
    _directory: tempfile::TempDir,
}

pub(crate) fn config(directory: &tempfile::TempDir) -> Config {
    Config {
        data_dir: directory.path().join("data"),
        database: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        exposure: Exposure::LoopbackOnly,
        public_url: None,
        log_format: LogFormat::Text,
        log_filter: "off".to_owned(),
        limits: RequestLimits::default(),
        roots: default_roots(),
        issuers: Vec::new(),
        exchanged_token_lifetime: DEFAULT_EXCHANGED_TOKEN_LIFETIME,
        policy: only_stable(),
        webhook_targets: mcp_pin_registry::webhooks::TargetPolicy::default(),
        metrics_listen: None,
        policies: PolicySource::default(),
        longest_token: None,
        login: None,
        tls: None,
    }
}

/// One ring that everybody is in.
pub(crate) fn only_stable() -> PolicyConfig {
    policy("[[ring]]\nname = \"stable\"")
}

/// What a configuration file says about rings and consents.
pub(crate) fn policy(text: &str) -> PolicyConfig {
    let mut file: toml::Table = text.parse().unwrap();
    let mut section = |name: &str| file.remove(name);
    let policy = section("policy").map(|value| value.try_into().unwrap()).unwrap_or_default();
    let rollout = section("rollout").map(|value| value.try_into().unwrap()).unwrap_or_default();
    let rings = section("ring").map(|value| value.try_into().unwrap()).unwrap_or_default();
    PolicyConfig { policy, rollout, rings }
}

fn environment_with(clock: &Arc<TestClock>) -> Environment {
    Environment { clock: clock.clone(), random: Arc::new(SystemRandom) }
}

impl TestRegistry {
    pub(crate) async fn new() -> Self {
        Self::with_limits(RequestLimits::default()).await
    }

    pub(crate) async fn with_limits(limits: RequestLimits) -> Self {
        Self::configured(|config| Config { limits, ..config }).await
    }

    /// A registry whose configuration was changed before it started.
    pub(crate) async fn configured(change: impl FnOnce(Config) -> Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(keys::now().as_millisecond())));
        let config = change(config(&directory));
        let server = Server::open(&config, environment_with(&clock)).await.unwrap();
        let admin_token = server.admin_token().unwrap().to_owned();
        Self { router: server.router(), server: Some(server), clock, admin_token, config, _directory: directory }
    }

    /// Another node on the same database. The administrator is that of the first.
    pub(crate) async fn another_node(&self, change: impl FnOnce(Config) -> Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = change(config(&directory));
        let server = Server::open(&config, self.environment()).await.unwrap();
        assert!(server.admin_token().is_none(), "a second administrator was made");
        assert!(!config.data_dir.join("admin-token").exists(), "a second administrator's token was kept");
        Self {
            router: server.router(),
            server: Some(server),
            clock: self.clock.clone(),
            admin_token: self.admin_token.clone(),
            config,
            _directory: directory,
        }
    }

    /// The clock of this registry, and real randomness.
    pub(crate) fn environment(&self) -> Environment {
        environment_with(&self.clock)
    }

    /// Stops, and starts again on the same data.
    pub(crate) async fn restart(mut self) -> Self {
        self.server.take().unwrap().run(std::future::ready(())).await;
        let server = Server::open(&self.config, environment_with(&self.clock)).await.unwrap();
        Self { router: server.router(), server: Some(server), ..self }
    }

    /// The files of the data directory.
    pub(crate) fn files(&self) -> Vec<std::path::PathBuf> {
        std::fs::read_dir(&self.config.data_dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect()
    }

    /// Listens for real; gives back the address.
    pub(crate) fn listen(&mut self) -> String {
        let server = self.server.take().unwrap();
        let address = format!("http://{}", server.address());
        tokio::spawn(server.run(std::future::pending()));
        address
    }

    /// Runs it, so that what happens beside requests happens.
    pub(crate) fn start(&mut self) -> String {
        self.listen()
    }

    /// Starts again on the same data after it was stopped.
    pub(crate) async fn reopen(self) -> Self {
        let server = Server::open(&self.config, environment_with(&self.clock)).await.unwrap();
        Self { router: server.router(), server: Some(server), ..self }
    }

    /// Where its files are.
    pub(crate) fn data_dir(&self) -> &std::path::Path {
        &self.config.data_dir
    }

    /// Takes the database away; the router stays.
    pub(crate) async fn lose_database(&mut self) {
        self.server.take().unwrap().run(std::future::ready(())).await;
    }

    /// Listens until it is told to stop.
    pub(crate) fn listen_until_told(
        &mut self,
    ) -> (String, tokio::task::JoinHandle<()>, tokio::sync::oneshot::Sender<()>) {
        let server = self.server.take().unwrap();
        let address = format!("http://{}", server.address());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        (address, running, stop)
    }

    pub(crate) fn anonymous(&self) -> Actor<'_> {
        Actor { registry: self, token: None, person: None }
    }

    pub(crate) fn admin(&self) -> Actor<'_> {
        Actor { registry: self, token: Some(self.admin_token.clone()), person: None }
    }

    pub(crate) fn with_token(&self, token: &str) -> Actor<'_> {
        Actor { registry: self, token: Some(token.to_owned()), person: None }
    }

    /// Somebody with a token of these roles and a key, and no grants.
    pub(crate) async fn somebody(&self, principal: &str, roles: &[&str]) -> Actor<'_> {
        let body = serde_json::json!({ "principal": principal, "roles": roles, "label": "test" });
        let issued = self.admin().post_json("/v1/tokens", &body).await;
        assert_eq!(issued.status, StatusCode::CREATED, "{issued:?}");
        let token = issued.json()["token"].as_str().unwrap().to_owned();
        Actor { registry: self, token: Some(token), person: Some(Person::new(principal)) }
    }

    /// A publisher of [`NAMESPACE`].
    pub(crate) async fn publisher(&self, principal: &str) -> Actor<'_> {
        let actor = self.somebody(principal, &["publisher"]).await;
        let body =
            serde_json::json!({ "principal": principal, "publicKey": actor.person().public_key().to_spki_pem() });
        let answer = self.admin().post_json(&format!("/v1/namespaces/{NAMESPACE}/grants"), &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        actor
    }

    /// An approver of everything.
    pub(crate) async fn approver(&self, principal: &str) -> Actor<'_> {
        let actor = self.somebody(principal, &["approver"]).await;
        let body = serde_json::json!({
            "principal": principal, "publicKey": actor.person().public_key().to_spki_pem(), "scope": "*",
        });
        let answer = self.admin().post_json("/v1/approvers", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        actor
    }

    /// Submits a version and has enough people consent to it.
    pub(crate) async fn make_live(&self, people: &People<'_>, manifest: &Manifest) -> Value {
        let submitted = people.publisher.submit(manifest).await;
        assert_eq!(submitted.status, StatusCode::CREATED, "{submitted:?}");
        let mut submission = submitted.json();
        for approver in &people.approvers {
            self.clock.advance_seconds(1);
            let answer = approver.consent(&submission, manifest, Decision::Approve).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
            submission = answer.json()["submission"].clone();
            if submission["state"] == "live" {
                return submission;
            }
        }
        panic!("not live: {submission}");
    }

    pub(crate) async fn people(&self) -> People<'_> {
        People {
            publisher: self.publisher("paula").await,
            approvers: vec![self.approver("ann").await, self.approver("ben").await],
        }
    }

    /// An answer whose body is not read.
    pub(crate) async fn response(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// People of these names.
    pub(crate) async fn people_named(&self, publisher: &str, approvers: [&str; 2]) -> People<'_> {
        People {
            publisher: self.publisher(publisher).await,
            approvers: vec![self.approver(approvers[0]).await, self.approver(approvers[1]).await],
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.response(request).await;
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }
}

/// A publisher and two approvers.
pub(crate) struct People<'a> {
    pub(crate) publisher: Actor<'a>,
    pub(crate) approvers: Vec<Actor<'a>>,
}

/// Somebody who sends requests.
pub(crate) struct Actor<'a> {
    registry: &'a TestRegistry,
    pub(crate) token: Option<String>,
    person: Option<Person>,
}

impl Actor<'_> {
    pub(crate) fn person(&self) -> &Person {
        self.person.as_ref().unwrap()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.registry.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, serde_json::to_vec(body).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Vec::new()).await
    }

    pub(crate) async fn submit(&self, manifest: &Manifest) -> Answer {
        self.post("/v1/submissions", self.person().sign(manifest).as_bytes().to_vec()).await
    }

    /// A consent to a submission as it stands, with every finding of its report acknowledged, by this person's key.
    pub(crate) async fn consent_to(&self, submission: &Value, manifest: &Manifest, decision: Decision) -> Attestation {
        let report = self.get(&format!("/v1/submissions/{}/changes", submission["id"].as_str().unwrap())).await;
        assert_eq!(report.status, StatusCode::OK, "{report:?}");
        let digest = Digest::of(&report.body);
        assert_eq!(submission["changes"], digest.to_string());
        let fingerprints: Vec<String> = report.json()["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["fingerprint"].as_str().unwrap().to_owned())
            .collect();
        let replaces = submission["replaces"].as_str().map(|digest| digest.parse().unwrap());
        let mut consent = keys::approval(manifest, replaces, digest, fingerprints);
        consent.decision = decision;
        self.person().sign(&consent)
    }

    pub(crate) async fn consent(&self, submission: &Value, manifest: &Manifest, decision: Decision) -> Answer {
        let attestation = self.consent_to(submission, manifest, decision).await;
        self.post("/v1/consents", attestation.as_bytes().to_vec()).await
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = String::from_utf8_lossy(&self.body).chars().take(1000).collect();
        write!(f, "{} {:?} {start}", self.status, self.headers)
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let value = json::parse(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        serde_json::to_value(value).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a problem document; gives back its code.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["error"], body["detail"]);
        assert!(body["title"].is_string());
        body["type"].as_str().unwrap().strip_prefix("urn:mcp-pin:problem:").unwrap().to_owned()
    }
}

/// Version `version` of the weather server.
pub(crate) fn weather(version: &str, description: &str, previous: Option<&Manifest>) -> Manifest {
    let tools = [keys::tool("get_forecast", description)];
    keys::manifest(WEATHER, version, tools, previous.map(|previous| previous.digest()))
}

/// The only version of another server in the namespace.
pub(crate) fn other(name: &str) -> Manifest {
    keys::manifest(&format!("{NAMESPACE}/{name}"), "1.0.0", [keys::tool("run", "Runs.")], None)
}
