//! `GET` and `POST /v1/revocations`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::{json, revocation::RevocationScope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::{Bundle, private},
        error::{Problem, ReadProblems, WriteProblems},
        outcomes::respond,
        state::AppState,
        v1::documents::RevocationDocument,
    },
    service::Outcome,
};

/// All revocations.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevocationList {
    /// By id, which is the order in which they came.
    pub revocations: Vec<RevocationDocument>,
}

/// An administrator's order to revoke.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationOrder {
    /// What kind of thing is revoked.
    #[schema(value_type = String, example = "manifest")]
    pub scope: RevocationScope,
    /// Which one: a digest, `<server>@<version>`, a name, or the id of a key.
    pub target: String,
    /// Why.
    pub reason: String,
    /// From when on (RFC 3339); now, where absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub effective: Option<jiff::Timestamp>,
}

/// List the revocations
#[utoipa::path(
    get,
    path = "/v1/revocations",
    operation_id = "revocations_list",
    tag = "revocations",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = RevocationList), ReadProblems)
)]
pub async fn list(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let records = state.service().revocations(&caller).await?;
    private(StatusCode::OK, &RevocationList { revocations: records.iter().map(RevocationDocument::from).collect() })
}

/// Revoke: an approver's signed bundle, or an administrator's order
///
/// It is effective when the answer arrives: what it covers is not served any more.
#[utoipa::path(
    post,
    path = "/v1/revocations",
    operation_id = "revocations_create",
    tag = "revocations",
    security(("token" = [])),
    request_body(content(
        (RevocationOrder = "application/json"),
        (Object = "application/vnd.dev.sigstore.bundle.v0.3+json"),
    )),
    responses((status = 201, description = "it was made", body = RevocationDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    bundle: Bundle,
) -> Result<Response, Problem> {
    let (bytes, _turn) = bundle.into_parts();
    let value = json::parse(&bytes).map_err(|error| Problem::bad_request(error.to_string()))?;
    let record = if value.get("mediaType").is_some() {
        state.service().revoke_signed(&caller, bytes).await?
    } else {
        let order: RevocationOrder = json::from_value(&value).map_err(|error| Problem::refused(error.to_string()))?;
        state.service().revoke_ordered(&caller, order.scope, &order.target, &order.reason, order.effective).await?
    };
    respond(Outcome::Revoked(&record))
}
