//! `POST /v1/rollouts/{manifest}/promote`

use axum::{extract::State, http::StatusCode, response::Response};

use super::body::{RingRequest, RolloutDocument};
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

/// Bring a version to the next ring now, without waiting for its soak
#[utoipa::path(
    post,
    path = "/v1/rollouts/{manifest}/promote",
    operation_id = "rollouts_promote",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest")),
    request_body = RingRequest,
    responses((status = 200, description = "the document", body = RolloutDocument), WriteProblems)
)]
pub async fn promote(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<RingRequest>,
) -> Result<Response, Problem> {
    let manifest = segments.parse("manifest")?;
    let view =
        state.service().steer(&caller, &manifest, Steering::Promote { to: request.ring }, &request.reason).await?;
    private(StatusCode::OK, &RolloutDocument::from(&view))
}
