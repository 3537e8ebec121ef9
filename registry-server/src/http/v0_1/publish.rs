//! `POST /v0.1/publish`

use axum::{extract::State, response::Response};

use super::{document::ServerDocument, quarantined::QuarantinedResponse};
use crate::{
    http::{
        auth::Authenticated,
        error::{Problem, WriteProblems},
        outcomes::respond,
        state::AppState,
    },
    service::{Outcome, ServiceError},
};

/// Put an unsigned `server.json` into quarantine
///
/// Nothing of it becomes visible: what goes live is the signed manifest of its version. The same document again is
/// answered alike; another one of the same version takes its place, until the signed manifest has come.
#[utoipa::path(
    post,
    path = "/v0.1/publish",
    operation_id = "publish",
    tag = "MCP Registry v0.1",
    security(("token" = [])),
    request_body(content = super::validate::ServerJson, content_type = "application/json"),
    responses((status = 200, description = "it is in quarantine", body = QuarantinedResponse), WriteProblems)
)]
pub async fn publish(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    ServerDocument(server): ServerDocument,
) -> Result<Response, Problem> {
    match state.service().draft(&caller, server).await {
        Ok(drafted) => respond(Outcome::Drafted(&drafted)),
        // What publishers of the MCP Registry expect of a version that exists.
        Err(error @ ServiceError::VersionTaken { .. }) => {
            Err(Problem::from(error).with_status(axum::http::StatusCode::BAD_REQUEST))
        }
        Err(error) => Err(error.into()),
    }
}
