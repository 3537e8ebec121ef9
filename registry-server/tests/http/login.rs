//! People log in with an OpenID Connect provider; each attack is one test.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use mcp_pin_registry::{config::Config, login::LoginConfig, oidc::Algorithm};
use mcp_pin_test_support::{
    keys,
    oidc::{CLIENT, KEY, TestProvider},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::support::{Answer, TestRegistry};

const ORIGIN: &str = "https://mcp.acme.example";

struct Scene {
    registry: TestRegistry,
    provider: TestProvider,
}

/// A login that is under way: what the browser holds, and what the provider was told.
struct Away {
    cookie: String,
    asked: BTreeMap<String, String>,
}

impl Scene {
    async fn new() -> Self {
        let provider = TestProvider::start().await;
        let login = LoginConfig {
            issuer: provider.url.clone(),
            client_id: CLIENT.to_owned(),
            client_secret_file: None,
            algorithm: Algorithm::ES256,
            scopes: vec!["profile".to_owned()],
            name_claim: "preferred_username".to_owned(),
            groups_claim: "groups".to_owned(),
            roles: roles_by_group(),
            session_idle: SignedDuration::from_mins(30),
            session: SignedDuration::from_hours(10),
            token: SignedDuration::from_hours(8),
        };
        let change =
            |config: Config| Config { public_url: Some(ORIGIN.parse().unwrap()), login: Some(login), ..config };
        Self { registry: TestRegistry::configured(change).await, provider }
    }

    async fn begin(&self, query: &str) -> Away {
        let answer = self.registry.anonymous().get(&format!("/v1/login{query}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        let cookie = answer.header("set-cookie");
        for attribute in ["__Host-mcp-pin-login=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let location = Url::parse(answer.header("location")).unwrap();
        assert!(location.as_str().starts_with(&format!("{}/authorize?", self.provider.url)));
        Away {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            asked: location.query_pairs().into_owned().collect(),
        }
    }

    async fn back(&self, away: &Away, code: &str) -> Answer {
        self.back_with(&away.cookie, &format!("code={code}&state={}", away.asked["state"])).await
    }

    async fn back_with(&self, cookie: &str, query: &str) -> Answer {
        let path = format!("/v1/login/callback?{query}");
        self.registry.anonymous().send(Method::GET, &path, &[("cookie", cookie)], Vec::new()).await
    }

    /// Somebody logs in with a browser; gives back their cookie.
    async fn session(&self, subject: &str) -> String {
        let away = self.begin("").await;
        self.give(&away, "code", &json!({ "sub": subject, "preferred_username": subject }));
        let answer = self.back(&away, "code").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        session_of(&answer)
    }

    /// The provider lets somebody in, with claims that differ like this; null takes one away.
    fn give(&self, away: &Away, code: &str, changes: &Value) {
        let mut claims = self.provider.claims("dana", &away.asked["nonce"], keys::now());
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.provider.give(code, self.provider.token(&claims), &away.asked["code_challenge"]);
    }

    /// A login with these claims is refused, and nobody gets anything.
    async fn refused_with(&self, changes: &Value, code: &str) {
        let away = self.begin("").await;
        self.give(&away, "code", changes);
        let answer = self.back(&away, "code").await;
        assert_eq!(answer.problem(403), code, "{changes}");
        assert!(!answer.headers.contains_key("set-cookie"), "{changes}");
    }

    async fn with_cookie(&self, method: Method, path: &str, cookie: &str, more: &[(&str, &str)]) -> Answer {
        let headers: Vec<(&str, &str)> = more.iter().copied().chain([("cookie", cookie)]).collect();
        self.registry.anonymous().send(method, path, &headers, b"{}".to_vec()).await
    }
}

fn roles_by_group() -> BTreeMap<String, mcp_pin_registry::service::Roles> {
    use mcp_pin_registry::service::Role;
    BTreeMap::from([
        ("reviewers".to_owned(), [Role::Approver].into()),
        ("platform".to_owned(), [Role::Admin, Role::Operator].into()),
    ])
}

fn session_of(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let cookie = cookies.find(|cookie| cookie.starts_with("__Host-mcp-pin-session=")).unwrap();
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn somebody_logs_in_with_a_browser_and_out_again() {
    let scene = Scene::new().await;
    let away = scene.begin("?return=/ui/pending").await;
    assert_eq!(away.asked["response_type"], "code");
    assert_eq!(away.asked["client_id"], CLIENT);
    assert_eq!(away.asked["redirect_uri"], format!("{ORIGIN}/v1/login/callback"));
    assert_eq!(away.asked["code_challenge_method"], "S256");
    assert_eq!(away.asked["scope"], "openid profile");
    scene.give(&away, "code", &json!({ "groups": ["reviewers", "others"] }));
    let answer = scene.back(&away, "code").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    assert_eq!(answer.header("location"), "/ui/pending");
    assert_eq!(answer.header("cache-control"), "no-store");
    let asked = scene.provider.last_asked();
    assert_eq!(asked["redirect_uri"], format!("{ORIGIN}/v1/login/callback"));

    let cookie = session_of(&answer);
    let me = scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.json();
    assert_eq!((&me["principal"], &me["method"]), (&json!("dana"), &json!("session")));
    assert_eq!((&me["roles"], &me["groups"]), (&json!(["approver"]), &json!(["others", "reviewers"])));
    let text = cookie.split_once('=').unwrap().1;
    scene.registry.with_token(text).get("/v1/whoami").await.problem(401);

    let own = [("sec-fetch-site", "same-origin")];
    let out = scene.with_cookie(Method::POST, "/v1/logout", &cookie, &own).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.problem(401);
}

#[tokio::test]
async fn another_sites_page_changes_nothing_with_a_session() {
    let scene = Scene::new().await;
    let cookie = scene.session("dana").await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")][..],
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")][..],
        &[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)][..],
    ] {
        let answer = scene.with_cookie(Method::POST, "/v1/logout", &cookie, headers).await;
        assert_eq!(answer.problem(401), "unauthorized", "{headers:?}");
    }
    let answer = scene.with_cookie(Method::POST, "/v1/logout", &cookie, &[("origin", ORIGIN)]).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_at_last() {
    let scene = Scene::new().await;
    let cookie = scene.session("dana").await;
    scene.registry.clock.advance_seconds(29 * 60);
    assert_eq!(scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.status, StatusCode::OK);
    // The next token of the session came with that; it is idle for too long now.
    let answer = scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "the token before is good for a moment still");
    scene.registry.clock.advance_seconds(31 * 60);
    scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.problem(401);

    let scene = Scene::new().await;
    let mut cookie = scene.session("dana").await;
    let (mut turns, mut passed) = (0, 0);
    let mut wait = |seconds: i64| {
        scene.registry.clock.advance_seconds(seconds);
        passed += seconds;
        passed
    };
    // Ten hours, a request every ten minutes: never idle.
    while wait(10 * 60) < 10 * 3600 {
        let answer = scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        if answer.headers.contains_key("set-cookie") {
            let next = session_of(&answer);
            assert_ne!(next, cookie);
            assert_eq!(scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.status, StatusCode::OK);
            wait(31);
            scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.problem(401);
            cookie = next;
            turns += 1;
        }
    }
    assert!(turns > 10, "the session's token is replaced as it goes");
    scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.problem(401);
}

#[tokio::test]
async fn a_token_that_does_not_fit_lets_nobody_in() {
    let scene = Scene::new().await;
    let now = keys::now().as_second();
    for changes in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "another-client" }),
        json!({ "aud": [CLIENT, "another-client"] }),
        json!({ "aud": null }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": format!("{}/", scene.provider.url) }),
        json!({ "exp": now - 1 }),
        json!({ "iat": now - 3600 }),
        json!({ "iat": now + 3600, "exp": now + 7200 }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "groups": "reviewers" }),
        json!({ "groups": [["reviewers"]] }),
    ] {
        scene.refused_with(&changes, "login-refused").await;
    }
    scene.refused_with(&json!({ "groups": [] }), "no-role").await;
    scene.refused_with(&json!({ "groups": null }), "no-role").await;
    scene.refused_with(&json!({ "groups": ["Reviewers"] }), "no-role").await;
}

#[tokio::test]
async fn a_token_that_is_not_signed_as_it_should_lets_nobody_in() {
    let scene = Scene::new().await;
    let stranger = TestProvider::start().await;
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": KEY }),
        json!({ "alg": "RS256", "kid": KEY }),
        json!({ "alg": "ES256", "kid": "unknown" }),
    ] {
        for signed in [true, false] {
            let away = scene.begin("").await;
            let mut token =
                scene.provider.sign(&header, &scene.provider.claims("dana", &away.asked["nonce"], keys::now()));
            if !signed {
                token.truncate(token.rfind('.').unwrap() + 1);
            }
            scene.provider.give("code", token, &away.asked["code_challenge"]);
            assert_eq!(scene.back(&away, "code").await.problem(403), "login-refused", "{header} {signed}");
        }
    }
    let away = scene.begin("").await;
    let forged = stranger.token(&scene.provider.claims("dana", &away.asked["nonce"], keys::now()));
    scene.provider.give("code", forged, &away.asked["code_challenge"]);
    assert_eq!(scene.back(&away, "code").await.problem(403), "login-refused", "signed by somebody else");
}

#[tokio::test]
async fn a_login_comes_back_once_in_time_and_to_its_own_browser() {
    let scene = Scene::new().await;
    let (mine, theirs) = (scene.begin("").await, scene.begin("").await);
    scene.give(&mine, "code", &json!({}));
    // A state that was not given out, one of another browser, and none.
    for (cookie, state) in
        [(&mine.cookie, "0".repeat(64)), (&mine.cookie, String::new()), (&theirs.cookie, mine.asked["state"].clone())]
    {
        let answer = scene.back_with(cookie, &format!("code=code&state={state}")).await;
        assert_eq!(answer.problem(403), "login-refused");
    }
    // The attempt with the wrong cookie used it up.
    assert_eq!(scene.back(&mine, "code").await.problem(403), "login-refused");

    let away = scene.begin("").await;
    scene.give(&away, "code", &json!({}));
    assert_eq!(scene.back(&away, "code").await.status, StatusCode::SEE_OTHER);
    assert_eq!(scene.back(&away, "code").await.problem(403), "login-refused", "once");
    let again = scene.begin("").await;
    assert_eq!(scene.back(&again, "code").await.problem(403), "login-refused", "a code is good once");

    let late = scene.begin("").await;
    scene.give(&late, "late", &json!({}));
    scene.registry.clock.advance_seconds(600);
    assert_eq!(scene.back(&late, "late").await.problem(403), "login-refused", "in time");
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused() {
    let scene = Scene::new().await;
    let away = scene.begin("").await;
    scene.give(&away, "code", &json!({}));
    let query = format!("code=code&state={}&iss=https%3A%2F%2Fevil.example", away.asked["state"]);
    assert_eq!(scene.back_with(&away.cookie, &query).await.problem(403), "login-refused");
    let away = scene.begin("").await;
    let query = format!("error=access_denied&state={}", away.asked["state"]);
    assert_eq!(scene.back_with(&away.cookie, &query).await.problem(403), "login-refused");
}

/// Mallory's code in Dana's browser would log Dana in as Mallory; the verifier is that of another login.
#[tokio::test]
async fn a_code_of_another_login_is_refused() {
    let scene = Scene::new().await;
    let (danas, mallorys) = (scene.begin("").await, scene.begin("").await);
    scene.give(&mallorys, "mallorys", &json!({ "sub": "mallory" }));
    assert_eq!(scene.back(&danas, "mallorys").await.problem(403), "login-refused");
}

#[tokio::test]
async fn nobody_becomes_somebody_by_their_name() {
    let scene = Scene::new().await;
    scene.registry.somebody("alex", &["approver"]).await;
    let claims = json!({ "sub": "4711", "preferred_username": "alex" });
    scene.refused_with(&claims, "identity-not-linked").await;
    scene.refused_with(&json!({ "sub": "4712", "preferred_username": "ADMIN" }), "identity-not-linked").await;

    let link = json!({ "issuer": scene.provider.url, "subject": "4711" });
    let answer = scene.registry.admin().post_json("/v1/principals/alex/identities", &link).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    let away = scene.begin("").await;
    scene.give(&away, "code", &claims);
    let cookie = session_of(&scene.back(&away, "code").await);
    let me = scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.json();
    assert_eq!(me["principal"], "alex");

    // A subject stays who it was, whatever it calls itself; and a name that cannot be one makes a principal of its own.
    let away = scene.begin("").await;
    scene.give(&away, "code", &json!({ "sub": "4711", "preferred_username": "admin" }));
    let cookie = session_of(&scene.back(&away, "code").await);
    assert_eq!(scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.json()["principal"], "alex");
    let away = scene.begin("").await;
    scene.give(&away, "code", &json!({ "sub": "4713", "preferred_username": "Ålex \u{202e}" }));
    let cookie = session_of(&scene.back(&away, "code").await);
    let me = scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.json();
    assert!(me["principal"].as_str().unwrap().starts_with("person-"), "{me}");
    let again = scene.registry.admin().post_json("/v1/principals/beth/identities", &link).await;
    assert_eq!(again.problem(409), "exists", "a subject is one principal");
}

#[tokio::test]
async fn who_left_does_not_come_back() {
    let scene = Scene::new().await;
    let cookie = scene.session("dana").await;
    let left = scene.registry.admin().post_json("/v1/principals/dana/offboard", &json!({ "reason": "left" })).await;
    assert_eq!(left.status, StatusCode::OK, "{left:?}");
    assert_eq!(left.json()["identities"][0]["subject"], "dana");
    scene.with_cookie(Method::GET, "/v1/whoami", &cookie, &[]).await.problem(401);
    scene.refused_with(&json!({ "sub": "dana", "preferred_username": "dana" }), "identity-not-linked").await;
    let link = json!({ "issuer": scene.provider.url, "subject": "dana" });
    let answer = scene.registry.admin().post_json("/v1/principals/dana/identities", &link).await;
    assert_eq!(answer.problem(409), "offboarded");
}

#[tokio::test]
async fn a_command_line_gets_a_token_of_hours() {
    let scene = Scene::new().await;
    let verifier = "a-verifier-of-the-command-line-that-nobody-can-guess";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let query =
        format!("?redirect=http%3A%2F%2F127.0.0.1%3A43210%2Fcallback&state=0123456789abcdef&challenge={challenge}");
    let away = scene.begin(&query).await;
    scene.give(&away, "code", &json!({}));
    let answer = scene.back(&away, "code").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    let location = Url::parse(answer.header("location")).unwrap();
    assert_eq!((location.host_str(), location.port()), (Some("127.0.0.1"), Some(43210)));
    let given: BTreeMap<String, String> = location.query_pairs().into_owned().collect();
    assert_eq!(given["state"], "0123456789abcdef");
    assert!(!answer.headers.get_all("set-cookie").iter().any(|cookie| cookie.to_str().unwrap().contains("session")));

    let exchange = |code: &str, verifier: &str| json!({ "code": code, "verifier": verifier });
    let answer = scene.registry.anonymous().post_json("/v1/login/token", &exchange(&given["code"], verifier)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let document = answer.json();
    assert_eq!((&document["principal"], &document["roles"]), (&json!("dana"), &json!(["approver"])));
    let token = document["token"].as_str().unwrap();
    let me = scene.registry.with_token(token).get("/v1/whoami").await.json();
    assert_eq!(me["method"], "login");
    let again = scene.registry.anonymous().post_json("/v1/login/token", &exchange(&given["code"], verifier)).await;
    assert_eq!(again.problem(403), "login-refused", "once");
    let rotated = scene
        .registry
        .with_token(token)
        .post_json(&format!("/v1/tokens/{}/rotate", me["token"].as_str().unwrap()), &json!({}))
        .await;
    assert_eq!(rotated.problem(422), "invalid", "the token of a login is not made to last");
    scene.registry.clock.advance_seconds(8 * 3600);
    scene.registry.with_token(token).get("/v1/whoami").await.problem(401);

    let away = scene.begin(&query).await;
    let later = keys::now().as_second() + 8 * 3600;
    scene.give(&away, "code", &json!({ "iat": later, "exp": later + 300 }));
    let location = Url::parse(scene.back(&away, "code").await.header("location")).unwrap();
    let given: BTreeMap<String, String> = location.query_pairs().into_owned().collect();
    let stolen = scene.registry.anonymous().post_json("/v1/login/token", &exchange(&given["code"], "a guess")).await;
    assert_eq!(stolen.problem(403), "login-refused", "a code that was seen is worth nothing");
}

#[tokio::test]
async fn nobody_is_sent_where_they_should_not_go() {
    let scene = Scene::new().await;
    let challenge = URL_SAFE_NO_PAD.encode([0; 32]);
    for query in [
        "return=https%3A%2F%2Fevil.example%2F".to_owned(),
        "return=%2F%2Fevil.example".to_owned(),
        "return=%2F%5Cevil.example".to_owned(),
        "return=%2F%0D%0ASet-Cookie%3Ax".to_owned(),
        format!("redirect=https%3A%2F%2Fevil.example%2F&state=0123456789abcdef&challenge={challenge}"),
        format!("redirect=http%3A%2F%2Flocalhost%3A1%2F&state=0123456789abcdef&challenge={challenge}"),
        format!("redirect=http%3A%2F%2F127.0.0.1%2F&state=0123456789abcdef&challenge={challenge}"),
        format!("redirect=http%3A%2F%2F127.0.0.1.evil.example%3A1%2F&state=0123456789abcdef&challenge={challenge}"),
        format!("redirect=http%3A%2F%2Fme%40127.0.0.1%3A1%2F&state=0123456789abcdef&challenge={challenge}"),
        format!("redirect=http%3A%2F%2F127.0.0.1%3A1%2F&state=short&challenge={challenge}"),
        "redirect=http%3A%2F%2F127.0.0.1%3A1%2F&state=0123456789abcdef&challenge=plain".to_owned(),
    ] {
        let answer = scene.registry.anonymous().get(&format!("/v1/login?{query}")).await;
        answer.problem(422);
        assert!(!answer.headers.contains_key("location"), "{query}");
    }
}
