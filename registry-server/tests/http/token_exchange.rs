//! Identity tokens of CI jobs, exchanged for tokens of minutes; each attack is one test.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_pin_registry::{config::Config, oidc::IssuerKind};
use mcp_pin_test_support::{
    keys,
    oidc::{KEY, encode},
};
use serde_json::{Value, json};

use crate::{
    issuer::TestIssuer,
    support::{Answer, NAMESPACE, TestRegistry, weather},
};

const AUDIENCE: &str = "https://mcp.acme.example";

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A registry that believes one issuer, and the release workflow of `acme`.
struct Exchange {
    registry: TestRegistry,
    issuer: TestIssuer,
}

impl Exchange {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await;
        let registry = registry(&issuer, IssuerKind::GitHub).await;
        let exchange = Self { registry, issuer };
        exchange.grant("acme-release", NAMESPACE, &exchange.policy("refs/tags/*")).await;
        exchange
    }

    fn policy(&self, reference: &str) -> Value {
        let workflow = "https://github.com/acme/weather/.github/workflows/release.yml";
        json!({
            "issuer": self.issuer.url, "subject": format!("{workflow}@{reference}"), "repositoryId": "74",
            "ownerId": "65", "runner": "github-hosted",
        })
    }

    async fn grant(&self, principal: &str, namespace: &str, identity: &Value) {
        let body = json!({ "principal": principal, "identity": identity });
        let answer = self.registry.admin().post_json(&format!("/v1/namespaces/{namespace}/grants"), &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(answer.json()["identity"], *identity);
        assert_eq!(answer.json()["instance"], "public-good");
    }

    /// What the release workflow's tokens claim.
    fn claims(&self) -> Value {
        let now = keys::now().as_second();
        json!({
            "iss": self.issuer.url, "aud": AUDIENCE, "iat": now - 5, "nbf": now - 5, "exp": now + 300, "jti": "one",
            "sub": "repo:acme/weather:ref:refs/tags/v1.0.0", "repository": "acme/weather", "repository_id": "74",
            "repository_owner": "acme", "repository_owner_id": "65", "ref": "refs/tags/v1.0.0", "ref_type": "tag",
            "job_workflow_ref": "acme/weather/.github/workflows/release.yml@refs/tags/v1.0.0",
            "workflow_ref": "acme/weather/.github/workflows/release.yml@refs/tags/v1.0.0", "sha": "abc",
            "event_name": "push", "runner_environment": "github-hosted", "run_id": "1", "run_attempt": "1",
        })
    }

    /// The claims with some of them changed; null takes one away.
    fn claims_with(&self, changes: &Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    async fn present(&self, token: &str) -> Answer {
        let body = json!({
            "grant_type": GRANT_TYPE, "subject_token": token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        });
        self.registry.anonymous().post_json("/v1/token", &body).await
    }

    async fn refused(&self, token: &str, status: u16, code: &str) {
        let answer = self.present(token).await;
        assert_eq!(answer.problem(status), code);
        let body = String::from_utf8(answer.body).unwrap();
        let parts = token.split('.').filter(|part| part.len() > 8);
        assert!(parts.into_iter().all(|part| !body.contains(part)), "nothing of a token is repeated: {body}");
    }

    /// Tokens whose claims differ like this are refused with this code, and issue nothing.
    async fn refused_with(&self, changes: &Value, code: &str) {
        let before = self.tokens().await;
        self.refused(&self.issuer.token(&self.claims_with(changes)), 403, code).await;
        assert_eq!(self.tokens().await, before);
    }

    async fn tokens(&self) -> usize {
        self.registry.admin().get("/v1/tokens").await.json()["tokens"].as_array().unwrap().len()
    }
}

async fn registry(issuer: &TestIssuer, kind: IssuerKind) -> TestRegistry {
    let issuers = vec![issuer.config(kind)];
    let change = |config: Config| Config { public_url: Some(AUDIENCE.parse().unwrap()), issuers, ..config };
    TestRegistry::configured(change).await
}

#[tokio::test]
async fn a_job_logs_in_submits_and_is_logged_out_by_time() {
    let exchange = Exchange::new().await;
    exchange.grant("acme-release", "io.github.acme-labs", &exchange.policy("refs/tags/v*")).await;
    let answer = exchange.present(&exchange.issuer.token(&exchange.claims())).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["principal"], "acme-release");
    assert_eq!(body["namespaces"], json!(["io.github.acme", "io.github.acme-labs"]));

    let token = body["access_token"].as_str().unwrap();
    let job = exchange.registry.with_token(token);
    let whoami = job.get("/v1/whoami").await.json();
    assert_eq!((whoami["principal"].as_str(), &whoami["roles"]), (Some("acme-release"), &json!(["publisher"])));
    let events = exchange.registry.admin().get("/v1/events").await.json();
    let last = &events["events"].as_array().unwrap().last().unwrap()["leaf"];
    assert_eq!((last["type"].as_str(), last["actor"].as_str()), (Some("token-issued"), Some("acme-release")));

    // It carries what a granted key signed; it does not sign.
    let person = keys::Person::new("acme-release");
    let key = json!({ "principal": "acme-release", "publicKey": person.public_key().to_spki_pem() });
    exchange.registry.admin().post_json(&format!("/v1/namespaces/{NAMESPACE}/grants"), &key).await;
    let manifest = person.sign(&weather("1.0.0", "Forecasts.", None)).as_bytes().to_vec();
    let submitted = job.post("/v1/submissions", manifest.clone()).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{submitted:?}");

    exchange.registry.clock.advance_seconds(600);
    job.post("/v1/submissions", manifest).await.problem(401);
}

/// `mcp-publisher login github-oidc`, then `publish`: the audience that it asks GitHub for is the registry's own address.
#[tokio::test]
async fn the_official_publisher_logs_in_and_publishes_into_quarantine() {
    let exchange = Exchange::new().await;
    let login = async |path: &str, token: &str| {
        exchange.registry.anonymous().post_json(path, &json!({ "oidc_token": token })).await
    };
    let token = exchange.issuer.token(&exchange.claims());
    let answer = login("/v0/auth/github-oidc", &token).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let body = answer.json();
    assert_eq!(body["expires_at"], keys::now().as_second() + 600);
    let job = exchange.registry.with_token(body["registry_token"].as_str().unwrap());
    let document = |name: &str| {
        json!({
            "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
            "name": name, "description": "Forecasts the weather.", "version": "1.0.0",
        })
    };
    let mine = document("io.github.acme/weather");
    assert_eq!(job.post_json("/v0/publish", &mine).await.status, StatusCode::OK);
    assert_eq!(
        job.post_json("/v0/publish", &document("io.github.other/weather")).await.problem(403),
        "namespace-not-granted"
    );
    // It publishes and does nothing else.
    let path = "/v0.1/servers/io.github.acme%2Fweather/versions/1.0.0";
    assert_eq!(job.delete(path).await.problem(403), "forbidden");
    // Once; for this registry; in the shape that is expected, and nothing of the token is repeated.
    assert_eq!(login("/v0.1/auth/github-oidc", &token).await.problem(403), "token-replayed");
    let foreign =
        exchange.issuer.token(&exchange.claims_with(&json!({ "aud": "https://registry.example", "jti": "two" })));
    login("/v0.1/auth/oidc", &foreign).await.problem(403);
    let odd = exchange
        .registry
        .anonymous()
        .post_json("/v0.1/auth/github-oidc", &json!({ "oidc_token": token, "x": 1 }))
        .await;
    odd.problem(422);
    assert!(!String::from_utf8_lossy(&odd.body).contains(token.get(..40).unwrap()));
    // Ten minutes are over.
    exchange.registry.clock.advance_seconds(600);
    job.post_json("/v0/publish", &mine).await.problem(401);
}

#[tokio::test]
async fn a_form_does_as_well() {
    let exchange = Exchange::new().await;
    let token = exchange.issuer.token(&exchange.claims());
    let form = |members: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish().into_bytes()
    };
    let kind = "urn:ietf:params:oauth:token-type:jwt";
    let members = [("grant_type", GRANT_TYPE), ("subject_token", &token), ("subject_token_type", kind)];
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let send =
        async |body| exchange.registry.anonymous().send(axum::http::Method::POST, "/v1/token", &headers, body).await;
    let mut twice = members.to_vec();
    twice.push(("subject_token", "other"));
    send(form(&twice)).await.problem(422);
    send(form(&members[..2])).await.problem(422);
    send(form(&[members[0], members[1], ("subject_token_type", "other")])).await.problem(422);
    assert_eq!(send(form(&members)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_of_a_job_does_nothing_but_submit_and_only_where_it_was_granted() {
    let exchange = Exchange::new().await;
    let answer = exchange.present(&exchange.issuer.token(&exchange.claims())).await.json();
    let job = exchange.registry.with_token(answer["access_token"].as_str().unwrap());
    assert_eq!(
        job.post_json("/v1/tokens", &json!({ "principal": "x", "roles": ["admin"] })).await.problem(403),
        "forbidden"
    );
    assert_eq!(job.post_json("/v1/consents", &json!({})).await.problem(403), "forbidden");
    assert_eq!(job.get("/v1/tokens").await.json()["tokens"].as_array().unwrap().len(), 1, "its own");

    // Another namespace of the same principal, granted to a key.
    let person = keys::Person::new("acme-release");
    let key = json!({ "principal": "acme-release", "publicKey": person.public_key().to_spki_pem() });
    for namespace in ["io.other", NAMESPACE] {
        exchange.registry.admin().post_json(&format!("/v1/namespaces/{namespace}/grants"), &key).await;
    }
    let elsewhere = keys::manifest("io.other/weather", "1.0.0", [keys::tool("run", "Runs.")], None);
    let answer = job.post("/v1/submissions", person.sign(&elsewhere).as_bytes().to_vec()).await;
    assert_eq!(answer.problem(403), "namespace-not-granted");
    // Withdrawing a submission is not submitting one.
    let manifest = person.sign(&weather("1.0.0", "Forecasts.", None)).as_bytes().to_vec();
    let submitted = job.post("/v1/submissions", manifest).await.json();
    let path = format!("/v1/submissions/{}/reject", submitted["id"].as_str().unwrap());
    assert_eq!(job.post_json(&path, &json!({ "reason": "no" })).await.problem(403), "forbidden");
}

#[tokio::test]
async fn a_token_is_good_for_once() {
    let exchange = Exchange::new().await;
    let token = exchange.issuer.token(&exchange.claims());
    assert_eq!(exchange.present(&token).await.status, StatusCode::OK);
    exchange.refused(&token, 403, "token-replayed").await;
    // Signed anew with the same `jti`; ECDSA signatures differ each time.
    exchange.refused_with(&json!({}), "token-replayed").await;
    exchange.refused_with(&json!({ "ref": "refs/tags/v2" }), "token-replayed").await;
    let other = exchange.issuer.token(&exchange.claims_with(&json!({ "jti": "two" })));
    assert_eq!(exchange.present(&other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_that_was_used_before_a_restart_is_refused_after_it() {
    let exchange = Exchange::new().await;
    let token = exchange.issuer.token(&exchange.claims());
    assert_eq!(exchange.present(&token).await.status, StatusCode::OK);
    let Exchange { registry, issuer } = exchange;
    let exchange = Exchange { registry: registry.restart().await, issuer };
    exchange.refused(&token, 403, "token-replayed").await;
}

#[tokio::test]
async fn a_token_without_a_name_is_told_apart_by_what_was_signed() {
    let exchange = Exchange::new().await;
    let claims = exchange.claims_with(&json!({ "jti": null }));
    let token = exchange.issuer.token(&claims);
    assert_eq!(exchange.present(&token).await.status, StatusCode::OK);
    exchange.refused(&token, 403, "token-replayed").await;
    // The same claims under another signature, as whoever saw the first one could not even make.
    exchange.refused(&exchange.issuer.token(&claims), 403, "token-replayed").await;
    exchange.refused_with(&json!({ "jti": 7 }), "token-claims").await;
}

#[tokio::test]
async fn two_requests_with_one_token_get_one_token() {
    let exchange = Exchange::new().await;
    let token = exchange.issuer.token(&exchange.claims());
    let (first, second) = tokio::join!(exchange.present(&token), exchange.present(&token));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn a_refused_token_is_not_spent() {
    let exchange = Exchange::new().await;
    let claims = exchange.claims_with(&json!({ "repository_owner_id": "66" }));
    let token = exchange.issuer.token(&claims);
    exchange.refused(&token, 403, "identity-not-granted").await;
    let policy = json!({
        "issuer": exchange.issuer.url, "ownerId": "66",
        "subject": "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.0.0",
    });
    exchange.grant("acme-release", "io.later", &policy).await;
    assert_eq!(exchange.present(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t67_an_issuer_with_a_suffix_is_another_issuer() {
    let exchange = Exchange::new().await;
    for iss in [
        format!("{}.evil.example", exchange.issuer.url),
        format!("{}/", exchange.issuer.url),
        format!("{}@evil.example", exchange.issuer.url),
        String::new(),
    ] {
        exchange.refused_with(&json!({ "iss": iss }), "token-issuer").await;
    }
    exchange.refused_with(&json!({ "iss": null }), "token-issuer").await;
    exchange.refused_with(&json!({ "iss": [exchange.issuer.url] }), "token-issuer").await;
    assert_eq!(exchange.issuer.asked(), 0, "nobody was asked for keys");
}

#[tokio::test]
async fn an_audience_beside_ours_is_refused() {
    let exchange = Exchange::new().await;
    for aud in [
        json!([AUDIENCE, "https://other.example"]),
        json!("https://other.example"),
        json!("https://mcp.acme.example.evil.example"),
        json!("https://mcp.acme.example/"),
        json!("sigstore"),
        json!([]),
        json!([[AUDIENCE]]),
        json!(null),
    ] {
        exchange.refused_with(&json!({ "aud": aud }), "token-audience").await;
    }
    let alone = exchange.issuer.token(&exchange.claims_with(&json!({ "aud": [AUDIENCE] })));
    assert_eq!(exchange.present(&alone).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t75_no_token_chooses_its_algorithm() {
    let exchange = Exchange::new().await;
    let claims = exchange.claims();
    // None at all, in every spelling.
    for alg in ["none", "None", "NONE", ""] {
        let message = format!("{}.{}", encode(&json!({ "alg": alg, "kid": KEY })), encode(&claims));
        exchange.refused(&format!("{message}."), 403, "token-algorithm").await;
        exchange.refused(&exchange.issuer.sign_text(&message), 403, "token-algorithm").await;
    }
    // The public key as the secret of an HMAC.
    let message = format!("{}.{}", encode(&json!({ "alg": "HS256", "kid": KEY })), encode(&claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"the public key, which everybody knows");
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    exchange.refused(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag)), 403, "token-algorithm").await;
    // A good algorithm that is not this issuer's.
    let other = json!({ "alg": "RS256", "kid": KEY });
    exchange.refused(&exchange.issuer.sign(&other, &claims), 403, "token-algorithm").await;
    // The HMAC with the issuer's own algorithm in the header is simply no signature of it.
    let message = format!("{}.{}", encode(&json!({ "alg": "ES256", "kid": KEY })), encode(&claims));
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    exchange.refused(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag)), 403, "token-signature").await;
}

#[tokio::test]
async fn a_changed_claim_breaks_the_signature() {
    let exchange = Exchange::new().await;
    let token = exchange.issuer.token(&exchange.claims());
    let parts: Vec<&str> = token.split('.').collect();
    let changed = encode(&exchange.claims_with(&json!({ "ref": "refs/tags/v9" })));
    exchange.refused(&format!("{}.{changed}.{}", parts[0], parts[2]), 403, "token-signature").await;
    exchange.refused(&format!("{}.{}.", parts[0], parts[1]), 403, "token-signature").await;
    // Another issuer's key under the name of this one's.
    let thief = TestIssuer::start().await;
    exchange.refused(&thief.token(&exchange.claims()), 403, "token-signature").await;
}

#[tokio::test]
async fn t76_times_hold_with_half_a_minute_of_leeway() {
    let exchange = Exchange::new().await;
    let now = keys::now().as_second();
    exchange.refused_with(&json!({ "exp": now - 30 }), "token-expired").await;
    exchange.refused_with(&json!({ "nbf": now + 31 }), "token-not-yet-valid").await;
    exchange.refused_with(&json!({ "iat": now + 31, "exp": now + 300 }), "token-not-yet-valid").await;
    exchange.refused_with(&json!({ "exp": now + 25 * 3600 }), "token-lifetime").await;
    for claim in ["exp", "iat"] {
        exchange.refused_with(&json!({ claim: null }), "token-claims").await;
        exchange.refused_with(&json!({ claim: "1767323045" }), "token-claims").await;
    }
    for (jti, changes) in [("a", json!({ "exp": now - 29 })), ("b", json!({ "nbf": now + 30, "iat": now + 30 }))] {
        let mut claims = exchange.claims_with(&changes);
        claims["jti"] = json!(jti);
        assert_eq!(exchange.present(&exchange.issuer.token(&claims)).await.status, StatusCode::OK, "{changes}");
    }
}

#[tokio::test]
async fn pull_request_target_is_refused_whatever_else_is_right() {
    let exchange = Exchange::new().await;
    exchange.refused_with(&json!({ "event_name": "pull_request_target" }), "token-event").await;
    exchange.refused_with(&json!({ "event_name": null }), "token-claims").await;
}

#[tokio::test]
async fn t67_what_the_policy_names_has_to_hold_and_sub_is_not_read() {
    let exchange = Exchange::new().await;
    for changes in [
        json!({ "job_workflow_ref": "acme/weather/.github/workflows/other.yml@refs/tags/v1.0.0" }),
        json!({ "job_workflow_ref": "acme-evil/weather/.github/workflows/release.yml@refs/tags/v1.0.0" }),
        json!({ "job_workflow_ref": "acme/weather/.github/workflows/release.yml@refs/heads/main" }),
        json!({ "repository_id": "75" }),
        json!({ "repository_owner_id": "66" }),
        json!({ "runner_environment": "self-hosted" }),
        json!({ "runner_environment": null }),
    ] {
        exchange.refused_with(&changes, "identity-not-granted").await;
    }
    for claim in ["job_workflow_ref", "repository", "repository_id", "repository_owner_id"] {
        exchange.refused_with(&json!({ claim: null }), "token-claims").await;
    }
    // GitHub's new form of `sub`, and one that its repository's owner made up.
    let claims = exchange.claims_with(&json!({ "sub": "repo:acme@65/weather@74:environment:production" }));
    assert_eq!(exchange.present(&exchange.issuer.token(&claims)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t69_an_identity_of_two_principals_is_nobody() {
    let exchange = Exchange::new().await;
    exchange.grant("somebody-else", "io.other", &exchange.policy("refs/tags/v*")).await;
    exchange.refused_with(&json!({}), "ambiguous-identity").await;
}

#[tokio::test]
async fn a_revoked_identity_and_a_withdrawn_grant_log_nobody_in() {
    let exchange = Exchange::new().await;
    let target = format!(
        "{} https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.0.0",
        exchange.issuer.url
    );
    let order = json!({ "scope": "signer", "target": target, "reason": "stolen" });
    let answer = exchange.registry.admin().post_json("/v1/revocations", &order).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    exchange.refused_with(&json!({}), "identity-not-granted").await;
    let workflow = "acme/weather/.github/workflows/release.yml@refs/tags/v2";
    let other = exchange.issuer.token(&exchange.claims_with(&json!({ "job_workflow_ref": workflow, "jti": "two" })));
    assert_eq!(exchange.present(&other).await.status, StatusCode::OK);

    let grants = exchange.registry.admin().get(&format!("/v1/namespaces/{NAMESPACE}/grants")).await.json();
    let path = format!("/v1/namespaces/{NAMESPACE}/grants/{}", grants["grants"][0]["id"].as_str().unwrap());
    assert_eq!(exchange.registry.admin().delete(&path).await.status, StatusCode::NO_CONTENT);
    exchange.refused_with(&json!({ "job_workflow_ref": workflow, "jti": "three" }), "identity-not-granted").await;
}

#[tokio::test]
async fn unknown_keys_are_asked_for_once_a_minute() {
    let mut exchange = Exchange::new().await;
    let unknown = |kid: &str| json!({ "alg": "ES256", "kid": kid });
    for kid in ["a", "b", "c"] {
        let token = exchange.issuer.sign(&unknown(kid), &exchange.claims());
        exchange.refused(&token, 403, "token-key-unknown").await;
    }
    exchange
        .refused(&exchange.issuer.sign(&json!({ "alg": "ES256" }), &exchange.claims()), 403, "token-key-unknown")
        .await;
    assert_eq!(exchange.issuer.asked(), 1);

    exchange.issuer.rotate("second");
    let token = exchange.issuer.sign(&unknown("second"), &exchange.claims());
    exchange.refused(&token, 403, "token-key-unknown").await;
    exchange.registry.clock.advance_seconds(60);
    assert_eq!(exchange.present(&token).await.status, StatusCode::OK);
    assert_eq!(exchange.issuer.asked(), 2);
}

#[tokio::test]
async fn t75_a_key_that_the_issuer_withdrew_is_good_for_nothing_after_an_hour() {
    let mut exchange = Exchange::new().await;
    assert_eq!(exchange.present(&exchange.issuer.token(&exchange.claims())).await.status, StatusCode::OK);
    let now = keys::now().as_second();
    let later = exchange.claims_with(&json!({ "jti": "two", "iat": now + 3600, "nbf": now + 3600, "exp": now + 3900 }));
    let stolen = exchange.issuer.token(&later);
    exchange.issuer.rotate("second");
    exchange.registry.clock.advance_seconds(3600);
    exchange.refused(&stolen, 403, "token-key-unknown").await;
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_no_refusal_and_no_pass() {
    let exchange = Exchange::new().await;
    exchange.issuer.set_down(true);
    let token = exchange.issuer.token(&exchange.claims());
    exchange.refused(&token, 503, "issuer-unavailable").await;
    exchange.issuer.set_down(false);
    exchange.refused(&token, 503, "issuer-unavailable").await;
    exchange.registry.clock.advance_seconds(60);
    assert_eq!(exchange.present(&token).await.status, StatusCode::OK);

    let exchange = Exchange::new().await;
    exchange.issuer.claim_to_be("https://token.actions.githubusercontent.com");
    exchange.refused(&exchange.issuer.token(&exchange.claims()), 503, "issuer-unavailable").await;
    assert_eq!(exchange.issuer.asked(), 0, "the keys of somebody else's document are not asked for");
}

#[tokio::test]
async fn what_two_readers_read_differently_is_malformed() {
    let exchange = Exchange::new().await;
    let header = encode(&json!({ "alg": "ES256", "kid": KEY }));
    let claims = serde_json::to_string(&exchange.claims()).unwrap();
    let twice = claims.replacen('{', "{\"ref\":\"refs/tags/v9\",", 1);
    let token = exchange.issuer.sign_text(&format!("{header}.{}", URL_SAFE_NO_PAD.encode(twice)));
    exchange.refused(&token, 422, "token-malformed").await;
    let good = exchange.issuer.token(&exchange.claims());
    for token in [
        "",
        "a",
        "a.b",
        "a.b.c",
        &format!("{good}.x"),
        &format!("{good}="),
        &good.replacen('.', "..", 1),
        &format!("{good}{}", "A".repeat(16 << 10)),
    ] {
        let answer = exchange.present(token).await;
        let code = answer.problem(if answer.status == StatusCode::FORBIDDEN { 403 } else { 422 });
        assert!(code == "token-malformed" || code == "token-signature", "{code}: {token}");
    }
    for header in [
        json!({ "alg": "ES256", "kid": KEY, "crit": ["b64"], "b64": false }),
        json!({ "alg": "ES256", "kid": KEY, "typ": "at+jwt" }),
    ] {
        exchange.refused(&exchange.issuer.sign(&header, &exchange.claims()), 422, "token-malformed").await;
    }
}

#[tokio::test]
async fn a_registry_without_issuers_takes_no_tokens() {
    let registry = TestRegistry::new().await;
    let issuer = TestIssuer::start().await;
    let exchange = Exchange { registry, issuer };
    exchange.refused(&exchange.issuer.token(&exchange.claims()), 404, "token-exchange-disabled").await;
}

#[test]
fn issuers_are_https_named_once_and_need_an_audience() {
    use clap::Parser as _;
    use mcp_pin_registry::cli::{Arguments, Command};
    let resolve = |file: &str, arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.toml");
        std::fs::write(&path, file).unwrap();
        let all = ["mcp-pin-registry", "serve", "--config", path.to_str().unwrap()];
        match Arguments::parse_from(all.into_iter().chain(arguments.iter().copied())).command {
            Command::Serve(arguments) => Config::resolve(&arguments).map_err(|error| error.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let issuer = |url: &str| format!("[[oidc.issuer]]\nurl = \"{url}\"\nalgorithm = \"RS256\"\nkind = \"github\"\n");
    let github = issuer("https://token.actions.githubusercontent.com");
    let public = ["--public-url", "https://mcp.acme.example"];
    assert_eq!(resolve(&github, &public).unwrap().issuers.len(), 1);
    assert!(resolve(&github, &[]).unwrap_err().contains("public-url"));
    assert!(resolve(&format!("{github}{github}"), &public).unwrap_err().contains("twice"));
    for url in ["http://issuer.example", "https://u@issuer.example", "https://issuer.example/?x", "issuer.example"] {
        assert!(resolve(&issuer(url), &public).unwrap_err().contains("must be `https://"), "{url}");
    }
    assert!(resolve(&github.replace("RS256", "HS256"), &public).unwrap_err().contains("HS256"));
    assert!(resolve(&github.replace("RS256", "none"), &public).unwrap_err().contains("none"));
    assert!(resolve(&format!("{github}[oidc]\ntoken-minutes = 61\n"), &public).is_err());
    assert!(resolve("[[sigstore]]\nname = \"acme\"\ntrusted-root = \"missing.json\"\n", &[]).is_err());
}
