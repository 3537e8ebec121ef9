//! One id, one log line and one count per request.
//!
//! | field | meaning |
//! |---|---|
//! | `http.request.id` | made here, never taken from the request; also the `x-request-id` header of the answer |
//! | `http.request.method` | one of the known methods, or `OTHER` |
//! | `http.route` | the route's pattern, or `none` |
//! | `url.path` | as sent, quoted and cut; the query is left out |
//! | `http.response.status_code` | as the client sees it |
//! | `duration_ms` | until the head of the answer was ready |
//! | `principal` | who, where a token said so |

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use tokio::time::Instant;

/// The name of the header with the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest part of a path that is logged, in characters.
const MAX_LOGGED_PATH: usize = 300;

/// Where the extractor leaves the principal's name for the log line.
#[derive(Clone, Debug, Default)]
pub struct PrincipalSlot(Arc<OnceLock<String>>);

impl PrincipalSlot {
    /// Notes who the caller is.
    pub fn set(&self, principal: &str) {
        // Two extractors of one request find the same principal.
        let _ = self.0.set(principal.to_owned());
    }
}

/// Observes a request.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = request_id();
    let method = known_method(request.method());
    let path: String = request.uri().path().chars().take(MAX_LOGGED_PATH).collect();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |matched| matched.as_str().to_owned());
    let slot = PrincipalSlot::default();
    request.extensions_mut().insert(slot.clone());

    let mut response = next.run(request).await;

    let duration = start.elapsed();
    let status = response.status().as_u16();
    tracing::info!(
        http.request.id = id,
        http.request.method = method,
        http.route = route,
        url.path = ?path,
        http.response.status_code = status,
        duration_ms = duration.as_secs_f64() * 1000.0,
        principal = slot.0.get(),
        "request"
    );
    metrics::counter!("mcp_pin_http_requests_total", "route" => route.clone(), "method" => method, "status" => status.to_string())
        .increment(1);
    metrics::histogram!("mcp_pin_http_request_duration_seconds", "route" => route, "method" => method)
        .record(duration.as_secs_f64());
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// An id to find the log line by. It protects nothing.
fn request_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness the id stays zero, and the service has worse problems.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    hex::encode(bytes)
}

/// A request may carry any method; a metric may not carry any label.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
