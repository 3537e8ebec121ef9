//! Requests that are done once: the same request again, under the same key, gets the answer that the first one got.
//!
//! The answer is kept in the transaction of the decision, so there is no moment at which one is there without the other.
//! It may hold a token, whose text is kept nowhere, so it is encrypted: the key is made from the client's own
//! idempotency key, of which the database holds no more than a digest. Refusals are not kept: nothing was decided.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::{aead, hkdf};
use jiff::SignedDuration;
use mcp_pin_model::{Digest, json};
use mcp_pin_storage::{Approver, Grant, PrincipalName, RevocationRecord, StoredAnswer};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{Consented, Drafted, IssuedToken, ServiceError, Submitted, decision::Deciding};

/// How long an answer is kept: whoever repeats a request does so within hours, with the same job or after a night.
const ANSWER_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Keeps the digests and keys made here apart from all others.
const DOMAIN: &[u8] = b"urn:mcp-pin:idempotency:v1\n";

/// An answer as it was given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Where the thing is that was made.
    pub location: Option<String>,
    /// The JSON document. It may hold a token.
    pub body: String,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.body.zeroize();
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("location", &self.location).finish_non_exhaustive()
    }
}

/// What a decision came to: what an answer is made from.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Outcome<'o> {
    /// A submission was taken.
    Submitted(&'o Submitted),
    /// An unsigned document was put into quarantine.
    Drafted(&'o Drafted),
    /// A consent was taken.
    Consented(&'o Consented),
    /// Something was revoked.
    Revoked(&'o RevocationRecord),
    /// A namespace was granted.
    Granted(&'o Grant),
    /// An approver was registered.
    Registered(&'o Approver),
    /// A token was issued.
    Issued(&'o IssuedToken),
}

/// Makes the answer that is given for an outcome.
pub type Render = fn(Outcome<'_>) -> Result<Answer, ServiceError>;

/// A request that is to be done once.
#[derive(Clone)]
pub struct Once {
    key: Arc<Zeroizing<String>>,
    /// Method and path.
    place: String,
    /// The digest of the body, once it was read.
    body: Arc<OnceLock<Digest>>,
    render: Render,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Once {
    /// A request to `place` (method and path) under a key that the client made. `body` is filled in when the body is
    /// read.
    #[must_use]
    pub fn new(key: &str, place: String, body: Arc<OnceLock<Digest>>, render: Render) -> Self {
        Self { key: Arc::new(Zeroizing::new(key.to_owned())), place, body, render }
    }

    fn request(&self) -> Digest {
        let body = self.body.get().copied().unwrap_or_else(|| Digest::of(b""));
        Digest::of(format!("{}\n{body}", self.place).as_bytes())
    }
}

/// A request that is being done, for somebody.
pub(super) struct Doing {
    once: Once,
    principal: PrincipalName,
    id: Digest,
    request: Digest,
}

impl Doing {
    fn new(once: &Once, principal: &PrincipalName) -> Self {
        let named = Zeroizing::new([DOMAIN, principal.as_str().as_bytes(), b"\n", once.key.as_bytes()].concat());
        Self { id: Digest::of(&named), request: once.request(), once: once.clone(), principal: principal.clone() }
    }

    fn cipher(&self) -> Result<aead::LessSafeKey, ServiceError> {
        let fail = |_| ServiceError::Internal("a key could not be derived".to_owned());
        let request = self.request.to_string();
        let info = [self.principal.as_str().as_bytes(), b"\n", request.as_bytes()];
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, DOMAIN).extract(self.once.key.as_bytes());
        let material = secret.expand(&info, &aead::AES_256_GCM).map_err(fail)?;
        Ok(aead::LessSafeKey::new(aead::UnboundKey::from(material)))
    }

    fn seal(&self, answer: &Answer, nonce: [u8; aead::NONCE_LEN]) -> Result<Vec<u8>, ServiceError> {
        let fail = |_| ServiceError::Internal("an answer could not be sealed".to_owned());
        let mut sealed = nonce.to_vec();
        let mut text = serde_json::to_vec(answer).map_err(|error| ServiceError::Internal(error.to_string()))?;
        let aad = aead::Aad::from(DOMAIN);
        self.cipher()?
            .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .map_err(fail)?;
        sealed.append(&mut text);
        Ok(sealed)
    }

    fn open(&self, sealed: &[u8]) -> Result<Answer, ServiceError> {
        let damaged = || ServiceError::Unsound("an answer that was kept cannot be opened".to_owned());
        let (nonce, text) = sealed.split_at_checked(aead::NONCE_LEN).ok_or_else(damaged)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut text = Zeroizing::new(text.to_vec());
        let opened = self.cipher()?.open_in_place(nonce, aead::Aad::from(DOMAIN), &mut text).map_err(|_| damaged())?;
        json::from_value(&json::parse_with(opened, &json::Limits::OURS).map_err(|_| damaged())?).map_err(|_| damaged())
    }
}

impl Deciding<'_> {
    /// Begins a request that is to be done once.
    ///
    /// # Errors
    /// [`ServiceError::Replay`] with the answer where it was done before; [`ServiceError::KeyReused`] where another one
    /// was done under its key.
    pub(super) async fn begin_once(&mut self, once: &Once, principal: &PrincipalName) -> Result<(), ServiceError> {
        let doing = Doing::new(once, principal);
        match self.tx.answer(&doing.id, self.at).await? {
            None => {
                self.doing = Some(doing);
                Ok(())
            }
            Some(kept) if kept.request == doing.request => {
                Err(ServiceError::Replay(Box::new(doing.open(&kept.sealed)?)))
            }
            Some(_) => Err(ServiceError::KeyReused),
        }
    }

    /// Makes the decision durable, and with it the answer to a request that is to be done once.
    pub(super) async fn commit_as(mut self, outcome: Outcome<'_>) -> Result<(), ServiceError> {
        self.keep_answer(outcome).await?;
        self.commit().await
    }

    /// Ends without a decision: nothing has changed. The answer to a request that is to be done once is kept all the
    /// same.
    pub(super) async fn nothing_done(self, outcome: Outcome<'_>) -> Result<(), ServiceError> {
        if self.doing.is_some() { self.commit_as(outcome).await } else { Ok(()) }
    }

    async fn keep_answer(&mut self, outcome: Outcome<'_>) -> Result<(), ServiceError> {
        let Some(doing) = self.doing.take() else { return Ok(()) };
        let answer = (doing.once.render)(outcome)?;
        let mut nonce = [0; aead::NONCE_LEN];
        self.inner.random.fill(&mut nonce);
        let ends_at = self
            .at
            .checked_add(ANSWER_LIFETIME)
            .map_err(|_| ServiceError::Internal("an answer would end after the end of time".to_owned()))?;
        let sealed = doing.seal(&answer, nonce)?;
        let kept = StoredAnswer { id: doing.id, request: doing.request, sealed, ends_at };
        Ok(self.tx.insert_answer(&kept, self.at).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doing(key: &str, principal: &str, body: &[u8]) -> Doing {
        let digest = Arc::new(OnceLock::from(Digest::of(body)));
        let render: Render = |_| Err(ServiceError::Conflict);
        Doing::new(&Once::new(key, "POST /v1/tokens".to_owned(), digest, render), &principal.parse().unwrap())
    }

    #[test]
    fn a_sealed_answer_says_nothing_and_opens_for_the_same_request_only() {
        let answer = Answer { status: 201, location: None, body: "{\"token\":\"mcpp_secret\"}".to_owned() };
        let mine = doing("0123456789abcdef", "ann", b"body");
        let sealed = mine.seal(&answer, [7; aead::NONCE_LEN]).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(mine.open(&sealed).unwrap(), answer);
        for other in [
            doing("0123456789abcdeF", "ann", b"body"),
            doing("0123456789abcdef", "ben", b"body"),
            doing("0123456789abcdef", "ann", b"another"),
        ] {
            assert!(other.open(&sealed).is_err());
        }
        assert!(mine.open(&sealed[..10]).is_err());
        assert!(mine.open(&[]).is_err());
    }

    #[test]
    fn an_id_is_that_of_a_principal_and_a_key() {
        assert_ne!(doing("0123456789abcdef", "ann", b"").id, doing("0123456789abcdef", "ben", b"").id);
        assert_eq!(doing("0123456789abcdef", "ann", b"a").id, doing("0123456789abcdef", "ann", b"b").id);
    }
}
