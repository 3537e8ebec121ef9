//! `POST /v1/rollouts/{manifest}/halt`

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

/// Stop a version where it is, because something was found out about it
#[utoipa::path(
    post,
    path = "/v1/rollouts/{manifest}/halt",
    operation_id = "rollouts_halt",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest")),
    request_body = ReasonRequest,
    responses((status = 200, description = "the document", body = RolloutDocument), WriteProblems)
)]
pub async fn halt(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<ReasonRequest>,
) -> Result<Response, Problem> {
    let manifest = segments.parse("manifest")?;
    let view = state.service().steer(&caller, &manifest, Steering::Halt, &request.reason).await?;
    private(StatusCode::OK, &RolloutDocument::from(&view))
}
