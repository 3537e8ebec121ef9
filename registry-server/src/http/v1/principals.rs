//! `/v1/principals/{name}`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::{StrictJson, done, private},
        error::{Problem, WriteProblems},
        query::Segments,
        state::AppState,
        v1::documents::{ApproverDocument, GrantDocument, TokenDocument},
    },
    service::{Keys, Offboarding},
};

/// Somebody leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OffboardRequest {
    /// Why, for the record. A plan needs none.
    #[serde(default)]
    pub reason: String,
    /// Their keys may be in other hands: they are revoked, with everything that was signed with them.
    #[serde(default)]
    pub compromised: bool,
    /// Only say what would end.
    #[serde(default)]
    pub plan: bool,
}

/// What ended, or would.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OffboardingDocument {
    /// Who leaves.
    pub principal: String,
    /// Whether this is only what would end.
    pub plan: bool,
    /// Whether it was done before.
    pub already: bool,
    /// Tokens and sessions that were good.
    pub tokens: Vec<TokenDocument>,
    /// Registrations as an approver.
    pub approvers: Vec<ApproverDocument>,
    /// Grants of namespaces.
    pub grants: Vec<GrantDocument>,
    /// Logins that led here.
    pub identities: Vec<IdentityDocument>,
    /// Versions that waited for consent, as `<server>@<version>`.
    pub pending: Vec<String>,
    /// Revocations, as `<scope>:<target>`.
    pub revocations: Vec<String>,
}

/// Somebody of an identity provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityDocument {
    /// The provider.
    pub issuer: String,
    /// Its subject.
    pub subject: String,
}

fn document(principal: String, plan: bool, ending: &Offboarding) -> OffboardingDocument {
    let identities = ending.identities.iter();
    OffboardingDocument {
        principal,
        plan,
        already: ending.already,
        tokens: ending.tokens.iter().map(TokenDocument::from).collect(),
        approvers: ending.approvers.iter().map(ApproverDocument::from).collect(),
        grants: ending.grants.iter().map(GrantDocument::from).collect(),
        identities: identities
            .map(|identity| IdentityDocument { issuer: identity.issuer.clone(), subject: identity.subject.clone() })
            .collect(),
        pending: ending.pending.iter().map(|found| format!("{}@{}", found.server, found.version)).collect(),
        revocations: ending.revocations.iter().map(|(scope, target)| format!("{}:{target}", scope.as_str())).collect(),
    }
}

/// Offboard: take from a principal every token, session, registration, grant and login at once
///
/// What is live stays live, unless the keys are compromised. Again, it does nothing.
#[utoipa::path(
    post,
    path = "/v1/principals/{name}/offboard",
    operation_id = "principals_offboard",
    tag = "administration",
    security(("token" = [])),
    params(("name" = String, Path, description = "the principal")),
    request_body = OffboardRequest,
    responses((status = 200, description = "the document", body = OffboardingDocument), WriteProblems)
)]
pub async fn offboard(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<OffboardRequest>,
) -> Result<Response, Problem> {
    let principal = segments.parse("name")?;
    let keys = if request.compromised { Keys::Compromised } else { Keys::Kept };
    let ending = if request.plan {
        state.service().plan_offboarding(&caller, &principal, keys).await?
    } else {
        state.service().offboard(&caller, &principal, keys, &request.reason).await?
    };
    private(StatusCode::OK, &document(principal.to_string(), request.plan, &ending))
}

/// Let things be given again to a principal that was offboarded; nothing that ended comes back
#[utoipa::path(
    post,
    path = "/v1/principals/{name}/reinstate",
    operation_id = "principals_reinstate",
    tag = "administration",
    security(("token" = [])),
    params(("name" = String, Path, description = "the principal")),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn reinstate(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    state.service().reinstate(&caller, &segments.parse("name")?).await?;
    Ok(done())
}
