//! `GET /v1/manifests/{digest}/consents`

use axum::{extract::State, http::HeaderMap, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::{Digest, consent::Decision};
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
    service::ConsentView,
};

/// The consents about a manifest.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentList {
    /// In the order in which they came.
    pub consents: Vec<ConsentDocument>,
}

/// A consent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentDocument {
    /// The digest of the statement.
    pub digest: String,
    /// The principal whose key signed.
    pub principal: String,
    /// `approve` or `reject`.
    pub decision: &'static str,
    /// When the registry took it (RFC 3339, UTC).
    pub received_at: String,
    /// Base64 of the signed bundle, byte for byte.
    pub bundle: String,
}

impl From<&ConsentView> for ConsentDocument {
    fn from(view: &ConsentView) -> Self {
        Self {
            digest: view.record.digest.to_string(),
            principal: view.record.principal.to_string(),
            decision: match view.record.decision {
                Decision::Approve => "approve",
                Decision::Reject => "reject",
            },
            received_at: view.record.received_at.to_string(),
            bundle: STANDARD.encode(&view.bundle),
        }
    }
}

/// The consents about a manifest, with their signed bundles
#[utoipa::path(
    get,
    path = "/v1/manifests/{digest}/consents",
    operation_id = "manifests_consents",
    tag = "documents",
    security((), ("token" = [])),
    params(("digest" = String, Path, description = "`sha256:` and 64 hexadecimal digits")),
    responses((status = 200, description = "the document", body = ConsentList), ReadProblems)
)]
pub async fn consents(
    State(state): State<AppState>,
    caller: Option<Authenticated>,
    headers: HeaderMap,
    segments: Segments,
) -> Result<Response, Problem> {
    let digest: Digest = segments.parse("digest")?;
    let views = state.service().manifest_consents(caller.as_ref().map(|caller| &caller.0), &digest).await?;
    let policy = super::policy(&state, &headers, &digest, CachePolicy::Revalidate);
    answer(&headers, policy, &ConsentList { consents: views.iter().map(ConsentDocument::from).collect() })
}
