//! Documents of issuers, over HTTP: the only requests that the registry makes by itself.

use std::time::Duration;

use mcp_pin_model::json::{self, Limits, Value};
use reqwest::{Client, redirect};
use thiserror::Error;
use url::Url;

use super::config::is_fetchable;

/// The most bytes of a discovery document or key set: GitHub's key set has 10 kB.
const MAX_DOCUMENT_BYTES: usize = 256 << 10;

/// How long one document may take: whoever logs in waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a document could not be had. For the log: what a caller hears does not depend on it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    /// Neither `https`, nor on this machine.
    #[error("`{0}` is neither an https address nor on this machine")]
    Address(String),
    /// No answer.
    #[error("`{url}` does not answer")]
    Unreachable {
        /// Where.
        url: Url,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that is no document.
    #[error("`{url}` answers with status {status}")]
    Status {
        /// Where.
        url: Url,
        /// The status.
        status: u16,
    },
    /// An answer that does not end.
    #[error("`{0}` answers with more than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge(Url),
    /// An answer that is not what it should be.
    #[error("`{url}` answers with something that {problem}")]
    Document {
        /// Where.
        url: Url,
        /// What is wrong.
        problem: &'static str,
    },
}

/// Fetches documents: within limits, from where it is told, following nothing. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher(Client);

impl Fetcher {
    /// A client with limits.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Self, FetchError> {
        let client = Client::builder()
            .user_agent(concat!("mcp-pin-registry/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .build();
        client.map(Self).map_err(FetchError::Setup)
    }

    /// One request of the OpenID Connect library, within the same limits.
    pub(crate) async fn exchange(
        &self,
        request: openidconnect::HttpRequest,
    ) -> Result<openidconnect::HttpResponse, FetchError> {
        let (parts, body) = request.into_parts();
        let address = parts.uri.to_string();
        let url = Url::parse(&address).ok().filter(is_fetchable).ok_or(FetchError::Address(address))?;
        let unreachable = |source: reqwest::Error| FetchError::Unreachable { url: url.clone(), source };
        let request = self.0.request(parts.method, url.clone()).headers(parts.headers).body(body);
        let mut response = request.send().await.map_err(unreachable)?;
        let mut bytes = Vec::new();
        let (status, headers) = (response.status(), response.headers().clone());
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_DOCUMENT_BYTES {
                return Err(FetchError::TooLarge(url.clone()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut answer = openidconnect::HttpResponse::new(bytes);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    /// The key set of an issuer (RFC 7517 section 5), from where its discovery document says it is.
    pub(super) async fn keys_of(&self, issuer: &str, jwks_url: Option<&Url>) -> Result<Vec<Value>, FetchError> {
        let url = match jwks_url {
            Some(url) => url.clone(),
            None => self.discover(issuer).await?,
        };
        let document = self.document(&url).await?;
        let keys = document.get("keys").and_then(Value::as_array).map(<[Value]>::to_vec);
        keys.ok_or(FetchError::Document { url, problem: "is no key set" })
    }

    /// Where the keys are (OpenID Connect Discovery 1.0, section 4).
    async fn discover(&self, issuer: &str) -> Result<Url, FetchError> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&address).map_err(|_| FetchError::Address(address))?;
        let document = self.document(&url).await?;
        // Section 4.3: exactly the issuer that was asked for.
        if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(FetchError::Document { url, problem: "is the discovery document of another issuer" });
        }
        let keys = document.get("jwks_uri").and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
        keys.ok_or(FetchError::Document { url, problem: "names no key set" })
    }

    async fn document(&self, url: &Url) -> Result<Value, FetchError> {
        if !is_fetchable(url) {
            return Err(FetchError::Address(url.to_string()));
        }
        let unreachable = |source: reqwest::Error| FetchError::Unreachable { url: url.clone(), source };
        let mut response = self.0.get(url.clone()).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(FetchError::Status { url: url.clone(), status: response.status().as_u16() });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_DOCUMENT_BYTES {
                return Err(FetchError::TooLarge(url.clone()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let limits = Limits { bytes: MAX_DOCUMENT_BYTES, ..Limits::FOREIGN };
        json::parse_with(&bytes, &limits)
            .map_err(|_| FetchError::Document { url: url.clone(), problem: "is not acceptable JSON" })
    }
}
