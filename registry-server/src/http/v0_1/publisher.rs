//! `/v0`: the addresses that the official publisher still writes to, and reads what it is about to change from.
//!
//! It has no other spelling for them. The catalogue itself is not here: clients that find one under `/v0` would use it
//! instead of `/v0.1`, so for whoever shows no token none of this exists.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};

use super::{get_version, list_versions};
use crate::http::{
    auth::Authenticated,
    error::Problem,
    query::{Query, Segments},
    reader::ReaderRing,
    state::AppState,
};

/// One version, for somebody with a token.
pub async fn get_version(
    state: State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    ring: ReaderRing,
    segments: Segments,
    query: Query,
) -> Result<Response, Problem> {
    caller.ok_or_else(Problem::no_such_path)?;
    get_version::get_version(state, headers, ring, segments, query).await.map(for_the_caller)
}

/// All versions of a server, for somebody with a token.
pub async fn list_versions(
    state: State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    ring: ReaderRing,
    segments: Segments,
    query: Query,
) -> Result<Response, Problem> {
    caller.ok_or_else(Problem::no_such_path)?;
    list_versions::list_versions(state, headers, ring, segments, query).await.map(for_the_caller)
}

/// Nobody keeps for others what is not there for them.
fn for_the_caller(mut response: Response) -> Response {
    let private = header::HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, private);
    response
}
