//! An OpenID Connect provider on this machine, which does what a test wants, also what no provider should.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{rand::SystemRandom, signature::EcdsaKeyPair};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse as _, routing};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_pin_test_support::keys;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::issuer::{KEY, encode, jwk, new_key};

pub(crate) const CLIENT: &str = "mcp-pin";

/// A code that was given out: what it is exchanged for, and the challenge that goes with it.
struct Code {
    id_token: String,
    challenge: String,
}

#[derive(Default)]
struct Shared {
    codes: Mutex<BTreeMap<String, Code>>,
    /// What the token endpoint was asked, as form parameters.
    asked: Mutex<Vec<BTreeMap<String, String>>>,
}

/// A provider. Gone with the runtime of its test.
pub(crate) struct TestProvider {
    pub(crate) url: String,
    key: EcdsaKeyPair,
    shared: Arc<Shared>,
}

impl TestProvider {
    pub(crate) async fn start() -> Self {
        let key = new_key();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let keys = json!({ "keys": [jwk(KEY, &key)] });
        let metadata = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", routing::get(move || async move { Json(metadata) }))
            .route("/keys", routing::get(move || async move { Json(keys) }))
            .route("/token", routing::post(exchange))
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key, shared }
    }

    /// What an identity token of this person claims, for a login with this nonce.
    pub(crate) fn claims(&self, subject: &str, nonce: &str) -> Value {
        let now = keys::now().as_second();
        json!({
            "iss": self.url, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 300, "nonce": nonce,
            "preferred_username": subject, "groups": ["reviewers"],
        })
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "kid": KEY }), claims)
    }

    /// Lets somebody in: gives a code that is good once, for whoever has the challenge's verifier.
    pub(crate) fn give(&self, code: &str, id_token: String, challenge: &str) {
        let given = Code { id_token, challenge: challenge.to_owned() };
        self.shared.codes.lock().unwrap().insert(code.to_owned(), given);
    }

    /// What the token endpoint was asked last.
    pub(crate) fn last_asked(&self) -> BTreeMap<String, String> {
        self.shared.asked.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

async fn exchange(State(shared): State<Arc<Shared>>, body: String) -> axum::response::Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    shared.asked.lock().unwrap().push(form.clone());
    let code = form.get("code").and_then(|code| shared.codes.lock().unwrap().remove(code));
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    match code {
        Some(code) if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == code.challenge => {
            Json(json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": code.id_token })).into_response()
        }
        _ => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
    }
}
