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

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

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
    let uri = request.uri().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let slot = PrincipalSlot::default();
    request.extensions_mut().insert(slot.clone());

    let mut response = next.run(request).await;

    let duration = start.elapsed();
    let status = response.status().as_u16();
    tracing::info!(
        http.request.id = %id,
        http.request.method = method,
        http.route = route,
        url.path = ?cut(uri.path()),
        http.response.status_code = status,
        duration_ms = duration.as_secs_f64() * 1000.0,
        principal = slot.0.get(),
        "request"
    );
    count(route, method, status, duration);
    response.headers_mut().insert(REQUEST_ID, id.header());
    response
}

/// The part of a path that is logged.
fn cut(path: &str) -> &str {
    path.char_indices().nth(MAX_LOGGED_PATH).and_then(|(end, _)| path.get(..end)).unwrap_or(path)
}

/// An id to find the log line by. It protects nothing; it only has to be another one each time.
struct RequestId([u8; 16]);

impl RequestId {
    fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).expect("hexadecimal digits are a header value")
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

fn request_id() -> RequestId {
    static START: OnceLock<u64> = OnceLock::new();
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    // Two processes start at places of their own. An odd factor takes no two numbers to one.
    let start = START.get_or_init(|| {
        let mut bytes = [0; 8];
        // Without randomness it stays zero, and the service has worse problems.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        u64::from_be_bytes(bytes)
    });
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(*start);
    let mut digits = [b'0'; 16];
    // The room is exactly that of the digits.
    let _ = hex::encode_to_slice(number.to_be_bytes(), &mut digits);
    RequestId(digits)
}

/// The metrics of one route, method and status: what they are labelled with is put together once for each thread.
struct Metrics {
    method: &'static str,
    status: u16,
    requests: metrics::Counter,
    duration: metrics::Histogram,
}

thread_local! {
    /// By route. Routes, methods and statuses are few, whatever is asked.
    static METRICS: RefCell<HashMap<String, Vec<Metrics>>> = RefCell::default();
}

fn count(route: &str, method: &'static str, status: u16, duration: Duration) {
    let record = |metrics: &Metrics| {
        metrics.requests.increment(1);
        metrics.duration.record(duration.as_secs_f64());
    };
    METRICS.with_borrow_mut(|by_route| {
        let of_route = by_route.get(route).and_then(|known| known.iter().find(|one| (one.method, one.status) == (method, status)));
        if let Some(metrics) = of_route {
            return record(metrics);
        }
        let labels = route.to_owned();
        let metrics = Metrics {
            method,
            status,
            requests: metrics::counter!("mcp_pin_registry_http_requests_total", "route" => labels.clone(), "method" => method, "status" => status.to_string()),
            duration: metrics::histogram!("mcp_pin_registry_http_request_duration_seconds", "route" => labels, "method" => method),
        };
        record(&metrics);
        by_route.entry(route.to_owned()).or_default().push(metrics);
    });
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
