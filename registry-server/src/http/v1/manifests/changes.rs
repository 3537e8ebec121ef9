//! `GET /v1/manifests/{digest}/changes`

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::Digest;

use crate::http::{
    auth::Authenticated,
    body::JSON,
    cache::{self, CachePolicy},
    error::{Problem, ReadProblems},
    query::Segments,
    state::AppState,
};

/// The change report of a manifest against the one it replaced: its canonical bytes
#[utoipa::path(
    get,
    path = "/v1/manifests/{digest}/changes",
    operation_id = "manifests_changes",
    tag = "documents",
    security((), ("token" = [])),
    params(("digest" = String, Path, description = "`sha256:` and 64 hexadecimal digits")),
    responses((status = 200, description = "the document", body = Object), ReadProblems)
)]
pub async fn changes(
    State(state): State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    segments: Segments,
) -> Result<Response, Problem> {
    let digest: Digest = segments.parse("digest")?;
    let document = state.service().manifest_changes(caller.as_ref().map(|caller| &caller.0), &digest).await?;
    let policy = super::policy(&state, &headers, &digest, CachePolicy::Revalidate);
    Ok(cache::respond(&headers, policy, JSON, document.bytes))
}
