//! Sessions of browsers: a token in a cookie.
//!
//! The cookie is `__Host-`: over TLS, for this host, set by nobody else. Another site's page can make a browser send
//! requests, so a session changes something only where the browser says that the request is this site's own.

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, HeaderValue, Method, header, request::Parts};

use super::state::AppState;

/// The name of the session's cookie.
const SESSION: &str = "__Host-mcp-pin-session";

/// The name of the cookie that binds a login to the browser that began it.
pub(super) const LOGIN: &str = "__Host-mcp-pin-login";

/// What goes into the answer of this request: the session's next cookie.
#[derive(Clone, Debug, Default)]
pub struct CookieSlot(Arc<Mutex<Option<HeaderValue>>>);

impl CookieSlot {
    /// Has a cookie set.
    pub(super) fn set(&self, value: HeaderValue) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = Some(value);
        }
    }

    /// What is to be set, once.
    pub(super) fn take(&self) -> Option<HeaderValue> {
        self.0.lock().ok().and_then(|mut slot| slot.take())
    }
}

/// One cookie's value; none where it is there twice: which one counts is anybody's guess.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = values
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The session's token, where the browser says enough about where the request comes from.
pub(super) fn token<'p>(parts: &'p Parts, state: &AppState) -> Option<&'p str> {
    let token = cookie(&parts.headers, SESSION)?;
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    (reads || is_own(&parts.headers, state)).then_some(token)
}

/// Whether a page of this registry sent a request (Fetch Metadata, and `Origin` for browsers without it).
pub(super) fn is_own(headers: &HeaderMap, state: &AppState) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let own = state.about().public_url.as_ref().map(crate::serve::origin);
    own.is_some_and(|own| headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() == own.as_bytes()))
}

/// The cookie of a session.
pub(super) fn session_cookie(token: &str) -> Option<HeaderValue> {
    set(SESSION, token, None)
}

/// The cookie of a login that is under way.
pub(super) fn login_cookie(value: &str) -> Option<HeaderValue> {
    set(LOGIN, value, Some(600))
}

/// Takes a cookie away.
pub(super) fn no_cookie(name: &str) -> Option<HeaderValue> {
    set(name, "", Some(0))
}

/// Takes the session's cookie away.
pub(super) fn no_session() -> Option<HeaderValue> {
    no_cookie(SESSION)
}

/// Values are hexadecimal digits, letters and `_` of ours: nothing to escape.
fn set(name: &str, value: &str, max_age: Option<u32>) -> Option<HeaderValue> {
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let mut value =
        HeaderValue::try_from(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_there_twice_is_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; __Host-mcp-pin-session=x; b=2"));
        assert_eq!(cookie(&headers, SESSION), Some("x"));
        assert_eq!(cookie(&headers, "mcp-pin-session"), None);
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-mcp-pin-session=y"));
        assert_eq!(cookie(&headers, SESSION), None);
    }

    #[test]
    fn cookies_have_every_attribute() {
        let value = session_cookie("mcpp_x").unwrap();
        let text = value.to_str().unwrap();
        assert_eq!(text, "__Host-mcp-pin-session=mcpp_x; Path=/; Secure; HttpOnly; SameSite=Lax");
    }
}
