//! `POST /v1/submissions/{id}/reject`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    auth::Authenticated,
    body::{StrictJson, private},
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
    v1::documents::SubmissionDocument,
};

/// Why a submission is rejected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectRequest {
    /// For the publisher and for the record.
    pub reason: String,
}

/// Reject a pending submission
#[utoipa::path(
    post,
    path = "/v1/submissions/{id}/reject",
    operation_id = "submissions_reject",
    tag = "submissions",
    security(("token" = [])),
    params(("id" = String, Path, description = "the submission's id")),
    request_body = RejectRequest,
    responses((status = 200, description = "the document", body = SubmissionDocument), WriteProblems)
)]
pub async fn reject(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<RejectRequest>,
) -> Result<Response, Problem> {
    let submission = state.service().reject(&caller, &segments.parse("id")?, &request.reason).await?;
    private(StatusCode::OK, &SubmissionDocument::from(&submission))
}
