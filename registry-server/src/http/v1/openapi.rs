//! `GET /v1/openapi.json`

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::http::{
    body::JSON,
    cache::{self, CachePolicy},
    state::AppState,
};

/// This document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "operations", responses((status = 200, description = "the document", body = Object)))]
pub async fn openapi(State(state): State<AppState>, headers: HeaderMap) -> Response {
    cache::respond(&headers, CachePolicy::Revalidate, JSON, state.openapi().as_bytes().to_vec())
}
