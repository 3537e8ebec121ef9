//! `GET /v1/manifests/{digest}/changes`

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::Digest;

use crate::http::{
    auth::Authenticated,
    body::JSON,
    cache::{self, CachePolicy},
    error::{Problem, ReadProblems},
    query::{Query, Segments},
    state::AppState,
};

/// The change report of a manifest against the one it replaced: its canonical bytes
#[utoipa::path(
    get,
    path = "/v1/manifests/{digest}/changes",
    operation_id = "manifests_changes",
    tag = "documents",
    security((), ("token" = [])),
    params(
        ("digest" = String, Path, description = "`sha256:` and 64 hexadecimal digits"),
        ("report" = Option<String>, Query, description = "the digest of an earlier report of this manifest, as a consent names it"),
    ),
    responses((status = 200, description = "the document", body = Object), ReadProblems)
)]
pub async fn changes(
    State(state): State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    segments: Segments,
    query: Query,
) -> Result<Response, Problem> {
    let digest: Digest = segments.parse("digest")?;
    let report: Option<Digest> = query
        .text("report")
        .map(|text| text.parse().map_err(|_| Problem::unprocessable("report", "`report` is a digest")))
        .transpose()?;
    let caller = caller.as_ref().map(|caller| &caller.0);
    let document = state.service().manifest_changes(caller, &digest, report).await?;
    let policy = super::policy(&state, &headers, &digest, CachePolicy::Revalidate);
    Ok(cache::respond(&headers, policy, JSON, document.bytes))
}
