//! An OIDC issuer on this machine, with keys of its own and whatever tokens a test wants.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{rand::SystemRandom, signature::EcdsaKeyPair};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse as _, routing};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_pin_registry::oidc::{Algorithm, IssuerConfig, IssuerKind};
use mcp_pin_test_support::oidc::{KEY, encode, jwk, new_key};
use serde_json::{Value, json};

/// What the issuer's documents are made of.
#[derive(Default)]
struct Shared {
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
    discovered_issuer: Mutex<Option<String>>,
    down: Mutex<bool>,
}

/// An issuer. Gone with the runtime of its test.
pub(crate) struct TestIssuer {
    pub(crate) url: String,
    key: EcdsaKeyPair,
    shared: Arc<Shared>,
}

impl TestIssuer {
    pub(crate) async fn start() -> Self {
        let key = new_key();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        // A key of another kind and one without a name stand beside it, as in real sets.
        *shared.keys.lock().unwrap() =
            vec![json!({ "kty": "future", "kid": "x" }), json!({ "kty": "EC" }), jwk(KEY, &key)];
        let discovery = {
            let (url, shared) = (url.clone(), shared.clone());
            move || async move {
                let issuer = shared.discovered_issuer.lock().unwrap().clone().unwrap_or_else(|| url.clone());
                Json(json!({ "issuer": issuer, "jwks_uri": format!("{url}/keys") }))
            }
        };
        let keys = |State(shared): State<Arc<Shared>>| async move {
            shared.asked.fetch_add(1, Ordering::SeqCst);
            if *shared.down.lock().unwrap() {
                return StatusCode::BAD_GATEWAY.into_response();
            }
            Json(json!({ "keys": *shared.keys.lock().unwrap() })).into_response()
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", routing::get(discovery))
            .route("/keys", routing::get(keys))
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key, shared }
    }

    pub(crate) fn config(&self, kind: IssuerKind) -> IssuerConfig {
        IssuerConfig { url: self.url.clone(), jwks_url: None, algorithm: Algorithm::ES256, kind }
    }

    /// How often the keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// From now on its keys cannot be had, or can again.
    pub(crate) fn set_down(&self, down: bool) {
        *self.shared.down.lock().unwrap() = down;
    }

    /// Its discovery document says that it is somebody else.
    pub(crate) fn claim_to_be(&self, issuer: &str) {
        *self.shared.discovered_issuer.lock().unwrap() = Some(issuer.to_owned());
    }

    /// Publishes another key instead of its first.
    pub(crate) fn rotate(&mut self, kid: &str) {
        self.key = new_key();
        *self.shared.keys.lock().unwrap() = vec![jwk(kid, &self.key)];
    }

    /// Signs a header and claims, whatever they are.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&format!("{}.{}", encode(header), encode(claims)))
    }

    /// Signs a text that stands where header and claims should.
    pub(crate) fn sign_text(&self, message: &str) -> String {
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// A token as it should be.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "typ": "JWT", "kid": KEY }), claims)
    }
}
