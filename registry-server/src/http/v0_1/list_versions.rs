//! `GET /v0.1/servers/{serverName}/versions`

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::ServerName;

use super::{
    catalogue,
    entry::{ServerList, render_list},
};
use crate::http::{
    body::JSON,
    cache::CachePolicy,
    error::{Problem, ProblemDocument},
    query::{Query, Segments},
    reader::ReaderRing,
    state::AppState,
};

/// List the live versions of a server, newest first
#[utoipa::path(
    get,
    path = "/v0.1/servers/{serverName}/versions",
    operation_id = "list_versions",
    tag = "MCP Registry v0.1",
    params(
        ("serverName" = String, Path, description = "the name, its slash written `%2F`"),
        ("include_deleted" = Option<bool>, Query, description = "with tombstones of what was live"),
    ),
    responses(
        (status = 200, description = "the document", body = ServerList),
        (status = 400, description = "the request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "nothing live has this name and version", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "a parameter is outside its limits", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_versions(
    State(state): State<AppState>,
    headers: HeaderMap,
    ReaderRing(ring): ReaderRing,
    segments: Segments,
    query: Query,
) -> Result<Response, Problem> {
    let include_deleted = query.flag("include_deleted")?.unwrap_or(false);
    let name: ServerName = segments.text("serverName").parse().map_err(|_| Problem::server_not_found())?;
    let live = state.service().live();
    let mut entries = catalogue::of_server(&live, &ring, &name, include_deleted).to_vec();
    if entries.is_empty() {
        return Err(Problem::server_not_found());
    }
    entries.sort_by(|a, b| (b.published_at, &b.version).cmp(&(a.published_at, &a.version)));
    let list = render_list(&entries, None).map_err(|error| Problem::internal(&error))?;
    Ok(list.answer(&headers, CachePolicy::Revalidate, JSON))
}
