//! `GET /v1/whoami`

use axum::{http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, ReadProblems},
};

/// Whose token was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhoAmI {
    /// Who.
    pub principal: String,
    /// What the token may do, sorted.
    pub roles: Vec<&'static str>,
    /// How they proved it.
    pub method: &'static str,
    /// What an identity provider says they belong to, sorted.
    pub groups: Vec<String>,
    /// The namespaces that the token is limited to, sorted; absent for one that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    /// The token's public id; absent where there is no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Show whose token this is
#[utoipa::path(
    get,
    path = "/v1/whoami",
    operation_id = "whoami",
    tag = "administration",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = WhoAmI), ReadProblems)
)]
pub async fn whoami(Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let mut roles: Vec<&'static str> = caller.roles().iter().map(|role| role.as_str()).collect();
    roles.sort_unstable();
    private(
        StatusCode::OK,
        &WhoAmI {
            principal: caller.principal().to_string(),
            roles,
            method: caller.method().as_str(),
            groups: caller.groups().iter().cloned().collect(),
            namespaces: caller.namespaces().map(|names| names.iter().cloned().collect()),
            token: caller.token().map(ToString::to_string),
        },
    )
}
