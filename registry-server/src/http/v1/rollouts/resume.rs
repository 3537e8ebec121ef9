//! `POST /v1/rollouts/{manifest}/resume`

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

/// Let a version go on that was paused or halted
#[utoipa::path(
    post,
    path = "/v1/rollouts/{manifest}/resume",
    operation_id = "rollouts_resume",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest")),
    request_body = ReasonRequest,
    responses((status = 200, description = "the document", body = RolloutDocument), WriteProblems)
)]
pub async fn resume(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<ReasonRequest>,
) -> Result<Response, Problem> {
    let manifest = segments.parse("manifest")?;
    let view = state.service().steer(&caller, &manifest, Steering::Resume, &request.reason).await?;
    private(StatusCode::OK, &RolloutDocument::from(&view))
}
