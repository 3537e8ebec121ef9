//! `GET /v1/webhooks/{id}`

use axum::{extract::State, http::StatusCode, response::Response};

use super::document::WebhookDocument;
use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
};

/// Show a webhook: how far it was told, and what went wrong
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    operation_id = "webhooks_show",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "the document", body = WebhookDocument), WriteProblems)
)]
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let webhook = state.service().webhook(&caller, &segments.parse("id")?).await?;
    private(StatusCode::OK, &WebhookDocument::from(&webhook))
}
