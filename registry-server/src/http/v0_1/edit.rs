//! `PUT` and `DELETE /v0.1/servers/{serverName}/versions/{version}`

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    document::ServerDocument,
    quarantined::ChangedResponse,
    status::{name, version},
};
use crate::{
    http::{
        auth::Authenticated,
        body::private,
        error::{Problem, WriteProblems},
        query::Segments,
        state::AppState,
    },
    service::{NewStatus, StatusUpdate},
};

/// Put another document in the place of a draft
///
/// What was signed never changes: for such a version the same document is answered with 200, and any other with 409.
#[utoipa::path(
    put,
    path = "/v0.1/servers/{serverName}/versions/{version}",
    operation_id = "edit_version",
    tag = "MCP Registry v0.1",
    security(("token" = [])),
    params(
        ("serverName" = String, Path, description = "the name, its slash written `%2F`"),
        ("version" = String, Path, description = "an exact version"),
    ),
    request_body(content = super::validate::ServerJson, content_type = "application/json"),
    responses((status = 200, description = "the version as it stands now", body = ChangedResponse), WriteProblems)
)]
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    ServerDocument(server): ServerDocument,
) -> Result<Response, Problem> {
    let changed = state.service().edit(&caller, &name(&segments)?, &version(&segments)?, server).await?;
    private(StatusCode::OK, &ChangedResponse::new(&state, &changed)?)
}

/// End a version: what the status `deleted` does
#[utoipa::path(
    delete,
    path = "/v0.1/servers/{serverName}/versions/{version}",
    operation_id = "delete_version",
    tag = "MCP Registry v0.1",
    security(("token" = [])),
    params(
        ("serverName" = String, Path, description = "the name, its slash written `%2F`"),
        ("version" = String, Path, description = "an exact version"),
    ),
    responses((status = 200, description = "the version as it stands now", body = ChangedResponse), WriteProblems)
)]
pub async fn delete(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let update = StatusUpdate { status: NewStatus::Deleted, message: None };
    let changed = state.service().set_status(&caller, &name(&segments)?, &version(&segments)?, update).await?;
    private(StatusCode::OK, &ChangedResponse::new(&state, &changed)?)
}
