//! `POST /v1/resolve`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::{ServerName, ServerVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    body::{StrictJson, private},
    error::{Problem, WriteProblems},
    state::AppState,
};

/// The most servers of one request: more than any project or person was seen to use.
const MAX_SERVERS: usize = 200;

/// Names to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// Which, at most 200.
    pub servers: Vec<ResolveName>,
}

/// A name to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveName {
    /// The server.
    pub name: String,
    /// An exact version; the latest, where absent.
    #[serde(default)]
    pub version: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResolveList {
    /// In the order of the request.
    pub servers: Vec<Resolved>,
}

/// What was found for one name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resolved {
    /// Whether it is live. If not, nothing else is said.
    pub live: bool,
    /// The server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The digest of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

/// Look many names up at once
#[utoipa::path(
    post,
    path = "/v1/resolve",
    operation_id = "resolve",
    tag = "documents",
    request_body = ResolveRequest,
    responses((status = 200, description = "the document", body = ResolveList), WriteProblems)
)]
pub async fn resolve(
    State(state): State<AppState>,
    StrictJson(request): StrictJson<ResolveRequest>,
) -> Result<Response, Problem> {
    if request.servers.len() > MAX_SERVERS {
        return Err(Problem::unprocessable("servers", "at most 200 servers are looked up at once"));
    }
    let live = state.service().live();
    let find = |wanted: &ResolveName| {
        let name: ServerName = wanted.name.parse().ok()?;
        let entry = match &wanted.version {
            None => live.latest(&name)?,
            Some(version) => live.version(&name, &version.parse::<ServerVersion>().ok()?)?,
        };
        Some(Resolved {
            live: true,
            name: Some(entry.name.to_string()),
            version: Some(entry.version.to_string()),
            manifest: Some(entry.manifest.to_string()),
        })
    };
    let servers = request
        .servers
        .iter()
        .map(|wanted| find(wanted).unwrap_or(Resolved { live: false, name: None, version: None, manifest: None }))
        .collect();
    private(StatusCode::OK, &ResolveList { servers })
}
