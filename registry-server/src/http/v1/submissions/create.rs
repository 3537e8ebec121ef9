//! `POST /v1/submissions`

use axum::{extract::State, response::Response};

use crate::http::{
    auth::Authenticated,
    body::{Bundle, created},
    error::{Problem, WriteProblems},
    state::AppState,
    v1::documents::SubmissionDocument,
};

/// Submit a version: the signed bundle of its manifest
///
/// The same bundle again is answered with 200 and the submission as it stands.
#[utoipa::path(
    post,
    path = "/v1/submissions",
    operation_id = "submissions_create",
    tag = "submissions",
    security(("token" = [])),
    request_body(content = Object, content_type = "application/vnd.dev.sigstore.bundle.v0.3+json"),
    responses((status = 201, description = "it was made", body = SubmissionDocument), (status = 200, description = "the document", body = SubmissionDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    bundle: Bundle,
) -> Result<Response, Problem> {
    let (bytes, _turn) = bundle.into_parts();
    let submitted = state.service().submit(&caller, bytes).await?;
    let location = format!("/v1/submissions/{}", submitted.submission.id);
    created(submitted.created, &location, &SubmissionDocument::from(&submitted.submission))
}
