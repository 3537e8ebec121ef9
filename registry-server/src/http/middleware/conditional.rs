//! Makes every read conditional: what is the caller's alone has an entity tag too, and is not sent twice.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use crate::{http::cache, service::Tag};

/// Adds a tag to answers that have none, and answers 304 where the caller has the body already.
///
/// Public answers got theirs where they were made. A stream has no length and is left alone.
pub async fn conditional(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    // Most requests ask for nothing of the kind.
    let conditions = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned();
    let asked: HeaderMap = conditions.map(|value| (header::IF_NONE_MATCH, value)).collect();
    let response = next.run(request).await;
    let whole = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let (Some(length), StatusCode::OK, false) =
        (whole, response.status(), response.headers().contains_key(header::ETAG))
    else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    // It is in memory already.
    let Ok(bytes) = to_bytes(body, length).await else { return Response::from_parts(parts, Body::empty()) };
    let tag = cache::entity_tag(Tag::of(&bytes));
    let unchanged = cache::matches(&asked, &tag);
    parts.headers.insert(header::ETAG, tag);
    if parts.headers.get(header::CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"private")) {
        // The caller may keep it and must ask again; nobody else may.
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        parts.headers.append(header::VARY, HeaderValue::from_static("Authorization"));
    }
    if unchanged {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}
