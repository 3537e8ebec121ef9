//! Headers that every answer has.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::http::reader::VARY;
use crate::http::session::CookieSlot;

/// How long a browser may keep the answer to a preflight: a day, the most that any of them honours.
const PREFLIGHT_SECONDS: &str = "86400";

/// Adds the security headers, and under `/v0.1` those that let any web page read: everything there is public.
pub async fn headers(mut request: Request, next: Next) -> Response {
    let cookie = CookieSlot::default();
    request.extensions_mut().insert(cookie.clone());
    let path = request.uri().path();
    let shared = path == "/v0.1" || path.starts_with("/v0.1/");
    let mut response = if shared && request.method() == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECONDS));
        response
    } else {
        next.run(request).await
    };
    if let Some(cookie) = cookie.take() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set(header::REFERRER_POLICY, "no-referrer");
    if shared {
        // What is served depends on the reader's ring.
        set(header::VARY, VARY);
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, OPTIONS");
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type");
    }
    response
}
