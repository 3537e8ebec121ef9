//! `POST /v1/drift-reports`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, private},
        error::{Problem, WriteProblems},
        state::AppState,
    },
    service::{DriftKind, NewDriftReport},
};

/// What a client saw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftReportRequest {
    /// The digest of the manifest that the client has.
    #[schema(value_type = String)]
    pub manifest: Digest,
    /// `drift`: the server declared something else; `error`: the version could not be started or verified.
    #[schema(value_type = String, example = "drift")]
    pub kind: String,
    /// The digest of the surface that the client saw.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub seen: Option<Digest>,
    /// In the client's words, 500 characters at most.
    #[serde(default)]
    pub detail: String,
}

/// What became of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriftReportAnswer {
    /// Whether a rollout was halted for it.
    pub halted: bool,
}

/// Report that a server is not what its manifest says
///
/// Each principal counts once for each kind and version; a second report is answered with 200. When enough clients report
/// it, the rollout of the version is halted.
#[utoipa::path(
    post,
    path = "/v1/drift-reports",
    operation_id = "drift_reports_create",
    tag = "rollouts",
    security(("token" = [])),
    request_body = DriftReportRequest,
    responses((status = 201, description = "it was made", body = DriftReportAnswer), (status = 200, description = "the document", body = DriftReportAnswer), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    StrictJson(request): StrictJson<DriftReportRequest>,
) -> Result<Response, Problem> {
    let kind = DriftKind::from_word(&request.kind)
        .ok_or_else(|| Problem::unprocessable("kind", "`kind` is `drift` or `error`"))?;
    let report = NewDriftReport { manifest: request.manifest, kind, seen: request.seen, detail: request.detail };
    let reported = state.service().report_drift(&caller, report).await?;
    let status = if reported.created { StatusCode::CREATED } else { StatusCode::OK };
    private(status, &DriftReportAnswer { halted: reported.halted })
}
