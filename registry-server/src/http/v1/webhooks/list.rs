//! `GET /v1/webhooks`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::WebhookDocument;
use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, WriteProblems},
    state::AppState,
};

/// Webhooks without their secrets.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    /// By id.
    pub webhooks: Vec<WebhookDocument>,
}

/// List the webhooks, without their secrets
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    operation_id = "webhooks_list",
    tag = "webhooks",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = WebhookList), WriteProblems)
)]
pub async fn list(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let webhooks = state.service().webhooks(&caller).await?;
    private(StatusCode::OK, &WebhookList { webhooks: webhooks.iter().map(WebhookDocument::from).collect() })
}
