//! `/v1/namespaces/{namespace}/grants`

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
            documents::GrantDocument,
        },
    },
    service::{NewGrant, Outcome},
};

/// The grants of a namespace.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantList {
    /// By id.
    pub grants: Vec<GrantDocument>,
}

/// Who may publish, and with what they sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantRequest {
    /// Who may publish.
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
}

/// List the grants of a namespace
#[utoipa::path(
    get,
    path = "/v1/namespaces/{namespace}/grants",
    operation_id = "grants_list",
    tag = "administration",
    security(("token" = [])),
    params(("namespace" = String, Path, description = "what stands before the slash of a name")),
    responses((status = 200, description = "the document", body = GrantList), ReadProblems)
)]
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let grants = state.service().grants(&caller, Some(segments.text("namespace"))).await?;
    private(StatusCode::OK, &GrantList { grants: grants.iter().map(GrantDocument::from).collect() })
}

/// Grant a namespace to a publisher's key or identity
#[utoipa::path(
    post,
    path = "/v1/namespaces/{namespace}/grants",
    operation_id = "grants_create",
    tag = "administration",
    security(("token" = [])),
    params(("namespace" = String, Path, description = "what stands before the slash of a name")),
    request_body = GrantRequest,
    responses((status = 201, description = "it was made", body = GrantDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<GrantRequest>,
) -> Result<Response, Problem> {
    let new = NewGrant {
        namespace: segments.text("namespace").to_owned(),
        principal: request.principal.parse().map_err(|error| Problem::invalid("principal", &error))?,
        credential: credential::read(request.public_key, request.identity, request.instance)?,
    };
    respond(Outcome::Granted(&state.service().grant_namespace(&caller, new).await?))
}

/// Withdraw a grant; what is live stays live
#[utoipa::path(
    delete,
    path = "/v1/namespaces/{namespace}/grants/{id}",
    operation_id = "grants_withdraw",
    tag = "administration",
    security(("token" = [])),
    params(
        ("namespace" = String, Path, description = "what stands before the slash of a name"),
        ("id" = String, Path, description = "the grant's id"),
    ),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn withdraw(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    state.service().withdraw_grant(&caller, segments.text("namespace"), &segments.parse("id")?).await?;
    Ok(done())
}
