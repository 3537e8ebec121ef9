//! `/v1/approvers`

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_attest::IdentityPolicy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, done, private},
        error::{Problem, ReadProblems, WriteProblems},
        outcomes::respond,
        query::Segments,
        state::AppState,
        v1::{
            credential::{self, IdentityPolicyDocument},
            documents::ApproverDocument,
        },
    },
    service::{NewApprover, Outcome},
};

/// The registered approvers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApproverList {
    /// By id.
    pub approvers: Vec<ApproverDocument>,
}

/// Who approves, with what they sign, and what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApproverRequest {
    /// Who approves.
    pub principal: String,
    /// Their P-256 public key, SPKI in PEM. Either this or `identity`.
    #[serde(default)]
    pub public_key: Option<String>,
    /// Their certificate identities.
    #[serde(default)]
    #[schema(value_type = Option<IdentityPolicyDocument>)]
    pub identity: Option<IdentityPolicy>,
    /// The Sigstore instance that vouches for the identities; without it, the public good one.
    #[serde(default)]
    pub instance: Option<String>,
    /// A namespace, or `*` for all.
    pub scope: String,
}

/// List the approvers, with their keys and identities
#[utoipa::path(
    get,
    path = "/v1/approvers",
    operation_id = "approvers_list",
    tag = "administration",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = ApproverList), ReadProblems)
)]
pub async fn list(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let approvers = state.service().approvers(&caller).await?;
    private(StatusCode::OK, &ApproverList { approvers: approvers.iter().map(ApproverDocument::from).collect() })
}

/// Register an approver's key or identity
#[utoipa::path(
    post,
    path = "/v1/approvers",
    operation_id = "approvers_create",
    tag = "administration",
    security(("token" = [])),
    request_body = ApproverRequest,
    responses((status = 201, description = "it was made", body = ApproverDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    StrictJson(request): StrictJson<ApproverRequest>,
) -> Result<Response, Problem> {
    let new = NewApprover {
        principal: request.principal.parse().map_err(|error| Problem::invalid("principal", &error))?,
        credential: credential::read(request.public_key, request.identity, request.instance)?,
        scope: request
            .scope
            .parse()
            .map_err(|_| Problem::unprocessable("scope", "`scope` is a namespace, or `*` for all"))?,
    };
    respond(Outcome::Registered(&state.service().register_approver(&caller, new).await?))
}

/// Withdraw an approver's registration; what is live stays live
#[utoipa::path(
    delete,
    path = "/v1/approvers/{id}",
    operation_id = "approvers_withdraw",
    tag = "administration",
    security(("token" = [])),
    params(("id" = String, Path, description = "the registration's id")),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn withdraw(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    state.service().withdraw_approver(&caller, &segments.parse("id")?).await?;
    Ok(done())
}
