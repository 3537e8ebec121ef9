//! `GET /v1/waiting`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::documents::SubmissionDocument;
use crate::{
    http::{
        auth::Authenticated,
        body::private,
        error::{Problem, ReadProblems},
        state::AppState,
    },
    service::Waits,
};

/// What waits for consents.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingList {
    /// Oldest first.
    pub waiting: Vec<WaitingDocument>,
}

/// A version that waits for consents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingDocument {
    /// The version.
    pub submission: SubmissionDocument,
    /// The ring that it would reach with them.
    pub ring: String,
    /// How many approvers it takes there.
    pub needed: u8,
    /// Whose consents count so far, sorted.
    pub approvers: Vec<String>,
    /// Fingerprints of findings that too few of them acknowledged, sorted.
    pub missing_acknowledgements: Vec<String>,
    /// When the submission expires (RFC 3339, UTC); absent for a version that is live in some ring already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Whether the caller's own consent would count and was not given yet.
    pub is_mine: bool,
}

impl From<&Waits> for WaitingDocument {
    fn from(waits: &Waits) -> Self {
        Self {
            submission: SubmissionDocument::from(&waits.submission),
            ring: waits.ring.to_string(),
            needed: waits.needed,
            approvers: waits.approvers.clone(),
            missing_acknowledgements: waits.missing_acknowledgements.clone(),
            expires_at: waits.expires_at.map(|at| at.to_string()),
            is_mine: waits.is_mine,
        }
    }
}

/// List what waits for consents, and for whose
#[utoipa::path(
    get,
    path = "/v1/waiting",
    operation_id = "waiting_list",
    tag = "submissions",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = WaitingList), ReadProblems)
)]
pub async fn list(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let waiting = state.service().waiting(&caller).await?;
    private(StatusCode::OK, &WaitingList { waiting: waiting.iter().map(WaitingDocument::from).collect() })
}
