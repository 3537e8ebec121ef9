//! Who may keep an answer, and for how long. There is no other place that writes `Cache-Control`.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use crate::service::{CatalogueEntry, Tag};

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

/// The strong entity tag, as the header has it.
pub(super) fn entity_tag(tag: Tag) -> HeaderValue {
    let mut text = [b'"'; 34];
    if let Some(digits) = text.get_mut(1..33) {
        // The room is exactly that of the digits.
        let _ = hex::encode_to_slice(tag.as_bytes(), digits);
    }
    HeaderValue::from_bytes(&text).expect("hexadecimal digits in quotes are a header value")
}

/// A body that is ready to be served, and what it is told apart by.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The bytes, shared with whoever prepared them.
    pub body: Bytes,
    /// Their tag: it is another one exactly when the bytes are others.
    pub tag: Tag,
}

impl From<Vec<u8>> for Prepared {
    fn from(body: Vec<u8>) -> Self {
        Self { tag: Tag::of(&body), body: body.into() }
    }
}

impl From<&CatalogueEntry> for Prepared {
    fn from(entry: &CatalogueEntry) -> Self {
        Self { body: entry.document().clone(), tag: entry.tag() }
    }
}

impl Prepared {
    /// Answers with the body, or with 304 where the caller has it already (RFC 9110 section 13.1.2).
    #[must_use]
    pub fn answer(self, request: &HeaderMap, policy: CachePolicy, content_type: &'static str) -> Response {
        write(request, policy, content_type, self.body, Some(self.tag))
    }
}

fn write(
    request: &HeaderMap,
    policy: CachePolicy,
    content_type: &'static str,
    body: Bytes,
    tag: Option<Tag>,
) -> Response {
    let tag = tag.filter(|_| policy != CachePolicy::Private).map(entity_tag);
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

/// Answers with a body that was made for this answer. See [`Prepared::answer`].
#[must_use]
pub fn respond(request: &HeaderMap, policy: CachePolicy, content_type: &'static str, body: Vec<u8>) -> Response {
    let tag = (policy != CachePolicy::Private).then(|| Tag::of(&body));
    write(request, policy, content_type, body.into(), tag)
}

/// Whether `If-None-Match` names the tag. Weak comparison, as the header demands.
pub(super) fn matches(request: &HeaderMap, tag: &HeaderValue) -> bool {
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
