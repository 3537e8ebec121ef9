//! `GET /v0.1/servers/{serverName}/versions`

use axum::{extract::State, http::HeaderMap, response::Response};
use mcp_pin_model::ServerName;

use super::{
    catalogue,
    entry::{ListMetadata, ServerList, ServerResponse},
};
use crate::http::{
    body::answer,
    cache::CachePolicy,
    error::{Problem, ProblemDocument},
    query::{Query, Segments},
    state::AppState,
};

/// List the live versions of a server, newest first
#[utoipa::path(
    get,
    path = "/v0.1/servers/{serverName}/versions",
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
    segments: Segments,
    query: Query,
) -> Result<Response, Problem> {
    let include_deleted = query.flag("include_deleted")?.unwrap_or(false);
    let name: ServerName = segments.text("serverName").parse().map_err(|_| Problem::server_not_found())?;
    let mut entries = catalogue::of_server(&state.service().live(), &name, include_deleted);
    if entries.is_empty() {
        return Err(Problem::server_not_found());
    }
    entries.sort_by(|a, b| (b.entry.published_at, &b.entry.version).cmp(&(a.entry.published_at, &a.entry.version)));
    let list = ServerList {
        metadata: ListMetadata { next_cursor: None, count: entries.len() },
        servers: entries.iter().map(ServerResponse::new).collect(),
    };
    answer(&headers, CachePolicy::Revalidate, &list)
}
