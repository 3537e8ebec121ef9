//! `DELETE /v1/webhooks/{id}`

use axum::{extract::State, response::Response};

use crate::http::{
    auth::Authenticated,
    body::done,
    error::{Problem, WriteProblems},
    query::Segments,
    state::AppState,
};

/// Remove a webhook and its secret
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    operation_id = "webhooks_remove",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "the webhook's id")),
    responses((status = 204, description = "it was done"), WriteProblems)
)]
pub async fn remove(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    state.service().remove_webhook(&caller, &segments.parse("id")?).await?;
    Ok(done())
}
