//! An OpenID Connect provider on this machine, which does what a test wants, also what no provider should.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse as _, routing};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mcp_pin_model::Digest;
use serde_json::{Value, json};

/// The client that it knows.
pub const CLIENT: &str = "mcp-pin";

/// The name of its key.
pub const KEY: &str = "first";

/// A new key.
#[must_use]
pub fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

/// A key as it stands in a set.
#[must_use]
pub fn jwk(kid: &str, key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    })
}

/// A part of a token.
#[must_use]
pub fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

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

/// A provider. Gone with the runtime that it was started on.
pub struct TestProvider {
    /// Its address, and the issuer of its tokens.
    pub url: String,
    key: EcdsaKeyPair,
    shared: Arc<Shared>,
}

impl TestProvider {
    /// Starts one on a thread of its own, for tests that have no runtime.
    ///
    /// # Panics
    /// When this machine has no port left.
    #[must_use]
    pub fn start_on_a_thread() -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let _ = sender.send(Self::start().await);
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().expect("a provider")
    }

    /// Starts one.
    ///
    /// # Panics
    /// When this machine has no port left.
    pub async fn start() -> Self {
        let key = new_key();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("it works on this machine");
        let url = format!("http://{}", listener.local_addr().expect("it works on this machine"));
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
    #[must_use]
    pub fn claims(&self, subject: &str, nonce: &str, now: Timestamp) -> Value {
        let now = now.as_second();
        json!({
            "iss": self.url, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 300, "nonce": nonce,
            "preferred_username": subject, "groups": ["reviewers"],
        })
    }

    /// Signs a token.
    ///
    /// # Panics
    /// Never: the key is good.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).expect("it works on this machine");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// A token as it should be.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "kid": KEY }), claims)
    }

    /// Lets somebody in: gives a code that is good once, for whoever has the challenge's verifier.
    ///
    /// # Panics
    /// When a test panicked meanwhile.
    pub fn give(&self, code: &str, id_token: String, challenge: &str) {
        let given = Code { id_token, challenge: challenge.to_owned() };
        self.shared.codes.lock().expect("it works on this machine").insert(code.to_owned(), given);
    }

    /// What the token endpoint was asked last.
    ///
    /// # Panics
    /// When a test panicked meanwhile.
    #[must_use]
    pub fn last_asked(&self) -> BTreeMap<String, String> {
        self.shared.asked.lock().expect("it works on this machine").last().cloned().unwrap_or_default()
    }
}

async fn exchange(State(shared): State<Arc<Shared>>, body: String) -> axum::response::Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    shared.asked.lock().expect("it works on this machine").push(form.clone());
    let code = form.get("code").and_then(|code| shared.codes.lock().expect("it works on this machine").remove(code));
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    match code {
        Some(code) if URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_bytes()).as_bytes()) == code.challenge => {
            Json(json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": code.id_token })).into_response()
        }
        _ => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
    }
}
