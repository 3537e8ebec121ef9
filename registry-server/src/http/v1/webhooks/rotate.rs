//! `POST /v1/webhooks/{id}/rotate`

use axum::{extract::State, http::StatusCode, response::Response};

use super::document::IssuedWebhookDocument;
use crate::http::{
    auth::Authenticated,
    body::private,
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
};

/// Give a webhook a new secret; the one before signs too for a day
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/rotate",
    operation_id = "webhooks_rotate",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "the new secret", body = IssuedWebhookDocument), WriteProblems)
)]
pub async fn rotate(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let issued = state.service().rotate_webhook(&caller, &segments.parse("id")?).await?;
    private(StatusCode::OK, &IssuedWebhookDocument::from(&issued))
}
