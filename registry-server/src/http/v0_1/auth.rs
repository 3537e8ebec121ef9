//! `POST /v0.1/auth/{method}`: how publishers of the MCP Registry get a token.
//!
//! A proof that an OIDC issuer vouches for is exchanged as `POST /v1/token` does. The other methods rest on what this
//! registry does not ask: DNS, a web server or GitHub's own interface. They are answered with what to do instead.

use axum::{extract::State, http::StatusCode, response::Response};
use mcp_pin_model::json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::http::{
    body::{MAX_JSON_BYTES, private, read},
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
    v1::token_exchange,
};

/// An identity token, as publishers of the MCP Registry send it.
#[derive(Deserialize, ToSchema, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct AuthRequest {
    /// The identity token of the CI job. Its audience is this registry's public address.
    pub oidc_token: String,
}

/// A token, as publishers of the MCP Registry expect it.
#[derive(Serialize, ToSchema)]
pub struct AuthResponse {
    /// The token.
    pub registry_token: String,
    /// When it ends, in seconds since the Unix epoch.
    pub expires_at: i64,
}

/// Get a token, as publishers of the MCP Registry do
///
/// `github-oidc` and `oidc` exchange an identity token as `POST /v1/token` does. `dns`, `http`, `github-at` and `none`
/// are answered with 404 and the way to a token.
#[utoipa::path(
    post,
    path = "/v0.1/auth/{method}",
    operation_id = "auth",
    tag = "MCP Registry v0.1",
    params(("method" = String, Path, description = "what is proven with: `github-oidc` or `oidc`")),
    request_body = AuthRequest,
    responses((status = 200, description = "a token", body = AuthResponse), WriteProblems)
)]
pub async fn auth(
    State(state): State<AppState>,
    segments: Segments,
    request: axum::extract::Request,
) -> Result<Response, Problem> {
    match segments.text("method") {
        "github-oidc" | "oidc" => {}
        "dns" | "http" => {
            return Err(Problem::no_such_login(
                "this registry grants namespaces to keys and identities, not to whoever controls a domain: log in with \
                 `github-oidc`, or ask an administrator for a token (`mcp-pin registry token create`)",
            ));
        }
        "github-at" => {
            return Err(Problem::no_such_login(
                "this registry takes no GitHub access token, which would be good elsewhere too: log in with \
                 `github-oidc` in a workflow, or ask an administrator for a token (`mcp-pin registry token create`)",
            ));
        }
        "none" => {
            return Err(Problem::no_such_login(
                "this registry takes nothing from nobody: ask an administrator for a token \
                 (`mcp-pin registry token create`)",
            ));
        }
        _ => return Err(Problem::not_found()),
    }
    let bytes = Zeroizing::new(read(request, MAX_JSON_BYTES, state.limits().timeout).await?);
    let value = json::parse(&bytes).map_err(|_| Problem::bad_request("the body is not acceptable JSON"))?;
    // What is wrong is not said with the value that is wrong: it may be the token.
    let request: AuthRequest =
        json::from_value(&value).map_err(|_| Problem::refused("the body is not `{\"oidc_token\": \"…\"}`"))?;
    let (issued, _) = token_exchange::exchange_identity_token(&state, &request.oidc_token).await?;
    let expires_at = issued.token.expires_at.map_or(0, |at| at.as_second());
    private(StatusCode::OK, &AuthResponse { registry_token: issued.secret.to_string(), expires_at })
}
