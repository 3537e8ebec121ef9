//! `POST /v1/token`

use axum::{
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
    response::Response,
};
use mcp_pin_model::json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    http::{
        body::{MAX_JSON_BYTES, private, read},
        error::{Problem, WriteProblems},
        state::AppState,
    },
    service::{IssuedToken, ServiceError},
};

/// The one grant type (RFC 8693 section 2.1).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The types of token that are taken: both name an identity token of an OIDC issuer (RFC 8693 section 3).
const SUBJECT_TOKEN_TYPES: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/// The type of token that is given (RFC 8693 section 3).
const ISSUED_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A request for a token (RFC 8693 section 2.1), as a form or as JSON.
#[derive(Deserialize, ToSchema, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct TokenExchangeRequest {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    #[schema(pattern = "^urn:ietf:params:oauth:grant-type:token-exchange$")]
    pub grant_type: String,
    /// The identity token of the CI job. Its audience is this registry's public address.
    pub subject_token: String,
    /// `urn:ietf:params:oauth:token-type:id_token`, or `…:jwt`.
    #[schema(pattern = "^urn:ietf:params:oauth:token-type:(id_token|jwt)$")]
    pub subject_token_type: String,
}

/// A token (RFC 8693 section 2.2.1), and what it is good for.
#[derive(Serialize, ToSchema)]
pub struct TokenExchangeDocument {
    /// The token.
    pub access_token: String,
    /// `urn:ietf:params:oauth:token-type:access_token`.
    pub issued_token_type: &'static str,
    /// `Bearer`.
    pub token_type: &'static str,
    /// For how many seconds it is valid.
    pub expires_in: i64,
    /// Whose it is.
    pub principal: String,
    /// The namespaces that it may submit to, sorted.
    pub namespaces: Vec<String>,
}

impl FromRequest<AppState> for TokenExchangeRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = kind.split(';').next().unwrap_or_default().trim() == "application/x-www-form-urlencoded";
        let bytes = Zeroizing::new(read(request, MAX_JSON_BYTES, state.limits().timeout).await?);
        if is_form { Self::from_form(&bytes) } else { Self::from_json(&bytes) }
    }
}

impl TokenExchangeRequest {
    fn from_json(bytes: &[u8]) -> Result<Self, Problem> {
        let value = json::parse(bytes).map_err(|_| Problem::bad_request("the body is not acceptable JSON"))?;
        // What is wrong is not said with the value that is wrong: it may be the token.
        json::from_value(&value).map_err(|_| Problem::refused("the body is not that of a token exchange"))
    }

    fn from_form(bytes: &[u8]) -> Result<Self, Problem> {
        let (mut grant_type, mut subject_token, mut subject_token_type) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(bytes) {
            let member = match &*name {
                "grant_type" => &mut grant_type,
                "subject_token" => &mut subject_token,
                "subject_token_type" => &mut subject_token_type,
                _ => return Err(Problem::refused("the form holds a member that a token exchange here does not have")),
            };
            // RFC 6749 section 3.2: no parameter more than once.
            if member.replace(value.into_owned()).is_some() {
                return Err(Problem::refused("the form holds a member twice"));
            }
        }
        match (grant_type, subject_token, subject_token_type) {
            (Some(grant_type), Some(subject_token), Some(subject_token_type)) => {
                Ok(Self { grant_type, subject_token, subject_token_type })
            }
            _ => Err(Problem::refused("`grant_type`, `subject_token` and `subject_token_type` are needed")),
        }
    }
}

/// Verifies an identity token and exchanges it; gives back the time at which that was done.
///
/// # Errors
/// When the token proves nothing, or nothing is granted to who it proves.
pub async fn exchange_identity_token(state: &AppState, token: &str) -> Result<(IssuedToken, jiff::Timestamp), Problem> {
    let _turn = state.turn().await?;
    let now = state.service().now();
    let identity = state.issuers().verify(token, now).await.map_err(ServiceError::Token)?;
    tracing::info!(
        identity.issuer = %identity.issuer, identity.subject = ?identity.claims.subject, identity.run = ?identity.claims.run,
        "an identity token was verified"
    );
    Ok((state.service().exchange(identity).await?, now))
}

/// Exchange the identity token of a CI job for a token of minutes
///
/// No token of this registry is needed: the identity token, by an issuer of the configuration, says who asks. What is
/// given submits versions in the namespaces that are granted to that identity, and does nothing else.
#[utoipa::path(
    post,
    path = "/v1/token",
    operation_id = "token_exchange",
    tag = "submissions",
    request_body(content(
        (TokenExchangeRequest = "application/x-www-form-urlencoded"),
        (TokenExchangeRequest = "application/json"),
    )),
    responses((status = 200, description = "a token", body = TokenExchangeDocument), WriteProblems)
)]
pub async fn exchange(State(state): State<AppState>, request: TokenExchangeRequest) -> Result<Response, Problem> {
    if request.grant_type != GRANT_TYPE {
        return Err(Problem::unprocessable("grant_type", "`grant_type` is that of a token exchange (RFC 8693)"));
    }
    if !SUBJECT_TOKEN_TYPES.contains(&request.subject_token_type.as_str()) {
        return Err(Problem::unprocessable("subject_token_type", "`subject_token_type` is that of an identity token"));
    }
    let (issued, now) = exchange_identity_token(&state, &request.subject_token).await?;
    let expires_in = issued.token.expires_at.map_or(0, |at| at.duration_since(now).as_secs());
    let document = TokenExchangeDocument {
        access_token: issued.secret.to_string(),
        issued_token_type: ISSUED_TOKEN_TYPE,
        token_type: "Bearer",
        expires_in,
        principal: issued.token.principal.to_string(),
        namespaces: issued.token.namespaces.iter().flatten().cloned().collect(),
    };
    private(StatusCode::OK, &document)
}
