//! `PATCH /v0.1/servers/{serverName}/versions/{version}/status` and `PATCH /v0.1/servers/{serverName}/status`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::{ServerName, ServerVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::quarantined::ChangedResponse;
use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, private},
        error::{Problem, WriteProblems},
        query::Segments,
        state::AppState,
    },
    service::{NewStatus, StatusUpdate},
};

/// A status of the MCP Registry API.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatusWord {
    /// To be used.
    Active,
    /// Not to be used any more; it is served on.
    Deprecated,
    /// Ended: taken back, rejected or revoked. There is no way back.
    Deleted,
}

/// A change of status.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusUpdateRequest {
    /// What it is to become.
    pub status: StatusWord,
    /// Why, for those who use it; not with `active`.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_message: Option<String>,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllVersionsStatusResponse {
    /// How many versions.
    pub updated_count: usize,
    /// They, as they stand now.
    pub servers: Vec<ChangedResponse>,
}

impl From<StatusUpdateRequest> for StatusUpdate {
    fn from(request: StatusUpdateRequest) -> Self {
        let status = match request.status {
            StatusWord::Active => NewStatus::Active,
            StatusWord::Deprecated => NewStatus::Deprecated,
            StatusWord::Deleted => NewStatus::Deleted,
        };
        Self { status, message: request.status_message }
    }
}

/// The server of the address. What is no name does not exist.
pub(super) fn name(segments: &Segments) -> Result<ServerName, Problem> {
    segments.text("serverName").parse().map_err(|_| Problem::server_not_found())
}

/// The version of the address.
pub(super) fn version(segments: &Segments) -> Result<ServerVersion, Problem> {
    segments.text("version").parse().map_err(|_| Problem::server_not_found())
}

/// Change the status of a version
///
/// `deprecated` and `active` are said beside the content, which is served on. `deleted` ends the version: a draft is
/// taken back, a submission that waits is rejected, what is or was live is revoked, for ever.
#[utoipa::path(
    patch,
    path = "/v0.1/servers/{serverName}/versions/{version}/status",
    operation_id = "set_version_status",
    tag = "MCP Registry v0.1",
    security(("token" = [])),
    params(
        ("serverName" = String, Path, description = "the name, its slash written `%2F`"),
        ("version" = String, Path, description = "an exact version"),
    ),
    request_body = StatusUpdateRequest,
    responses((status = 200, description = "the version as it stands now", body = ChangedResponse), WriteProblems)
)]
pub async fn set_version_status(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<StatusUpdateRequest>,
) -> Result<Response, Problem> {
    let changed = state.service().set_status(&caller, &name(&segments)?, &version(&segments)?, request.into()).await?;
    private(StatusCode::OK, &ChangedResponse::new(&state, &changed)?)
}

/// Change the status of all versions of a server for which it is a change, all or none
#[utoipa::path(
    patch,
    path = "/v0.1/servers/{serverName}/status",
    operation_id = "set_server_status",
    tag = "MCP Registry v0.1",
    security(("token" = [])),
    params(("serverName" = String, Path, description = "the name, its slash written `%2F`")),
    request_body = StatusUpdateRequest,
    responses((status = 200, description = "the versions as they stand now", body = AllVersionsStatusResponse), WriteProblems)
)]
pub async fn set_server_status(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<StatusUpdateRequest>,
) -> Result<Response, Problem> {
    let changed = state.service().set_server_status(&caller, &name(&segments)?, request.into()).await?;
    let servers = changed.iter().map(|changed| ChangedResponse::new(&state, changed)).collect::<Result<Vec<_>, _>>()?;
    private(StatusCode::OK, &AllVersionsStatusResponse { updated_count: servers.len(), servers })
}
