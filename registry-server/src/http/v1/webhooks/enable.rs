//! `POST /v1/webhooks/{id}/enable`

use axum::{extract::State, http::StatusCode, response::Response};

use super::document::WebhookDocument;
use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
};

/// Tell a disabled webhook again, from where it stood
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/enable",
    operation_id = "webhooks_enable",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "the document", body = WebhookDocument), WriteProblems)
)]
pub async fn enable(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let webhook = state.service().enable_webhook(&caller, &segments.parse("id")?).await?;
    private(StatusCode::OK, &WebhookDocument::from(&webhook))
}
