//! `GET /healthz` and `GET /readyz`, for whatever keeps the process running.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::private,
    error::{Problem, ProblemDocument},
    state::AppState,
};

/// The answer of a probe.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProbeDocument {
    /// `ok`.
    pub status: &'static str,
}

/// The process runs
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "the document", body = ProbeDocument)))]
pub async fn healthz() -> Result<Response, Problem> {
    private(StatusCode::OK, &ProbeDocument { status: "ok" })
}

/// The database answers, so that decisions can be made; reads of what is live need no database
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, description = "the document", body = ProbeDocument),
    (status = 503, description = "not now", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub async fn readyz(State(state): State<AppState>) -> Result<Response, Problem> {
    if let Err(error) = state.service().ready().await {
        tracing::debug!(error = &error as &dyn std::error::Error, "not ready");
        return Err(Problem::unavailable());
    }
    private(StatusCode::OK, &ProbeDocument { status: "ok" })
}
