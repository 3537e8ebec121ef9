//! `POST /v1/revocations/plan`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::revocation::RevocationScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    auth::Authenticated,
    body::{StrictJson, private},
    error::{Problem, WriteProblems},
    state::AppState,
    v1::documents::SubmissionDocument,
};

/// What is thought of being revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationPlanRequest {
    /// What kind of thing.
    #[schema(value_type = String, example = "manifest")]
    pub scope: RevocationScope,
    /// Which one: a digest, `<server>@<version>`, a name, or the id of a key.
    pub target: String,
}

/// What a revocation would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevocationPlanDocument {
    /// The versions that it would end; none where the target is revoked already.
    pub ends: Vec<SubmissionDocument>,
    /// The versions that would wait for consent again.
    pub lapses: Vec<SubmissionDocument>,
}

/// Say what a revocation would end, without making it
#[utoipa::path(
    post,
    path = "/v1/revocations/plan",
    operation_id = "revocations_plan",
    tag = "revocations",
    security(("token" = [])),
    request_body = RevocationPlanRequest,
    responses((status = 200, description = "the document", body = RevocationPlanDocument), WriteProblems)
)]
pub async fn plan(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    StrictJson(request): StrictJson<RevocationPlanRequest>,
) -> Result<Response, Problem> {
    let plan = state.service().plan_revocation(&caller, request.scope, &request.target).await?;
    let documents = |list: &[_]| list.iter().map(SubmissionDocument::from).collect();
    private(StatusCode::OK, &RevocationPlanDocument { ends: documents(&plan.ends), lapses: documents(&plan.lapses) })
}
