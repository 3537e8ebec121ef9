//! The provider: where people are sent, and what their return proves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Mutex;
use url::Url;

use super::LoginConfig;
use crate::oidc::{Algorithm, FetchError, Fetcher};

/// How long what the provider says about itself, and its keys, are kept: as long as those of CI systems.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(1);

/// How old an identity token may be: it comes in the answer to the code, which comes within the time of one login.
const MAX_TOKEN_AGE: SignedDuration = SignedDuration::from_mins(10);

/// How far apart this clock and the provider's may be.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// The longest subject (OpenID Connect Core 1.0 section 2).
const MAX_SUBJECT_BYTES: usize = 255;

/// The most groups of one person, and the longest name of one.
const MAX_GROUPS: usize = 500;
const MAX_GROUP_BYTES: usize = 256;

/// Every claim that the standard ones leave over.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OtherClaims(BTreeMap<String, serde_json::Value>);

impl AdditionalClaims for OtherClaims {}

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type OurClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why somebody is not logged in. The words are for the log; a browser hears less.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The provider does not answer as it should.
    #[error("the provider cannot be asked: {0}")]
    Unavailable(String),
    /// The provider refused the code.
    #[error("the provider does not take the code: {0}")]
    Code(String),
    /// The identity token is not acceptable.
    #[error("the identity token is not acceptable: {0}")]
    Token(String),
    /// The answer came from another provider than the one that was asked (RFC 9207).
    #[error("the answer is that of another provider")]
    OtherProvider,
    /// The login is unknown, was used before, took too long, or began in another browser.
    #[error("the login is unknown, used, too old, or another browser's")]
    Unknown,
    /// No group has a role.
    #[error("no group of this person has a role here")]
    NoRole,
    /// The name belongs to somebody else.
    #[error("the principal `{0}` exists and is not linked to this identity")]
    NotLinked(String),
    /// They left.
    #[error("the principal was offboarded")]
    Offboarded,
    /// More people are at the provider than there can be.
    #[error("too many logins are under way")]
    TooMany,
}

/// What has to be remembered of a login while somebody is at the provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// What the identity token has to hold.
    pub nonce: String,
    /// What proves that the code is brought by who asked for it.
    pub verifier: String,
}

/// Who came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenPerson {
    /// The provider.
    pub issuer: String,
    /// Its subject.
    pub subject: String,
    /// What a new principal could be named.
    pub name: Option<String>,
    /// What they belong to.
    pub groups: BTreeSet<String>,
}

/// The provider.
#[derive(Debug)]
pub struct Provider {
    config: LoginConfig,
    redirect: RedirectUrl,
    fetcher: Fetcher,
    // One request at a time; who comes meanwhile waits for its answer.
    metadata: Mutex<Option<(Timestamp, CoreProviderMetadata)>>,
}

impl Provider {
    /// Nothing is asked before the first login. `redirect` is the one address that people come back to.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(config: LoginConfig, redirect: &Url) -> Result<Self, FetchError> {
        let redirect = RedirectUrl::from_url(redirect.clone());
        Ok(Self { config, redirect, fetcher: Fetcher::new()?, metadata: Mutex::new(None) })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &LoginConfig {
        &self.config
    }

    /// Where somebody is sent.
    ///
    /// # Errors
    /// [`LoginError::Unavailable`].
    pub async fn address(&self, state: &str, pending: &Pending, now: Timestamp) -> Result<Url, LoginError> {
        let client = self.client(now).await?;
        let (state, nonce) = (CsrfToken::new(state.to_owned()), Nonce::new(pending.nonce.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(pending.verifier.clone()));
        let scopes = self.config.scopes.iter().cloned().map(Scope::new);
        let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce);
        let (url, _, _) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Ok(url)
    }

    /// Whether an answer names the provider that was asked; one that names none is from before RFC 9207.
    ///
    /// # Errors
    /// [`LoginError::OtherProvider`].
    pub fn check_issuer(&self, issuer: Option<&str>) -> Result<(), LoginError> {
        if issuer.is_none_or(|issuer| issuer == self.config.issuer) { Ok(()) } else { Err(LoginError::OtherProvider) }
    }

    /// Takes the code to the provider and judges what it gives for it.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn finish(&self, code: &str, pending: &Pending, now: Timestamp) -> Result<ProvenPerson, LoginError> {
        let client = self.client(now).await?;
        let fetcher = self.fetcher.clone();
        let http = move |request| {
            let fetcher = fetcher.clone();
            async move { fetcher.exchange(request).await }
        };
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| LoginError::Unavailable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()));
        let answer = request.request_async(&http).await.map_err(|error| match error {
            openidconnect::RequestTokenError::Request(error) => LoginError::Unavailable(error.to_string()),
            openidconnect::RequestTokenError::ServerResponse(answer) => LoginError::Code(answer.error().to_string()),
            other => LoginError::Code(other.to_string()),
        })?;
        let refused = |error: &dyn std::fmt::Display| LoginError::Token(error.to_string());
        let token = answer.id_token().ok_or_else(|| refused(&"there is none"))?;
        let clock: std::time::SystemTime = now.into();
        let verifier = client
            .id_token_verifier()
            // One algorithm, by configuration: what the token's header says can only be that (RFC 8725 section 3.1).
            .set_allowed_algs([match self.config.algorithm {
                Algorithm::RS256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
                Algorithm::ES256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            }])
            .set_other_audience_verifier_fn(|_| false)
            .set_time_fn(move || clock.into());
        let claims = token.claims(&verifier, &Nonce::new(pending.nonce.clone())).map_err(|error| refused(&error))?;
        let issued = Timestamp::from_second(claims.issue_time().timestamp()).map_err(|error| refused(&error))?;
        let age = now.duration_since(issued);
        if age > MAX_TOKEN_AGE || age < -LEEWAY {
            return Err(refused(&"it was not issued just now"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|error| refused(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| refused(&error))?;
            let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if actual.map_err(|error| refused(&error))? != *expected {
                return Err(refused(&"its access token is another one"));
            }
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
            return Err(refused(&"its subject is none"));
        }
        let standard = claims.preferred_username().map(|name| name.as_str().to_owned());
        let other = &claims.additional_claims().0;
        Ok(ProvenPerson {
            issuer: self.config.issuer.clone(),
            subject: subject.to_owned(),
            name: match self.config.name_claim.as_str() {
                "preferred_username" => standard,
                claim => other.get(claim).and_then(|value| value.as_str()).map(str::to_owned),
            },
            groups: groups(other.get(&self.config.groups_claim)).ok_or_else(|| refused(&"its groups are none"))?,
        })
    }

    async fn client(&self, now: Timestamp) -> Result<OurClient, LoginError> {
        let metadata = self.metadata(now).await?;
        let secret =
            self.config.secret().map_err(|error| LoginError::Unavailable(format!("the client secret: {error}")))?;
        let secret = secret.map(|secret| ClientSecret::new(secret.to_string()));
        let client = Client::from_provider_metadata(metadata, ClientId::new(self.config.client_id.clone()), secret);
        Ok(client.set_redirect_uri(self.redirect.clone()))
    }

    /// What the provider says about itself (OpenID Connect Discovery 1.0 section 4), and its keys.
    async fn metadata(&self, now: Timestamp) -> Result<CoreProviderMetadata, LoginError> {
        let mut kept = self.metadata.lock().await;
        if let Some((at, metadata)) = &*kept
            // A clock that was set back must not make them last.
            && now.duration_since(*at).abs() < MAX_AGE
        {
            return Ok(metadata.clone());
        }
        let unavailable = |error: &dyn std::fmt::Display| LoginError::Unavailable(error.to_string());
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(|error| unavailable(&error))?;
        let fetcher = self.fetcher.clone();
        let http = move |request| {
            let fetcher = fetcher.clone();
            async move { fetcher.exchange(request).await }
        };
        let metadata =
            CoreProviderMetadata::discover_async(issuer, &http).await.map_err(|error| unavailable(&error))?;
        if !crate::oidc::is_secure(metadata.authorization_endpoint().url()) {
            return Err(unavailable(&"its authorization endpoint is not an https address"));
        }
        *kept = Some((now, metadata.clone()));
        Ok(metadata)
    }
}

/// Groups: a list of texts; none where the claim is missing, and an error where it is something else.
fn groups(claim: Option<&serde_json::Value>) -> Option<BTreeSet<String>> {
    let Some(claim) = claim else { return Some(BTreeSet::new()) };
    let list = claim.as_array().filter(|list| list.len() <= MAX_GROUPS)?;
    list.iter().map(|name| name.as_str().filter(|name| name.len() <= MAX_GROUP_BYTES).map(str::to_owned)).collect()
}
