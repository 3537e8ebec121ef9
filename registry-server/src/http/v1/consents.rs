//! `POST /v1/consents`

use axum::{extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::Bundle,
        error::{Problem, WriteProblems},
        outcomes::respond,
        state::AppState,
        v1::documents::SubmissionDocument,
    },
    service::Outcome,
};

/// What became of a consent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentOutcome {
    /// The digest of the consent's statement.
    pub consent: String,
    /// What is still needed.
    pub status: ConsentStatus,
    /// The submission as it stands now.
    pub submission: SubmissionDocument,
}

/// What consents have come to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentStatus {
    /// How many approvers it takes; 0 once it is decided.
    pub needed: u8,
    /// Whose consents count so far, sorted.
    pub approvers: Vec<String>,
    /// Fingerprints of findings that nobody who counts has acknowledged yet, sorted.
    pub missing_acknowledgements: Vec<String>,
}

/// Consent to a submission, or reject it: the signed bundle of a consent statement
///
/// The same bundle again is answered with 200.
#[utoipa::path(
    post,
    path = "/v1/consents",
    operation_id = "consents_create",
    tag = "submissions",
    security(("token" = [])),
    request_body(content = Object, content_type = "application/vnd.dev.sigstore.bundle.v0.3+json"),
    responses((status = 201, description = "it was made", body = ConsentOutcome), (status = 200, description = "the document", body = ConsentOutcome), WriteProblems)
)]
pub async fn consent(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    bundle: Bundle,
) -> Result<Response, Problem> {
    let (bytes, _turn) = bundle.into_parts();
    let consented = state.service().consent(&caller, bytes).await?;
    respond(Outcome::Consented(&consented))
}
