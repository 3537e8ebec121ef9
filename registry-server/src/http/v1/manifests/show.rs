//! `GET /v1/manifests/{digest}`

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::Digest;

use crate::http::{
    auth::Authenticated,
    body::BUNDLE,
    cache::{self, CachePolicy},
    error::{Problem, ReadProblems},
    query::Segments,
    state::AppState,
};

/// The signed bundle of a manifest, by the digest of its payload
#[utoipa::path(
    get,
    path = "/v1/manifests/{digest}",
    operation_id = "manifests_show",
    tag = "documents",
    security((), ("token" = [])),
    params(("digest" = String, Path, description = "`sha256:` and 64 hexadecimal digits")),
    responses((status = 200, description = "the document", body = Object, content_type = "application/vnd.dev.sigstore.bundle.v0.3+json"), ReadProblems)
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    segments: Segments,
) -> Result<Response, Problem> {
    let digest: Digest = segments.parse("digest")?;
    let document = state.service().manifest(caller.as_ref().map(|caller| &caller.0), &digest).await?;
    let policy = super::policy(&state, &headers, &digest, CachePolicy::Immutable);
    Ok(cache::respond(&headers, policy, BUNDLE, document.bytes))
}
