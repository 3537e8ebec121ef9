//! `GET /v1/rollouts/{manifest}/drift-reports`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::private,
        error::{Problem, ReadProblems},
        query::Segments,
        state::AppState,
    },
    service::DriftReport,
};

/// Reports about a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriftReportList {
    /// In the order in which they came.
    pub reports: Vec<DriftReportDocument>,
}

/// What a client saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriftReportDocument {
    /// Its id.
    pub id: String,
    /// Who reports.
    pub principal: String,
    /// `drift` or `error`.
    pub kind: &'static str,
    /// The digest of the surface that the client saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// In the client's words.
    pub detail: String,
    /// When (RFC 3339, UTC).
    pub at: String,
}

impl From<&DriftReport> for DriftReportDocument {
    fn from(report: &DriftReport) -> Self {
        Self {
            id: report.id.to_string(),
            principal: report.principal.to_string(),
            kind: report.kind.as_str(),
            seen: report.seen.map(|digest| digest.to_string()),
            detail: report.detail.clone(),
            at: report.at.to_string(),
        }
    }
}

/// List what clients reported about a version
#[utoipa::path(
    get,
    path = "/v1/rollouts/{manifest}/drift-reports",
    operation_id = "rollouts_drift_reports",
    tag = "rollouts",
    security(("token" = [])),
    params(("manifest" = String, Path, description = "the digest of the manifest")),
    responses((status = 200, description = "the document", body = DriftReportList), ReadProblems)
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let reports = state.service().drift_reports(&caller, &segments.parse("manifest")?).await?;
    private(StatusCode::OK, &DriftReportList { reports: reports.iter().map(DriftReportDocument::from).collect() })
}
