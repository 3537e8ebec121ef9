//! The keys of one issuer, kept for a while.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{DecodingKey, jwk::Jwk};
use mcp_pin_model::json::{self, Value};
use tokio::sync::Mutex;

use super::{Algorithm, Fetcher, IssuerConfig, TokenRefusal};

/// How often keys are asked for at most, whatever tokens name: anybody can make up the name of a key, and the issuer must
/// not hear of each.
const REFRESH_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// How long keys are kept without asking again: after that, a key that the issuer withdrew is good for nothing here.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(1);

/// The most keys of an issuer: they have two to ten.
const MAX_KEYS: usize = 64;

/// The keys of one issuer. Nothing is asked before the first token comes.
#[derive(Debug)]
pub(super) struct KeyCache {
    fetcher: Fetcher,
    // One request at a time; who comes meanwhile waits for its answer.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<String, DecodingKey>,
    /// When the keys were had.
    fetched_at: Option<Timestamp>,
    /// When they were last asked for, with whatever success.
    asked_at: Option<Timestamp>,
}

impl KeyCache {
    pub(super) fn new(fetcher: Fetcher) -> Self {
        Self { fetcher, state: Mutex::new(State::default()) }
    }

    /// The key with this name.
    pub(super) async fn key(
        &self,
        issuer: &IssuerConfig,
        kid: &str,
        now: Timestamp,
    ) -> Result<DecodingKey, TokenRefusal> {
        let mut state = self.state.lock().await;
        let fresh = state.fetched_at.is_some_and(|at| now.duration_since(at) < MAX_AGE);
        if let Some(key) = state.keys.get(kid).filter(|_| fresh) {
            return Ok(key.clone());
        }
        // A clock that was set back must not make the keys last.
        let waited = state.asked_at.is_none_or(|at| now.duration_since(at).abs() >= REFRESH_INTERVAL);
        if !waited {
            return Err(if fresh { TokenRefusal::UnknownKey } else { TokenRefusal::IssuerUnavailable });
        }
        state.asked_at = Some(now);
        match self.fetcher.keys_of(&issuer.url, issuer.jwks_url.as_ref()).await {
            Ok(keys) => {
                state.keys = usable(&keys, issuer.algorithm);
                state.fetched_at = Some(now);
            }
            Err(error) => {
                tracing::warn!(issuer.url = %issuer.url, error.message = %error, error.source = ?std::error::Error::source(&error), "the keys of an issuer cannot be had");
                return Err(TokenRefusal::IssuerUnavailable);
            }
        }
        state.keys.get(kid).cloned().ok_or(TokenRefusal::UnknownKey)
    }
}

/// The keys of a set that can sign with the issuer's algorithm. Others are left out (RFC 7517 section 5): a set may hold
/// keys for encryption, or of kinds that came later.
fn usable(keys: &[Value], algorithm: Algorithm) -> BTreeMap<String, DecodingKey> {
    let (kind, curve) = match algorithm {
        Algorithm::RS256 => ("RSA", None),
        Algorithm::ES256 => ("EC", Some("P-256")),
    };
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut usable = BTreeMap::new();
    for key in keys.iter().take(MAX_KEYS) {
        let Some(kid) = text(key, "kid") else { continue };
        let fits = text(key, "kty").as_deref() == Some(kind)
            && curve.is_none_or(|curve| text(key, "crv").as_deref() == Some(curve))
            && text(key, "use").is_none_or(|usage| usage == "sig")
            && text(key, "alg").is_none_or(|own| own == algorithm.as_str());
        if fits
            && let Ok(jwk) = json::from_value::<Jwk>(key)
            && let Ok(decoding) = DecodingKey::from_jwk(&jwk)
        {
            usable.insert(kid, decoding);
        }
    }
    usable
}
