//! `POST /v1/webhooks/{id}/test`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        auth::Authenticated,
        body::private,
        error::{Problem, WriteProblems},
        query::Segments,
        state::AppState,
    },
    webhooks::{Message, Outcome},
};

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookTest {
    /// Whether the receiver accepted it.
    pub delivered: bool,
    /// The status that it answered with, where it accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Send a message of the type `test` to a webhook now, disabled or not; its place in the log stays
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    operation_id = "webhooks_test",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "the webhook's id")),
    responses((status = 200, description = "what came of it", body = WebhookTest), WriteProblems)
)]
pub async fn test(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    segments: Segments,
) -> Result<Response, Problem> {
    let target = state.service().webhook_target(&caller, &segments.parse("id")?).await?;
    // A request that leaves this machine is one of the expensive things.
    let _turn = state.turn().await?;
    let sender = state.sender().ok_or_else(Problem::unavailable)?;
    let now = state.service().now();
    let message = Message::test(target.webhook.id.as_str(), now)?;
    let result = match sender.deliver(&target.webhook.url, &message, &target.secrets, now.as_second()).await {
        Outcome::Delivered { status } => WebhookTest { delivered: true, status: Some(status), problem: None },
        Outcome::Gone => {
            WebhookTest { delivered: false, status: None, problem: Some("it answers that it is gone (410)".to_owned()) }
        }
        Outcome::Failed { problem, .. } => WebhookTest { delivered: false, status: None, problem: Some(problem) },
    };
    private(StatusCode::OK, &result)
}
