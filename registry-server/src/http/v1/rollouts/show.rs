//! `GET /v1/rollouts/{manifest}`

use axum::{extract::State, http::StatusCode, response::Response};

use super::body::RolloutDocument;
use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, ReadProblems},
    query::Segments,
    state::AppState,
};

/// Show how far a version has got, and what the server's rings served before
#[utoipa::path(
    get,
    path = "/v1/rollouts/{manifest}",
    operation_id = "rollouts_show",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest")),
    responses((status = 200, description = "the document", body = RolloutDocument), ReadProblems)
)]
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let view = state.service().rollout(&caller, &segments.parse("manifest")?).await?;
    private(StatusCode::OK, &RolloutDocument::from(&view))
}
