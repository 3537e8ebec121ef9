//! `POST /v1/resolve`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        body::{StrictJson, private},
        error::{Problem, WriteProblems},
        reader::ReaderRing,
        state::AppState,
    },
    service::{CatalogueEntry, Lookup, resolve as look_up},
};

/// The most servers of one request: more than any project or person was seen to use.
const MAX_SERVERS: usize = 200;

/// Names to look up, or what a whole lock pins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// Which, at most 200.
    #[schema(max_items = 200)]
    pub servers: Vec<ResolveName>,
}

/// A name to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveName {
    /// The server.
    #[schema(example = "io.github.acme/weather")]
    pub name: String,
    /// An exact version; the latest, where absent.
    #[serde(default)]
    #[schema(example = "1.4.2")]
    pub version: Option<String>,
    /// The digest of the manifest that a lock pins: asks how it stands.
    #[serde(default)]
    #[schema(example = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")]
    pub manifest: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResolveList {
    /// In the order of the request.
    pub servers: Vec<Resolved>,
}

/// What was found for one name.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Resolved {
    /// Whether it is live. If not, nothing else is said but `pinned` and `latest`.
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
    /// That the version should not be used any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<DeprecationDocument>,
    /// How the manifest of the request stands: `live`; `superseded` by a later version; `revoked`; `expired` with the
    /// emergency consent that it was live by; `mismatch`, where the version is or was served with another manifest;
    /// `unknown`, where it was never served.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PinnedWord>)]
    pub pinned: Option<&'static str>,
    /// The latest live version, where it is another one than `version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<ResolvedVersion>,
}

/// A live version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResolvedVersion {
    /// The version.
    pub version: String,
    /// The digest of its manifest.
    pub manifest: String,
}

/// That a version should not be used any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeprecationDocument {
    /// Why, in the publisher's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a pinned manifest stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes the words in the OpenAPI document")]
enum PinnedWord {
    Live,
    Superseded,
    Revoked,
    Expired,
    Mismatch,
    Unknown,
}

impl From<&CatalogueEntry> for ResolvedVersion {
    fn from(entry: &CatalogueEntry) -> Self {
        Self { version: entry.version.to_string(), manifest: entry.manifest.to_string() }
    }
}

/// Look many names up at once: a whole lock in one request
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
    ReaderRing(ring): ReaderRing,
    StrictJson(request): StrictJson<ResolveRequest>,
) -> Result<Response, Problem> {
    if request.servers.len() > MAX_SERVERS {
        return Err(Problem::unprocessable("servers", "at most 200 servers are looked up at once"));
    }
    let live = state.service().live();
    let servers = request
        .servers
        .iter()
        .map(|name| {
            let wanted =
                Lookup { name: &name.name, version: name.version.as_deref(), manifest: name.manifest.as_deref() };
            document(&look_up(&live, &ring, &wanted))
        })
        .collect();
    private(StatusCode::OK, &ResolveList { servers })
}

fn document(found: &crate::service::Resolved) -> Resolved {
    let pinned = found.pinned.map(crate::service::Pinned::as_str);
    let other = |latest: &CatalogueEntry| {
        found.entry.as_ref().is_none_or(|entry| entry.version != latest.version).then(|| latest.into())
    };
    let latest = found.latest.as_deref().and_then(other);
    match &found.entry {
        None => Resolved { pinned, latest, ..Resolved::default() },
        Some(entry) => Resolved {
            live: true,
            name: Some(entry.name.to_string()),
            version: Some(entry.version.to_string()),
            manifest: Some(entry.manifest.to_string()),
            deprecated: entry
                .deprecated
                .as_ref()
                .map(|deprecated| DeprecationDocument { message: deprecated.message.clone() }),
            pinned,
            latest,
        },
    }
}
