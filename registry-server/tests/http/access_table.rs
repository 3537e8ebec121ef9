//! Every route for every caller, as `access_table.txt` says it.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use mcp_pin_attest::{SigningKey, sign};
use mcp_pin_model::{Manifest, consent::Decision};
use mcp_pin_test_support::keys::{self, Person};
use serde_json::{Value, json};

use crate::support::{Actor, NAMESPACE, TestRegistry, weather};

const TABLE: &str = include_str!("access_table.txt");

const OTHER: &str = "io.github.other";

const UNKNOWN: &str = "01JGFJJZ00AAAAAAAAAAAAAAAA";

/// One line of the table.
#[derive(Debug)]
struct Line {
    number: usize,
    method: Method,
    path: String,
    body: String,
    expected: Vec<u16>,
}

fn table() -> (Vec<String>, Vec<Line>) {
    let mut callers = Vec::new();
    let mut lines = Vec::new();
    for (index, text) in TABLE.lines().enumerate() {
        let number = index + 1;
        if text.starts_with('#') || text.trim().is_empty() {
            continue;
        }
        let (request, cells) = text.split_once('|').unwrap_or_else(|| panic!("line {number} has no `|`"));
        let [method, path, body] = request.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("line {number} is no request")
        };
        let cells: Vec<&str> = cells.split_whitespace().collect();
        if method == "method" {
            callers = cells.into_iter().map(str::to_owned).collect();
            continue;
        }
        assert_eq!(cells.len(), callers.len(), "line {number} has a cell for every caller");
        lines.push(Line {
            number,
            method: method.parse().unwrap(),
            path: path.to_owned(),
            body: body.to_owned(),
            expected: cells.iter().map(|cell| cell.parse().unwrap()).collect(),
        });
    }
    (callers, lines)
}

/// What the words of the table stand for.
struct Scene<'r> {
    registry: &'r TestRegistry,
    places: BTreeMap<&'static str, String>,
    bodies: BTreeMap<&'static str, Vec<u8>>,
    tokens: BTreeMap<&'static str, Option<String>>,
}

async fn token(registry: &TestRegistry, principal: &str, role: &str, more: Value) -> String {
    let mut body = json!({ "principal": principal, "roles": [role] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let issued = registry.admin().post_json("/v1/tokens", &body).await;
    assert_eq!(issued.status.as_u16(), 201, "{issued:?}");
    issued.json()["token"].as_str().unwrap().to_owned()
}

/// The bundle of a statement that this person signed.
fn bundle<T: mcp_pin_model::statement::Statement>(person: &Person, statement: &T) -> Vec<u8> {
    person.sign(statement).as_bytes().to_vec()
}

fn named(name: &str, version: &str, previous: Option<&Manifest>) -> Manifest {
    use mcp_pin_model::statement::Statement as _;
    keys::manifest(name, version, [keys::tool("run", "Runs.")], previous.map(|previous| previous.digest()))
}

impl<'r> Scene<'r> {
    async fn new(registry: &'r TestRegistry) -> Self {
        let admin = registry.admin();
        let owner = registry.publisher("owner").await;
        let stranger = registry.somebody("stranger", &["publisher"]).await;
        let key = stranger.person().public_key().to_spki_pem();
        let grant = json!({ "principal": "stranger", "publicKey": key });
        assert_eq!(admin.post_json(&format!("/v1/namespaces/{OTHER}/grants"), &grant).await.status, 201);
        let (approver, second) = (registry.approver("approver").await, registry.approver("second").await);

        let first = weather("1.0.0", "Forecasts the weather.", None);
        let people = crate::support::People { publisher: owner, approvers: vec![second, approver] };
        let live = registry.make_live(&people, &first).await;
        let crate::support::People { publisher: owner, approvers } = people;
        let approver = &approvers[1];
        let waiting = named("io.github.acme/hidden", "1.0.0", None);
        let pending = owner.submit(&waiting).await.json();
        let others = named("io.github.other/tool", "1.0.0", None);
        let submitted = stranger.submit(&others).await;
        assert_eq!(submitted.status, 201, "{submitted:?}");
        let drafted = weather("0.1.0", "Is not signed.", None);
        let mut drafted = serde_json::to_value(mcp_pin_model::json::Value::Object(drafted.server)).unwrap();
        drafted["name"] = json!("io.github.acme/drafted");
        let draft = owner.post_json("/v0.1/publish", &drafted).await;
        assert_eq!(draft.status, 200, "{draft:?}");
        let draft = draft.header("location").rsplit('/').next().unwrap().to_owned();
        // A consent that comes too late: whoever may deliver it is told that, and nothing is changed.
        let late = approver.consent_to(&live, &first, Decision::Approve).await.as_bytes().to_vec();

        let expired = token(registry, "gone", "admin", json!({ "expiresAt": "2026-01-02T03:14:05Z" })).await;
        let revoked = token(registry, "gone", "admin", json!({})).await;
        let id = registry.with_token(&revoked).get("/v1/whoami").await.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(admin.delete(&format!("/v1/tokens/{id}")).await.status, 204);
        let mut tokens = BTreeMap::from([
            ("anonymous", None),
            ("expired", Some(expired)),
            ("revoked", Some(revoked)),
            ("owner", owner.token.clone()),
            ("stranger", stranger.token.clone()),
            ("approver", approver.token.clone()),
            ("admin", Some(registry.admin_token.clone())),
        ]);
        for role in ["reader", "auditor", "operator"] {
            tokens.insert(role, Some(token(registry, role, role, json!({})).await));
        }
        let limited = |namespace: &str| json!({ "method": "robot", "namespaces": [namespace] });
        tokens.insert("robot", Some(token(registry, "owner", "publisher", limited(NAMESPACE)).await));
        tokens.insert("robot-2", Some(token(registry, "stranger", "publisher", limited(OTHER)).await));
        registry.clock.advance_seconds(3600);

        let digest = |document: &Value| document["manifest"].as_str().unwrap().to_owned();
        let id = |document: &Value| document["id"].as_str().unwrap().to_owned();
        let of = |who: &str| {
            let text = tokens[who].clone().unwrap();
            text.split('_').nth(1).unwrap().to_owned()
        };
        let places = BTreeMap::from([
            ("{live-server}", "io.github.acme%2Fweather".to_owned()),
            ("{pending-server}", "io.github.acme%2Fhidden".to_owned()),
            ("{draft-server}", "io.github.acme%2Fdrafted".to_owned()),
            ("{draft}", draft),
            ("{live}", id(&live)),
            ("{pending}", id(&pending)),
            ("{unknown}", UNKNOWN.to_owned()),
            ("{live-manifest}", digest(&live)),
            ("{pending-manifest}", digest(&pending)),
            ("{unknown-manifest}", mcp_pin_model::Digest::of(b"nothing").to_string()),
            ("{admins-token}", of("admin")),
            ("{owners-token}", of("owner")),
        ]);
        let text = |value: Value| serde_json::to_vec(&value).unwrap();
        let key_of = |actor: &Actor<'_>| actor.person().public_key().to_spki_pem();
        let bodies = BTreeMap::from([
            ("-", Vec::new()),
            ("empty", text(json!({}))),
            ("server", text(json!({ "name": "io.example/x" }))),
            ("resolve", text(json!({ "servers": [] }))),
            ("owners-bundle", bundle(owner.person(), &waiting)),
            ("strangers-bundle", bundle(stranger.person(), &others)),
            ("approvers-bundle", late),
            ("draft", text(drafted)),
            ("proof", text(json!({ "oidc_token": "a.b.c" }))),
            ("active", text(json!({ "status": "active" }))),
            ("drift", text(json!({ "manifest": digest(&live), "kind": "error" }))),
            ("no-drift", text(json!({ "manifest": digest(&pending), "kind": "error" }))),
            ("plan", text(json!({ "scope": "server", "target": "io.github.acme/weather" }))),
            ("webhook", text(json!({ "url": "https://127.0.0.1/hook" }))),
            (
                "glass",
                text(json!({
                    "manifest": digest(&pending), "changes": digest(&pending), "reason": "it burns", "hours": 1,
                })),
            ),
            ("reason", text(json!({ "reason": "no" }))),
            ("no-reason", text(json!({ "reason": "" }))),
            ("order", text(json!({ "scope": "server", "target": "io.github.acme/nothing", "reason": "never was" }))),
            (
                "exchange",
                text(json!({
                    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "a.b.c",
                    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                })),
            ),
            ("taken-grant", text(json!({ "principal": "owner", "publicKey": key_of(&owner) }))),
            ("taken-approver", text(json!({ "principal": "approver", "publicKey": key_of(approver), "scope": "*" }))),
            ("token", text(json!({ "principal": "rob", "roles": ["reader"] }))),
            ("leaving", text(json!({ "reason": "left" }))),
            ("leaving-plan", text(json!({ "plan": true }))),
            ("identity", text(json!({ "issuer": "https://id.example", "subject": "1" }))),
            ("no-identity", text(json!({ "issuer": "https://id.example" }))),
            ("login-token", text(json!({ "code": "x", "verifier": "y" }))),
        ]);
        Self { registry, places, bodies, tokens }
    }

    fn path(&self, line: &Line) -> String {
        self.places.iter().fold(line.path.clone(), |path, (word, text)| path.replace(word, text))
    }

    async fn ask(&self, line: &Line, caller: &str) -> u16 {
        let actor = match &self.tokens[caller] {
            Some(token) => self.registry.with_token(token),
            None => self.registry.anonymous(),
        };
        let body = self.bodies.get(line.body.as_str());
        let body = body.unwrap_or_else(|| panic!("line {}: there is no body `{}`", line.number, line.body)).clone();
        let headers = [("content-type", "application/json")];
        let headers = if body.is_empty() { &headers[..0] } else { &headers[..] };
        actor.send(line.method.clone(), &self.path(line), headers, body).await.status.as_u16()
    }
}

/// Whether a path of the table is one of a route.
fn is_of(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (path, route): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), route.split('/').collect());
    path.len() == route.len()
        && path.iter().zip(&route).all(|(part, pattern)| pattern.starts_with('{') || part == pattern)
}

fn routes() -> BTreeSet<(String, String)> {
    let document: Value = mcp_pin_registry::http::openapi_document().parse().unwrap();
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                routes.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    routes
}

#[test]
fn every_route_has_a_line_and_every_line_a_route() {
    let (_, lines) = table();
    for (method, route) in routes() {
        assert!(
            lines.iter().any(|line| line.method.as_str() == method && is_of(&line.path, &route)),
            "{method} {route} has no line in tests/http/access_table.txt: who may use it?"
        );
    }
    for line in &lines {
        assert!(
            routes().iter().any(|(method, route)| line.method.as_str() == method && is_of(&line.path, route)),
            "line {}: there is no such route",
            line.number
        );
    }
}

#[tokio::test]
async fn every_caller_gets_what_the_table_says() {
    let registry = TestRegistry::new().await;
    let scene = Scene::new(&registry).await;
    let (callers, lines) = table();
    let mut problems = Vec::new();
    for line in &lines {
        // Logging out ends the token that it is done with.
        if line.path == "/v1/logout" {
            continue;
        }
        let mut got = Vec::new();
        for caller in &callers {
            got.push(scene.ask(line, caller).await);
        }
        if got != line.expected {
            problems.push(format!(
                "line {} {} {}\n  expected {:?}\n  got      {got:?}",
                line.number, line.method, line.path, line.expected
            ));
        }
    }
    let last = lines.iter().find(|line| line.path == "/v1/logout").unwrap();
    for (caller, expected) in callers.iter().zip(&last.expected) {
        let got = scene.ask(last, caller).await;
        if got != *expected {
            problems.push(format!("line {} logout of {caller}: expected {expected}, got {got}", last.number));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Bytes and headers, without what is different for every request.
async fn seen(actor: &Actor<'_>, method: Method, path: &str) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let answer = actor.send(method, path, &[], Vec::new()).await;
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.body)
}

#[tokio::test]
async fn t87_what_is_not_for_somebody_looks_like_what_is_not_there() {
    let registry = TestRegistry::new().await;
    let scene = Scene::new(&registry).await;
    let place = |word: &str| scene.places[word].clone();
    let (pending, manifest, unknown) = (place("{pending}"), place("{pending-manifest}"), place("{unknown-manifest}"));
    let anonymous = registry.anonymous();
    let stranger = registry.with_token(scene.tokens["stranger"].as_ref().unwrap());
    let robot = registry.with_token(scene.tokens["robot-2"].as_ref().unwrap());
    let public = [
        (
            "/v0.1/servers/io.github.acme%2Fhidden/versions".to_owned(),
            "/v0.1/servers/io.github.never%2Fwas/versions".to_owned(),
        ),
        (
            "/v0.1/servers/io.github.acme%2Fhidden/versions/1.0.0".to_owned(),
            "/v0.1/servers/io.github.never%2Fwas/versions/1.0.0".to_owned(),
        ),
        (
            "/v0.1/servers/io.github.acme%2Fhidden/versions/latest".to_owned(),
            "/v0.1/servers/io.github.never%2Fwas/versions/latest".to_owned(),
        ),
        (
            "/v0.1/servers/io.github.acme%2Fweather/versions/9.9.9".to_owned(),
            "/v0.1/servers/io.github.never%2Fwas/versions/latest".to_owned(),
        ),
        (format!("/v1/manifests/{manifest}"), format!("/v1/manifests/{unknown}")),
        (format!("/v1/manifests/{manifest}/consents"), format!("/v1/manifests/{unknown}/consents")),
        (format!("/v1/manifests/{manifest}/changes"), format!("/v1/manifests/{unknown}/changes")),
        (format!("/v1/manifests/{manifest}/evidence"), format!("/v1/manifests/{unknown}/evidence")),
        ("/v1/nothing/io.github.acme".to_owned(), "/v1/nothing/io.github.never".to_owned()),
        ("/v0.1/servers/io.github.acme/hidden".to_owned(), "/v0.1/servers/io.github.never/was".to_owned()),
    ];
    for (there, nowhere) in &public {
        for actor in [&anonymous, &stranger, &robot] {
            let (one, other) = (seen(actor, Method::GET, there).await, seen(actor, Method::GET, nowhere).await);
            assert_eq!(one.0, 404, "{there}");
            assert_eq!(one, other, "{there} {nowhere}");
        }
    }
    let guarded = [
        (Method::GET, format!("/v1/submissions/{pending}"), format!("/v1/submissions/{UNKNOWN}")),
        (Method::GET, format!("/v1/submissions/{pending}/changes"), format!("/v1/submissions/{UNKNOWN}/changes")),
        (Method::GET, format!("/v1/namespaces/{NAMESPACE}/grants"), "/v1/namespaces/io.github.never/grants".to_owned()),
        (Method::DELETE, format!("/v1/tokens/{}", place("{admins-token}")), format!("/v1/tokens/{UNKNOWN}")),
        (Method::POST, "/v1/principals/owner/reinstate".to_owned(), "/v1/principals/nobody/reinstate".to_owned()),
    ];
    for (method, there, nowhere) in guarded {
        for actor in [&anonymous, &stranger, &robot] {
            let (one, other) = (seen(actor, method.clone(), &there).await, seen(actor, method.clone(), &nowhere).await);
            assert_eq!(one, other, "{there} {nowhere}");
        }
    }
}

/// The signature says who publishes; a token limited to another namespace does not deliver it.
#[tokio::test]
async fn a_key_of_nobody_is_refused_whoever_brings_it() {
    let registry = TestRegistry::new().await;
    let scene = Scene::new(&registry).await;
    let nobody = SigningKey::generate().unwrap();
    let bytes = sign(&named("io.github.acme/more", "1.0.0", None), &nobody).unwrap().as_bytes().to_vec();
    for (caller, token) in &scene.tokens {
        let Some(token) = token else { continue };
        let status = registry.with_token(token).post("/v1/submissions", bytes.clone()).await.status;
        assert!(matches!(status.as_u16(), 401 | 403), "{caller}: {status}");
    }
}
