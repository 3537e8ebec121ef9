//! `/v1/tokens`

use axum::{extract::State, http::StatusCode, response::Response};
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
        v1::documents::TokenDocument,
    },
    service::{NewToken, Outcome},
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
    /// `admin`, `approver`, `publisher`, `reader`.
    pub roles: Vec<String>,
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
        namespaces: None,
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
