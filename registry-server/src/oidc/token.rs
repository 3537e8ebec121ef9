//! A token's parts, its signature, and the claims that every token makes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{DecodingKey, crypto};
use mcp_pin_model::{
    Digest,
    json::{self, Limits, Number, Value},
};

use super::{Algorithm, TokenRefusal};

/// The most bytes of a token: GitHub's have 2 kB.
const MAX_TOKEN_BYTES: usize = 16 << 10;

/// How far apart this clock and an issuer's may be.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// The longest that a token may be valid, since it is remembered so long: GitLab's are for as long as a job may run.
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A token taken apart (RFC 7515 section 7.1); nothing of it is trusted before [`Parts::verify`].
pub(super) struct Parts<'a> {
    /// What is signed: the text up to the second dot.
    message: &'a str,
    signature: &'a str,
    header: Value,
    payload: Value,
}

/// What a token claims, beside what its kind of issuer adds.
pub(super) struct Claims<'a> {
    /// Everything.
    pub(super) all: &'a Value,
    /// What tells it from others of its issuer.
    pub(super) id: Digest,
    /// When it is refused by its age alone.
    pub(super) forgotten_at: Timestamp,
}

impl<'a> Parts<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, TokenRefusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenRefusal::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenRefusal::Malformed)?;
        if payload.contains('.') {
            return Err(TokenRefusal::Malformed);
        }
        Ok(Self { message, signature, header: object(header)?, payload: object(payload)? })
    }

    /// Whose token it says it is.
    pub(super) fn issuer_unverified(&self) -> Result<&str, TokenRefusal> {
        self.payload.get("iss").and_then(Value::as_str).ok_or(TokenRefusal::Issuer)
    }

    /// The name of the key, from a header that says what it has to and asks for nothing else.
    pub(super) fn key_id(&self, algorithm: Algorithm) -> Result<&str, TokenRefusal> {
        if self.header.get("alg").and_then(Value::as_str) != Some(algorithm.as_str()) {
            return Err(TokenRefusal::Algorithm);
        }
        // Extensions that must be understood (RFC 7515 section 4.1.11): none is.
        if self.header.get("crit").is_some() {
            return Err(TokenRefusal::Malformed);
        }
        // A token of another kind that the same issuer signs with the same key, such as an access token, is no identity
        // token (RFC 8725 section 3.11).
        let kind = self.header.get("typ").map(|kind| kind.as_str().unwrap_or_default());
        if !kind.is_none_or(|kind| kind.eq_ignore_ascii_case("JWT")) {
            return Err(TokenRefusal::Malformed);
        }
        self.header.get("kid").and_then(Value::as_str).ok_or(TokenRefusal::UnknownKey)
    }

    /// Checks the signature.
    pub(super) fn verify(&self, key: &DecodingKey, algorithm: Algorithm) -> Result<(), TokenRefusal> {
        let algorithm = match algorithm {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        };
        match crypto::verify(self.signature, self.message.as_bytes(), key, algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenRefusal::Signature),
        }
    }

    /// Checks audience and times.
    pub(super) fn claims(&self, audience: &str, now: Timestamp) -> Result<Claims<'_>, TokenRefusal> {
        let is_ours = match self.payload.get("aud") {
            Some(Value::String(only)) => only == audience,
            // Another audience could take the token here in turn.
            Some(Value::Array(several)) => matches!(several.as_slice(), [only] if only.as_str() == Some(audience)),
            _ => false,
        };
        if !is_ours {
            return Err(TokenRefusal::Audience);
        }
        let (issued, expires) = (self.time("iat")?, self.time("exp")?);
        let (issued, expires) = (issued.ok_or(TokenRefusal::Claims)?, expires.ok_or(TokenRefusal::Claims)?);
        let later = |at: Timestamp, by| at.checked_add(by).map_err(|_| TokenRefusal::Lifetime);
        let (forgotten_at, latest) = (later(expires, LEEWAY)?, later(now, LEEWAY)?);
        if now >= forgotten_at {
            return Err(TokenRefusal::Expired);
        }
        if issued > latest || self.time("nbf")?.is_some_and(|from| from > latest) {
            return Err(TokenRefusal::NotYetValid);
        }
        if expires.duration_since(issued) > MAX_LIFETIME {
            return Err(TokenRefusal::Lifetime);
        }
        Ok(Claims { all: &self.payload, id: self.id()?, forgotten_at })
    }

    /// `jti`, or where there is none, what was signed: not the whole text, because a signature can be written in more than
    /// one way.
    fn id(&self) -> Result<Digest, TokenRefusal> {
        match self.payload.get("jti") {
            Some(Value::String(id)) if !id.is_empty() => Ok(Digest::of(format!("jti:{id}").as_bytes())),
            None => Ok(Digest::of(format!("message:{}", self.message).as_bytes())),
            Some(_) => Err(TokenRefusal::Claims),
        }
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, TokenRefusal> {
        let Some(value) = self.payload.get(name) else { return Ok(None) };
        let seconds = value.as_number().and_then(Number::as_i64).ok_or(TokenRefusal::Claims)?;
        Timestamp::from_second(seconds).map(Some).map_err(|_| TokenRefusal::Claims)
    }
}

/// An object in base64url, read strictly: a name that stands in it twice is refused, since two readers would take two
/// values.
fn object(text: &str) -> Result<Value, TokenRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenRefusal::Malformed)?;
    let limits = Limits { bytes: MAX_TOKEN_BYTES, ..Limits::FOREIGN };
    let value = json::parse_with(&bytes, &limits).map_err(|_| TokenRefusal::Malformed)?;
    if value.as_object().is_some() { Ok(value) } else { Err(TokenRefusal::Malformed) }
}
