//! Request bodies, within limits, and answers.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use mcp_pin_attest::MAX_ATTESTATION_BYTES;
use mcp_pin_model::json;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    cache::{self, CachePolicy},
    error::Problem,
    once::BodyDigest,
    state::AppState,
};

/// The largest body other than a bundle: a key, a name and a reason.
pub const MAX_JSON_BYTES: usize = 64 << 10;

/// The media type of everything that is not an error or a bundle.
pub const JSON: &str = "application/json";

/// The media type of bundles.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The bytes of a bundle, and the turn to do something with them. The turn is taken after the body was read, so that
/// slow senders do not hold it.
#[derive(Debug)]
pub struct Bundle {
    /// The bytes, exactly as sent.
    pub bytes: Vec<u8>,
    turn: OwnedSemaphorePermit,
}

impl Bundle {
    /// The bytes; the turn goes on until the second part is dropped.
    pub fn into_parts(self) -> (Vec<u8>, OwnedSemaphorePermit) {
        (self.bytes, self.turn)
    }
}

impl FromRequest<AppState> for Bundle {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let bytes = read(request, MAX_ATTESTATION_BYTES, state.limits().timeout).await?;
        Ok(Self { bytes, turn: state.turn().await? })
    }
}

/// A typed JSON body, read strictly: what two readers could read differently is refused.
#[derive(Clone, Debug)]
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let bytes = read(request, MAX_JSON_BYTES, state.limits().timeout).await?;
        let value = json::parse(&bytes).map_err(|error| Problem::bad_request(error.to_string()))?;
        json::from_value(&value).map(Self).map_err(|error| Problem::refused(error.to_string()))
    }
}

/// Reads a body of at most `limit` bytes that comes within `time`.
///
/// The time limit of the whole request is not enough: it answers, and leaves the handler running, which holds the body
/// and with it the connection for as long as the client likes.
///
/// # Errors
/// 413, or 503 when the time is over.
pub async fn read(request: Request, limit: usize, time: Duration) -> Result<Vec<u8>, Problem> {
    let digest = request.extensions().get::<BodyDigest>().cloned();
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Problem::too_large());
    }
    match tokio::time::timeout(time, to_bytes(request.into_body(), limit)).await {
        Err(_) => Err(Problem::unavailable()),
        Ok(Ok(bytes)) => {
            if let Some(digest) = digest {
                digest.set(&bytes);
            }
            Ok(bytes.into())
        }
        // The other reasons for an error are a client that went away or broke its own framing: nobody reads the answer.
        Ok(Err(_)) => Err(Problem::too_large()),
    }
}

/// Answers with a document that may be kept as the policy says.
///
/// # Errors
/// Never for the documents of this interface; 500 if one cannot be serialised.
pub fn answer<T: Serialize>(request: &HeaderMap, policy: CachePolicy, document: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(document).map_err(|error| Problem::internal(&error))?;
    Ok(cache::respond(request, policy, JSON, body))
}

/// Answers the caller, and only the caller, with a document.
///
/// # Errors
/// See [`answer`].
pub fn private<T: Serialize>(status: StatusCode, document: &T) -> Result<Response, Problem> {
    let mut response = answer(&HeaderMap::new(), CachePolicy::Private, document)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Answers that something was made, and where it is.
///
/// # Errors
/// See [`answer`].
pub fn created<T: Serialize>(created: bool, location: &str, document: &T) -> Result<Response, Problem> {
    let mut response = private(if created { StatusCode::CREATED } else { StatusCode::OK }, document)?;
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Answers that it was done.
#[must_use]
pub fn done() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
