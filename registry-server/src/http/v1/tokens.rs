//! `/v1/tokens`

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    authorization::{Method, UnknownAction},
    http::{
        auth::Authenticated,
        body::{StrictJson, done, private},
        error::{Problem, ReadProblems, WriteProblems},
        outcomes::respond,
        query::Segments,
        state::AppState,
        v1::documents::TokenDocument,
    },
    service::{DEFAULT_OVERLAP, NewToken, Outcome},
};

/// Tokens without their texts.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// By id.
    pub tokens: Vec<TokenDocument>,
}

/// A token to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenRequest {
    /// Whose it will be.
    pub principal: String,
    /// `admin`, `approver`, `auditor`, `operator`, `publisher`, `reader`.
    pub roles: Vec<String>,
    /// `token` for a person, `robot` for a program.
    #[serde(default)]
    pub method: Option<String>,
    /// The namespaces that it is limited to; all, where absent.
    #[serde(default)]
    pub namespaces: Option<BTreeSet<String>>,
    /// The actions that it is limited to; all that its roles permit, where absent.
    #[serde(default)]
    pub actions: Option<BTreeSet<String>>,
    /// What it is for.
    #[serde(default)]
    pub label: String,
    /// When it ends by itself (RFC 3339).
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<jiff::Timestamp>,
}

/// A token that was just issued.
#[derive(Serialize, ToSchema)]
pub struct IssuedTokenDocument {
    /// The text, which is never shown again.
    pub token: String,
    /// Its record.
    #[serde(flatten)]
    pub record: TokenDocument,
}

/// List all tokens, or for others than administrators their own
#[utoipa::path(
    get,
    path = "/v1/tokens",
    operation_id = "tokens_list",
    tag = "administration",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = TokenList), ReadProblems)
)]
pub async fn list(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let tokens = state.service().tokens(&caller).await?;
    private(StatusCode::OK, &TokenList { tokens: tokens.iter().map(TokenDocument::from).collect() })
}

/// Issue a token; its text is in this answer and nowhere else
#[utoipa::path(
    post,
    path = "/v1/tokens",
    operation_id = "tokens_create",
    tag = "administration",
    security(("token" = [])),
    request_body = TokenRequest,
    responses((status = 201, description = "it was made", body = IssuedTokenDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    StrictJson(request): StrictJson<TokenRequest>,
) -> Result<Response, Problem> {
    let new = NewToken {
        principal: request.principal.parse().map_err(|error| Problem::invalid("principal", &error))?,
        roles: request
            .roles
            .iter()
            .map(|role| role.parse().map_err(|error| Problem::invalid("roles", &error)))
            .collect::<Result<_, _>>()?,
        namespaces: request.namespaces,
        actions: request
            .actions
            .map(|words| words.iter().map(|word| word.parse()).collect::<Result<_, _>>())
            .transpose()
            .map_err(|error: UnknownAction| Problem::invalid("actions", &error))?,
        method: match request.method {
            Some(word) => word.parse().map_err(|error| Problem::invalid("method", &error))?,
            None => Method::Token,
        },
        label: request.label,
        expires_at: request.expires_at,
    };
    respond(Outcome::Issued(&state.service().issue_token(&caller, new).await?))
}

/// Revoke a token
#[utoipa::path(
    delete,
    path = "/v1/tokens/{id}",
    operation_id = "tokens_revoke",
    tag = "administration",
    security(("token" = [])),
    params(("id" = String, Path, description = "the token's id")),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn revoke(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    state.service().revoke_token(&caller, &segments.parse("id")?).await?;
    Ok(done())
}

/// How to rotate a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateRequest {
    /// For how many minutes the token before its successor may be used still: 0 to 1440, 5 by default.
    #[serde(default)]
    pub overlap_minutes: Option<u16>,
}

/// Rotate a token: another one with the same rights, and an end of this one
///
/// Its owner gets one that ends when this one would have; whoever may issue tokens gets one of the full time.
#[utoipa::path(
    post,
    path = "/v1/tokens/{id}/rotate",
    operation_id = "tokens_rotate",
    tag = "administration",
    security(("token" = [])),
    params(("id" = String, Path, description = "the token's id")),
    request_body = RotateRequest,
    responses((status = 201, description = "it was made", body = IssuedTokenDocument), WriteProblems)
)]
pub async fn rotate(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
    StrictJson(request): StrictJson<RotateRequest>,
) -> Result<Response, Problem> {
    let overlap =
        request.overlap_minutes.map_or(DEFAULT_OVERLAP, |minutes| jiff::SignedDuration::from_mins(minutes.into()));
    let issued = state.service().rotate_token(&caller, &segments.parse("id")?, overlap).await?;
    respond(Outcome::Issued(&issued))
}
