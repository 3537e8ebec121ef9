//! `POST /v1/webhooks`

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::document::IssuedWebhookDocument;
use crate::{
    events::EventForm,
    http::{
        auth::Authenticated,
        body::{StrictJson, created},
        error::{Problem, WriteProblems},
        state::AppState,
    },
    service::{EventFilter, NewWebhook, ServiceError},
};

/// A webhook to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookRequest {
    /// Where to deliver: `https://…`.
    pub url: String,
    /// What it is for.
    #[serde(default)]
    pub label: String,
    /// Which types of events it is told, such as `revoked`; all of them where absent.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// Only about servers of this namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// How events are written: `json` (where absent) or `ocsf`.
    #[serde(default)]
    pub format: Option<String>,
    /// The sequence after which it starts; where absent, it is told what is decided from now on.
    #[serde(default)]
    pub after: Option<u64>,
}

/// Add a webhook; its secret is in this answer and nowhere else
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    operation_id = "webhooks_create",
    tag = "webhooks",
    security(("token" = [])),
    request_body = WebhookRequest,
    responses((status = 201, description = "it was made", body = IssuedWebhookDocument), WriteProblems)
)]
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    StrictJson(request): StrictJson<WebhookRequest>,
) -> Result<Response, Problem> {
    let invalid = |member, problem: &str| ServiceError::Invalid { member, problem: problem.to_owned() };
    let kinds = match request.types {
        Some(types) if types.is_empty() => return Err(invalid("types", "is empty").into()),
        Some(types) => {
            let kinds = types.into_iter().map(|word| serde_json::from_value(serde_json::Value::from(word)));
            Some(
                kinds
                    .collect::<Result<_, _>>()
                    .map_err(|_| invalid("types", "holds a word that is no type of event"))?,
            )
        }
        None => None,
    };
    let form = match request.format.as_deref() {
        None | Some("json") => EventForm::Leaf,
        Some("ocsf") => EventForm::Ocsf,
        Some(_) => return Err(invalid("format", "is neither `json` nor `ocsf`").into()),
    };
    let filter = EventFilter { kinds, namespace: request.namespace, ..EventFilter::default() };
    let new = NewWebhook { url: request.url, label: request.label, filter, form, after: request.after };
    let issued = state.service().add_webhook(&caller, new).await?;
    created(true, &format!("/v1/webhooks/{}", issued.webhook.id), &IssuedWebhookDocument::from(&issued))
}
