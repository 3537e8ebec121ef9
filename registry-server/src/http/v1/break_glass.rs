//! `POST /v1/break-glass`

use axum::{extract::State, http::StatusCode, response::Response};
use jiff::SignedDuration;
use mcp_pin_model::{Digest, Ring};
use serde::Deserialize;
use utoipa::ToSchema;

use super::rollouts::body::BreakGlassDocument;
use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, private},
        error::{Problem, WriteProblems},
        state::AppState,
    },
    service::BreakGlassOrder,
};

/// An order to do without consents.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlassRequest {
    /// The digest of the manifest.
    #[schema(value_type = String)]
    pub manifest: Digest,
    /// The digest of the change report that was read.
    #[schema(value_type = String)]
    pub changes: Digest,
    /// In which rings; in all, where absent.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub rings: Vec<Ring>,
    /// Why.
    pub reason: String,
    /// For how many hours.
    pub hours: u32,
}

/// Put or keep a version live for some hours without the consents that it takes
///
/// Takes the roles `admin` and `break-glass` together. It is an event, a warning in the log, and a mark on the entry that
/// every client reads; it ends by itself.
#[utoipa::path(
    post,
    path = "/v1/break-glass",
    operation_id = "break_glass_create",
    tag = "rollouts",
    security(("token" = [])),
    request_body = BreakGlassRequest,
    responses((status = 201, description = "it was made", body = BreakGlassDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    StrictJson(request): StrictJson<BreakGlassRequest>,
) -> Result<Response, Problem> {
    let order = BreakGlassOrder {
        manifest: request.manifest,
        changes: request.changes,
        rings: request.rings.into_iter().collect(),
        reason: request.reason,
        duration: SignedDuration::from_hours(request.hours.into()),
    };
    let glass = state.service().break_glass(&caller, order).await?;
    private(StatusCode::CREATED, &BreakGlassDocument::from(&glass))
}
