//! `GET /.well-known/mcp-pin`: what this is and where its interfaces are.

use std::collections::BTreeMap;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{JSON, answer},
    cache::{self, CachePolicy},
    error::{Problem, ReadProblems},
    query::Segments,
    state::AppState,
};

/// The documents about the registry's own keys
///
/// `root.json`: the current root, an envelope that k of n people signed; `<n>.root.json`: the n-th; `trusted_root.json`:
/// what Sigstore clients trust of the registry's log. 404 where there is none.
#[utoipa::path(
    get,
    path = "/.well-known/mcp-pin/{document}",
    operation_id = "well_known_document",
    tag = "operations",
    params(("document" = String, Path, description = "`root.json`, `<n>.root.json` or `trusted_root.json`")),
    responses((status = 200, description = "the document", body = Object), ReadProblems)
)]
pub async fn document(
    State(state): State<AppState>,
    headers: HeaderMap,
    segments: Segments,
) -> Result<Response, Problem> {
    let published = state.published();
    let (bytes, policy) = match segments.text("document") {
        "root.json" => (published.roots.current(), CachePolicy::Revalidate),
        "trusted_root.json" => (published.trusted_root.as_deref(), CachePolicy::Revalidate),
        name => {
            // One name a version: `01.root.json` is none.
            let version = name
                .strip_suffix(".root.json")
                .and_then(|text| text.parse::<u64>().ok().filter(|version| version.to_string() == text));
            (version.and_then(|version| published.roots.version(version)), CachePolicy::Immutable)
        }
    };
    let bytes = bytes.ok_or_else(Problem::not_found)?;
    Ok(cache::respond(&headers, policy, JSON, bytes.to_vec()))
}

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
    /// The ring of everybody who is in no other.
    pub ring: String,
    /// All rings, in the order in which versions reach them.
    pub rings: Vec<String>,
    /// What verifies the checkpoints of the registry's log (C2SP `signed-note`). It is what the registry says about itself:
    /// whoever trusts it has compared it with what its operators say by another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_key: Option<String>,
    /// Paths by interface.
    pub endpoints: BTreeMap<&'static str, &'static str>,
}

/// What this registry is, and where its interfaces are
#[utoipa::path(get, path = "/.well-known/mcp-pin", tag = "operations", responses((status = 200, description = "the document", body = WellKnownDocument)))]
pub async fn well_known(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let about = state.about();
    let rings = &state.service().settings().rings;
    let log = state.published().log.as_ref();
    let mut endpoints = BTreeMap::from([("mcpRegistry", "/v0.1"), ("api", "/v1"), ("openapi", "/v1/openapi.json")]);
    if log.is_some() {
        endpoints.insert("log", "/log");
    }
    let document = WellKnownDocument {
        kind: "urn:mcp-pin:registry:v1",
        origin: about.public_url.as_ref().map(crate::serve::origin),
        software: concat!("mcp-pin-registry/", env!("CARGO_PKG_VERSION")),
        ring: rings.last().to_string(),
        rings: rings.iter().map(|one| one.ring.to_string()).collect(),
        log_key: log.map(|log| log.key.clone()),
        endpoints,
    };
    answer(&headers, CachePolicy::Revalidate, &document)
}
