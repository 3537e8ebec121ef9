//! `POST /v1/rollouts/{manifest}/pause`

use axum::{extract::State, http::StatusCode, response::Response};

use super::body::{ReasonRequest, RolloutDocument};
use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, private},
        error::{Problem, WriteProblems},
        query::Segments,
        state::AppState,
    },
    service::Steering,
};

/// Keep a version where it is
#[utoipa::path(
    post,
    path = "/v1/rollouts/{manifest}/pause",
    operation_id = "rollouts_pause",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest")),
    request_body = ReasonRequest,
    responses((status = 200, description = "the document", body = RolloutDocument), WriteProblems)
)]
pub async fn pause(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<ReasonRequest>,
) -> Result<Response, Problem> {
    let manifest = segments.parse("manifest")?;
    let view = state.service().steer(&caller, &manifest, Steering::Pause, &request.reason).await?;
    private(StatusCode::OK, &RolloutDocument::from(&view))
}
