//! `GET /v1/submissions/{id}`

use axum::{extract::State, http::StatusCode, response::Response};

use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, ReadProblems},
    query::Segments,
    state::AppState,
    v1::documents::SubmissionDocument,
};

/// Show a submission
#[utoipa::path(
    get,
    path = "/v1/submissions/{id}",
    operation_id = "submissions_show",
    tag = "submissions",
    security(("token" = [])),
    params(("id" = String, Path, description = "the submission's id")),
    responses((status = 200, description = "the document", body = SubmissionDocument), ReadProblems)
)]
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let submission = state.service().submission(&caller, &segments.parse("id")?).await?;
    private(StatusCode::OK, &SubmissionDocument::from(&submission))
}
