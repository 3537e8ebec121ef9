//! `GET /.well-known/mcp-pin`: what this is and where its interfaces are.

use std::collections::BTreeMap;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{body::answer, cache::CachePolicy, error::Problem, state::AppState};

/// What the registry says about itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WellKnownDocument {
    /// `urn:mcp-pin:registry:v1`.
    #[serde(rename = "_type")]
    pub kind: &'static str,
    /// The address that clients use, where the registry was told.
    pub origin: Option<String>,
    /// Software and version.
    pub software: &'static str,
    /// The ring that is served.
    pub ring: String,
    /// Paths by interface.
    pub endpoints: BTreeMap<&'static str, &'static str>,
}

/// What this registry is, and where its interfaces are
#[utoipa::path(get, path = "/.well-known/mcp-pin", tag = "operations", responses((status = 200, description = "the document", body = WellKnownDocument)))]
pub async fn well_known(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let about = state.about();
    let document = WellKnownDocument {
        kind: "urn:mcp-pin:registry:v1",
        origin: about.public_url.as_ref().map(|url| crate::serve::origin(url)),
        software: concat!("mcp-pin-registry/", env!("CARGO_PKG_VERSION")),
        ring: about.ring.clone(),
        endpoints: [("mcpRegistry", "/v0.1"), ("api", "/v1"), ("openapi", "/v1/openapi.json")].into(),
    };
    answer(&headers, CachePolicy::Revalidate, &document)
}
