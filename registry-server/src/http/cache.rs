//! Who may keep an answer, and for how long. There is no other place that writes `Cache-Control`.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use mcp_pin_model::Digest;

/// The policy of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// Anybody may keep it and must ask again before each use, so that a revocation is effective at once.
    Revalidate,
    /// The content is addressed by its digest and never changes.
    Immutable,
    /// For the caller only.
    Private,
}

impl CachePolicy {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Revalidate => "no-cache",
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Private => "private, no-store",
        })
    }
}

/// The strong entity tag of a body.
#[must_use]
pub fn etag(body: &[u8]) -> HeaderValue {
    let hex = Digest::of(body).to_hex();
    // 128 bits are beyond accident; nobody gains from a collision of their own answer.
    let short = hex.get(..32).unwrap_or_default();
    HeaderValue::try_from(format!("\"{short}\"")).expect("hexadecimal digits in quotes are a header value")
}

/// Answers with a body, or with 304 where the caller has it already (RFC 9110 section 13.1.2).
#[must_use]
pub fn respond(request: &HeaderMap, policy: CachePolicy, content_type: &'static str, body: Vec<u8>) -> Response {
    let tag = (policy != CachePolicy::Private).then(|| etag(&body));
    let unchanged = tag.as_ref().is_some_and(|tag| matches(request, tag));
    let mut response = Response::new(if unchanged { Body::empty() } else { Body::from(body) });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, policy.header());
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// Whether `If-None-Match` names the tag. Weak comparison, as the header demands.
fn matches(request: &HeaderMap, tag: &HeaderValue) -> bool {
    request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(str::trim).any(|candidate| {
            candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate).as_bytes() == tag.as_bytes()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(if_none_match: Option<&str>, policy: CachePolicy) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(value) = if_none_match {
            headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
        }
        respond(&headers, policy, "application/json", b"{}".to_vec())
    }

    #[test]
    fn a_body_that_the_caller_has_is_not_sent_again() {
        let tag = ask(None, CachePolicy::Revalidate).headers()[header::ETAG].to_str().unwrap().to_owned();
        for value in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            assert_eq!(ask(Some(&value), CachePolicy::Revalidate).status(), StatusCode::NOT_MODIFIED, "{value}");
        }
        assert_eq!(ask(Some("\"x\""), CachePolicy::Revalidate).status(), StatusCode::OK);
    }

    #[test]
    fn private_answers_have_no_tag() {
        let response = ask(Some("*"), CachePolicy::Private);
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().get(header::ETAG).is_none());
        assert_eq!(response.headers()[header::CACHE_CONTROL], "private, no-store");
    }
}
