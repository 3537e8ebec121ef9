//! `POST /v1/submissions`

use axum::{extract::State, response::Response};

use crate::{
    http::{
        auth::Authenticated,
        error::{Problem, WriteProblems},
        outcomes::respond,
        state::AppState,
        v1::{
            documents::SubmissionDocument,
            submissions::body::{SubmissionBody, SubmissionRequest},
        },
    },
    service::Outcome,
};

/// Submit a version: the signed bundle of its manifest, alone or with evidence about its packages
///
/// The same bundle again is answered with 200 and the submission as it stands; evidence comes with the first one.
#[utoipa::path(
    post,
    path = "/v1/submissions",
    operation_id = "submissions_create",
    tag = "submissions",
    security(("token" = [])),
    request_body(content(
        (Object = "application/vnd.dev.sigstore.bundle.v0.3+json"),
        (SubmissionRequest = "application/json"),
    )),
    responses((status = 201, description = "it was made", body = SubmissionDocument), (status = 200, description = "the document", body = SubmissionDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    body: SubmissionBody,
) -> Result<Response, Problem> {
    let SubmissionBody { submission, turn: _turn } = body;
    let submitted = state.service().submit(&caller, submission).await?;
    respond(Outcome::Submitted(&submitted))
}
