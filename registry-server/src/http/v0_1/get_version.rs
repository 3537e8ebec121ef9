//! `GET /v0.1/servers/{serverName}/versions/{version}`
//!
//! Clients with an allow-list ask this for `latest` before they start a server, and block every server on any answer
//! but 200 and 404. So it reads memory only, is never rate-limited, and never says 401, 403 or 429.

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::ServerName;

use super::{catalogue, entry::ServerResponse};
use crate::http::{
    body::JSON,
    cache::{CachePolicy, Prepared},
    error::{Problem, ProblemDocument},
    query::{Query, Segments},
    reader::ReaderRing,
    state::AppState,
};

/// Show one live version of a server, or the latest
#[utoipa::path(
    get,
    path = "/v0.1/servers/{serverName}/versions/{version}",
    operation_id = "get_version",
    tag = "MCP Registry v0.1",
    params(
        ("serverName" = String, Path, description = "the name, its slash written `%2F`"),
        ("version" = String, Path, description = "an exact version, or `latest`"),
        ("include_deleted" = Option<bool>, Query, description = "also what was live and is not any more"),
    ),
    responses(
        (status = 200, description = "the document", body = ServerResponse),
        (status = 400, description = "the request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "nothing live has this name and version", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "a parameter is outside its limits", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_version(
    State(state): State<AppState>,
    headers: HeaderMap,
    ReaderRing(ring): ReaderRing,
    segments: Segments,
    query: Query,
) -> Result<Response, Problem> {
    let include_deleted = query.flag("include_deleted")?.unwrap_or(false);
    let name: ServerName = segments.text("serverName").parse().map_err(|_| Problem::server_not_found())?;
    let version = segments.text("version");
    let live = state.service().live();
    let entries = catalogue::of_server(&live, &ring, &name, include_deleted);
    let found = entries
        .iter()
        .find(|entry| if version == "latest" { entry.is_latest } else { entry.version.to_string() == version })
        .ok_or_else(Problem::server_not_found)?;
    Ok(Prepared::from(&**found).answer(&headers, CachePolicy::Revalidate, JSON))
}
