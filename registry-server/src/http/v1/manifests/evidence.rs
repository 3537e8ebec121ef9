//! `GET /v1/manifests/{digest}/evidence`

use axum::{extract::State, http::HeaderMap, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::Digest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::answer,
        cache::CachePolicy,
        error::{Problem, ReadProblems},
        query::Segments,
        state::AppState,
    },
    service::Document,
};

/// The evidence that came with a manifest.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceList {
    /// In the order in which they came.
    pub evidence: Vec<EvidenceDocument>,
}

/// An evidence bundle: what somebody attests about a package of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceDocument {
    /// The digest of its bytes.
    pub digest: String,
    /// Base64 of the bundle, byte for byte.
    pub bundle: String,
}

impl From<&Document> for EvidenceDocument {
    fn from(document: &Document) -> Self {
        Self { digest: document.digest.to_string(), bundle: STANDARD.encode(&document.bytes) }
    }
}

/// The package evidence that was submitted with a manifest: signed bundles, for readers to judge themselves
#[utoipa::path(
    get,
    path = "/v1/manifests/{digest}/evidence",
    operation_id = "manifests_evidence",
    tag = "documents",
    security((), ("token" = [])),
    params(("digest" = String, Path, description = "`sha256:` and 64 hexadecimal digits")),
    responses((status = 200, description = "the document", body = EvidenceList), ReadProblems)
)]
pub async fn evidence(
    State(state): State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    segments: Segments,
) -> Result<Response, Problem> {
    let digest: Digest = segments.parse("digest")?;
    let documents = state.service().manifest_evidence(caller.as_ref().map(|caller| &caller.0), &digest).await?;
    let policy = super::policy(&state, &headers, &digest, CachePolicy::Immutable);
    answer(&headers, policy, &EvidenceList { evidence: documents.iter().map(EvidenceDocument::from).collect() })
}
