//! `POST /v1/rollouts/{manifest}/rollback`

use axum::{extract::State, http::StatusCode, response::Response};

use super::body::{RingRequest, RolloutDocument};
use crate::http::{
    auth::Authenticated,
    body::{StrictJson, private},
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
};

/// Take a version out of its rings, which go back to what they served before
#[utoipa::path(
    post,
    path = "/v1/rollouts/{manifest}/rollback",
    operation_id = "rollouts_rollback",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest to go back from")),
    request_body = RingRequest,
    responses((status = 200, description = "the document", body = RolloutDocument), WriteProblems)
)]
pub async fn rollback(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<RingRequest>,
) -> Result<Response, Problem> {
    let manifest = segments.parse("manifest")?;
    state.service().rollback(&caller, &manifest, request.ring.as_ref(), &request.reason).await?;
    let view = state.service().rollout(&caller, &manifest).await?;
    private(StatusCode::OK, &RolloutDocument::from(&view))
}
